"""What is counted of events, where they are put on the map, and the days that they are due on."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.model import Actor, Event, Place, ReportedEvent, ResolvedDate, Schedule, Span
from pipeline.views.event_survey import due, spots, tallies, within

_SPAN = Span(text="met", start=0, end=3)
KYIV = Place(text="Kiev", start=0, end=4, name="Kyiv", country="UKR", latitude=50.4, longitude=30.5)


def reported(
    kind: str = "CONSULT", when: str | None = None, scheduled: bool = False, **fields: object
) -> ReportedEvent:
    given = ResolvedDate(value=when, granularity="day", text="then", start=0, end=1) if when else None
    schedule = Schedule(what="talks", status="announced", when=given) if scheduled or when else None
    made = Event(id=kind, type=kind, trigger=_SPAN, sentence=_SPAN, schedule=schedule, **fields)  # type: ignore[arg-type]
    return ReportedEvent(event=made, told_by=())


def actor(name: str) -> Actor:
    return Actor(text=name, start=0, end=1, name=name)


def test_events_are_counted_by_all_that_they_can_be_asked_for() -> None:
    lavrov = actor("Lavrov")
    found = tallies(
        [
            reported(actors=(lavrov, lavrov), location=KYIV),
            reported(actors=(lavrov,), recipients=(actor("China"),)),
            reported("AID", actors=(actor("—"),)),
        ],
        8,
    )
    assert {name: [(each.value, each.events) for each in several] for name, several in found.items()} == {
        "event": [("CONSULT", 2), ("AID", 1)],
        "actor": [("Lavrov", 2)],
        "target": [("China", 1)],
        "place": [("Kyiv", 1)],
    }


def test_only_places_whose_degrees_are_known_are_on_the_map() -> None:
    unknown = Place(text="Nowhere", start=0, end=1)
    beyond = Place(text="Beyond", start=0, end=1, latitude=91, longitude=0)
    found = spots([reported(location=KYIV), reported("AID", location=KYIV), reported(location=unknown),
                   reported(location=beyond), reported()])  # fmt: skip
    assert [(each.name, len(each.events)) for each in found] == [("Kyiv", 2)]


@pytest.mark.parametrize(("when", "days", "in_march"), [
    ("2022-03-01", 1, True), ("2022-02-28/2022-03-02", 3, True), ("2022-03", 0, True), ("2022", 0, True),
    ("2022-04-01", 1, False), ("soon", 0, False), (None, 0, False), ("9999-12-31", 0, False),
])  # fmt: skip
def test_what_is_due_stands_on_its_days_and_in_its_months(when: str | None, days: int, in_march: bool) -> None:
    (found,) = due([reported(when=when, scheduled=True)])
    assert len(found.days) == days
    assert bool(within([found], date(2022, 3, 1), date(2022, 4, 1))) == in_march


def test_soonest_comes_first_and_what_names_no_day_last() -> None:
    planned = due([reported("C", scheduled=True), reported("B", "2022-03-02"), reported("A", "2022-03-01"), reported()])
    assert [each.reported.event.type for each in planned] == ["A", "B", "C"]
