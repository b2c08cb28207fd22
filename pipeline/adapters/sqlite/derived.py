"""What the store keeps of documents beside the index: numbers of writes, merges of stories, ids of events.

Stores made before these were kept are completed in slices, so that no start and no question takes long.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.packing import unpack
from pipeline.errors import TransientError, UnavailableError
from pipeline.model import Document

SLICE = 500
# What one question reads of a store that is not complete yet: about a second.
SLICES_PER_QUESTION = 10
_decoder = msgspec.json.Decoder(Document)


class Derived:
    """Keep merges and events with the documents, in the transaction that is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, documents: Sequence[tuple[int, Document]]) -> None:
        """Note what documents at positions tell of merges and events. Idempotent."""
        self._database.connection.executemany(
            "INSERT OR REPLACE INTO events (position, id, type, day, confidence) VALUES (?, ?, ?, ?, ?)",
            (
                (position, event.id, event.type, event.date.value[:10] if event.date else None, event.confidence)
                for position, document in documents
                for event in document.events
            ),
        )
        for _, document in documents:
            for gone in document.merged:
                if document.story_id:
                    self._merge(gone, document.story_id)

    def complete(self, slices: int = SLICES_PER_QUESTION) -> bool:
        """Read some of the documents that an earlier version wrote; tell whether all have been read."""
        for _ in range(slices):
            if not self.advance():
                break
        return self._unread() is None

    def advance(self) -> bool:
        """Read one slice; tell whether there was one, and it could be kept."""
        if self._unread() is None:
            return False
        try:
            with self._database.transaction():
                self._read_slice()
        except (TransientError, UnavailableError):
            # Nobody may write here, or somebody else does just now: the answer says that it is not complete.
            return False
        return True

    def _unread(self) -> int | None:
        row = self._database.connection.execute("SELECT value FROM counters WHERE name = 'unread'").fetchone()
        return row[0] if row else None

    def _read_slice(self) -> None:
        connection, unread = self._database.connection, self._unread()
        if unread is None:
            return
        rows = connection.execute(
            "SELECT position, value FROM bodies WHERE position < ? ORDER BY position DESC LIMIT ?", (unread, SLICE)
        ).fetchall()
        self.add([(position, _decoder.decode(unpack(value))) for position, value in rows])
        if len(rows) < SLICE:
            connection.execute("DELETE FROM counters WHERE name = 'unread'")
        else:
            connection.execute("UPDATE counters SET value = ? WHERE name = 'unread'", (rows[-1][0],))

    def _merge(self, gone: str, story_id: str) -> None:
        connection = self._database.connection
        row = connection.execute("SELECT kept FROM merges WHERE gone = ?", (story_id,)).fetchone()
        kept = row[0] if row else story_id
        if gone == kept:
            return
        connection.execute("INSERT OR REPLACE INTO merges (gone, kept) VALUES (?, ?)", (gone, kept))
        connection.execute("UPDATE merges SET kept = ? WHERE kept = ?", (kept, gone))


def next_numbers(database: Database, count: int) -> Iterator[int]:
    """Take so many numbers in the open transaction: each above all before it, and no less than the time.

    Writers take turns, so the order of numbers is the order in which writes become visible.
    """
    (last,) = database.connection.execute("SELECT value FROM counters WHERE name = 'written'").fetchone()
    first = max(last + 1, time.time_ns() // 1000)
    database.connection.execute("UPDATE counters SET value = ? WHERE name = 'written'", (first + count - 1,))
    return iter(range(first, first + count))
