"""Two notifiers on one ledger, with commands, crashes and the time between any two of their steps.

While a message is on its way, before it arrives or before that is marked, anything else may happen: the channel calls
back into the simulation. What the receiver got is what counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TerminalError, TransientError
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.alerts import Notice
from pipeline.ports.log import Message
from pipeline.runners import notifier, sender
from pipeline.runners.notifier import NotifierLoop
from pipeline.topics import ALERTS
from tests.fakes.index import MemoryIndex
from tests.unit.runners.test_notifier import NOON

CHANNELS = ("hook", "mail")
OPERATIONS = (
    "tell", "tell", "step 0", "step 1", "send 0", "send 1", "run 0", "run 1", "run 0", "run 1", "seconds", "seconds",
    "minutes", "hour", "pause", "resume", "resume", "remove", "snooze", "elsewhere", "digest", "resend",
)  # fmt: skip
# How a message goes that is tried: it arrives, is refused for now or for good, or its sender dies before or after.
FATES = ("arrives", "arrives", "busy", "busy", "refused", "dies before", "dies after")
CLAIM = timedelta(seconds=60)


class DiedError(BaseException):
    """End a process."""


class World:
    """Hold the ledger, two notifiers, what the receiver got and what is still to happen."""

    def __init__(self, database: Database, steps: Iterator[str], fates: Iterator[str]) -> None:
        self.database = database
        self.now, self.steps, self.fates = NOON, steps, fates
        self.log, self.ledger = SqliteLog(database), SqliteLedger(database)
        self.rules = SqliteTable(database, "rules")
        self.got: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self.told: set[str] = set()
        self.begun: dict[tuple[int, str], datetime] = {}
        self.wrong: list[str] = []
        self.loops = [self.process(number) for number in range(2)]
        self.known: list[AlertRule | None] = [None, None]
        self.rule: AlertRule | None = None
        self.put()

    def process(self, number: int) -> NotifierLoop:
        """Start a notifier, whose senders send when they are told to."""
        return NotifierLoop(
            log=SqliteLog(self.database), rules=SqliteTable(self.database, "rules"), ledger=self.ledger,
            index=MemoryIndex(), channels=Channel(self, number), clock=lambda: self.now,
            transaction=self.database.transaction,
        )  # fmt: skip

    def put(self, **changes: Any) -> None:
        """Change the alert, or make it again."""
        rule = self.rule or AlertRule(id="r", name="rule", query="x", created=NOON, channels=("hook",))
        self.rule = msgspec.structs.replace(rule, cap_per_hour=1_000, **changes)
        self.rules.put("r", msgspec.json.encode(self.rule))

    def step(self, number: int) -> None:
        """Let a notifier look around."""
        self.known[number] = self.rule
        if number == 0:  # the log gives each record to one reader of the group
            self.loops[number].step()
        else:
            self.loops[number]._learn()
            for channel in self.ledger.waiting(self.now):
                self.loops[number]._senders.wake(channel)

    def send(self, number: int) -> None:
        """Let the senders of a notifier send that are not about to."""
        for label, each in list(self.loops[number]._senders._senders.items()):
            place = number, label
            if place in self.begun:
                continue
            self.begun[place] = self.now
            try:
                each._send_some()
            except DiedError:
                self.loops[number] = self.process(number)
                self.known[number] = None
                return
            finally:
                del self.begun[place]

    def happen(self, what: str) -> None:
        """Let one thing happen."""
        word, _, number = what.partition(" ")
        if word == "tell":
            self.tell()
        elif word == "step":
            self.step(int(number))
        elif word == "send":
            self.send(int(number))
        elif word == "run":
            self.step(int(number))
            self.send(int(number))
        elif word in ("seconds", "minutes", "hour"):
            self.now += timedelta(seconds={"seconds": 5, "minutes": 130, "hour": 3_600}[word])
        elif word == "remove":
            self.rules.put("r", None)
            self.rule = None
        elif word == "resend":
            failed = [each.id for each in self.ledger.entries(99) if each.state == "failed"]
            self.ledger.requeue([*failed, *failed], self.now)
        elif self.rule is not None or word == "resume":
            there = ("mail",) if self.rule is not None and self.rule.channels == ("hook",) else ("hook",)
            changes: dict[str, dict[str, Any]] = {
                "pause": {"paused": True},
                "resume": {"paused": False, "snoozed_until": None},
                "snooze": {"snoozed_until": self.now + timedelta(minutes=20)},
                "elsewhere": {"channels": there},
                "digest": {"digest_s": 3_600},
            }
            self.put(**changes[word])

    def tell(self) -> None:
        """Let an article have matched."""
        if self.rule is None:
            return
        name = f"a{len(self.told)}"
        self.told.add(name)
        article = Document(id=name, source="wire", seen=self.now, title=name, text="x")
        alert = Alert(id=name, rule_id="r", rule="rule", matched=self.now, article=article, subject=name)
        self.log.append([Message(topic=ALERTS.name, key=ALERTS.key(alert), value=msgspec.json.encode(alert))])

    def arrive(self, number: int, label: str, notice: Notice) -> str | None:
        """Carry a message, while other things happen."""
        rule = self.known[number]
        if rule is None or rule.paused or label not in rule.channels:
            self.wrong.append(f"{label} was sent {notice.title} for {rule}")
        if rule is not None and rule.snoozed_until is not None and rule.snoozed_until > self.now:
            self.wrong.append(f"{notice.title} was sent before {rule.snoozed_until}")
        fate = next(self.fates, "arrives")
        if fate == "dies before":
            raise DiedError
        if fate == "busy":
            raise TransientError("busy")
        if fate == "refused":
            raise TerminalError("", "notify", "refused")
        names = [f"{alert.id} {label}" for alert in notice.alerts]
        self.got.update(names)
        for what in (next(self.steps, "seconds") for _ in range(2)):
            self.happen(what)
        if fate == "dies after":
            self.excused.update(names)
            raise DiedError
        if self.now - self.begun[number, label] >= CLAIM:
            self.excused.update(names)  # by then another may have taken it
        return "taken"

    def come_to_rest(self) -> None:
        """Let nothing go wrong any more, and the time pass until nothing waits."""
        self.put(paused=False, snoozed_until=None)
        for _ in range(60):
            for number in range(2):
                self.step(number)
                self.send(number)
            self.now += timedelta(minutes=30)
            if not [each for each in self.ledger.entries(99) if each.state == "queued"]:
                return


class Channel:
    """Be every channel of one notifier."""

    def __init__(self, world: World, number: int, label: str = "") -> None:
        self._world, self._number, self._label = world, number, label

    def label(self, channel: str) -> str:
        return channel

    def open(self, channel: str) -> Channel:
        return Channel(self._world, self._number, channel)

    def send(self, notice: Notice) -> str | None:
        return self._world.arrive(self._number, self._label, notice)


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[World]]:
    """Let senders be no threads, and their clock the world's."""
    worlds: list[World] = []
    monkeypatch.setattr(sender.Sender, "start", lambda self: None)
    monkeypatch.setattr(sender.Sender, "is_alive", lambda self: True)
    monkeypatch.setattr(sender, "time", SimpleNamespace(monotonic=lambda: worlds[-1].now.timestamp()))
    monkeypatch.setattr(notifier, "POLL_S", 0.0)
    yield worlds


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(OPERATIONS), min_size=20, max_size=50),
    st.lists(st.sampled_from(FATES), min_size=4, max_size=16),
)
def test_every_alert_is_told_once_or_its_row_says_why_not(
    one_thread: list[World], steps: list[str], fates: list[str]
) -> None:
    with Database(":memory:") as database:
        left = iter(("tell", "step 0", *steps))
        world = World(database, left, iter(fates))
        one_thread.append(world)
        for what in left:
            world.happen(what)
        world.fates = iter(())
        world.come_to_rest()
        rows = list(world.ledger.entries(999))
    assert world.wrong == []
    # More often than once only after a death, or when it was on its way for longer than its claim.
    assert [name for name, count in world.got.items() if count > 1 + world.excused[name]] == []
    assert {row.state for row in rows} <= {"sent", "failed", "withheld"}
    assert all(row.error for row in rows if row.state != "sent")
    assert {f"{row.alert.id} {row.channel}" for row in rows if row.state == "sent"} <= set(world.got)
