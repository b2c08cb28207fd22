"""What readers mark articles with: read, starred, and tags of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

READ = "read"
STARRED = "starred"
TAG = "tag "
# So many of a reader's newest marks of one kind can be searched for.
SEARCHABLE = 10_000


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """Name an article that a reader marked, with its item number (see ``ports.arrivals``)."""

    article: str
    number: int


class Marks(Protocol):
    """Keep marks by reader and article.

    A mark is ``READ``, ``STARRED``, or ``TAG`` and a tag. Each method sees what the ones before it wrote, from any
    process. All raise ``UnavailableError`` or ``TransientError``.
    """

    def set(self, reader: str, mark: str, articles: Sequence[Marked]) -> None:
        """Mark articles, in slices: an interrupted call may be repeated. Idempotent."""

    def clear(self, reader: str, mark: str, articles: Sequence[str]) -> None:
        """Take a mark from articles, known or not, in slices. Idempotent."""

    def of(self, reader: str, articles: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return the marks of articles by article id; those without any are left out."""

    def marked(self, reader: str, mark: str, *, before: int | None = None, limit: int = 100) -> Sequence[Marked]:
        """Return articles with a mark and item numbers below ``before``, greatest number first."""

    def counts(self, reader: str) -> Mapping[str, int]:
        """Count a reader's articles by mark; marks of none are left out."""

    def forget(self, reader: str) -> None:
        """Drop all marks of a reader. Idempotent."""
