"""The search index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from pipeline.model import Document
from pipeline.query.tree import Query

# What the articles of a query can be counted by.
FACETS = ("source", "language", "day", "tag", "story", "actor", "place", "event")


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a page of documents: ``cursor`` continues after an earlier page, ``copies`` unfolds duplicates.

    ``zone`` is the time zone whose days are counted.
    More than ``counted`` of them need not be counted exactly: the total may then be an estimate, and says so.
    """

    query: Query | None
    now: datetime
    limit: int = 20
    sort: str = "newest"
    copies: bool = False
    cursor: str | None = None
    zone: str = "UTC"
    counted: int | None = None


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer a request: documents in order, how many match in all, and the cursor of the next page if any."""

    documents: tuple[Document, ...]
    total: int
    cursor: str | None = None
    estimated: bool = False  # the total is an estimate: too many candidates to verify each


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how many matching documents have a value of a facet."""

    value: str
    documents: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how many documents of a day (``2022-02-24``) match, and how many there are in all."""

    day: str
    documents: int
    all: int

    @property
    def share(self) -> float:
        """Return the matching part of the day's coverage, from 0 to 1."""
        return self.documents / self.all if self.all else 0.0


class Coverage(Protocol):
    """Count what a query finds. Limit, sort and cursor of the request are ignored. Raises as ``search`` does."""

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count by source, language, day, tag, story, actor, place or event: most frequent first, days newest first."""

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count by day, oldest first, days without a match left out."""

    def similar(self, document: Document, request: SearchRequest) -> SearchPage:
        """Return documents about the same, best first; the request's query, if any, narrows them."""


class SearchIndex(Coverage, Protocol):
    """Keep documents searchable by the query language. Every engine finds exactly what the matcher matches."""

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one.

        Return (article id, reason) for each one that can never be stored. Idempotent. Raises ``TransientError``
        when nothing can be said about some of them: repeat the whole call.
        """

    def get(self, article_id: str) -> Document | None:
        """Return the newest revision of a document, with the ids of its copies."""

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page. Raises ``UsageError`` for a query that would be ruinous."""

    def refresh(self) -> None:
        """Make everything upserted so far visible to ``search``."""

    def prune(self, before: datetime) -> int:
        """Forget documents first seen before a moment (whole months of them, where those are the unit)."""

    def close(self) -> None:
        """Release connections; idempotent."""


class EarlyIndex(Protocol):
    """Make documents findable before it is known all that is found out about them."""

    def add_new(self, documents: Sequence[Document]) -> None:
        """Store each document of which neither this revision nor a newer one is there; what cannot be, is left out.

        So what was found out takes this one's place through ``upsert``, in whichever order the two come. Idempotent.
        Raises ``TransientError``: repeat the whole call.
        """


class Renewal(Protocol):
    """Bring an index up to date that an earlier version of the text analysis has written; all is found meanwhile."""

    def outdated(self) -> int:
        """Count the documents that were indexed by another version of the text analysis."""

    def renew(self, limit: int) -> int:
        """Index up to ``limit`` of them anew, newest first; return how many, 0 when none is left. Idempotent."""
