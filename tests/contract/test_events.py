"""What every adapter of the Events port promises."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.model import Actor, Document, Event, ReportedEvent, ResolvedDate, Span, derive_id
from pipeline.ports.events import EventsPage, EventsRequest
from pipeline.query.parser import parse
from tests.contract.ports import NOW, Ports, article, ports
from tests.fakes.archive import MemoryEvents

__all__ = ["ports"]
HOUR = timedelta(hours=1)


def event(
    article_id: str, kind: str = "CONSULT", actor: str = "Lavrov", day: str | None = None, confidence: float = 1.0
) -> Event:
    span = Span(text="met", start=0, end=3)
    return Event(
        id=derive_id(article_id, kind, actor, day or ""),
        type=kind,
        trigger=span,
        sentence=Span(text="They met.", start=0, end=9),
        actors=(Actor(text=actor, name=actor, start=0, end=1),),
        date=ResolvedDate(value=day, granularity="day", text=day, start=0, end=1) if day else None,
        confidence=confidence,
    )


def report(name: str, *events: Event, story: str | None = "s1", hours: float = 1, **fields: Any) -> Document:
    return article(name, story_id=story, seen=NOW - hours * HOUR, events=events, text="They met today.", **fields)


def page(ports: Ports, text: str | None = None, **fields: object) -> EventsPage:
    request = EventsRequest(now=NOW, query=parse(text) if text else None, **fields)  # type: ignore[arg-type]
    return ports.events.page(request)


def told(found: EventsPage) -> list[tuple[str, list[str]]]:
    return [(each.event.type, [report.article for report in each.told_by]) for each in found.events]


def days(ports: Ports, text: str | None = None, **fields: object) -> list[tuple[str, int]]:
    request = EventsRequest(now=NOW, query=parse(text) if text else None, **fields)  # type: ignore[arg-type]
    found = ports.events.days(request)
    assert not found.estimated
    return [(day.day, day.events) for day in found.days]


def test_reports_of_a_story_are_one_event_newest_first(ports: Ports) -> None:
    ports.put(
        report("a", event("a"), hours=3),
        report("b", event("b"), hours=2, source="BBC"),
        report("c", event("c", "THREATEN"), story="s2", hours=1),
        report("d", event("d"), story=None, hours=4),
        article("e"),
    )
    assert told(page(ports)) == [("THREATEN", ["c"]), ("CONSULT", ["b", "a"]), ("CONSULT", ["d"])]
    assert (page(ports).events[1].event.reports, page(ports).events[1].event.origins) == (2, 2)


def test_reports_of_merged_stories_are_one_event(ports: Ports) -> None:
    ports.put(
        report("a", event("a"), story="s2", hours=3),
        report("b", event("b"), hours=2),
        report("c", story="s1", hours=1, merged=("s2",)),
    )
    assert told(page(ports)) == [("CONSULT", ["b", "a"])]


def test_conditions_hold_for_one_event(ports: Ports) -> None:
    ports.put(
        report("a", event("a", "CONSULT", "Lavrov"), event("a", "THREATEN", "Wang Yi")),
        report("b", event("b", "THREATEN", "Lavrov"), story="s2"),
    )
    assert told(page(ports, conditions=(("event", "THREATEN"), ("actor", "lavrov")))) == [("THREATEN", ["b"])]
    assert told(page(ports, conditions=(("actor", "wang yi"),))) == [("THREATEN", ["a"])]
    assert told(page(ports, conditions=(("scheduled", "yes"),))) == []


def test_query_and_certainty_narrow_and_leave_out_reports(ports: Ports) -> None:
    ports.put(
        report("a", event("a"), title="Flood", hours=2),
        report("b", event("b"), title="Oil", hours=1),
        report("c", event("c", "ASSAULT", confidence=0.2), title="Oil", story="s2", hours=3),
    )
    assert told(page(ports, "flood")) == [("CONSULT", ["a"])]
    assert told(page(ports, "oil", confidence_min=0.5)) == [("CONSULT", ["b"])]


def test_copies_tell_too(ports: Ports) -> None:
    ports.put(report("a", event("a"), hours=2), report("b", event("b"), hours=1, duplicate_of="a"))
    (found,) = page(ports).events
    assert (found.event.reports, found.event.origins) == (2, 1)


@pytest.mark.parametrize("limit", [1, 3, 7, 60])
def test_pages_join_without_gap_or_repetition_while_articles_arrive(ports: Ports, limit: int) -> None:
    kinds = ("CONSULT", "THREATEN", "ASSAULT")
    ports.put(
        *(
            report(f"n{n:02}", *(event(f"n{n:02}", kind) for kind in kinds), story=f"s{n % 9}", hours=1 + n)
            for n in range(30)
        )
    )
    whole = [each.told_by[0] for each in page(ports, limit=1_000).events]
    found: list[ReportedEvent] = []
    cursor = None
    for number in range(1_000):
        got = page(ports, limit=limit, cursor=cursor)
        assert len(got.events) <= limit
        found += got.events
        cursor = got.cursor
        if cursor is None:
            break
        if number < 3:
            ports.put(report(f"late{number}", event(f"late{number}"), story=f"new{number}", hours=0.1))
    assert [each.told_by[0] for each in found] == whole


def test_event_is_found_by_the_id_of_any_report(ports: Ports) -> None:
    first, second = event("a"), event("b")
    ports.put(report("a", first, hours=2), report("b", second, hours=1), report("c", event("c", "ASSAULT"), story="s2"))
    for each in (first, second):
        found = ports.events.event(each.id)
        assert found is not None and [report.article for report in found.told_by] == ["b", "a"]
    assert ports.events.event("unknown") is None


def test_event_of_an_article_without_story_is_found(ports: Ports) -> None:
    ports.put(report("a", event("a"), story=None))
    found = ports.events.event(event("a").id)
    assert found is not None and [report.article for report in found.told_by] == ["a"]


def test_reports_are_named_by_the_beginning_of_an_id(ports: Ports) -> None:
    ids = sorted(event(name).id for name in "abc")
    ports.put(*(report(name, event(name), story=name) for name in "abc"))
    assert list(ports.events.named(ids[1][:12])) == [ids[1]]
    assert list(ports.events.named("", limit=3)) == ids
    assert list(ports.events.named("%")) == []


def test_revised_article_takes_its_events_along(ports: Ports) -> None:
    ports.put(report("a", event("a")))
    ports.put(report("a", event("a", "ASSAULT"), revision=2))
    assert ports.events.event(event("a").id) is None
    assert told(page(ports)) == [("ASSAULT", ["a"])]


def test_days_count_events_not_reports(ports: Ports) -> None:
    ports.put(
        report("a", event("a"), hours=2),
        report("b", event("b"), hours=30),
        report("c", event("c", "ASSAULT", day="2022-03-01"), hours=2),
        report("d", event("d", "ASSAULT", day="2022-03-01"), hours=1),
        report("e", event("e", "ASSAULT", day="2022-03"), hours=1),
        report("f", event("f", "AID"), story=None, published=datetime(2022, 2, 24, 23, 30, tzinfo=NOW.tzinfo)),
    )
    assert days(ports) == [("2022-02-23", 1), ("2022-02-24", 1), ("2022-03", 1), ("2022-03-01", 1)]
    assert days(ports, conditions=(("event", "ASSAULT"),)) == [("2022-03", 1), ("2022-03-01", 1)]
    assert days(ports, "nothing") == []


def test_foreign_cursor_is_refused(ports: Ports) -> None:
    ports.put(report("a", event("a")))
    for cursor in ("x", "%%%", "bnVsbA", "💥"):
        with pytest.raises(UsageError):
            page(ports, cursor=cursor)


def test_days_of_more_articles_than_are_read_are_estimated(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count by type, story and day what is too much to merge; here the estimate is right."""
    documents = [
        report(
            f"n{n}", event(f"n{n}", "ASSAULT" if n % 2 else "AID", day="2022-03-01" if n % 3 else None), story=f"s{n}"
        )
        for n in range(12)
    ]
    ports.put(*documents)
    conditions = (("event", "ASSAULT"),)
    exact = days(ports), days(ports, conditions=conditions), days(ports, confidence_min=1.1)
    monkeypatch.setattr("pipeline.adapters.reported_events.MAX_VERIFIED", 5)
    found = [
        ports.events.days(EventsRequest(now=NOW, conditions=asked, confidence_min=sure))
        for asked, sure in (((), 0.0), (conditions, 0.0), ((), 1.1))
    ]
    assert exact == tuple([(day.day, day.events) for day in each.days] for each in found)
    assert isinstance(ports.events, MemoryEvents) or [each.estimated for each in found] == [True, True, True]
