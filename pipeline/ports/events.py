"""Coded events as the articles of their stories report them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from pipeline.model import ReportedEvent
from pipeline.query.tree import Query


class EventsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for events: those of articles that ``query`` finds, which satisfy all ``conditions`` themselves.

    Conditions are (field, value) as in ``EventFilter``: event, actor, target, place, when, scheduled. Values are those
    that ``query.leaves`` makes: types in capitals, names as folded tokens joined by spaces. ``confidence_min`` leaves
    out what is less certain.
    """

    now: datetime
    query: Query | None = None
    conditions: tuple[tuple[str, str], ...] = ()
    confidence_min: float = 0.0
    limit: int = 20
    cursor: str | None = None


class EventsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with events, and the cursor of the next page if any; a page may be short and still go on."""

    events: tuple[ReportedEvent, ...]
    cursor: str | None = None


class EventDay(msgspec.Struct, frozen=True, kw_only=True):
    """Count the events of a day (``2022-02-24``, UTC, or the month or year where an event gives no day)."""

    day: str
    events: int


class EventDays(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the days, oldest first.

    ``estimated``: too many articles match to read them; then the events of one type that a story reports of one day
    count as one, and conditions are those on the article.
    """

    days: tuple[EventDay, ...]
    estimated: bool = False


class Events(Protocol):
    """Find events. All raise ``UnavailableError`` or ``TransientError``.

    What several articles of a story report, merged stories included, is one event; its reports are the newest
    article's first, and limited to those that the request finds.
    """

    def page(self, request: EventsRequest) -> EventsPage:
        """Return one page, by the newest article of each event, newest first.

        Raises ``UsageError`` where searching would, or for a cursor that no page gave.
        """

    def days(self, request: EventsRequest) -> EventDays:
        """Count by the day on which events happen, or else were first reported. Limit and cursor are ignored."""

    def event(self, event_id: str) -> ReportedEvent | None:
        """Return the event that a report with this whole id tells of, with all reports of it."""

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of reports that begin so, sorted."""
