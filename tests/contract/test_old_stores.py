"""Stores and indices from before arrivals, stories and events were kept answer like those of today."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.model import Document
from pipeline.ports.alerts import About, Earlier
from pipeline.ports.arrivals import ArrivalsRequest, NumbersRequest
from pipeline.ports.events import EventsRequest
from pipeline.ports.stories import StoriesRequest
from tests.contract.old_stores import make_old, make_old_indices
from tests.contract.ports import NOW, Ports, article, on_elasticsearch, over
from tests.contract.test_events import event
from tests.contract.test_ledger import delivery

Upgraded = tuple[Ports, Callable[[], AbstractContextManager[Ports]]]


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def upgrade(request: pytest.FixtureRequest) -> Iterator[Callable[[list[Document]], Ports]]:
    """Return what writes documents, makes the store old, and opens it again."""
    if request.param == "sqlite":
        path = Path(request.getfixturevalue("tmp_path")) / "newswire.db"
        opened = Database(path)

        def upgraded(documents: list[Document]) -> Ports:
            with Database(path) as database:
                over(database).put(*documents)
                make_old(database)
            return over(opened.open())

        yield upgraded
        opened.close()
        return
    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    again = on_elasticsearch(url, prefix)

    def upgraded_indices(documents: list[Document]) -> Ports:
        with on_elasticsearch(url, prefix) as ports:
            ports.put(*documents)
        make_old_indices(url, prefix)
        return again.__enter__()

    yield upgraded_indices
    again.__exit__(None, None, None)


def documents() -> list[Document]:
    """Return some hundred articles, many seen at one moment, in stories of which two turned out to be one."""
    made = [
        article(
            f"n{n:03}",
            "Flood" if n % 3 else "Oil",
            seen=NOW - timedelta(hours=n // 40),
            story_id=f"s{n % 7}" if n % 5 else None,
            merged=("s2",) if n == 31 else (),
            duplicate_of="n001" if n == 8 else None,
            events=(event(f"n{n:03}", "ASSAULT" if n % 2 else "AID"),) if n % 4 == 0 else (),
            text="They met today.",
        )
        for n in range(300)
    ]
    assert made[31].story_id == "s3"
    return made


def test_everything_is_found_as_in_a_new_store(upgrade: Callable[[list[Document]], Ports], tmp_path: Path) -> None:
    ports = upgrade(documents())
    with Database(tmp_path / "new.db") as database:
        new = over(database)
        new.put(*documents())
        stories = StoriesRequest(now=NOW, limit=100)
        assert ports.stories.summaries(stories) == new.stories.summaries(stories)
        events = EventsRequest(now=NOW, limit=1_000)
        told = [[report.event for report in each.told_by] for each in new.events.page(events).events]
        assert told == [[report.event for report in each.told_by] for each in ports.events.page(events).events]
        assert new.events.days(events) == ports.events.days(events)
    found = ports.events.event(event("n296", "AID").id)
    assert found is not None and "n296" in [report.article for report in found.told_by]


def test_earlier_articles_have_numbers_by_first_sight_below_those_that_come(
    upgrade: Callable[[list[Document]], Ports],
) -> None:
    ports = upgrade(documents())
    ports.put(article("later", seen=NOW - timedelta(days=300)))
    request = NumbersRequest(now=NOW, order="oldest", limit=1_000)
    numbers = list(ports.arrivals.numbers(request))
    while len(numbers) < 301:
        ports.index.refresh()
        numbers = list(ports.arrivals.numbers(request))
    assert len(set(numbers)) == 301 and all(10**15 <= number < 2**53 for number in numbers)
    arrivals = ports.arrivals.numbered(numbers)
    assert arrivals[-1].document.id == "later"
    seen = [arrival.document.seen for arrival in arrivals[:-1]]
    assert seen == sorted(seen)


def test_reader_is_given_every_earlier_article(upgrade: Callable[[list[Document]], Ports]) -> None:
    ports = upgrade(documents())
    found: set[str] = set()
    position = None
    while True:
        page = ports.arrivals.since(position, ArrivalsRequest(now=NOW))
        found |= {arrival.document.id for arrival in page.arrivals}
        position = page.position
        if not page.more and not page.arrivals:
            break
    assert found == {document.id for document in documents()}


def test_large_store_is_completed_in_slices_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.adapters.sqlite.derived.SLICE", 10)
    path = tmp_path / "newswire.db"
    with Database(path) as database:
        over(database).put(*documents())
        make_old(database)
    with Database(path) as database:
        ports, request = over(database), StoriesRequest(now=NOW)
        flags = [ports.stories.summaries(request).estimated for _ in range(4)]
        assert flags == [True, True, True, False] or flags == [True, True, False, False]
        assert "s2" not in [story.id for story in ports.stories.summaries(request).stories]


def test_earlier_rows_of_the_ledger_name_their_sources(tmp_path: Path) -> None:
    path = tmp_path / "newswire.db"
    with Database(path) as database:
        SqliteLedger(database).enter([delivery("a")])
        make_old(database)
    with Database(path) as database:
        (found,) = SqliteLedger(database).earlier([About(rule_id="id of rule", channel="hook", subject="story")])
        assert found == Earlier(delivered=True, sources=frozenset({"bbc"}))


@pytest.mark.elasticsearch
def test_earlier_rows_of_the_ledger_index_name_their_sources(elasticsearch_url: str, elasticsearch_prefix: str) -> None:
    from elasticsearch import Elasticsearch

    from pipeline.adapters.elasticsearch.ledger import ElasticsearchLedger

    open_ledger = partial(ElasticsearchLedger, elasticsearch_url, prefix=elasticsearch_prefix)
    open_ledger().enter([delivery("a"), msgspec.structs.replace(delivery("b"), state="withheld")])
    index = f"{elasticsearch_prefix}alerts"
    with Elasticsearch(elasticsearch_url) as client:
        client.indices.refresh(index=index)
        rows = client.search(index=index)["hits"]["hits"]
        properties = client.indices.get_mapping(index=index)[index]["mappings"]["properties"]
        client.indices.delete(index=index)
        old = {name: kind for name, kind in properties.items() if name not in ("source", "key")}
        client.indices.create(index=index, mappings={"dynamic": False, "properties": old})
        for row in rows:
            source = {name: value for name, value in row["_source"].items() if name not in ("source", "key")}
            client.index(index=index, id=row["_id"], document=source)
    ledger = open_ledger()
    (found,) = ledger.earlier([About(rule_id="id of rule", channel="hook", subject="story")])
    assert found == Earlier(delivered=True, sources=frozenset({"bbc"}))
    assert len(ledger.entries(10)) == 2
