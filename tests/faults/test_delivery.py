"""Every alert arrives at every channel, once as far as its receiver can tell, whatever fails on the way."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.adapters.notify import post
from pipeline.adapters.notify.addresses import Channels
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.model import Alert, AlertRule, Document, Mark, derive_id
from pipeline.ports.alerts import Delivery
from pipeline.ports.log import Message
from pipeline.runners import notifier, sender
from pipeline.runners.notifier import NotifierLoop
from pipeline.topics import ALERTS
from tests.faults.receiver import Receiver, Request, accept, fail, receiving

SECRET = "s3cret-key"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def other() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "TIMEOUT_S", 1.0)
    monkeypatch.setattr(notifier, "DRAIN_S", 0.5)


class Bench:
    """Hold the embedded store's parts and a notifier running on them."""

    def __init__(self, database: Database) -> None:
        self.log = SqliteLog(database)
        self.rules = SqliteTable(database, "rules")
        self.ledger = SqliteLedger(database)
        self.loop = NotifierLoop(
            log=SqliteLog(database),
            rules=SqliteTable(database, "rules"),
            ledger=self.ledger,
            index=SqliteIndex(database),
            channels=Channels({}, allow=("127.0.0.0/8",)),
            clock=lambda: datetime.now(UTC),
        )

    def ask(self, *addresses: str, name: str = "rule") -> AlertRule:
        rule = AlertRule(
            id=derive_id(name), name=name, query="putin", created=datetime.now(UTC), channels=addresses,
            cap_per_hour=1_000,
        )  # fmt: skip
        self.rules.put(rule.id, msgspec.json.encode(rule))
        return rule

    def tell(self, rule: AlertRule, article: str, *, backfill: bool = False) -> None:
        self.log.append([alert_message(rule, article, backfill=backfill)])

    def entries(self) -> list[Delivery]:
        return list(self.ledger.entries(100))

    def wait_until_sent(self, count: int, seconds: float = 10.0) -> list[Delivery]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            sent = [entry for entry in self.entries() if entry.state == "sent"]
            if len(sent) >= count:
                return sent
            time.sleep(0.02)
        return [entry for entry in self.entries() if entry.state == "sent"]


@contextmanager
def running(path: Path) -> Iterator[Bench]:
    with Database(path / "newswire.db") as database:
        bench = Bench(database)
        stop = threading.Event()
        thread = threading.Thread(target=bench.loop.run, args=(stop,), daemon=True)
        thread.start()
        try:
            yield bench
        finally:
            stop.set()
            thread.join(10)


def alert_message(rule: AlertRule, article: str, *, backfill: bool = False) -> Message:
    now = datetime.now(UTC)
    document = Document(
        id=derive_id(article),
        source="bbc",
        seen=now,
        title=f"{article}: Putin speaks",
        text="He spoke.",
        backfill=backfill,
    )
    alert = Alert(
        id=derive_id(rule.id, document.id), rule_id=rule.id, rule=rule.name, matched=now, article=document,
        spans=(Mark(text="Putin", start=0, end=5, part="title"),), subject=document.id,
    )  # fmt: skip
    return Message(topic=ALERTS.name, key=alert.id, value=msgspec.json.encode(alert))


def test_failing_webhook_gets_the_alert_with_the_same_key_when_it_recovers(tmp_path: Path, hook: Receiver) -> None:
    hook.behaviour = fail
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        hook.behaviour = accept
        (sent,) = bench.wait_until_sent(1)
    assert len({request.key for request in hook.requests}) == 1
    assert (len(hook.requests), sent.attempts, sent.receipt, sent.error) == (2, 2, "HTTP 204", None)


def test_hanging_webhook_is_cut_off_and_tried_again(tmp_path: Path, hook: Receiver) -> None:
    hook.behaviour = hook.hang
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        hook.behaviour = accept
        (sent,) = bench.wait_until_sent(1)
    assert sent.attempts == 2


def test_dripping_webhook_is_cut_off_in_total_time(tmp_path: Path, hook: Receiver) -> None:
    hook.behaviour = lambda request: request.drip(20.0)
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        hook.behaviour = accept
        (sent,) = bench.wait_until_sent(1, seconds=15.0)
    assert sent.attempts == 2


def test_hanging_channel_does_not_hold_up_another(tmp_path: Path, hook: Receiver, other: Receiver) -> None:
    hook.behaviour = hook.hang
    with running(tmp_path) as bench:
        rule = bench.ask(f"webhook+{hook.url}", f"webhook+{other.url}")
        started = time.monotonic()
        for number in range(20):
            bench.tell(rule, f"article {number}")
        received = other.wait_for(20)
        took = time.monotonic() - started
    assert len(received) == 20
    assert took < 10.0


def test_refused_alert_is_failed_at_once_and_says_why(tmp_path: Path, hook: Receiver) -> None:
    hook.behaviour = lambda request: request.answer(410)
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        assert bench.loop.drain(5)
        (entry,) = bench.entries()
    assert (entry.state, entry.error, len(hook.requests)) == ("failed", "127.0.0.1: HTTP 410", 1)


def test_redirect_is_not_followed(tmp_path: Path, hook: Receiver, other: Receiver) -> None:
    hook.behaviour = lambda request: request.answer(307, Location=other.url)
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        bench.loop.drain(5)
    assert other.requests == []


def test_alert_delivered_twice_by_the_log_is_sent_once(tmp_path: Path, hook: Receiver) -> None:
    with running(tmp_path) as bench:
        rule = bench.ask(f"webhook+{hook.url}")
        message = alert_message(rule, "a")
        bench.log.append([message, message])
        bench.wait_until_sent(1)
        bench.log.append([message])
        time.sleep(0.3)
        entries = bench.entries()
    assert (len(hook.requests), len(entries)) == (1, 1)


def test_backfill_pages_nobody(tmp_path: Path, hook: Receiver) -> None:
    with running(tmp_path) as bench:
        rule = bench.ask(f"webhook+{hook.url}")
        bench.tell(rule, "old", backfill=True)
        bench.tell(rule, "new")
        bench.wait_until_sent(1)
    assert [request.json["alerts"][0]["article"]["title"] for request in hook.requests] == ["new: Putin speaks"]


def test_stop_is_quick_while_a_channel_hangs(tmp_path: Path, hook: Receiver) -> None:
    hook.behaviour = hook.hang
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        started = time.monotonic()
    assert time.monotonic() - started < 10.0


def test_secrets_stay_out_of_log_and_ledger(tmp_path: Path, hook: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hook.behaviour = fail
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}/token-in-path?key=token#secret={SECRET}"), "a")
        hook.wait_for(1)
        hook.behaviour = accept
        bench.wait_until_sent(1)
        written = repr(bench.entries()) + caplog.text
    assert "state=sent" in caplog.text
    assert [word for word in (SECRET, "token") if word in written] == []


def test_delivery_of_a_removed_rule_is_not_sent_to_a_redacted_address(tmp_path: Path, hook: Receiver) -> None:
    hook.behaviour = fail
    with running(tmp_path) as bench:
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
    with Database(tmp_path / "newswire.db") as database:
        SqliteTable(database, "rules").put(derive_id("rule"), None)
    hook.behaviour = accept
    with running(tmp_path) as bench:
        time.sleep(2.0)
        (entry,) = bench.entries()
    assert (entry.state, len(hook.requests)) == ("withheld", 1)


KILLED = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from tests.faults.test_delivery import running

with running(Path(sys.argv[1])):
    print("ready", flush=True)
    threading.Event().wait(30)
"""


def test_crash_between_sending_and_marking_repeats_with_the_same_key(
    tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)

    def kill_sender(request: Request) -> None:
        os.kill(process.pid, signal.SIGKILL)
        request.answer(204)

    hook.behaviour = kill_sender
    assert process.stdout is not None
    process.stdout.readline()
    with Database(tmp_path / "newswire.db") as database:
        bench = Bench(database)
        bench.tell(bench.ask(f"webhook+{hook.url}"), "a")
        hook.wait_for(1)
        process.wait(10)
        process.stdout.close()
        (entry,) = bench.entries()
        assert entry.state == "queued"

        hook.behaviour = accept
        after_the_claim = NotifierLoop(
            log=SqliteLog(database),
            rules=SqliteTable(database, "rules"),
            ledger=bench.ledger,
            index=SqliteIndex(database),
            channels=Channels({}, allow=("127.0.0.0/8",)),
            clock=lambda: datetime.now(UTC) + sender.CLAIM + timedelta(seconds=1),
        )
        assert after_the_claim.drain(10)
        after_the_claim.close()
        (entry,) = bench.entries()
    assert [request.key for request in hook.requests] == [entry.id, entry.id]
    assert entry.state == "sent"
