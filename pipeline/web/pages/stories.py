"""Stories and events: who reported first, how it grew, where sources disagree, what was coded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, get_args

from markupsafe import Markup
from starlette.responses import Response

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.services.events import Asked
from pipeline.services.stories import SORTS, Sort, StoryLine
from pipeline.views.charts import sparkline
from pipeline.views.marked_text import event_words
from pipeline.web.access_pages import outgoing_addresses
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering

SHOWN = 30
EVENTS = 50
LABELS = (("event", "What"), ("actor", "Who"), ("target", "To whom"), ("place", "Where"), ("when", "When"))


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
    """Show a story from its first report on."""
    found = ask.desk.stories.get(ask.places["id"])
    if found is None:
        raise NotFoundError("There is no such story; it may have been pruned.")
    line, articles = found
    events = ask.desk.events.find(Asked(query=f"story:{line.id}", everything=True), EVENTS)
    return rendering.page(
        ask,
        "story.html",
        story=line,
        articles=articles,
        first=_first_reports(articles),
        growth=Markup(_growth(line, articles)),
        began=min(map(_when, articles), default=line.first_seen),
        events=events,
        words=event_words,
        outgoing=outgoing_addresses(ask.desk, "story", line.id),
        states=ask.desk.marks(ask.reader).of([document.id for document in articles]),
    )


def events(ask: Ask, rendering: Rendering) -> Response:
    """List events by type, actor, target, place and date."""
    conditions: dict[str, Any] = {name: ask.one(name).strip() or None for name, _ in LABELS}
    asked = Asked(
        **conditions,
        scheduled=bool(ask.one("scheduled")),
        query=ask.one("q").strip() or None,
        everything=bool(ask.one("everything")),
    )
    error, found = "", []
    try:
        found = ask.desk.events.find(asked, EVENTS)
    except UsageError as exc:
        error = str(exc)
    return rendering.page(
        ask, "events.html", status=400 if error else 200, found=found, words=event_words, asked=asked, error=error,
        labels=LABELS,
    )  # fmt: skip


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


def _when(document: Document) -> Any:
    return min(document.published or document.seen, document.seen)


def _growth(line: StoryLine, articles: list[Document]) -> str:
    """Draw the number of reports a day."""
    days = [_when(document).date() for document in articles]
    if len(set(days)) < 2:
        return ""
    first: date = min(days)
    span = min((max(days) - first).days + 1, 60)
    counts = [sum(day == first + timedelta(days=n) for day in days) for n in range(span)]
    return sparkline(counts, f"Reports a day of {line.label}")
