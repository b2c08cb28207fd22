"""Articles: found by a query, by likeness, by id or address, counted, and explained."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.errors import NotFoundError, UsageError
from pipeline.model import Document, Mark
from pipeline.ports.clock import Clock
from pipeline.ports.search import Count, Day, SearchIndex, SearchPage, SearchRequest
from pipeline.ports.table import Table
from pipeline.query.tree import Keyword, Query
from pipeline.services.alerts import stored_rules
from pipeline.services.saved_searches import SavedSearches
from pipeline.services.stories import Stories, with_merged_stories

PAGE = 200
SHORTEST_ID = 4
# More articles are counted roughly, which is told: an exact total of a common word takes longer than all else.
COUNTED = 2_000


class Match(msgspec.Struct, frozen=True):
    """Tell that an article matches an alert rule, and by which words."""

    rule: str
    spans: tuple[Mark, ...]


class Articles:
    """Answer questions about articles from the index."""

    def __init__(
        self, *, index: SearchIndex, stories: Stories, rules: Table, searches: SavedSearches, clock: Clock
    ) -> None:
        self._index = index
        self._stories = stories
        self._rules = rules
        self._searches = searches
        self._clock = clock

    def request(
        self,
        text: str | None,
        *,
        limit: int = 20,
        sort: str = "newest",
        copies: bool = False,
        cursor: str | None = None,
        counted: int | None = None,
    ) -> SearchRequest:
        """Read a query into a request: saved searches written out, ``story:`` standing for all that became that one.

        Nothing but white space asks for everything. Raises ``UsageError``.
        """
        query: Query | None = None
        if text and text.strip():
            query = with_merged_stories(self._searches.parse(text), self._stories.same)
        return SearchRequest(
            query=query,
            now=self._clock(),
            limit=limit,
            sort=sort,
            copies=copies,
            cursor=cursor,
            zone=self._searches.zone,
            counted=counted,
        )

    def search(self, request: SearchRequest) -> SearchPage:
        """Return as many documents as the request's limit, in pages that the index can bear, and the last cursor."""
        documents: list[Document] = []
        limit = request.limit
        while True:
            part = msgspec.structs.replace(request, limit=min(PAGE, limit - len(documents)))
            page = self._index.search(part)
            documents += page.documents
            if page.cursor is None or len(documents) >= limit:
                return msgspec.structs.replace(page, documents=tuple(documents))
            request = msgspec.structs.replace(request, cursor=page.cursor)

    def similar(self, article: str, request: SearchRequest) -> SearchPage:
        """Return articles about the same as one, best first. Raises ``UsageError`` where there is no such article."""
        document = self.get(article)
        part = msgspec.structs.replace(request, limit=min(PAGE, request.limit))
        return self._index.similar(document, part)

    def facets(self, request: SearchRequest, field: str) -> Sequence[Count]:
        """Count what a request finds by a field, the request's limit of them."""
        return self._index.facets(request, field, limit=min(PAGE, request.limit))

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count what a request finds by day."""
        return self._index.timeline(request)

    def find(self, article: str) -> Document | None:
        """Find an article by id, by the beginning of its id, or by address. Raises ``UsageError`` when several fit."""
        exact = self._index.get(article)
        if exact is not None:
            return exact
        is_url = "://" in article
        if not is_url and len(article) < SHORTEST_ID:
            raise UsageError(f"{article!r} is too short to tell articles apart; give four letters of the id or more.")
        node = (
            Keyword(name="url", value=article.casefold())
            if is_url
            else Keyword(name="id", value=article.casefold(), prefix=True)
        )
        request = SearchRequest(query=Query(text=article, root=node), now=self._clock(), limit=2, copies=True)
        found = self._index.search(request).documents
        if len(found) > 1 and not is_url:
            raise UsageError(f"More than one article's id begins with {article}; give more of it.")
        return found[0] if found else None

    def get(self, article: str) -> Document:
        """Return an article that ``find`` finds. Raises ``NotFoundError`` where there is none."""
        document = self.find(article)
        if document is None:
            raise NotFoundError(f"There is no article {article}; `newswire search` shows the ids.")
        return document

    def copies(self, document: Document) -> list[Document]:
        """Return the copies of an article that are there."""
        return [copy for copy in map(self._index.get, document.copies) if copy is not None]

    def matches(self, document: Document) -> list[Match]:
        """Return the alert rules whose query the article matches, each with the words that match."""
        from pipeline.query.evaluate import MatchView, find, marks
        from pipeline.query.scope import query_of

        reading, now = MatchView(document), self._clock()
        searches = self._searches.all()
        found = []
        for rule in stored_rules(self._rules):
            try:
                hits = find(query_of(rule, searches).root, reading, now)
            except UsageError:
                continue  # a rule that names a search dropped since; `alert list` tells of it
            if hits is not None:
                found.append(Match(rule.name, marks(hits, reading)))
        return found
