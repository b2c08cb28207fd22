"""How often the ledger is asked for what one waking brought, and for what is due by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.model import Alert, Document, derive_id
from pipeline.ports.alerts import Delivery, Notice
from pipeline.runners import cadence, notifier
from pipeline.runners import sender as senders
from pipeline.runners.sender import CLAIMED_AT_ONCE, Sender
from tests.unit.runners.test_notifier import NOON, Newsroom

SEND_S = 45.0


class Desk:
    """Be the channel of a sender and its ledger, and count what that is asked."""

    def __init__(self, database: Database) -> None:
        self.room = Newsroom(database)
        self.sent: list[str] = []
        self.claims = 0
        self.time_s = 0.0
        self.takes_s = 0.0
        self.sender = Sender("hook", lambda _: self, lambda delivery: delivery, self, lambda: NOON)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.room.ledger, name)

    def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> Any:
        self.claims += 1
        return self.room.ledger.claim(channel, now, until, limit)

    def send(self, notice: Notice) -> str | None:
        self.sent.append(notice.id)
        self.time_s += self.takes_s
        return None

    def put(self, count: int) -> list[str]:
        """Enter so many messages; return their keys."""
        due = [delivery(number) for number in range(count)]
        self.room.ledger.enter(due)
        return [each.id for each in due]


def delivery(number: int) -> Delivery:
    article = Document(id=f"a{number}", source="bbc", seen=NOON, title=f"{number}")
    alert = Alert(id=derive_id(str(number)), rule_id="r", rule="rule", matched=NOON, article=article, subject="s")
    due = NOON - timedelta(seconds=1_000 - number)
    return Delivery(id=derive_id("d", str(number)), channel="hook", alert=alert, state="queued", due=due, changed=NOON)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with Database(":memory:") as database:
        made = Desk(database)
        for module in (senders, notifier, cadence):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: made.time_s))
        yield made
        made.room.loop.close()


@pytest.mark.parametrize("count", [0, 1, CLAIMED_AT_ONCE - 1, CLAIMED_AT_ONCE, CLAIMED_AT_ONCE + 1, 120])
def test_all_that_is_due_goes_in_order_and_is_asked_for_no_oftener_than_needed(desk: Desk, count: int) -> None:
    due = desk.put(count)
    while desk.sender._send_some():
        pass
    assert desk.sent == due
    assert desk.claims == count // CLAIMED_AT_ONCE + 1


def test_messages_that_a_slow_channel_left_too_little_time_for_are_taken_up_again_at_once(desk: Desk) -> None:
    due, desk.takes_s = desk.put(3), SEND_S
    while desk.sender._send_some():
        pass
    assert desk.sent == due


@pytest.mark.parametrize(("takes_s", "at_least_s"), [(0.0, 0.5), (0.01, 0.5), (0.1, 2.0), (5.0, 3.0)])
def test_ledger_that_takes_its_time_is_asked_less_often_what_is_due(
    desk: Desk, takes_s: float, at_least_s: float
) -> None:
    loop, asked = desk.room.loop, list[float]()

    def waiting(now: datetime) -> list[str]:
        asked.append(desk.time_s)
        desk.time_s += takes_s
        return []

    desk.room.ledger.waiting = waiting  # type: ignore[method-assign]
    for _ in range(200):
        loop.step()
        desk.time_s += 0.05
    between = [after - before for before, after in itertools.pairwise(asked)]
    assert min(between) > at_least_s - 0.001
    assert max(between) <= at_least_s + takes_s + 0.11
