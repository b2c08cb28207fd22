"""How events read on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.model import Actor, Event, ReportedEvent
from pipeline.ports.events import EventDay
from pipeline.views.screen import bar_room

MOST_REPORTS = 20


def event_line(reported: ReportedEvent) -> str:
    """Write an event as one line after its id: who did what to whom, where, when, and how many tell of it."""
    return f"{reported.event.id[:12]}  {who_did_what(reported.event)}{_told_by(reported)}"


def event_lines(reported: ReportedEvent) -> list[str]:
    """Write an event with what is known of it and the sentences that prove it."""
    item = reported.event
    said = item.attributed_to
    facts = {
        "says": (said.name or said.text) if said else None,
        "trigger": f"{item.trigger.text} at {item.trigger.start}-{item.trigger.end}",
        "about": ", ".join(item.context),
        "cameo": item.cameo,
        "planned": f"{item.schedule.what}, {item.schedule.status}" if item.schedule else None,
        "confidence": f"{item.confidence:.2f} by rule {item.rule}",
    }
    return [
        who_did_what(item) + _told_by(reported),
        *(f"  {name}: {value}" for name, value in facts.items() if value),
        *(f"  {each.counted}: {each.value} according to {', '.join(each.sources)}" for each in reported.figures),
        *(
            f"  “{report.sentence.strip()}”  {report.source}, {report.article}"
            for report in reported.told_by[:MOST_REPORTS]
        ),
    ]


def day_lines(days: Sequence[EventDay], width: int | None = None) -> list[str]:
    """Write the counts of days with bars that fit a terminal's ``width``."""
    longest = bar_room(20, width)
    most = max((day.events for day in days), default=1)
    return [f"{day.day}  {day.events:5}  {'#' * max(1, day.events * longest // most)}" for day in days]


def event_json(reported: ReportedEvent) -> bytes:
    """Write an event with who tells of it: the first report's article, then all."""
    told = {"told_by": reported.told_by, "figures": reported.figures, "confirmed": reported.confirmed}
    return msgspec.json.encode(
        {"article": reported.told_by[0].article, **msgspec.to_builtins(reported.event), **msgspec.to_builtins(told)}
    )


def told_by(reported: ReportedEvent) -> str:
    """Write how many reports tell of an event that more than one tells of."""
    item = reported.event
    if item.reports == 1:
        return ""
    sure = ", confirmed" if reported.confirmed else ""
    return f"{item.reports} reports, {item.origins} independent{sure}"


def _told_by(reported: ReportedEvent) -> str:
    words = told_by(reported)
    return f"  ({words})" if words else ""


def who_did_what(item: Event) -> str:
    """Write who did what to whom, where and when."""
    marks = [
        word
        for word, holds in (
            ("not", item.negated),
            ("planned", item.future),
            ("hypothetical", item.hypothetical),
            ("past", item.historical),
        )
        if holds
    ]
    where = f" in {item.location.name or item.location.text}" if item.location else ""
    when = f" on {item.date.value}" if item.date else ""
    flags = f" ({', '.join(marks)})" if marks else ""
    kind = item.type if item.mode is None else f"{item.type}/{item.mode}"
    return f"{kind}  {_parties(item.actors)} → {_parties(item.recipients)}{where}{when}{flags}"


def _parties(actors: tuple[Actor, ...]) -> str:
    return ", ".join(f"{a.name or a.text} [{'/'.join(filter(None, (a.code, a.sector)))}]" for a in actors) or "–"
