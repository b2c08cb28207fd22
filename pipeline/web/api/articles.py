"""What can be read: articles, what belongs to them, counts, stories and events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.search import FACETS, SearchPage, SearchRequest
from pipeline.query.highlight import highlight
from pipeline.query.printer import restate, show
from pipeline.services import stories as stories_service
from pipeline.services.articles import COUNTED
from pipeline.services.events import Asked
from pipeline.web.api.answers import answer
from pipeline.web.api.shapes import (
    ArticleEntry,
    ArticlePage,
    CountEntry,
    DayEntry,
    MarkState,
    MatchEntry,
    QuotationEntry,
    Restated,
    SnippetEntry,
    StoryEntry,
    StoryWhole,
)
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering

SORTS = ("newest", "best")


def find(ask: Ask, rendering: Rendering) -> Response:
    """Find articles."""
    request = request_of(ask)
    return answer(ask, _page(ask, ask.desk.articles.search(request), request))


def one(ask: Ask, rendering: Rendering) -> Response:
    """Return an article."""
    (entry,) = _entries(ask, [found(ask)], None)
    return answer(ask, entry)


def trace(ask: Ask, rendering: Rendering) -> Response:
    """Tell what happened to an article."""
    return answer(ask, ask.desk.traces.of(found(ask).id))


def revisions(ask: Ask, rendering: Rendering) -> Response:
    """Return an article's revisions."""
    return answer(ask, ask.desk.revisions.of(found(ask).id))


def copies(ask: Ask, rendering: Rendering) -> Response:
    """Return an article's copies."""
    return answer(ask, ask.desk.articles.copies(found(ask)))


def similar(ask: Ask, rendering: Rendering) -> Response:
    """Return articles about the same."""
    request = ask.desk.articles.request(None, limit=ask.number("limit", 20))
    return answer(ask, _page(ask, ask.desk.articles.similar(found(ask).id, request), request))


def matches(ask: Ask, rendering: Rendering) -> Response:
    """Return the alerts that an article matches."""
    entries = [
        MatchEntry(alert=match.rule, words=tuple(dict.fromkeys(span.text for span in match.spans)))
        for match in ask.desk.articles.matches(found(ask))
    ]
    return answer(ask, entries)


def facets(ask: Ask, rendering: Rendering) -> Response:
    """Count by a field."""
    field = ask.places["field"]
    if field not in FACETS:
        raise NotFoundError(f"There is no facet {field[:40]!r}; the facets are {', '.join(FACETS)}.")
    counts = ask.desk.articles.facets(request_of(ask), field)
    return answer(ask, [CountEntry(value=count.value, articles=count.documents) for count in counts])


def timeline(ask: Ask, rendering: Rendering) -> Response:
    """Count by day."""
    return answer(ask, days(ask.desk.articles.timeline(request_of(ask))))


def restated(ask: Ask, rendering: Rendering) -> Response:
    """Say what a query means."""
    query = ask.desk.searches.as_asked(ask.one("q"))
    return answer(ask, Restated(query=show(query), words=restate(query)))


def stories(ask: Ask, rendering: Rendering) -> Response:
    """Find stories."""
    sort = ask.one("sort", "size")
    if sort not in stories_service.SORTS:
        raise UsageError(f"sort={sort[:20]} is not one of {', '.join(stories_service.SORTS)}.")
    chosen: Any = next(each for each in get_args(stories_service.Sort) if each == sort)
    lines = ask.desk.stories.find(
        ask.one("q").strip() or None,
        days=ask.number("days", 7, 3_650),
        sort=chosen,
        limit=ask.number("limit", 20),
    ).lines
    return answer(ask, [_story(line) for line in lines])


def story(ask: Ask, rendering: Rendering) -> Response:
    """Return a story."""
    whole = ask.desk.stories.get(ask.places["id"])
    if whole is None:
        raise NotFoundError("There is no such story.")
    return answer(ask, StoryWhole(story=_story(whole[0]), articles=tuple(whole[1])))


def events(ask: Ask, rendering: Rendering) -> Response:
    """Find events."""
    names = ("event", "actor", "target", "place", "when")
    conditions: dict[str, Any] = {name: ask.one(name).strip() or None for name in names}
    asked = Asked(**conditions, query=ask.one("q").strip() or None, everything=True)
    return answer(ask, ask.desk.events.find(asked, ask.number("limit", 20)))


def event(ask: Ask, rendering: Rendering) -> Response:
    """Return an event."""
    try:
        return answer(ask, ask.desk.events.get(ask.places["id"]))
    except UsageError as exc:
        raise NotFoundError(str(exc)) from exc


def quotations(ask: Ask, rendering: Rendering) -> Response:
    """Return the quotations of the articles that a query finds."""
    page = ask.desk.articles.search(request_of(ask))
    entries = [
        QuotationEntry(
            text=quotation.text,
            kind=quotation.kind,
            article=document.id,
            speaker=(quotation.speaker.name or quotation.speaker.text) if quotation.speaker else None,
            role=quotation.speaker.role if quotation.speaker else None,
        )
        for document in page.documents
        for quotation in document.quotations
    ]
    return answer(ask, entries)


def marks(ask: Ask, rendering: Rendering) -> Response:
    """Count articles by mark."""
    return answer(ask, ask.desk.marks(ask.reader).counts())


def request_of(ask: Ask) -> SearchRequest:
    """Read the parameters that all questions share. Raises ``UsageError``."""
    sort = ask.one("sort", "newest")
    if sort not in SORTS:
        raise UsageError(f"sort={sort[:20]} is not one of {', '.join(SORTS)}.")
    copies = ask.one("copies") not in ("", "false", "0")
    return ask.desk.articles.request(
        ask.one("q"),
        limit=ask.number("limit", 20),
        sort=sort,
        copies=copies,
        cursor=ask.one("cursor") or None,
        counted=COUNTED,
    )


def found(ask: Ask) -> Document:
    """Return the article of an address. Raises ``NotFoundError``."""
    document = ask.desk.articles.find(ask.places["id"])
    if document is None:
        raise NotFoundError("There is no such article.")
    return document


def days(counted: Iterable[Any]) -> list[DayEntry]:
    """Return counts by day as they are sent."""
    return [DayEntry(day=day.day, articles=day.documents, all=day.all) for day in counted]


def _page(ask: Ask, page: SearchPage, request: SearchRequest) -> ArticlePage:
    entries = _entries(ask, page.documents, request)
    return ArticlePage(articles=tuple(entries), total=page.total, estimated=page.estimated, cursor=page.cursor)


def _entries(ask: Ask, documents: Iterable[Document], request: SearchRequest | None) -> list[ArticleEntry]:
    listed = list(documents)
    ids = [document.id for document in listed]
    numbers, states = ask.desk.arrivals.numbers_of(ids), ask.desk.marks(ask.reader).of(ids)
    entries = []
    for document in listed:
        snippet = None
        if request is not None and request.query is not None:
            snippet = SnippetEntry(**msgspec.structs.asdict(highlight(document, request.query, request.now)))
        state = MarkState(**msgspec.structs.asdict(states[document.id]))
        number = str(numbers.get(document.id, ""))
        entries.append(ArticleEntry(article=document, number=number, state=state, snippet=snippet))
    return entries


def _story(line: stories_service.StoryLine) -> StoryEntry:
    return StoryEntry(**{name: getattr(line, name) for name in StoryEntry.__struct_fields__})
