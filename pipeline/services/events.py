"""Coded events: listed, shown with what proves them, and counted by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import NotFoundError, UsageError
from pipeline.model import ReportedEvent
from pipeline.ports.clock import Clock
from pipeline.ports.events import EventDays, EventsRequest
from pipeline.query.leaves import leaf
from pipeline.query.lexer import Lexeme, QueryError
from pipeline.query.tree import EventFilter
from pipeline.services.articles import SHORTEST_ID
from pipeline.services.saved_searches import SavedSearches

if TYPE_CHECKING:
    from pipeline.ports import events as ports

PAGE = 200
# Where nearly all is unsure, reading on for the little that is not must end.
PAGES_READ = 50
# An event of one publisher is believed from here on: five in six of those are right (see stages/extract/README.md).
CONFIDENT = 0.6


def is_believed(event: ReportedEvent) -> bool:
    """Say whether an event is shown unasked: confirmed, announced for a date, or told with confidence."""
    return event.confirmed or event.event.schedule is not None or event.event.confidence >= CONFIDENT


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one event must satisfy, as a user gives it, and a query that its article must match.

    Without ``everything`` only what is confirmed or confident is wanted.
    """

    event: str | None = None
    actor: str | None = None
    target: str | None = None
    place: str | None = None
    when: str | None = None
    scheduled: bool = False
    query: str | None = None
    confidence_min: float = 0.0
    everything: bool = False


class Events:
    """Answer questions about events. Raises ``UsageError`` for what cannot be asked."""

    def __init__(self, *, events: ports.Events, searches: SavedSearches, clock: Clock) -> None:
        self._events = events
        self._searches = searches
        self._clock = clock

    def find(self, asked: Asked, limit: int = 20) -> list[ReportedEvent]:
        """Return what is confirmed, then the rest, each newest article first.

        What several articles of a story report is one event. At most ``PAGES_READ`` pages are read for it.
        """
        request = msgspec.structs.replace(self._request(asked), limit=min(limit, PAGE))
        found: list[ReportedEvent] = []
        for _ in range(PAGES_READ + limit // PAGE):
            page = self._events.page(request)
            found += (event for event in page.events if asked.everything or is_believed(event))
            if page.cursor is None or len(found) >= limit:
                break
            request = msgspec.structs.replace(request, cursor=page.cursor)
        return sorted(found[:limit], key=lambda event: not event.confirmed)

    def days(self, asked: Asked) -> EventDays:
        """Count events by the day they happen on, or else by the day they were first reported."""
        return self._events.days(self._request(asked))

    def get(self, event_id: str) -> ReportedEvent:
        """Return the event that a report with this id, or an id that begins so, tells of. Raises ``UsageError``."""
        if len(event_id) < SHORTEST_ID:
            raise UsageError(f"{event_id!r} is too short to tell events apart; give four letters of the id or more.")
        for name in (event_id, *self._events.named(event_id, limit=1)):
            found = self._events.event(name)
            if found is not None:
                return found
        raise NotFoundError(f"There is no event {event_id}; `newswire event list` shows the ids.")

    def _request(self, asked: Asked) -> EventsRequest:
        text = asked.query
        return EventsRequest(
            now=self._clock(),
            query=self._searches.parse(text) if text else None,
            conditions=conditions(asked),
            confidence_min=asked.confidence_min,
        )


def conditions(asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return what an event must satisfy, read as the query language reads it."""
    values = {name: getattr(asked, name) for name in ("event", "actor", "target", "place", "when")}
    if asked.scheduled:
        values["scheduled"] = "yes"
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        if value is None:
            continue
        try:
            root = leaf(Lexeme("quoted", value.strip(), 1), name)
        except QueryError as exc:
            why = exc.message.rstrip(".:")
            raise UsageError(
                f"--{'type' if name == 'event' else name} {value!r} cannot be looked for: {why}"
                f"{'' if why.endswith('?') else '.'}"
            ) from exc
        if not isinstance(root, EventFilter):
            raise UsageError(f"{value!r} is more than one {name}; ask for it with --query.")
        found += root.conditions
    return tuple(found)
