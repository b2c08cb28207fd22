"""Events: who did what to whom, as a table, by day, on a map, and as a calendar of what is to come."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from pipeline.errors import NotFoundError as NoSuchEventError
from pipeline.errors import UsageError
from pipeline.model import ReportedEvent
from pipeline.ports.search import Day
from pipeline.services.events import Asked
from pipeline.views import event_survey
from pipeline.views.charts import Bar, bars_of, timeline
from pipeline.views.event_survey import Spot
from pipeline.views.marked_text import event_words
from pipeline.views.world_map import world_map
from pipeline.web.access_pages import conditions_text, outgoing_address
from pipeline.web.asking import Ask, NotFoundError
from pipeline.web.rendering import Rendering, address

# So many events are surveyed; a page lists a part of them.
MOST = 199
SHOWN = 40
LISTED = 25
PLACES = 60
TALLIED = 8
SENTENCES = 50
DAYS = 400
# Of how many days articles are counted.
SPANS = (30, 365, 3_650)
FIELDS = (("event", "What"), ("actor", "Who"), ("target", "To whom"), ("place", "Where"), ("when", "When"))
FORMS = ("table", "timeline", "map", "calendar")


def shown(ask: Ask, rendering: Rendering) -> Response:
    """Show the events that the address asks for, in the form that it asks for."""
    form = ask.one("as", "table")
    if form not in FORMS:
        raise UsageError(f"as={form[:20]} is not one of {', '.join(FORMS)}.")
    try:
        values = _form_values(ask, rendering, form)
    except UsageError as exc:
        return rendering.page(
            ask, "events.html", status=400, form=form, error=str(exc), **_common(ask), events=(), total=0, more=False
        )
    return rendering.page(ask, "events.html", form=form, error="", **_common(ask), **values)


def one(ask: Ask, rendering: Rendering) -> Response:
    """Show an event: what was coded of it, who tells of it in which words, and where they disagree."""
    try:
        found = ask.desk.events.get(ask.places["id"])
    except (UsageError, NoSuchEventError) as exc:
        raise NotFoundError("There is no such event; the article that told of it may have changed.") from exc
    first = ask.desk.articles.find(found.told_by[0].article)
    places = event_survey.spots([found])
    drawn = world_map(places, lambda spot: link_to(ask, place=spot.name), "Where it is") if places else ""
    return rendering.page(
        ask,
        "event.html",
        found=found,
        title=event_words(found.event),
        told=found.told_by[:SENTENCES],
        story=first.story_id if first is not None else None,
        map=Markup(drawn),
        where=event_survey.place_of(found.event),
    )


def asked_of(ask: Ask) -> Asked:
    """Read what events are asked for from the address."""
    conditions: dict[str, Any] = {name: ask.one(name).strip() or None for name, _ in FIELDS}
    return Asked(
        **conditions,
        scheduled=bool(ask.one("scheduled")),
        query=ask.one("q").strip() or None,
        everything=bool(ask.one("everything")),
    )


def link_to(ask: Ask, **changed: object) -> str:
    """Return the address of the events page that asks for the same but what is changed."""
    names = (*(name for name, _ in FIELDS), "q", "scheduled", "everything", "as")
    return address("/events", **({name: ask.one(name) for name in names} | changed))


def _common(ask: Ask) -> dict[str, Any]:
    return {
        "fields": FIELDS,
        "forms": FORMS,
        "words": event_words,
        "link": lambda **changed: link_to(ask, **changed),
        "narrowed": any(ask.one(name).strip() for name in (*(name for name, _ in FIELDS), "q", "scheduled")),
    }


def _form_values(ask: Ask, rendering: Rendering, form: str) -> dict[str, Any]:
    asked = asked_of(ask)
    if form == "calendar":
        asked = msgspec.structs.replace(asked, scheduled=True)
    found = ask.desk.events.find(asked, MOST + 1)
    more, found = len(found) > MOST, found[:MOST]
    values: dict[str, Any] = {"total": len(found), "more": more}
    if form == "timeline":
        return values | _by_day(ask, asked) | {"events": found[:LISTED]}
    if form == "map":
        return values | _on_map(ask, found) | {"events": ()}
    if form == "calendar":
        return values | _in_months(ask, rendering, asked, found)
    first = ask.number("from", 1, MOST)
    return values | {
        "events": found[first - 1 : first - 1 + SHOWN],
        "first": first,
        "earlier": first - SHOWN if first > SHOWN else None,
        "later": first + SHOWN if first - 1 + SHOWN < len(found) else None,
        "tallies": event_survey.tallies(found, TALLIED),
    }


def _by_day(ask: Ask, asked: Asked) -> dict[str, Any]:
    span = ask.number("days", SPANS[0], SPANS[-1])
    last = f"last:{span}d"
    # Counting reads each article that tells of events, so that no more are read than one asks for.
    counted = ask.desk.events.days(
        msgspec.structs.replace(asked, query=f"({asked.query}) {last}" if asked.query else last)
    )
    bars = bars_of([Day(day=day.day, documents=day.events, all=day.events) for day in counted.days])

    def link(bar: Bar) -> str:
        when = bar.first if bar.first == bar.last else bar.first[:7]
        return link_to(ask, when=when, everything="1", **{"as": ""})

    return {
        "span": span,
        "spans": SPANS,
        "days": counted.days[-DAYS:][::-1],
        "estimated": counted.estimated,
        "chart": Markup(timeline(bars, link, "Events by day")),
        "bars": bars,
    }


def _on_map(ask: Ask, found: Sequence[ReportedEvent]) -> dict[str, Any]:
    places = event_survey.spots(found)

    def link(spot: Spot) -> str:
        return link_to(ask, place=spot.name, **{"as": ""})

    return {
        "map": Markup(world_map(places, link, f"Map of {len(places)} places, each a link to its events")),
        "places": [(spot, link(spot), _most_usual(spot)) for spot in places[:PLACES]],
        "nowhere": len(found) - sum(len(spot.events) for spot in places),
    }


def _most_usual(spot: Spot) -> str:
    counts = Counter(each.event.type for each in spot.events)
    return ", ".join(f"{kind} {count}" if count > 1 else kind for kind, count in counts.most_common(3))


def _in_months(ask: Ask, rendering: Rendering, asked: Asked, found: Sequence[ReportedEvent]) -> dict[str, Any]:
    planned = event_survey.due(found)
    today = rendering.now.astimezone(ZoneInfo(ask.desk.time_zone)).date()
    first = _month(ask.one("month")) or _first_month(planned, today)
    after = _months_later(first, 1)
    here = event_survey.within(planned, first, after)
    by_day: dict[date, list[event_survey.Due]] = {}
    for each in here:
        for day in each.days:
            by_day.setdefault(day, []).append(each)
    undated = [each for each in planned if each.first is None]
    return {
        "month": first,
        "today": today,
        "weeks": calendar.Calendar().monthdatescalendar(first.year, first.month),
        "by_day": by_day,
        "some_time": [each for each in here if not each.days],
        "events": [each.reported for each in here][:SHOWN],
        "undated": [each.reported for each in undated][:LISTED],
        "before": f"{_months_later(first, -1):%Y-%m}" if first.year > 1900 else None,
        "after": f"{after:%Y-%m}" if after.year < 3000 else None,
        "follow": {"Calendar": ask.base + outgoing_address(ask.desk, "events", conditions_text(asked), "ics")},
    }


def _month(text: str) -> date | None:
    if not text:
        return None
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month is the same everywhere
    except ValueError as exc:
        raise UsageError(f"month={text[:20]} is no month; write one such as 2026-11.") from exc
    if not 1900 <= found.year < 3000:
        raise UsageError(f"month={text[:20]} is too far off; write one from 1900 to 2999.")
    return found


def _first_month(planned: Sequence[event_survey.Due], today: date) -> date:
    """Return this month, or the next one in which something is due, or else the last one."""
    this = today.replace(day=1)
    ahead = [each for each in planned if each.first is not None and each.after is not None and each.after > this]
    if any(each.first is not None and each.first < _months_later(this, 1) for each in ahead):
        return this
    days = [each.first for each in ahead if each.first is not None] or [this]
    return max(min(days), this).replace(day=1)


def _months_later(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
