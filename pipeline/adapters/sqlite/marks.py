"""The Marks port on the store: one row per reader, mark and article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.adapters.sqlite.database import SLICE, Database
from pipeline.ports.marks import Marked

_LARGEST = (1 << 63) - 1


class SqliteMarks:
    """Keep marks in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, reader: str, mark: str, articles: Sequence[Marked]) -> None:
        """Mark articles, so many to a transaction."""
        for start in range(0, len(articles), SLICE):
            with self._database.transaction():
                self._database.connection.executemany(
                    "INSERT OR REPLACE INTO marks (reader, mark, article, number) VALUES (?, ?, ?, ?)",
                    [(reader, mark, each.article, each.number) for each in articles[start : start + SLICE]],
                )

    def clear(self, reader: str, mark: str, articles: Sequence[str]) -> None:
        """Take a mark from articles."""
        for start in range(0, len(articles), SLICE):
            with self._database.transaction():
                self._database.connection.executemany(
                    "DELETE FROM marks WHERE reader = ? AND mark = ? AND article = ?",
                    [(reader, mark, article) for article in articles[start : start + SLICE]],
                )

    def of(self, reader: str, articles: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return the marks of articles by article id."""
        found: dict[str, set[str]] = {}
        for article, mark in self._database.connection.execute(
            "SELECT article, mark FROM marks WHERE reader = ? AND article IN (SELECT value FROM json_each(?))",
            (reader, msgspec.json.encode(list(articles)).decode()),
        ):
            found.setdefault(article, set()).add(mark)
        return {article: frozenset(marks) for article, marks in found.items()}

    def marked(self, reader: str, mark: str, *, before: int | None = None, limit: int = 100) -> Sequence[Marked]:
        """Return articles with a mark, greatest number first."""
        rows = self._database.connection.execute(
            "SELECT article, number FROM marks WHERE reader = ? AND mark = ? AND number < ? "
            "ORDER BY number DESC, article DESC LIMIT ?",
            (reader, mark, _LARGEST if before is None else min(before, _LARGEST), limit),
        ).fetchall()
        return [Marked(article=article, number=number) for article, number in rows]

    def counts(self, reader: str) -> Mapping[str, int]:
        """Count a reader's articles by mark."""
        return dict(
            self._database.connection.execute(
                "SELECT mark, count(*) FROM marks WHERE reader = ? GROUP BY mark", (reader,)
            ).fetchall()
        )

    def forget(self, reader: str) -> None:
        """Drop all marks of a reader."""
        self._database.delete_in_slices(
            "DELETE FROM marks WHERE rowid IN (SELECT rowid FROM marks WHERE reader = :reader LIMIT :slice)",
            reader=reader,
        )
