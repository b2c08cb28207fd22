"""What some events have in common: counted by type, party and place, put on the map, and into the days they are due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

import msgspec

from pipeline.language.tokens import tokens_of
from pipeline.model import Actor, Event, Place, ReportedEvent
from pipeline.views.calendar import days_of

# What is due within so many days is shown on each of them; what is due some time in longer is told beside.
MOST_DAYS = 7


class Tally(msgspec.Struct, frozen=True):
    """Count the events that have a value."""

    value: str
    events: int


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Count the events of a place that is known; ``found`` is the kind of place, such as city or country."""

    name: str
    country: str | None
    latitude: float
    longitude: float
    found: str | None
    events: tuple[ReportedEvent, ...]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is announced with the first day it may be and the day after the last, where it names any."""

    reported: ReportedEvent
    first: date | None = None
    after: date | None = None

    @property
    def days(self) -> list[date]:
        """Return the days that it is due on; none where it is some time in more of them than a week."""
        if self.first is None or self.after is None or (self.after - self.first).days > MOST_DAYS:
            return []
        return [self.first + timedelta(days=n) for n in range((self.after - self.first).days)]


def tallies(events: Iterable[ReportedEvent], most: int) -> dict[str, list[Tally]]:
    """Count events by what they are, by who does it, to whom and where: of each the values that most of them have."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("event", "actor", "target", "place")}
    for reported in events:
        event = reported.event
        counts["event"][event.type] += 1
        counts["actor"].update(_names(event.actors))
        counts["target"].update(_names(event.recipients))
        where = place_of(event)
        counts["place"].update({where.name or where.text} if where is not None else ())
    return {
        name: [
            Tally(value, count)
            for value, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
            if list(tokens_of(value))
        ][:most]
        for name, counted in counts.items()
    }


def spots(events: Iterable[ReportedEvent]) -> list[Spot]:
    """Return the places of events whose degrees are known, those with most events first."""
    found: dict[tuple[float, float], tuple[Place, list[ReportedEvent]]] = {}
    for reported in events:
        where = place_of(reported.event)
        if where is None or where.latitude is None or where.longitude is None:
            continue
        if abs(where.latitude) <= 90 and abs(where.longitude) <= 180:
            found.setdefault((where.latitude, where.longitude), (where, []))[1].append(reported)
    made = [
        Spot(
            name=place.name or place.text,
            country=place.country,
            latitude=latitude,
            longitude=longitude,
            found=place.found,
            events=tuple(several),
        )
        for (latitude, longitude), (place, several) in found.items()
    ]
    return sorted(made, key=lambda spot: (-len(spot.events), spot.name))


def due(events: Iterable[ReportedEvent]) -> list[Due]:
    """Return what is announced, soonest first, and at the end what names no day."""
    found = []
    for reported in events:
        schedule = reported.event.schedule
        if schedule is None:
            continue
        span = days_of(schedule.when) if schedule.when is not None else None
        first, after = span if span is not None else (None, None)
        found.append(Due(reported=reported, first=first, after=after))
    return sorted(found, key=lambda each: (each.first or date.max, each.after or date.max))


def within(planned: Sequence[Due], first: date, after: date) -> list[Due]:
    """Return what may happen between two days."""
    return [
        each
        for each in planned
        if each.first is not None and each.after is not None and each.first < after and each.after > first
    ]


def place_of(event: Event) -> Place | None:
    """Return where an event is, or else where it is to be."""
    return event.location or (event.schedule.where if event.schedule is not None else None)


def _names(actors: Iterable[Actor]) -> Iterator[str]:
    yield from dict.fromkeys(actor.name or actor.text for actor in actors)
