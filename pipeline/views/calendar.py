"""Events that are to happen as a calendar (RFC 5545) that calendar programs follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from pipeline.model import Event, ReportedEvent, ResolvedDate

# Lines are folded so that none has more octets than this.
LINE_OCTETS = 75
_STATUS = {"announced": "CONFIRMED", "reported": "CONFIRMED", "conditional": "TENTATIVE", "cancelled": "CANCELLED"}


def calendar_of(events: Sequence[ReportedEvent], name: str, now: datetime) -> bytes:
    """Return the events that have a date to come as a calendar; those without one are left out."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Newswire//calendar//EN", f"X-WR-CALNAME:{escaped(name)}"]
    for reported in events:
        schedule = reported.event.schedule
        span = days_of(schedule.when) if schedule is not None and schedule.when is not None else None
        if span is not None:
            lines += _entry(reported, span, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode()


def days_of(when: ResolvedDate) -> tuple[date, date] | None:
    """Return the first day of a date and the day after its last; ``None`` where it is none that a calendar has."""
    first, _, last = when.value.partition("/")
    begin, end = _span(first), _span(last or first)
    if begin is None or end is None or end[1] <= begin[0]:
        return None
    return begin[0], end[1]


def escaped(text: str) -> str:
    """Return text as a value of a calendar: on one line, with what separates values marked."""
    text = "".join(c for c in text.encode("utf-8", "replace").decode() if c >= " " or c in "\n\t")
    for plain, marked in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, marked)
    return text


def folded(line: str) -> str:
    """Break a line so that no part has more than ``LINE_OCTETS`` octets; parts go on after a space."""
    parts, part, size = [], "", 0
    for c in line:
        octets = len(c.encode())
        if size + octets > LINE_OCTETS:
            parts.append(part)
            part, size = " ", 1
        part += c
        size += octets
    return "\r\n".join([*parts, part])


def _entry(reported: ReportedEvent, span: tuple[date, date], now: datetime) -> list[str]:
    event = reported.event
    schedule = event.schedule
    assert schedule is not None
    sources = ", ".join(dict.fromkeys(report.source for report in reported.told_by))
    told = f"{event.sentence.text}\n{sources}".strip()
    lines = [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.id)}@newswire",
        f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_day(span[0])}",
        f"DTEND;VALUE=DATE:{_day(span[1])}",
        f"SUMMARY:{escaped(schedule.what or event.type)}",
        f"STATUS:{_STATUS[schedule.status]}",
        f"DESCRIPTION:{escaped(told)}",
        "TRANSP:TRANSPARENT",
    ]
    if (place := _place(event)) is not None:
        lines.append(f"LOCATION:{escaped(place)}")
    return [*lines, "END:VEVENT"]


def _place(event: Event) -> str | None:
    where = (event.schedule.where if event.schedule is not None else None) or event.location
    return (where.name or where.text) if where is not None else None


def _span(value: str) -> tuple[date, date] | None:
    try:
        if len(value) == 4:
            return date(int(value), 1, 1), date(int(value) + 1, 1, 1)
        if len(value) == 7:
            first = date.fromisoformat(f"{value}-01")
            return first, (first + timedelta(days=32)).replace(day=1)
        first = date.fromisoformat(value[:10])
        return first, first + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"
