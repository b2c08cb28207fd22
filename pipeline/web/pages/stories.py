"""Stories: who reported first, how it grew, where sources disagree, what was coded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from markupsafe import Markup
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.model import Document, ReportedEvent
from pipeline.services.events import Asked
from pipeline.services.stories import SORTS, Sort, StoryLine
from pipeline.views.columns import columns_chart, columns_of, step_words
from pipeline.views.marked_text import event_words
from pipeline.web.access_pages import to_follow
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering

SHOWN = 30
EVENTS = 100
REPORTS = 50
FIRSTS = 15
DISPUTES = 20


def listed(ask: Ask, rendering: Rendering) -> Response:
    """List the stories of the last days."""
    sort = ask.one("sort", "size")
    if sort not in SORTS:
        raise UsageError(f"sort={sort[:20]} is not one of {', '.join(SORTS)}.")
    days = ask.number("days", 7, 365)
    chosen: Sort = next(each for each in get_args(Sort) if each == sort)
    found = ask.desk.stories.find(ask.one("q").strip() or None, days=days, sort=chosen, limit=SHOWN)
    return rendering.page(ask, "stories.html", found=found, sort=sort, days=days, sorts=SORTS, text=ask.one("q"))


def one(ask: Ask, rendering: Rendering) -> Response:
    """Show a story from its first report on: who reported first, how it grew, what they disagree on."""
    found = ask.desk.stories.get(ask.places["id"])
    if found is None:
        raise NotFoundError("There is no such story; it may have been pruned.")
    line, articles = found
    first = ask.number("from", 1, max(len(articles), 1))
    events = ask.desk.events.find(Asked(query=f"story:{line.id}", everything=True), EVENTS)
    here = articles[first - 1 : first - 1 + REPORTS]
    firsts = _first_reports(articles)
    return rendering.page(
        ask,
        "story.html",
        story=line,
        articles=here,
        number=first,
        earlier=max(first - REPORTS, 1) if first > 1 else None,
        later=first + REPORTS if first - 1 + REPORTS < len(articles) else None,
        firsts=firsts[:FIRSTS],
        more_firsts=len(firsts) - FIRSTS,
        growth=_growth(line, articles, firsts),
        began=min(map(_when, articles), default=line.first_seen),
        events=events[:SHOWN],
        more_events=len(events) > SHOWN,
        disputes=_disputes(events, articles),
        words=event_words,
        follow=to_follow(ask, "story", line.id),
        states=ask.desk.marks(ask.reader).of([document.id for document in here]),
    )


def _first_reports(articles: list[Document]) -> list[dict[str, Any]]:
    """Return each source's first report, in order, with how many seconds after the very first it came."""
    seen: dict[str, Document] = {}
    for document in articles:
        seen.setdefault(document.source, document)
    start = min((_when(document) for document in articles), default=None)
    return [
        {"document": document, "seconds": (_when(document) - start).total_seconds() if start else 0}
        for document in seen.values()
    ]


def _when(document: Document) -> datetime:
    return min(document.published or document.seen, document.seen)


def _growth(line: StoryLine, articles: list[Document], firsts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Draw how many reports came when, and which of them were the first of their source; nothing for one moment's."""
    first_ids = {each["document"].id for each in firsts}
    step, columns = columns_of([(_when(document), document.id in first_ids) for document in articles])
    if len(columns) < 2:
        return None
    return {
        "drawn": Markup(columns_chart(columns, f"Reports {step_words(step)} of {line.label}")),
        "columns": [column for column in columns if column.count],
        "step": step_words(step),
        "last": columns[-1].start,
    }


def _disputes(events: Sequence[ReportedEvent], articles: list[Document]) -> list[dict[str, Any]]:
    """Return what is counted differently: each figure with who gives it and the words of the first who did."""
    when = {document.id: _when(document) for document in articles}
    found = []
    for reported in events:
        for counted in dict.fromkeys(figure.counted for figure in reported.figures):
            rows = [
                {"value": figure.value, "sources": figure.sources, **_first_words(reported, figure.sources, when)}
                for figure in reported.figures
                if figure.counted == counted
            ]
            rows.sort(key=lambda row: (row["when"] is None, row["when"] or datetime.min.replace(tzinfo=UTC)))
            found.append({"event": reported.event, "counted": counted, "rows": rows})
    return found[:DISPUTES]


def _first_words(reported: ReportedEvent, sources: Sequence[str], when: dict[str, datetime]) -> dict[str, Any]:
    """Return the earliest report of any of some sources: its sentence, its article and its time."""
    theirs = [report for report in reported.told_by if report.source in sources]
    known = sorted((report for report in theirs if report.article in when), key=lambda each: when[each.article])
    report = next(iter((*known, *theirs)), reported.told_by[0])
    return {"sentence": report.sentence, "article": report.article, "when": when.get(report.article)}
