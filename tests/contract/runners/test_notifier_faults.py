"""Notifier and sender over ports that fail: no alert lost, none sent twice, and they stop when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TransientError, UsageError
from pipeline.model import Alert, AlertRule, Document, derive_id
from pipeline.ports.alerts import Notice
from pipeline.ports.log import Message
from pipeline.ports.table import Transaction
from pipeline.runners import notifier, sender, trouble
from pipeline.runners.notifier import NotifierLoop
from pipeline.topics import ALERTS, DEAD, NOTIFY
from tests.fakes.flaky import Faults, flaky, flaky_transaction

ALERT_COUNT = 4


class Channel:
    """Be every channel, and keep what was sent."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def label(self, channel: str) -> str:
        return channel

    def open(self, channel: str) -> Channel:
        return self

    def send(self, notice: Notice) -> None:
        self.notices.append(notice)


class Run:
    """Run the notifier over failing ports until all that came is in the ledger and sent."""

    def __init__(self, database: Database, faults: Faults, *, joined: bool, bad: bool = False) -> None:
        self.log = SqliteLog(database)
        rules = SqliteTable(database, "rules")
        rule = AlertRule(id="r", name="rule", query="q", created=_now(), channels=("hook",))
        rules.put("r", msgspec.json.encode(rule))
        if bad:
            self.log.append([Message(topic=ALERTS.name, key="bad", value=b"{")])
        self.log.append([alert(f"a{n}") for n in range(ALERT_COUNT)])
        self.channel = Channel()
        self.later = timedelta(0)
        opened: Transaction = database.transaction if joined else _apart
        self.loop = NotifierLoop(
            log=flaky(SqliteLog(database), faults),
            rules=flaky(rules, faults),
            ledger=flaky(SqliteLedger(database), faults),
            index=SqliteIndex(database),
            channels=self.channel,
            clock=lambda: _now() + self.later,
            transaction=flaky_transaction(opened, faults),
        )
        self.ledger = SqliteLedger(database)
        stop = threading.Event()
        thread = threading.Thread(target=self.loop.run, args=(stop,))
        thread.start()
        try:
            self._wait(lambda: self.log.backlog(ALERTS.name, NOTIFY.name) == 0 and self._all_sent())
        finally:
            stop.set()
            thread.join(10)
        assert not thread.is_alive()
        self.sent = sorted(notice.title for notice in self.channel.notices)
        self.dead = [message.key for message in self.log.replay(DEAD.name)]

    def _all_sent(self) -> bool:
        self.later += timedelta(seconds=2)  # claims whose answer was lost run out
        return len([each for each in self.ledger.entries(99) if each.state == "sent"]) >= ALERT_COUNT

    @staticmethod
    def _wait(until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not until():
            assert time.monotonic() < deadline, "not done in time"
            time.sleep(0.005)


class _apart:
    """Join nothing: as Kafka and Elasticsearch do."""

    def __enter__(self) -> None:
        return

    def __exit__(self, *error: object) -> None:
        return


def _now() -> datetime:
    return datetime.now(UTC)


def alert(name: str) -> Message:
    article = Document(id=name, source="bbc", seen=_now(), title=name, text="q")
    value = Alert(id=derive_id(name), rule_id="r", rule="rule", matched=_now(), article=article, subject=name)
    return Message(topic=ALERTS.name, key=ALERTS.key(value), value=msgspec.json.encode(value))


ALL = [f"rule: a{n}" for n in range(ALERT_COUNT)]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(notifier, "POLL_S", 0.01)


@pytest.mark.parametrize("joined", [True, False], ids=["one store", "apart"])
@pytest.mark.parametrize("error", [TransientError, UsageError])
def test_whatever_call_fails_every_alert_is_sent_once(error: Any, joined: bool) -> None:
    for number in range(1, 13):
        with Database(":memory:") as database:
            run = Run(database, Faults(number, error=lambda: error("a fault")), joined=joined)
            assert (number, run.sent, run.dead) == (number, ALL, [])


@pytest.mark.parametrize("joined", [True, False], ids=["one store", "apart"])
def test_whatever_answer_is_lost_every_alert_is_sent_once(joined: bool) -> None:
    for number in range(1, 13):
        with Database(":memory:") as database:
            run = Run(database, Faults(number, after=True), joined=joined)
            assert (number, run.sent, run.dead) == (number, ALL, [])


def test_alert_that_brings_out_a_bug_in_the_ledger_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = SqliteLedger.enter

    def broken(self: SqliteLedger, deliveries: Any) -> int:
        if any(each.alert.article.id == "worse" for each in deliveries):
            raise KeyError("a bug")
        return enter(self, deliveries)

    monkeypatch.setattr(SqliteLedger, "enter", broken)
    with Database(":memory:") as database:
        SqliteLog(database).append([alert("worse")])
        run = Run(database, Faults(), joined=True)
        (letter,) = run.log.replay(DEAD.name)
        assert (run.sent, letter.headers["stage"], "a bug" in letter.headers["error"]) == (ALL, "notify", True)


def test_ledger_that_is_away_does_not_repeat_a_dead_letter() -> None:
    with Database(":memory:") as database:
        # Calls 1 to 4 learn and read; then the ledger is asked, fails, and all is read again, five times over.
        run = Run(database, Faults(*range(5, 30)), joined=False, bad=True)
        assert (run.sent, run.dead) == (ALL, ["bad"])


def test_stop_is_honoured_while_the_ledger_is_away() -> None:
    with Database(":memory:") as database:
        faults = Faults(*range(1, 1_000_000), error=lambda: TransientError("away", 60.0))
        loop = NotifierLoop(
            log=flaky(SqliteLog(database), faults),
            rules=SqliteTable(database, "rules"),
            ledger=flaky(SqliteLedger(database), faults),
            index=SqliteIndex(database),
            channels=Channel(),
            clock=_now,
        )
        stop = threading.Event()
        thread = threading.Thread(target=loop.run, args=(stop,))
        thread.start()
        while not faults.failed:
            time.sleep(0.001)
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def test_sent_message_is_not_sent_again_when_it_cannot_be_marked_for_longer_than_its_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "CLAIM", timedelta(seconds=30))
    failures = iter(range(40))
    mark = SqliteLedger.mark

    def away(self: SqliteLedger, deliveries: Any) -> None:
        if next(failures, None) is not None:
            raise TransientError("away", 0.0)
        mark(self, deliveries)

    monkeypatch.setattr(SqliteLedger, "mark", away)
    with Database(":memory:") as database:
        assert Run(database, Faults(), joined=True).sent == ALL
