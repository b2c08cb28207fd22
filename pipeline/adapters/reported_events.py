"""What both indexes share of events: they are found by the articles that report them, merged story by story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC

import msgspec

from pipeline.adapters import cursors
from pipeline.adapters.verified_search import MAX_VERIFIED
from pipeline.errors import UsageError
from pipeline.model import Document, Event, ReportedEvent
from pipeline.ports.events import EventDay, EventsPage, EventsRequest
from pipeline.ports.search import SearchPage, SearchRequest
from pipeline.query.tree import And, AnyNode, EventFilter, Keyword, Or, Query
from pipeline.query.values import satisfies
from pipeline.stages.extract.events.merging import merge_reports

CHUNK = 50
# Pages of the index read for one page of events; the page may then be short.
MOST_CHUNKS = 20
IDS_AT_ONCE = 50
_ANY_EVENT = Or(nodes=tuple(EventFilter(conditions=(("scheduled", value),)) for value in ("yes", "no")))


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Stand within a page of articles, after so many events of one of them; without an id, at its beginning."""

    page: str | None
    article: str = ""
    events: int = 0


class Reports:
    """Read events from an index by its ``search``; ``same`` tells all ids of a story, the one that goes on first."""

    def __init__(
        self, search: Callable[[SearchRequest], SearchPage], same: Callable[[Sequence[str]], dict[str, Sequence[str]]]
    ) -> None:
        self._search = search
        self._same = same

    def page(self, request: EventsRequest) -> EventsPage:
        """Return one page; each event stands where its newest article does."""
        place = _read_place(request.cursor)
        found: list[ReportedEvent] = []
        skipped = place.article
        for _ in range(MOST_CHUNKS):
            articles = self._articles(request, place.page)
            events = self._of_articles(request, articles.documents)
            for document in articles.documents:
                if skipped and document.id != skipped:
                    continue
                done = place.events if skipped else 0
                skipped = ""
                here = events.get(document.id, [])
                for number in range(done, len(here)):
                    if len(found) == request.limit:
                        cursor = cursors.written(Place(place.page, document.id, number))
                        return EventsPage(events=tuple(found), cursor=cursor)
                    found.append(here[number])
            if skipped:
                raise UsageError("The article that the cursor stands at is no longer found; start again without it.")
            if articles.cursor is None:
                return EventsPage(events=tuple(found))
            place = Place(articles.cursor)
            if len(found) == request.limit:
                break
        return EventsPage(events=tuple(found), cursor=cursors.written(place))

    def days(self, request: EventsRequest) -> tuple[EventDay, ...] | None:
        """Count by day, ``None`` when more articles match than are read."""
        pairs: list[tuple[Document, Event]] = []
        cursor, total = None, 0
        while True:
            page = self._articles(request, cursor, size=500)
            total = max(total, page.total)
            if total > MAX_VERIFIED:
                return None
            pairs += _slim(_fitting(page.documents, request))
            cursor = page.cursor
            if cursor is None:
                break
        published = {document.id: document.published or document.seen for document, _ in pairs}
        days: Counter[str] = Counter()
        for reported in merge_reports(self._joined(pairs)):
            first = min(published[report.article] for report in reported.told_by)
            happened = reported.event.date
            days[happened.value[:10] if happened else first.astimezone(UTC).date().isoformat()] += 1
        return tuple(EventDay(day=day, events=count) for day, count in sorted(days.items()))

    def of_article(self, document: Document) -> list[ReportedEvent]:
        """Return the events of an article's story, or of the article where it has none."""
        request = EventsRequest(now=document.seen)
        return list(merge_reports(self._joined(self._pairs(request, [document]))))

    def _of_articles(self, request: EventsRequest, documents: Sequence[Document]) -> dict[str, list[ReportedEvent]]:
        """Return events by the newest article that reports each, from among these."""
        found: dict[str, list[ReportedEvent]] = {}
        for reported in merge_reports(self._joined(self._pairs(request, documents))):
            found.setdefault(reported.told_by[0].article, []).append(reported)
        return found

    def _pairs(self, request: EventsRequest, documents: Sequence[Document]) -> list[tuple[Document, Event]]:
        """Return the events of these articles and of all others of their stories, newest article first."""
        alone = [document for document in documents if not document.story_id]
        pairs = list(_fitting(alone, request))
        wanted = sorted({document.story_id for document in documents if document.story_id})
        for ids in _batches({tuple(same) for same in self._same(wanted).values()}):
            nodes = tuple(Keyword(name="story", value=each.casefold()) for each in ids)
            for page in self._pages(request, Or(nodes=nodes) if len(nodes) > 1 else nodes[0]):
                pairs += _fitting(page, request)
        return pairs

    def _pages(self, request: EventsRequest, story: AnyNode) -> Iterator[Sequence[Document]]:
        cursor = None
        while True:
            page = self._articles(request, cursor, size=200, story=story)
            yield page.documents
            cursor = page.cursor
            if cursor is None:
                return

    def _articles(
        self, request: EventsRequest, cursor: str | None, size: int = CHUNK, story: AnyNode | None = None
    ) -> SearchPage:
        event = EventFilter(conditions=request.conditions) if request.conditions else _ANY_EVENT
        nodes = (*((request.query.root,) if request.query else ()), event, *((story,) if story else ()))
        query = Query(text="events", root=And(nodes=nodes) if len(nodes) > 1 else event)
        return self._search(SearchRequest(query=query, now=request.now, limit=size, copies=True, cursor=cursor))

    def _joined(self, pairs: Iterable[tuple[Document, Event]]) -> list[tuple[Document, Event]]:
        """Put each article into the story that goes on."""
        pairs = list(pairs)
        same = self._same(sorted({document.story_id for document, _ in pairs if document.story_id}))
        return [
            (msgspec.structs.replace(document, story_id=same[document.story_id][0], merged=()), event)
            if document.story_id
            else (document, event)
            for document, event in pairs
        ]


def on_articles(request: EventsRequest) -> Query | None:
    """Return the query for articles that may report such events: conditions may hold for several of theirs."""
    conditions = [EventFilter(conditions=(condition,)) for condition in request.conditions]
    nodes: tuple[AnyNode, ...] = (*((request.query.root,) if request.query else ()), *conditions)
    return Query(text="events", root=And(nodes=nodes)) if nodes else None


def _batches(stories: Iterable[tuple[str, ...]]) -> Iterator[list[str]]:
    """Gather the ids of stories for one search each, those of one story together."""
    batch: list[str] = []
    for ids in sorted(stories):
        if batch and len(batch) + len(ids) > IDS_AT_ONCE:
            yield batch
            batch = []
        batch += ids
    if batch:
        yield batch


def _fitting(documents: Iterable[Document], request: EventsRequest) -> Iterator[tuple[Document, Event]]:
    for document in documents:
        for event in document.events:
            if event.confidence >= request.confidence_min and satisfies(event, request.conditions):
                yield document, event


def _slim(pairs: Iterable[tuple[Document, Event]]) -> Iterator[tuple[Document, Event]]:
    """Leave out what no merging reads: thousands are held at once."""
    for document, event in pairs:
        yield msgspec.structs.replace(document, text=None, html=None, events=(), quotations=(), entities=()), event


def _read_place(text: str | None) -> Place:
    return Place(None) if text is None else cursors.read(text, Place)
