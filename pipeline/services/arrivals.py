"""Articles as they come into the index, each given once."""

from __future__ import annotations

from datetime import timedelta

from pipeline.model import Document
from pipeline.ports.clock import Clock
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.query.parser import parse
from pipeline.query.tree import And, Query, Range

PAGE = 200
# Articles of one batch are indexed a moment after they were seen; look back that far and skip what was given.
LOOK_BACK = timedelta(minutes=2)
EVER = timedelta(days=36_500)


class Arrivals:
    """Follow what a query finds. Raises ``UsageError`` for what is no query."""

    def __init__(self, query: str | None, *, index: SearchIndex, clock: Clock) -> None:
        self._text = query or ""
        self._root = parse(query).root if query else None
        self._index = index
        self._clock = clock
        self._given: set[str] = set()

    def latest(self, limit: int) -> list[Document]:
        """Return the newest articles there are, the oldest of them first."""
        return self._unseen(EVER, limit)

    def new(self) -> list[Document]:
        """Return what has come since the last call."""
        return self._unseen(LOOK_BACK, PAGE)

    def _unseen(self, age: timedelta, limit: int) -> list[Document]:
        now = self._clock()
        recent = Range(name="seen", low=now - age)
        tree = Query(text=self._text, root=And(nodes=(self._root, recent)) if self._root else recent)
        page = self._index.search(SearchRequest(query=tree, now=now, limit=limit, copies=True))
        found = [document for document in reversed(page.documents) if document.id not in self._given]
        self._given.update(document.id for document in found)
        return found
