"""Reading ahead changes when articles are read, never what comes of them nor in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import demo
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TerminalError, TransientError, UnavailableError
from pipeline.flow import EXTRACT, FLOW, Stage
from pipeline.model import AlertRule, Article, Document
from pipeline.ports.log import Message
from pipeline.runners import ahead
from pipeline.runners.ahead import Ahead
from pipeline.runners.apart import answer
from pipeline.runners.batch import Outcome
from pipeline.runners.embedded import GROUP, Embedded
from pipeline.runners.polling.publishing import publish
from pipeline.stages.decision import Decision, NoMemory
from pipeline.topics import ALERTS, DEAD, MATCHED
from tests.fakes.readers import MemoryReaders

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def quick_extract(document: Document, memory: NoMemory, now: datetime) -> Decision:
    """Read nothing, but fail as a stage may."""
    title = document.title or ""
    if "ferries" in title:
        raise ValueError("a bug")
    if "Telescope" in title:
        raise TerminalError(document.id, "extract", "cannot be read")
    return Decision(outcome="extracted", emit=(msgspec.structs.replace(document, tags=("read",)),))


def flow_of(decide: Callable[[Document, NoMemory, datetime], Decision]) -> list[Stage]:
    extract = msgspec.structs.replace(EXTRACT, decide=decide, loads=())
    return [extract if stage is EXTRACT else stage for stage in FLOW]


QUICK = flow_of(quick_extract)


class TurningLog(SqliteLog):
    """Have readers do a bit of work whenever the log is asked, as processes do beside it."""

    work: Callable[[], object] = staticmethod(lambda: None)

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        self.work()
        return super().read(topic, group, limit, 0.0)


class Store:
    """Wire the embedded runtime over a store in memory, with readers or without."""

    def __init__(self, database: Database, flow: Sequence[Stage] = QUICK) -> None:
        self.log = TurningLog(database)
        self.index = SqliteIndex(database)
        self.rules = SqliteTable(database, "rules")
        self.flow = flow
        self.make = partial(
            Embedded,
            log=self.log,
            table=partial(SqliteTable, database),
            index=self.index,
            transaction=database.transaction,
            clock=lambda: NOW,
            flow=flow,
        )

    def ahead(self, readers: MemoryReaders, *, late: bool = False) -> Ahead:
        (stage,) = [stage for stage in self.flow if stage.is_apart]
        here = partial(answer, flow=self.flow)
        return Ahead(self.log, GROUP, stage, readers, lambda: NOW, late=late, here=here)

    def reading(self, *, at_once: bool = True, late: bool = False) -> tuple[Embedded, MemoryReaders]:
        readers = MemoryReaders(partial(answer, flow=self.flow), at_once=at_once)
        return self.make(ahead=self.ahead(readers, late=late)), readers


@pytest.fixture
def store() -> Iterator[Store]:
    with Database(":memory:") as database:
        yield Store(database)


def articles(count: int) -> list[Article]:
    return [Article(id=f"a{n}", source="paper", seen=NOW, title=f"Report {n}", text=f"Text {n}.") for n in range(count)]


def drained(runtime: Embedded) -> list[Outcome]:
    outcomes = list[Outcome]()
    while found := runtime.step():
        outcomes += [outcome for outcome in found if outcome.kind != "waiting"]
    return outcomes


def all_there_is(store: Store, outcomes: Sequence[Outcome]) -> object:
    """Return everything that came of articles, in order; in one batch, what was given up on is told of first."""
    topics = [[(m.key, m.value, m.headers) for m in store.log.replay(topic.name)] for topic in (ALERTS, DEAD)]
    documents = [outcome.document for outcome in outcomes if outcome.document is not None]
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return documents, errors, topics


def test_same_comes_of_all_articles_in_the_same_order_whether_others_read_or_not() -> None:
    found = []
    for is_apart in (False, True):
        with Database(":memory:") as database:
            store = Store(database)
            rule = AlertRule(id="r", name="r", query="tag:read", created=NOW, once_per="article")
            store.rules.put("r", msgspec.json.encode(rule))
            publish(demo.articles(NOW), store.log)
            runtime = store.reading()[0] if is_apart else store.make()
            found.append((all_there_is(store, drained(runtime)), runtime.counts))
    assert found[0] == found[1]
    assert found[0][1]["dead-lettered"] > 0


@given(seed=st.integers(0, 2**32), count=st.integers(1, 50), ripe=st.integers(1, 20), window=st.integers(4, 30))
def test_answers_in_any_order_take_effect_in_that_of_the_log(seed: int, count: int, ripe: int, window: int) -> None:
    chance = Random(seed)
    with Database(":memory:") as database, pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("RIPE", ripe),
            ("WINDOW", window),
            ("AT_ONCE", 3),
            ("LOW", 2),
            ("PATIENCE", chance.choice([1, 9, 999])),
        ):
            patch.setattr(ahead, name, value)
        store = Store(database)
        publish(articles(count), store.log)
        runtime, readers = store.reading(at_once=False)
        TurningLog.work = staticmethod(lambda: readers.work(chance.randrange(6), chance.randrange))
        try:
            outcomes = drained(runtime)
        finally:
            TurningLog.work = staticmethod(lambda: None)
    assert [f"a{n}" for n in range(count)] == [outcome.document.id for outcome in outcomes if outcome.document]
    assert len(readers.asked) == count


def test_error_tells_the_same_trace_from_another_process() -> None:
    letters = []
    for is_apart in (False, True):
        with Database(":memory:") as database:
            store = Store(database)
            publish(demo.articles(NOW), store.log)
            drained(store.reading()[0] if is_apart else store.make())
            letters.append([message.headers["error"] for message in store.log.replay(DEAD.name)])
    assert letters[0] == letters[1]
    assert any("ValueError: a bug" in letter for letter in letters[0])


def test_article_that_ends_its_readers_is_a_dead_letter_and_the_others_are_read(store: Store) -> None:
    publish(articles(20), store.log)
    readers = MemoryReaders(partial(answer, flow=QUICK), at_once=True, lost=lambda question: b"Report 7" in question)
    drained(runtime := store.make(ahead=store.ahead(readers)))
    assert {"indexed": 19, "dead-lettered": 1} == runtime.counts
    (letter,) = store.log.replay(DEAD.name)
    assert ("a7", "extract", "ended") == (letter.key, letter.headers["stage"], letter.headers["error"])


def test_stage_that_asks_for_time_is_given_it_and_asked_again(store: Store) -> None:
    asked = list[str]()

    def busy(document: Document, memory: NoMemory, now: datetime) -> Decision:
        asked.append(document.id)
        if asked.count("a1") == 1 and document.id == "a1":
            raise TransientError("busy", 7.0)
        return quick_extract(document, memory, now)

    store.flow = flow_of(busy)
    publish(articles(3), store.log)
    readers = MemoryReaders(partial(answer, flow=store.flow), at_once=True)
    waited = list[float]()
    runtime = store.make(flow=store.flow, ahead=store.ahead(readers), wait=waited.append)
    drained(runtime)
    assert ([7.0], {"indexed": 3}) == (waited, runtime.counts)


def test_stage_that_is_away_is_no_record_s_fault_and_is_asked_again(store: Store) -> None:
    away = [True]

    def decide(document: Document, memory: NoMemory, now: datetime) -> Decision:
        if away:
            away.clear()
            raise UnavailableError("away")
        return quick_extract(document, memory, now)

    store.flow = flow_of(decide)
    publish(articles(5), store.log)
    readers = MemoryReaders(partial(answer, flow=store.flow), at_once=True)
    runtime = store.make(flow=store.flow, ahead=store.ahead(readers))
    with pytest.raises(UnavailableError, match="away"):
        drained(runtime)
    drained(runtime)
    assert {"indexed": 5} == runtime.counts


def test_readers_that_are_closed_cost_no_article(store: Store) -> None:
    publish(articles(5), store.log)
    runtime, readers = store.reading(at_once=False)
    runtime.step()
    runtime.step(0.01)
    readers.close()
    with pytest.raises(UnavailableError):
        drained(runtime)
    again, _ = store.reading()
    drained(again)
    assert ({"indexed": 5}, {}) == (again.counts, runtime.counts)


def test_what_was_read_and_not_stored_is_read_again_after_a_restart(store: Store) -> None:
    publish(articles(40), store.log)
    runtime, _ = store.reading()
    runtime.step()
    runtime.step()  # some take effect
    assert 0 < store.log.backlog(MATCHED.name, GROUP) < 40
    again, _ = store.reading()
    drained(again)
    assert {"indexed": 40} == runtime.counts + again.counts


def test_fresh_articles_are_taken_up_while_others_are_read(store: Store) -> None:
    publish(articles(20), store.log)
    runtime, readers = store.reading(at_once=False)
    runtime.step()
    assert [] == runtime.step(0.01)  # nothing is read yet, and nobody waits for it longer than asked
    fresh = Article(id="fresh", source="paper", seen=NOW, title="The harbour", text="Fresh.")
    publish([fresh], store.log)
    runtime.step(0.01)
    assert 21 == store.log.backlog(MATCHED.name, GROUP)
    readers.work()
    runtime.step(0.01)
    assert 21 > store.log.backlog(MATCHED.name, GROUP)


def test_few_articles_do_not_start_readers_that_begin_late(store: Store) -> None:
    publish(demo.articles(NOW), store.log)
    runtime, readers = store.reading(late=True)
    readers.is_ready = False
    drained(runtime)
    assert (False, []) == (readers.is_begun, readers.asked)


def test_many_articles_start_readers_that_begin_late_and_are_read_here_until_one_is_ready(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "LOOK_S", 0.0)
    publish(articles(ahead.WORTH_IT + 100), store.log)
    runtime, readers = store.reading(late=True)
    readers.is_ready = False
    steps = 0
    while not readers.is_begun and steps < 100:
        steps += len(runtime.step()) > 0
    for _ in range(3):
        runtime.step()
    assert (True, []) == (readers.is_begun, readers.asked)
    readers.is_ready = True
    drained(runtime)
    assert len(readers.asked) > 100
    assert {"indexed": ahead.WORTH_IT + 100} == runtime.counts


def test_whoever_only_waits_for_readers_reads_with_them_from_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "PATIENCE", 3)
    long = Article(id="long", source="paper", seen=NOW, title="Long", text="Text. " * ahead.HELP_BYTES)
    publish([*articles(60), long], store.log)
    runtime, readers = store.reading(at_once=False)
    runtime.step(1.0)
    assert [] == runtime.step(1.0)
    left = [question for question, future in readers.pending if not future.cancelled()]
    assert ahead.LOW - 1 == len(left)
    assert b"Long" in left[-1]
    readers.work()
    drained(runtime)
    assert {"indexed": 61} == runtime.counts


def test_what_readers_need_is_loaded_by_them_alone(store: Store) -> None:
    loaded = list[str]()
    store.flow = [
        msgspec.structs.replace(stage, loads=(lambda: loaded.append("here"),)) if stage.is_apart else stage
        for stage in QUICK
    ]
    readers = MemoryReaders(partial(answer, flow=store.flow))
    runtime = store.make(flow=store.flow, ahead=store.ahead(readers))
    runtime.loading.start(lambda: False).join(20)
    assert (True, []) == (readers.is_begun, loaded)
