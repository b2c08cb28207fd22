"""What waits to be sent is asked of its rule once more: commands may have changed that meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.ports.alerts import Delivery
from tests.unit.runners.test_notifier import HOUR, NOON, Newsroom

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk() -> Iterator[Newsroom]:
    with Database(":memory:") as database:
        desk = Newsroom(database)
        yield desk
        desk.loop.close()


def waiting(desk: Newsroom, **options: Any) -> None:
    """Let a message wait that could not be sent so far."""
    desk.ask(**options)
    desk.recorder.failures = 1
    desk.tell("a")
    assert desk.titles() == []
    assert rows(desk)[0].state == "queued"
    desk.now += MINUTE


def rows(desk: Newsroom) -> list[Delivery]:
    return list(desk.ledger.entries(9))


def test_message_that_waits_is_sent_when_nothing_was_changed(desk: Newsroom) -> None:
    waiting(desk)
    assert desk.titles() == ["rule: a Putin"]


def test_message_of_an_alert_removed_meanwhile_is_not_sent_and_says_why(desk: Newsroom) -> None:
    waiting(desk)
    desk.rules.put("r", None)
    assert desk.titles() == []
    (row,) = rows(desk)
    assert (row.state, row.error) == ("withheld", "the alert was removed before it could be sent")


def test_message_of_an_alert_paused_meanwhile_is_not_sent_and_says_why(desk: Newsroom) -> None:
    waiting(desk)
    desk.ask(paused=True)
    assert desk.titles() == []
    desk.ask()
    assert desk.titles() == []
    assert (rows(desk)[0].state, rows(desk)[0].error) == ("withheld", "paused before it could be sent")


def test_message_is_not_sent_where_its_alert_goes_no_more(desk: Newsroom) -> None:
    waiting(desk)
    desk.ask(channels=("mail",))
    desk.tell("b")
    assert desk.titles() == ["rule: b Putin"]
    assert [(row.channel, row.state) for row in rows(desk)] == [("mail", "sent"), ("hook", "withheld")]


def test_digest_that_is_due_while_its_alert_is_snoozed_goes_when_that_is_over(desk: Newsroom) -> None:
    desk.ask(digest_s=3600)
    desk.tell("a")
    desk.tell("b")
    assert desk.titles() == []
    desk.ask(digest_s=3600, snoozed_until=NOON + 2 * HOUR)
    desk.now += HOUR
    assert desk.titles() == []
    desk.now += HOUR
    assert desk.titles() == ["rule: 2 alerts"]


def test_digest_leaves_out_nothing_when_its_alert_was_paused_only_meanwhile(desk: Newsroom) -> None:
    desk.ask(digest_s=3600)
    desk.tell("a")
    desk.titles()
    desk.ask(digest_s=3600, paused=True)
    desk.titles()
    desk.ask(digest_s=3600)
    desk.now += HOUR
    assert desk.titles() == ["rule: a Putin"]


def test_message_of_an_alert_that_cannot_be_read_any_more_is_sent(desk: Newsroom) -> None:
    waiting(desk)
    desk.rules.put("r", b"{")
    assert desk.titles() == ["rule: a Putin"]


def test_message_that_a_late_sender_gives_up_is_not_sent_again_after_another_sent_it(desk: Newsroom) -> None:
    waiting(desk)
    (late,) = rows(desk)
    assert desk.titles() == ["rule: a Putin"]
    desk.ledger.mark([msgspec.structs.replace(late, error="timed out")])
    assert desk.titles() == ["rule: a Putin"]
    assert rows(desk)[0].state == "sent"
