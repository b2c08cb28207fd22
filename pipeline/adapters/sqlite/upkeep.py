"""The Upkeep port on the store file: rows go in slices from the old end, and pages that become free leave the file.

Every statement looks at the oldest ``limit`` rows only, so that asking costs nothing when there is nothing to remove.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.groups import listed
from pipeline.adapters.sqlite.memories import size_of
from pipeline.adapters.sqlite.writer import Writer
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.upkeep import Space
from pipeline.topics import ARTICLES

# Pages given back, and pages of the index merged, in one transaction: some ten milliseconds.
PAGES = 500
# Below this the pages stay for the next rows.
KEPT_FREE = 64
# A journal that is larger is cut: it takes room that articles would have to make.
JOURNAL_BYTES = 1_000_000
# How long that waits for those who read just now; writers wait meanwhile.
CUT_WAIT_MS = 50
# The words of a removed document take room in the index until what says so meets them in a merge of all its levels.
# It is made when so many were removed for each that is left, and in a small store when so many were.
REMOVED_SHARE, REMOVED_LEAST = 0.25, 200
_DONE = ("sent", "failed", "withheld")


class SqliteUpkeep:
    """Keep one store file small. One thread uses it; others write in between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = Writer(database)
        self._removed = 0
        self._merged: tuple[int, int] | None = None
        self._enough = REMOVED_LEAST

    def remove_records(self, topic: str, before: datetime, limit: int, *, unread: bool = False) -> int:
        """Forget records of a topic written before a moment."""
        read = "" if unread else "AND position <= (SELECT min(position) FROM offsets WHERE topic = :topic) "
        with self._database.transaction():
            return self._database.connection.execute(
                "DELETE FROM log WHERE position IN (SELECT position FROM log WHERE topic = :topic "
                f"{read}ORDER BY position LIMIT :limit) AND written < :before",
                {"topic": topic, "before": int(before.timestamp()), "limit": limit},
            ).rowcount

    def remove_documents(self, before: datetime, limit: int, spared: Collection[str] = ()) -> int:
        """Forget documents first seen before a moment with their earlier revisions."""
        connection = self._database.connection
        with self._database.transaction():
            rows = connection.execute(
                "SELECT position, id FROM documents WHERE first_seen < ? "
                "AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY first_seen LIMIT ?",
                (microseconds(before), listed(spared), limit),
            ).fetchall()
            self._writer.remove([position for position, _ in rows])
            connection.executemany("DELETE FROM revisions WHERE article = ?", [(article_id,) for _, article_id in rows])
            connection.execute(
                "INSERT INTO counters (name, value) VALUES ('removed', :count) "
                "ON CONFLICT (name) DO UPDATE SET value = value + :count",
                {"count": len(rows)},
            )
        self._removed += len(rows)
        return len(rows)

    def remove_deliveries(self, before: datetime, limit: int) -> int:
        """Forget deliveries that were due before a moment and are not queued any more."""
        removed = 0
        with self._database.transaction():
            for state in _DONE:
                removed += self._database.connection.execute(
                    "DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries WHERE state = :state "
                    "ORDER BY number LIMIT :limit) AND due < :before",
                    {"state": state, "before": microseconds(before), "limit": limit},
                ).rowcount
        return removed

    def oldest(self) -> datetime | None:
        """Return since when there are records of articles or documents."""
        connection = self._database.connection
        row = connection.execute(
            "SELECT written FROM log WHERE topic = ? ORDER BY position LIMIT 1", (ARTICLES.name,)
        ).fetchone()
        (seen,) = connection.execute("SELECT min(first_seen) FROM documents").fetchone()
        moments = [datetime.fromtimestamp(row[0], UTC)] if row else []
        moments += [from_microseconds(seen)] if seen is not None else []
        return min(moments, default=None)

    def space(self) -> Space:
        """Tell how much room the file and the journal beside it take."""
        connection = self._database.connection
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        return Space(taken=pages * size + self._journal() + size_of(Path(self._database.path)), free=free * size)

    def tidy(self) -> bool:
        """Cut a long journal; merge some of the index's levels, or else give some free pages back to the disk."""
        self._cut_journal()
        if self._merge() or self._give_back():
            return True
        self._cut_journal()
        return False

    def _merge(self) -> bool:
        """Merge levels of the index; a store that was not written to since all were merged is left alone."""
        connection = self._database.connection
        state = (self._counter("written"), self._removed)
        if state == self._merged:
            return False
        with self._database.transaction():
            pages = PAGES
            if self._is_much_removed():
                # As its documentation says: a negative number begins a merge of all levels, which others continue.
                pages = -PAGES
                connection.execute("UPDATE counters SET value = 0 WHERE name = 'removed'")
            before = connection.total_changes
            connection.execute("INSERT INTO terms (terms, rank) VALUES ('merge', ?)", (pages,))
            # As its documentation says: fewer than two changes mean that there was nothing to do.
            went_on = connection.total_changes - before >= 2
        if not went_on:
            self._merged = state
        return went_on

    def _is_much_removed(self) -> bool:
        """Tell whether many documents were removed since all levels were merged; they are counted now and then only."""
        removed = self._counter("removed")
        if removed < self._enough:
            return False
        (left,) = self._database.connection.execute("SELECT count(*) FROM documents").fetchone()
        self._enough = max(REMOVED_LEAST, int(left * REMOVED_SHARE))
        return removed >= self._enough

    def _counter(self, name: str) -> int:
        row = self._database.connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
        return row[0] if row else 0

    def _give_back(self) -> bool:
        connection = self._database.connection
        (kind,) = connection.execute("PRAGMA auto_vacuum").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        if kind == 0 or free <= KEPT_FREE:
            return False
        with self._database.transaction():
            # One at a time: of more, sqlite3 stops after the first, whose row has no columns.
            for _ in range(min(PAGES, free - KEPT_FREE)):
                connection.execute("PRAGMA incremental_vacuum(1)")
        return True

    def _cut_journal(self) -> None:
        """Take over what is in the journal and cut it, where nobody reads it just now."""
        if self._journal() <= JOURNAL_BYTES:
            return
        connection = self._database.connection
        (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
        connection.execute(f"PRAGMA busy_timeout = {CUT_WAIT_MS}").fetchall()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {patience}").fetchall()

    def _journal(self) -> int:
        journal = Path(self._database.path + "-wal")
        return journal.stat().st_size if journal.exists() else 0
