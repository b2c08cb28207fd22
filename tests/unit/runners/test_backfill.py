"""Many old articles at once: found when they are published, in order, with bounded memory, and whatever helpers do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.prepared import SqlitePrepared, prepare_all
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TransientError, UsageError
from pipeline.flow import IDENTIFY
from pipeline.model import Article, Document, derive_id
from pipeline.ports.search import SearchRequest
from pipeline.runners import backfill
from pipeline.runners.backfill import Backfill
from pipeline.runners.embedded import Embedded
from pipeline.runners.feeder import Feeder
from pipeline.runners.finding import Finding
from pipeline.runners.polling.publishing import publish
from pipeline.stages.identify.stage import preview
from pipeline.topics import ARTICLES, HISTORY

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=2)
COUNT = 23

Make = Callable[[Sequence[bytes]], Future[list[bytes]]]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "SLICE", 4)


def article(number: int, *, published: datetime | None = NOW - timedelta(days=100)) -> Article:
    places = ("harbour", "bridge", "market", "school", "station", "museum", "airport")
    return Article(
        id=derive_id("archive", str(number)),
        source=f"Wire {number % 3}",
        seen=NOW,
        published=published,
        title=f"Report {number} of the {places[number % 7]}",
        text=f"Number {number * 977}: ministers met at the {places[number % 7]} in Varlo. It was said {number} times.",
    )


def made_at_once(records: Sequence[bytes]) -> Future[list[bytes]]:
    future: Future[list[bytes]] = Future()
    future.set_result(prepare_all(preview, records))
    return future


def lost(records: Sequence[bytes]) -> Future[list[bytes]]:
    future: Future[list[bytes]] = Future()
    future.set_exception(EOFError("the process ended"))
    return future


class Store:
    """Hold a store in memory, what fills it, and the runtime that works off what waits."""

    def __init__(self, database: Database) -> None:
        self.prepared = SqlitePrepared()
        self.log = SqliteLog(database, self.prepared)
        self.index = SqliteIndex(database, prepared=self.prepared)
        self.table = partial(SqliteTable, database)
        self.transaction = database.transaction

    def fill(self, articles: Iterator[Article], make: Make = made_at_once, most: int | None = None) -> int:
        finding = Finding(
            self.log, index=self.index, transaction=self.transaction, first=IDENTIFY, prepared=self.prepared
        )
        filling = Backfill(
            self.log, finding, IDENTIFY.memory(), transaction=self.transaction, prepared=self.prepared, make=make,
            before=BEFORE,
        )  # fmt: skip
        return filling.publish(articles, most)

    def finish(self) -> None:
        runtime = Embedded(
            log=self.log, table=self.table, index=self.index, transaction=self.transaction, clock=lambda: NOW,
            feeder=Feeder(self.log, transaction=self.transaction, clock=lambda: NOW), prepared=self.prepared,
        )  # fmt: skip
        while runtime.step():
            pass

    def documents(self) -> list[Document]:
        page = self.index.search(SearchRequest(query=None, now=NOW, limit=1_000, copies=True))
        return sorted(page.documents, key=lambda document: document.id)

    def waiting(self, topic: str) -> list[str]:
        return [message.key for message in self.log.replay(topic)]


@pytest.fixture
def store() -> Iterator[Store]:
    with Database(":memory:") as database:
        yield Store(database)


@pytest.mark.parametrize("make", [made_at_once, lost])
def test_old_articles_are_found_when_they_are_published_and_wait_in_their_order(store: Store, make: Make) -> None:
    given = [article(number) for number in range(COUNT)]
    assert store.fill(iter(given), make) == COUNT
    assert len(store.documents()) == COUNT
    assert store.waiting(HISTORY.name) == [each.id for each in given]
    assert store.waiting(ARTICLES.name) == []


def test_what_is_new_or_undated_among_them_goes_its_usual_way(store: Store) -> None:
    dates = [NOW, BEFORE, None, BEFORE - timedelta(seconds=1)]
    given = [article(number, published=published) for number, published in enumerate(dates)]
    store.fill(iter(given))
    assert store.waiting(ARTICLES.name) == [each.id for each in given[:3]]
    assert [document.id for document in store.documents()] == [given[3].id]


def test_they_end_as_if_they_had_come_one_by_one(store: Store) -> None:
    given = [article(number % 20) for number in range(COUNT)]
    store.fill(iter(given))
    store.finish()
    with Database(":memory:") as database:
        other = Store(database)
        publish(given, other.log)
        other.finish()
        assert store.documents() == other.documents()
    assert len(store.documents()) == 20


def test_what_stands_before_an_article_that_cannot_be_read_is_found(store: Store) -> None:
    def damaged() -> Iterator[Article]:
        yield from (article(number) for number in range(10))
        raise UsageError("the archive ends early")

    with pytest.raises(UsageError, match="ends early"):
        store.fill(damaged())
    assert len(store.documents()) == 10


def test_slice_that_cannot_be_stored_is_neither_kept_nor_found_and_can_be_published_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    upsert = store.index.upsert

    def failing(documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise TransientError("the disk is full", 5.0)
        return upsert(documents)

    monkeypatch.setattr(store.index, "upsert", failing)
    given = [article(number) for number in range(COUNT)]
    with pytest.raises(TransientError):
        store.fill(iter(given))
    assert len(store.waiting(HISTORY.name)) == len(store.documents()) == 8
    store.fill(iter(given))
    store.finish()
    assert len(store.documents()) == COUNT


def test_no_more_is_read_ahead_than_a_few_slices(store: Store) -> None:
    read = 0
    most = 0

    def source() -> Iterator[Article]:
        nonlocal read, most
        for number in range(40):
            read += 1
            most = max(most, read - len(store.waiting(HISTORY.name)))
            yield article(number)

    store.fill(source())
    assert most <= (backfill.AHEAD + 1) * backfill.SLICE


def test_record_that_nothing_can_be_made_of_costs_no_other() -> None:
    good = msgspec.json.encode(article(1))
    made = prepare_all(
        preview, [b"no record", good, msgspec.json.encode(msgspec.structs.replace(article(2), withdrawn=True))]
    )
    assert [bool(each) for each in made] == [False, True, False]


def test_of_more_than_are_to_be_found_first_the_others_wait_for_their_turn(store: Store) -> None:
    given = [article(number) for number in range(COUNT)]
    store.fill(iter(given), most=8)
    assert store.waiting(HISTORY.name) == [each.id for each in given]
    assert {document.id for document in store.documents()} == {each.id for each in given[:8]}
    store.finish()
    assert len(store.documents()) == COUNT
