"""Events: conditions are read as the query language reads them, and no event is out of reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.model import Document, derive_id
from pipeline.services.events import PAGE, Asked, Events
from pipeline.services.saved_searches import SavedSearches
from pipeline.stages.extract.stage import read
from pipeline.views.events import day_lines, event_line, event_lines
from tests.fakes.archive import Archive, MemoryEvents
from tests.fakes.table import MemoryTable

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
TEXT = "Japan will meet South Korea in Paris on 28 February. France condemned North Korea."


def desk(count: int = 1) -> Events:
    archive = Archive()
    first = read(article(0))
    archive.upsert([first, *(retold(first, n) for n in range(1, count))])
    searches = SavedSearches(MemoryTable())
    searches.keep("asia", "korea")
    return Events(events=MemoryEvents(archive), searches=searches, clock=lambda: NOW)


def article(number: int) -> Document:
    seen = NOW - timedelta(minutes=number)
    return Document(
        id=derive_id(str(number)),
        source="s",
        seen=seen,
        published=seen,
        title="Asia",
        text=TEXT,
        language="en",
        revision=1,
    )


def retold(document: Document, number: int) -> Document:
    """Make another article that reports the same, as events of its own."""
    events = tuple(msgspec.structs.replace(e, id=derive_id(e.id, str(number))) for e in document.events)
    return msgspec.structs.replace(article(number), events=events)


@pytest.mark.parametrize(
    ("asked", "types"),
    [
        (Asked(), {"AGREE", "ACCUSE"}),
        (Asked(event="accuse"), {"ACCUSE"}),
        (Asked(actor=" Japan ", when="2022-02-28"), {"AGREE"}),
        (Asked(actor="japan", event="ACCUSE"), set()),
        (Asked(target="KOREA", place="paris"), {"AGREE"}),
        (Asked(scheduled=True), {"AGREE"}),
        (Asked(query="search:asia", event="AGREE"), {"AGREE"}),
        (Asked(query="nothing"), set()),
        (Asked(actor='"Japan'), {"AGREE"}),
        (Asked(target='South" Korea'), {"AGREE"}),
        (Asked(actor='Japan" OR event:"ACCUSE'), set()),
        (Asked(confidence_min=1.0), set()),
    ],
)
def test_one_event_meets_every_condition(asked: Asked, types: set[str]) -> None:
    assert {found.event.type for found in desk().find(asked)} == types


@pytest.mark.parametrize("asked", [Asked(when="yesterday"), Asked(actor="!"), Asked(actor='"'), Asked(query="(x")])
def test_condition_that_says_nothing_is_refused(asked: Asked) -> None:
    with pytest.raises(UsageError):
        desk().find(asked)


def test_every_event_is_listed_up_to_the_limit_and_shown() -> None:
    service = desk(PAGE + 1)
    found = service.find(Asked(), limit=5 * PAGE)
    assert len(found) == 2 * (PAGE + 1)
    assert len(service.find(Asked(), limit=3)) == 3
    last = found[-1]
    for name in (last.event.id, last.event.id[:12]):
        assert service.get(name).event == last.event
    assert event_line(last).startswith(last.event.id[:12])
    assert any("“" in line for line in event_lines(last))


def test_event_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="event list"):
        desk().get("0" * 32)


def test_days_are_those_on_which_events_happen() -> None:
    counted = desk().days(Asked())
    assert [(day.day, day.events) for day in counted.days] == [("2022-02-24", 1), ("2022-02-28", 1)]
    assert [line.count("#") for line in day_lines(counted.days)] == [40, 40]


def doubtful(number: int, source: str) -> Document:
    """Make an article of a story whose events nobody would bet on."""
    document = read(msgspec.structs.replace(article(number), source=source, text="France condemned North Korea."))
    events = tuple(msgspec.structs.replace(event, confidence=0.5) for event in document.events)
    return msgspec.structs.replace(document, events=events, story_id="story")


def listed(*documents: Document, everything: bool = False) -> list[bool]:
    archive = Archive()
    archive.upsert(list(documents))
    searches = SavedSearches(MemoryTable())
    events = Events(events=MemoryEvents(archive), searches=searches, clock=lambda: NOW)
    return [found.confirmed for found in events.find(Asked(everything=everything))]


def test_unsure_event_of_one_publisher_is_listed_only_when_everything_is_asked_for() -> None:
    assert listed(doubtful(0, "reuters")) == []
    assert listed(doubtful(0, "reuters"), everything=True) == [False]


def test_unsure_event_that_another_publisher_confirms_is_listed_first() -> None:
    sure = msgspec.structs.replace(
        read(msgspec.structs.replace(article(0), text="Norway expelled two Russian diplomats."))
    )
    assert listed(sure, doubtful(1, "reuters"), doubtful(2, "afp")) == [True, False]
