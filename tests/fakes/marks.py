"""Marks in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.ports.marks import Marked


class MemoryMarks:
    """Keep marks in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], int] = {}

    def set(self, reader: str, mark: str, articles: Sequence[Marked]) -> None:
        """Mark articles."""
        for each in articles:
            self.kept[reader, mark, each.article] = each.number

    def clear(self, reader: str, mark: str, articles: Sequence[str]) -> None:
        """Take a mark from articles."""
        for article in articles:
            self.kept.pop((reader, mark, article), None)

    def of(self, reader: str, articles: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return the marks of articles by article id."""
        found: dict[str, frozenset[str]] = {}
        for who, mark, article in self.kept:
            if who == reader and article in articles:
                found[article] = found.get(article, frozenset()) | {mark}
        return found

    def marked(self, reader: str, mark: str, *, before: int | None = None, limit: int = 100) -> Sequence[Marked]:
        """Return articles with a mark, greatest number first."""
        found = [
            Marked(article=article, number=number)
            for (who, which, article), number in self.kept.items()
            if (who, which) == (reader, mark) and (before is None or number < before)
        ]
        return sorted(found, key=lambda each: (each.number, each.article), reverse=True)[:limit]

    def counts(self, reader: str) -> Mapping[str, int]:
        """Count a reader's articles by mark."""
        return dict(Counter(mark for who, mark, _ in self.kept if who == reader))

    def forget(self, reader: str) -> None:
        """Drop all marks of a reader."""
        self.kept = {key: number for key, number in self.kept.items() if key[0] != reader}
