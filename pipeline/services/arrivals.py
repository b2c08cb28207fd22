"""Articles as they are written, each given once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.model import Document
from pipeline.ports.arrivals import ArrivalsRequest
from pipeline.ports.clock import Clock
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.query.parser import parse

if TYPE_CHECKING:
    from pipeline.ports import arrivals as ports


class Arrivals:
    """Follow what a query finds from now on. Raises ``UsageError`` for what is no query."""

    def __init__(self, query: str | None, *, arrivals: ports.Arrivals, index: SearchIndex, clock: Clock) -> None:
        self._query = parse(query) if query else None
        self._arrivals = arrivals
        self._index = index
        self._clock = clock
        self._given: set[str] = set()
        self._position = arrivals.end()

    def latest(self, limit: int) -> list[Document]:
        """Return the newest articles there are, the oldest of them first."""
        if limit == 0:
            return []
        page = self._index.search(SearchRequest(query=self._query, now=self._clock(), limit=limit, copies=True))
        return self._once(reversed(page.documents))

    def new(self) -> list[Document]:
        """Return what was written since the last call, in that order; revisions of what was given are left out."""
        position, found = self._position, dict[str, Document]()
        while True:
            page = self._arrivals.since(position, ArrivalsRequest(now=self._clock(), query=self._query))
            position = page.position
            for arrival in page.arrivals:
                if arrival.document.id not in self._given:
                    found.setdefault(arrival.document.id, arrival.document)
            if not page.more:
                break
        # Only now: what was found before a page that could not be read is found again.
        self._position = position
        self._given.update(found)
        return list(found.values())

    def _once(self, documents: Iterable[Document]) -> list[Document]:
        fresh = [document for document in documents if document.id not in self._given]
        self._given.update(document.id for document in fresh)
        return fresh
