"""The embedded runtime's promises: everything counted, nothing half-written, one bad record stops no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from pipeline import demo
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TerminalError, TransientError
from pipeline.flow import EXTRACT, FLOW, IDENTIFY, MATCH, Stage
from pipeline.model import Alert, AlertRule, Article, Document
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.runners.batch import WAITING
from pipeline.runners.embedded import AT_ONCE, Embedded
from pipeline.runners.polling.publishing import publish
from pipeline.runners.replay import replay
from pipeline.stages.decision import Decision, NoMemory
from pipeline.stages.extract import stage as extract_stage
from pipeline.topics import ALERTS, ARTICLES, DEAD, DOCUMENTS, ENRICHED

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Store:
    """Wire the embedded runtime over a store in memory."""

    def __init__(self, database: Database) -> None:
        self.log = SqliteLog(database)
        self.index = SqliteIndex(database)
        self.rules = SqliteTable(database, "rules")
        self.make = partial(
            Embedded,
            log=self.log,
            table=partial(SqliteTable, database),
            index=self.index,
            transaction=database.transaction,
            clock=lambda: NOW,
        )

    def documents(self) -> list[Document]:
        page = self.index.search(SearchRequest(query=None, now=NOW, limit=1000, copies=True))
        return list(page.documents)


@pytest.fixture
def store() -> Iterator[Store]:
    with Database(":memory:") as database:
        yield Store(database)


def broken_extract(document: Document, memory: NoMemory, now: datetime) -> Decision:
    if "ferries" in (document.title or ""):
        raise ValueError("a bug")
    if "Telescope" in (document.title or ""):
        raise TerminalError(document.id, "extract", "cannot be read")
    return Decision(outcome="extracted", emit=(document,))


BROKEN = tuple(msgspec.structs.replace(s, decide=broken_extract) if s is EXTRACT else s for s in FLOW)


def test_every_article_is_counted_once_and_found(store: Store) -> None:
    publish(demo.articles(NOW), store.log)
    runtime = store.make()
    while runtime.step():
        pass
    assert (sum(runtime.counts.values()), len(store.documents())) == (35, 35)
    assert runtime.counts["duplicate"] == 2


def test_what_is_being_loaded_is_not_needed_at_the_same_time(store: Store) -> None:
    together, inside, loaded = list[bool](), threading.Event(), threading.Event()

    def load() -> None:
        inside.set()
        time.sleep(0.05)
        loaded.set()

    def decide(document: Document, memory: NoMemory, now: datetime) -> Decision:
        together.append(not loaded.is_set())
        return Decision(outcome="extracted", emit=(document,))

    publish(demo.articles(NOW)[:1], store.log)
    extract = msgspec.structs.replace(EXTRACT, decide=decide, loads=(load,))
    runtime = store.make(flow=[extract if stage is EXTRACT else stage for stage in FLOW])
    with runtime.loading.beside(threading.Event()):
        assert inside.wait(20)
        while runtime.step():
            pass
    assert together == [False]


def add_rule(store: Store, name: str, query: str) -> None:
    rule = AlertRule(id=name, name=name, query=query, created=NOW, once_per="article")
    store.rules.put(name, msgspec.json.encode(rule))


def told(store: Store) -> list[tuple[str, str]]:
    alerts = [msgspec.json.decode(message.value, type=Alert) for message in store.log.replay(ALERTS.name)]
    return [(alert.rule_id, alert.article.id) for alert in alerts if alert.article is not None]


MEETING = "French President Emmanuel Macron met German Chancellor Olaf Scholz in Berlin on Monday."


def test_alert_of_words_comes_before_its_article_is_read_and_that_of_events_after_each_once(store: Store) -> None:
    for name, query in (("words", "chancellor"), ("events", "event:CONSULT"), ("both", "chancellor event:CONSULT")):
        add_rule(store, name, query)
    publish([Article(id="a", source="paper", seen=NOW, published=NOW, title="Meeting", text=MEETING)], store.log)
    runtime = store.make()
    assert [outcome.kind for outcome in runtime.step()] == [WAITING]
    assert ([("words", "a")], [document.id for document in store.documents()]) == (told(store), ["a"])
    runtime = store.make()  # as after a crash between the two
    while runtime.step():
        pass
    assert [("words", "a"), ("both", "a"), ("events", "a")] == told(store)
    assert (runtime.counts, len(store.documents()[0].events)) == ({"indexed": 1}, 1)


def test_fresh_article_is_told_of_before_those_that_wait_to_be_read(store: Store) -> None:
    add_rule(store, "words", "harbour")
    many = [Article(id=f"a{n}", source="paper", seen=NOW, title=f"Report {n}", text=MEETING) for n in range(20)]
    publish(many, store.log)
    runtime = store.make()
    runtime.step()
    runtime.step()  # some are read
    publish([Article(id="fresh", source="paper", seen=NOW, title="The harbour", text=MEETING)], store.log)
    runtime.step()
    assert [("words", "fresh")] == told(store)
    assert 0 < len([document for document in store.documents() if document.events]) < len(many)


def test_what_an_earlier_version_left_to_be_read_or_matched_is_told_of_once(store: Store) -> None:
    for name, query in (("words", "chancellor"), ("events", "event:CONSULT")):
        add_rule(store, name, query)
    left = [
        Document(id=name, source="paper", seen=NOW, published=NOW, title="Meeting", text=MEETING, revision=1)
        for name in ("unread", "read")
    ]
    topics = (DOCUMENTS, ENRICHED)
    documents = (left[0], extract_stage.read(left[1]))
    store.log.append(
        Message(topic=topic.name, key=document.id, value=msgspec.json.encode(document))
        for topic, document in zip(topics, documents, strict=True)
    )
    runtime = store.make()
    while runtime.step():
        pass
    assert sorted(told(store)) == [("events", "read"), ("events", "unread"), ("words", "read"), ("words", "unread")]
    assert runtime.counts == {"indexed": 2}


def test_articles_in_a_hurry_are_found_before_they_are_compared(store: Store) -> None:
    rule = AlertRule(id="r", name="all", query="source:paper", created=NOW, once_per="article")
    store.rules.put("r", msgspec.json.encode(rule))
    items = [
        Article(id=f"a{n}", source="paper", seen=NOW, published=NOW, title=f"Meeting {n}", text=f"{MEETING} Item {n}.")
        for n in range(AT_ONCE + 1)
    ]
    publish(items, store.log)
    runtime = store.make()
    assert {outcome.kind for outcome in runtime.step()} == {WAITING}
    assert (len(store.documents()), runtime.counts) == (AT_ONCE + 1, {})
    assert not any(document.events for document in store.documents())
    assert list(store.log.replay(ALERTS.name)) == []
    runtime = store.make()  # as after a crash between the two
    outcomes = [outcome for some in iter(runtime.step, []) for outcome in some]
    finished = [outcome for outcome in outcomes if outcome.kind != WAITING]
    assert sum(runtime.counts.values()) == len(finished) == AT_ONCE + 1
    assert all(outcome.document and outcome.document.events for outcome in finished)
    assert all(document.events for document in store.documents())
    alerts = [msgspec.json.decode(message.value, type=Alert) for message in store.log.replay(ALERTS.name)]
    assert (AT_ONCE + 1, 1) == (len(alerts), len({alert.subject for alert in alerts}))  # all copies of one text


def test_article_that_comes_while_others_wait_is_found_at_once_and_stays_behind_them(store: Store) -> None:
    text = "The river Elster rose by four metres overnight, and two villages in the valley were cleared by the police."
    many = [
        Article(id=f"a{n}", source="paper", seen=NOW, title=f"Report {n}", text=f"Report {n} on {n * 7} other matters.")
        for n in range(AT_ONCE)
    ]
    first, later = (Article(id=name, source=name, seen=NOW, title="Floods", text=text) for name in ("first", "later"))
    publish([*many, first], store.log)
    runtime = store.make()
    runtime.step()
    publish([later], store.log)
    assert [outcome.kind for outcome in runtime.step()] == [WAITING]
    assert {document.id for document in store.documents()} >= {"first", "later"}
    while runtime.step():
        pass
    assert {document.id: document.duplicate_of for document in store.documents() if document.text == text} == {
        "first": None,
        "later": "first",
    }
    publish([msgspec.structs.replace(later, id="last", source="last")], store.log)
    runtime.step()
    assert store.index.search(SearchRequest(query=parse("is:copy"), now=NOW, copies=True)).total == 2  # at once


def test_revision_in_a_hurry_stays_as_it_was_until_it_is_compared(store: Store) -> None:
    articles = [
        Article(id=f"a{n}", source="paper", seen=NOW, title=f"Report {n}", text=f"Report {n} on {n * 7} other matters.")
        for n in range(AT_ONCE + 1)
    ]
    publish(articles, store.log)
    runtime = store.make()
    while runtime.step():
        pass
    before = {document.id: document for document in store.documents()}
    publish([msgspec.structs.replace(article, title="Corrected") for article in articles], store.log)
    runtime.step()
    assert {document.id: document for document in store.documents()} == before
    while runtime.step():
        pass
    assert {(document.title, document.revision) for document in store.documents()} == {("Corrected", 2)}


def test_the_same_articles_again_change_nothing(store: Store) -> None:
    publish(demo.articles(NOW), store.log)
    while store.make().step():
        pass
    before = store.documents()
    publish(demo.articles(NOW), store.log)
    runtime = store.make()
    while runtime.step():
        pass
    assert (dict(runtime.counts), store.documents()) == ({"unchanged": 35}, before)


def test_bug_and_refusal_become_dead_letters_and_the_rest_goes_on(store: Store) -> None:
    publish(demo.articles(NOW), store.log)
    runtime = store.make(flow=BROKEN)
    while runtime.step():
        pass
    letters = {letter.headers["error"].splitlines()[-1] for letter in store.log.replay(DEAD.name)}
    assert (runtime.counts["dead-lettered"], len(store.documents())) == (2, 35)  # found by their words
    assert letters == {"cannot be read", "ValueError: a bug"}


def test_dead_letter_sent_back_is_taken_up_where_it_failed(store: Store) -> None:
    publish(demo.articles(NOW), store.log)
    while store.make(flow=BROKEN).step():
        pass
    letters = list(store.log.replay(DEAD.name))
    store.log.append(
        Message(topic=m.headers["topic"], key=m.key, value=m.value, headers={"attempts": "1"}) for m in letters
    )
    runtime = store.make()
    while runtime.step():
        pass
    assert len(store.documents()) == 35


def test_unreadable_record_becomes_a_dead_letter(store: Store) -> None:
    store.log.append([Message(topic=ARTICLES.name, key="k", value=b"{no json")])
    assert ["dead-lettered"] == [outcome.kind for outcome in store.make().step()]


def test_failed_write_keeps_nothing_and_is_repeated(store: Store) -> None:
    publish(demo.articles(NOW)[:5], store.log)

    class FullDisk(SqliteIndex):
        def upsert(self, documents):  # type: ignore[no-untyped-def]
            raise OSError("disk full")

    runtime = store.make(index=FullDisk(store.index._database))
    with pytest.raises(OSError, match="disk full"):
        runtime.step()
    assert store.documents() == []
    again = Store(store.index._database).make()  # as after a restart
    while again.step():
        pass
    assert (dict(again.counts), len(store.documents())) == ({"indexed": 3, "duplicate": 2}, 5)


def test_rule_added_while_running_matches_the_next_article_once(store: Store) -> None:
    items = demo.articles(NOW)
    runtime = store.make()
    publish(items[:1], store.log)
    runtime.step()
    rule = AlertRule(id="r", name="floods", query="flood*", created=NOW)
    store.rules.put("r", msgspec.json.encode(rule))
    publish(items[1:], store.log)
    publish(items[1:], store.log)
    while runtime.step():
        pass
    alerts = [msgspec.json.decode(message.value, type=Alert) for message in store.log.replay(ALERTS.name)]
    matched = [alert.article.id for alert in alerts if alert.article]
    assert len(matched) > 0
    assert len(matched) == len(set(matched))


def test_replay_rebuilds_the_same_documents_and_alerts_nobody(store: Store) -> None:
    rule = AlertRule(id="r", name="floods", query="flood*", created=NOW)
    publish(demo.articles(NOW), store.log)
    while store.make().step():
        pass
    before = store.documents()
    store.rules.put("r", msgspec.json.encode(rule))
    written, failures = replay(store.log.replay(ARTICLES.name), FLOW, store.index, lambda: NOW)
    assert (written, failures, list(store.log.replay(ALERTS.name))) == (35, [], [])
    assert [d.id for d in before] == [d.id for d in store.documents()]


def test_backfilled_article_alerts_nobody(store: Store) -> None:
    store.rules.put("r", msgspec.json.encode(AlertRule(id="r", name="n", query="harbour", created=NOW)))
    old = Article(id="a", source="s", seen=NOW, title="The harbour", backfill=True)
    publish([old], store.log)
    store.make().step()
    assert ([], 1) == (list(store.log.replay(ALERTS.name)), len(store.documents()))


def replaced(stage: Stage, decide: Callable[..., Decision]) -> tuple[Stage, ...]:
    return tuple(msgspec.structs.replace(each, decide=decide) if each is stage else each for each in FLOW)


def test_every_document_of_a_decision_is_indexed_and_told_of_and_its_record_counted_once(store: Store) -> None:
    def part(document: Document, memory: NoMemory, now: datetime) -> Decision:
        other = msgspec.structs.replace(document, id=f"{document.id} parted")
        return Decision(outcome="extracted", emit=(document, other))

    publish([Article(id=key, source="s", seen=NOW, title=key) for key in ("a", "b")], store.log)
    runtime = store.make(flow=replaced(EXTRACT, part))
    outcomes = [outcome.kind for some in iter(runtime.step, []) for outcome in some]
    assert {document.id for document in store.documents()} == {"a", "b", "a parted", "b parted"}
    assert (outcomes, runtime.counts) == ([WAITING] * 2 + ["indexed"] * 4, {"indexed": 2})


def test_document_that_cannot_be_matched_is_found_and_its_alert_can_be_sent_for_again(store: Store) -> None:
    def fail(document: Document, memory: NoMemory, now: datetime) -> Decision:
        raise ValueError("a bug")

    store.rules.put("r", msgspec.json.encode(AlertRule(id="r", name="n", query="harbour", created=NOW)))
    publish([Article(id="a", source="s", seen=NOW, title="The harbour")], store.log)
    runtime = store.make(flow=replaced(MATCH, fail))
    while runtime.step():
        pass
    (letter,) = store.log.replay(DEAD.name)
    assert ([document.id for document in store.documents()], letter.headers["topic"]) == (["a"], DOCUMENTS.name)
    assert runtime.counts == {"dead-lettered": 1, "indexed": 1}
    store.log.append([Message(topic=letter.headers["topic"], key=letter.key, value=letter.value)])
    while store.make().step():
        pass
    assert len(list(store.log.replay(ALERTS.name))) == 1


def test_stage_that_asks_for_time_is_waited_for(store: Store) -> None:
    asked, waited = [3], list[float]()

    def busy(document: Document, memory: NoMemory, now: datetime) -> Decision:
        if asked[0]:
            asked[0] -= 1
            raise TransientError("busy", 0.25)
        return Decision(outcome="extracted", emit=(document,))

    publish([Article(id=key, source="s", seen=NOW, title=key) for key in ("a", "b")], store.log)
    runtime = store.make(flow=replaced(EXTRACT, busy), wait=waited.append)
    while runtime.step():
        pass
    assert (waited, runtime.counts, list(store.log.replay(DEAD.name))) == ([0.25] * 3, {"indexed": 2}, [])


def test_stop_while_a_stage_asks_for_time_keeps_nothing_and_loses_nothing(store: Store) -> None:
    def busy(article: Article, memory: NoMemory, now: datetime) -> Decision:
        raise TransientError("busy")

    publish([Article(id="a", source="s", seen=NOW, title="The harbour")], store.log)
    with pytest.raises(TransientError):
        store.make(flow=replaced(IDENTIFY, busy), wait=lambda seconds: True).step()
    assert store.documents() == []
    again = Store(store.index._database).make()  # as after a restart
    while again.step():
        pass
    assert again.counts == {"indexed": 1}


@pytest.mark.parametrize("stage", FLOW, ids=lambda stage: stage.name)
def test_every_record_meets_the_same_end_whatever_stage_fails(store: Store, stage: Stage) -> None:
    def fail(value: Article, memory: NoMemory, now: datetime) -> Decision:
        raise TerminalError(value.id, "any", "refused")

    publish([Article(id=key, source="s", seen=NOW, title=key) for key in ("a", "b")], store.log)
    runtime = store.make(flow=replaced(stage, fail))
    while runtime.step():
        pass
    assert runtime.counts["dead-lettered"] == 2
    assert [letter.headers["topic"] for letter in store.log.replay(DEAD.name)] == [stage.reads.name] * 2
