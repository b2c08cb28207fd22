"""What goes wrong between an alert and its channel costs that alert or that message alone, and is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.alerts import policy
from pipeline.errors import TerminalError, UnavailableError, UsageError
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.alerts import Delivery, Notice
from pipeline.ports.log import Message
from pipeline.runners import notifier
from pipeline.runners.notifier import NotifierLoop
from pipeline.topics import ALERTS, DEAD
from tests.fakes.index import MemoryIndex

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Channel:
    """Be every channel, with an error if there is one; what is secret stands after #."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.sent: list[Notice] = []
        self.opened: list[str] = []

    def label(self, channel: str) -> str:
        return channel.partition("#")[0]

    def open(self, channel: str) -> Channel:
        self.opened.append(channel)
        return self

    def send(self, notice: Notice) -> str | None:
        if self.error is not None:
            raise self.error
        self.sent.append(notice)
        return "taken"


class Index(MemoryIndex):
    """Be away while there is an error."""

    error: Exception | None = None

    def search(self, request: Any) -> Any:
        if self.error is not None:
            raise self.error
        return super().search(request)


class Newsroom:
    """Hold one notifier on a store in memory."""

    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.channel, self.index = Channel(), Index()
        self.log, self.ledger, self.rules = SqliteLog(database), SqliteLedger(database), SqliteTable(database, "rules")
        self.loop = NotifierLoop(
            log=SqliteLog(database), rules=SqliteTable(database, "rules"), ledger=self.ledger, index=self.index,
            channels=self.channel, clock=lambda: self.now, transaction=database.transaction,
        )  # fmt: skip

    def ask(self, name: str = "r", **options: Any) -> None:
        """Add an alert."""
        values: dict[str, Any] = {"id": name, "name": name, "query": "x", "created": NOON, "channels": ("hook#s",)}
        self.rules.put(name, msgspec.json.encode(AlertRule(**values | options)))

    def tell(self, name: str, rule: str = "r", html: str | None = None) -> None:
        """Let an article have matched."""
        article = Document(id=name, source="wire", seen=self.now, title=name, text="x", html=html)
        alert = Alert(id=name, rule_id=rule, rule=rule, matched=self.now, article=article, subject=name)
        self.log.append([Message(topic=ALERTS.name, key=ALERTS.key(alert), value=msgspec.json.encode(alert))])

    def outcome(self) -> list[tuple[str, str | None]]:
        """Deliver what is due, and return state and error of each delivery."""
        assert self.loop.drain(30)
        return [(each.state, each.error) for each in self.ledger.entries(9)]

    def watch(self) -> None:
        """Let as much time pass as it takes to believe that nothing came."""
        for _ in range(5):
            self.outcome()
            self.now += timedelta(minutes=4)
        self.outcome()


@pytest.fixture
def newsroom(monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    monkeypatch.setattr(notifier, "WATCH_S", 0.0)
    with Database(":memory:") as database:
        newsroom = Newsroom(database)
        yield newsroom
        newsroom.loop.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TerminalError("a", "notify", "no such mailbox"), ("failed", "no such mailbox")),
        (UsageError("no such channel"), ("failed", "no such channel")),
        (UnavailableError("the program is not there"), ("failed", "the program is not there")),
        (ValueError("s3cret"), ("queued", "a fault of Newswire (ValueError)")),
    ],
)
def test_message_that_cannot_be_sent_says_why_and_a_bug_tells_no_secret(
    newsroom: Newsroom, error: Exception, told: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    newsroom.channel.error = error
    newsroom.ask()
    newsroom.tell("a")
    assert newsroom.outcome() == [told]
    assert "s3cret" not in caplog.text


def test_channel_is_sent_to_by_its_whole_address_and_never_by_its_label(newsroom: Newsroom) -> None:
    newsroom.ask(quiet_from="11:00", quiet_until="13:00", channels=("hook#s",))
    newsroom.channel.label = lambda channel: "hook***" if channel in ("hook#s", "other") else "other"  # type: ignore[method-assign]
    newsroom.tell("a")
    assert newsroom.outcome() == [("queued", None)]
    newsroom.loop._entries.clear()  # as after a restart at which no alert names it any more
    newsroom.now += timedelta(hours=2)
    assert newsroom.outcome() == [("failed", "No alert and no setting names the address of hook*** any more.")]
    assert newsroom.channel.opened == []


def test_bug_over_one_alert_makes_that_one_a_dead_letter(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = policy.plan

    def broken(alert: Alert, *rest: Any) -> Delivery | None:
        if alert.id == "b":
            raise ValueError("a bug")
        return plan(alert, *rest)

    monkeypatch.setattr(policy, "plan", broken)
    newsroom.ask()
    for name in "abc":
        newsroom.tell(name, html="<p>Words</p>")
    assert newsroom.outcome() == [("sent", None)] * 2
    assert all(alert.article and alert.article.html is None for n in newsroom.channel.sent for alert in n.alerts)
    (letter,) = newsroom.log.read(DEAD.name, "test", 9)
    assert letter.headers["stage"] == "notify" and "ValueError: a bug" in letter.headers["error"]


def test_alert_whose_rule_is_not_learned_yet_is_looked_up(newsroom: Newsroom) -> None:
    newsroom.ask()
    newsroom.loop._table.changes()  # as if they were told late
    newsroom.tell("a")
    assert newsroom.outcome() == [("sent", None)]


def test_index_that_is_away_holds_up_no_alert(newsroom: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    newsroom.index.error = UnavailableError("the index is away")
    newsroom.ask("quiet", kind="silence", window_s=86_400)
    newsroom.ask("paused", kind="silence", window_s=86_400, paused=True)
    newsroom.ask()
    newsroom.tell("a")
    assert newsroom.outcome() == [("sent", None)]
    assert "the index is away" in caplog.text
    newsroom.index.error = None
    newsroom.now += timedelta(days=2)
    newsroom.watch()
    assert [notice.rule for notice in newsroom.channel.sent] == ["r", "quiet"]


def test_rule_that_cannot_be_watched_is_told_once_and_silences_no_other(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    newsroom.ask("bad", kind="silence", window_s=86_400, query="(")
    newsroom.ask("good", kind="silence", window_s=86_400)
    newsroom.now += timedelta(days=2)
    newsroom.watch()
    assert [notice.rule for notice in newsroom.channel.sent] == ["good"]
    assert caplog.text.count("'bad' cannot be watched") == 1


def test_failure_of_a_step_is_waited_out_and_a_stop_sends_what_is_due(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pipeline.runners.trouble.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(notifier, "POLL_S", 0.01)
    newsroom.ask()
    learn, failures = newsroom.loop._learn, iter([True])

    def once_broken() -> None:
        if next(failures, False):
            raise ValueError("a bug")
        learn()

    newsroom.loop._learn = once_broken  # type: ignore[method-assign]
    stop = threading.Event()
    thread = threading.Thread(target=newsroom.loop.run, args=(stop,))
    thread.start()
    newsroom.tell("a")
    until = time.monotonic() + 30
    while not newsroom.channel.sent and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    thread.join(30)
    assert [notice.title for notice in newsroom.channel.sent] == ["r: a"]
    assert "the notifier failed and is tried again" in caplog.text and "the notifier goes on" in caplog.text


def test_drain_that_is_not_in_time_says_so(newsroom: Newsroom) -> None:
    assert not newsroom.loop.drain(0)
