"""What is to happen as a calendar: days as the text has them, and nothing strangers wrote breaks it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Event, Place, Report, ReportedEvent, ResolvedDate, Schedule, Span
from pipeline.views.calendar import LINE_OCTETS, calendar_of, days_of, escaped, folded

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Status = Literal["announced", "reported", "conditional", "cancelled"]


def announced(what: str, when: str | None = "2026-04-02", status: Status = "announced") -> ReportedEvent:
    resolved = ResolvedDate(value=when, granularity="day", text=when, start=0, end=1) if when is not None else None
    schedule = Schedule(what=what, status=status, when=resolved, where=Place(text="Oslo", start=0, end=4))
    span = Span(text=f"{what} will be held.", start=0, end=5)
    event = Event(id="a1", type="MEET", trigger=span, sentence=span, schedule=schedule)
    return ReportedEvent(event=event, told_by=(Report(article="x", source="Wire", event="a1", sentence="s"),))


def unfolded(written: bytes) -> list[str]:
    return written.decode().replace("\r\n ", "").split("\r\n")


@pytest.mark.parametrize(("value", "first", "after"), [
    ("2026-04-02", date(2026, 4, 2), date(2026, 4, 3)), ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
    ("2026", date(2026, 1, 1), date(2027, 1, 1)), ("2026-04-02/2026-04-05", date(2026, 4, 2), date(2026, 4, 6)),
    ("2026-04-02T10:00", date(2026, 4, 2), date(2026, 4, 3)), ("2026-03/2026-04", date(2026, 3, 1), date(2026, 5, 1)),
])  # fmt: skip
def test_date_is_the_days_that_it_means(value: str, first: date, after: date) -> None:
    assert days_of(ResolvedDate(value=value, granularity="day", text="", start=0, end=0)) == (first, after)


@pytest.mark.parametrize("value", ["", "soon", "2026-13", "2026-02-30", "2026-04-05/2026-04-02", "9999", "0000"])
def test_what_is_no_date_is_left_out(value: str) -> None:
    assert days_of(ResolvedDate(value=value, granularity="day", text="", start=0, end=0)) is None
    assert b"BEGIN:VEVENT" not in calendar_of([announced("Talks", value)], "x", NOW)
    assert b"BEGIN:VEVENT" not in calendar_of([announced("Talks", None)], "x", NOW)


def test_event_is_written_with_its_sentence_sources_place_and_firmness() -> None:
    lines = unfolded(calendar_of([announced("Peace talks, again; and more", status="cancelled")], "Talks", NOW))
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert {"DTSTART;VALUE=DATE:20260402", "DTEND;VALUE=DATE:20260403", "STATUS:CANCELLED", "LOCATION:Oslo",
            "UID:a1@newswire", "SUMMARY:Peace talks\\, again\\; and more",
            "DESCRIPTION:Peace talks\\, again\\; and more will be held.\\nWire"} <= set(lines)  # fmt: skip


@given(st.text(max_size=300))
def test_no_text_breaks_the_calendar(text: str) -> None:
    written = calendar_of([announced(text)], text, NOW)
    assert all(len(line) <= LINE_OCTETS for line in written.split(b"\r\n"))
    lines = unfolded(written)
    assert [line for line in lines if line.startswith(("BEGIN:", "END:"))] == [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR"]  # fmt: skip
    assert folded("x" + text).replace("\r\n ", "") == "x" + text
    assert "\n" not in escaped(text)
