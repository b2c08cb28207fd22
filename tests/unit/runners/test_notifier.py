"""From the alerts topic to messages, over time: the loop with a clock that is set and channels that remember."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.alerts.policy import Paged, plan
from pipeline.errors import TransientError
from pipeline.model import Alert, AlertRule, Document, derive_id
from pipeline.ports.alerts import Delivery, Notice
from pipeline.ports.log import Message
from pipeline.runners import notifier
from pipeline.runners.notifier import NotifierLoop
from pipeline.runners.presence import CATCHES_UP
from pipeline.topics import ALERTS, DEAD

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Recorder:
    """Be every channel, and keep what each was sent."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.tried: list[Notice] = []
        self.failures = 0

    def label(self, channel: str) -> str:
        return channel

    def open(self, channel: str) -> Recorder:
        return self

    def send(self, notice: Notice) -> None:
        self.tried.append(notice)
        if self.failures:
            self.failures -= 1
            raise TransientError("not now")
        self.notices.append(notice)


class Newsroom:
    """Hold one notifier on a store in memory, and the time."""

    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.recorder = Recorder()
        self.index = SqliteIndex(database)
        self.log = SqliteLog(database)
        self.ledger = SqliteLedger(database)
        self.rules = SqliteTable(database, "rules")
        self.loop = NotifierLoop(
            log=SqliteLog(database),
            rules=SqliteTable(database, "rules"),
            ledger=self.ledger,
            index=self.index,
            channels=self.recorder,
            clock=lambda: self.now,
            transaction=database.transaction,
        )

    def ask(self, **options: Any) -> None:
        values: dict[str, Any] = {"id": "r", "name": "rule", "query": "putin", "created": NOON, "channels": ("hook",)}
        self.rules.put("r", msgspec.json.encode(AlertRule(**values | options)))

    def tell(self, name: str, source: str = "bbc", story: str | None = None) -> None:
        article = Document(id=name, source=source, seen=self.now, title=f"{name} Putin", story_id=story)
        alert = Alert(
            id=derive_id(name), rule_id="r", rule="rule", matched=self.now, article=article, subject=story or name
        )
        self.log.append([Message(topic=ALERTS.name, key=ALERTS.key(alert), value=msgspec.json.encode(alert))])

    def titles(self) -> list[str]:
        """Deliver what is due, and return the titles of all messages so far."""
        assert self.loop.drain(5)
        return [notice.title for notice in self.recorder.notices]


@pytest.fixture
def newsroom(monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    monkeypatch.setattr(notifier, "WATCH_S", 0.0)
    with Database(":memory:") as database:
        newsroom = Newsroom(database)
        yield newsroom
        newsroom.loop.close()


def test_alert_goes_to_every_channel_of_its_rule(newsroom: Newsroom) -> None:
    newsroom.ask(channels=("one", "two"))
    newsroom.tell("a")
    assert newsroom.titles() == ["rule: a Putin"] * 2


def test_alert_of_a_removed_rule_goes_nowhere(newsroom: Newsroom) -> None:
    newsroom.ask()
    newsroom.titles()
    newsroom.rules.put("r", None)
    newsroom.tell("a")
    assert newsroom.titles() == []


def test_story_alerts_once_and_then_tells_of_another_source(newsroom: Newsroom) -> None:
    newsroom.ask()
    for name, source in (("a", "bbc"), ("b", "bbc"), ("c", "reuters")):
        newsroom.tell(name, source, story="s")
    assert newsroom.titles() == ["rule: a Putin", "rule: c Putin [update: 2 sources: bbc, reuters]"]


def test_quiet_hours_end_in_one_message(newsroom: Newsroom) -> None:
    newsroom.ask(quiet_from="11:00", quiet_until="14:00")
    for name in "abc":
        newsroom.tell(name)
    assert newsroom.titles() == []
    newsroom.now += 2 * HOUR
    assert newsroom.titles() == ["rule: 3 alerts"]


def test_digest_collects_until_its_time(newsroom: Newsroom) -> None:
    newsroom.ask(digest_s=3600)
    newsroom.tell("a")
    newsroom.titles()
    newsroom.now += HOUR / 2
    newsroom.tell("b")
    assert newsroom.titles() == []
    newsroom.now += HOUR / 2
    assert newsroom.titles() == ["rule: 2 alerts"]


def test_cap_puts_the_rest_into_one_message_an_hour(newsroom: Newsroom) -> None:
    newsroom.ask(cap_per_hour=2)
    for name in "abcde":
        newsroom.tell(name)
    assert newsroom.titles() == ["rule: a Putin", "rule: b Putin"]
    newsroom.now += HOUR
    assert newsroom.titles()[2:] == ["rule: 3 more"]


@pytest.mark.parametrize("number", [1, 12, 300])
def test_digest_is_one_message_under_any_cap(newsroom: Newsroom, number: int) -> None:
    newsroom.ask(digest="daily@14:00", cap_per_hour=1, cap_per_day=1)
    for day in range(3):
        for each in range(number):
            newsroom.tell(f"{day}-{each}")
        newsroom.titles()
        newsroom.now = NOON + 2 * HOUR + timedelta(days=day)
        assert len(newsroom.titles()) == day + 1
    assert sum(len(notice.alerts) for notice in newsroom.recorder.notices) == 3 * number


def test_digests_over_the_cap_of_a_day_go_in_one_at_midnight(newsroom: Newsroom) -> None:
    newsroom.ask(digest="hourly", cap_per_day=3)
    for hour in range(12):
        newsroom.tell(f"a{hour}")
        newsroom.titles()
        newsroom.now += HOUR
    assert len(newsroom.titles()) == 4
    assert newsroom.titles()[3] == "rule: 9 alerts"


def test_update_waits_for_the_first_report_that_could_not_be_sent_yet(newsroom: Newsroom) -> None:
    newsroom.ask()
    newsroom.recorder.failures = 2
    newsroom.tell("a", story="s")
    assert newsroom.titles() == []
    newsroom.now += timedelta(seconds=1)
    newsroom.tell("b", "reuters", story="s")
    for _ in range(20):
        newsroom.titles()
        newsroom.now += timedelta(seconds=5)
    assert newsroom.titles() == ["rule: a Putin", "rule: b Putin [update: 2 sources: bbc, reuters]"]


def test_messages_that_could_not_be_sent_before_quiet_hours_go_in_one_after_them(newsroom: Newsroom) -> None:
    newsroom.ask(quiet_from="13:00", quiet_until="15:00")
    newsroom.recorder.failures = 3
    for name in "abc":
        newsroom.tell(name)
    assert newsroom.titles() == []
    newsroom.now += 2 * HOUR
    assert newsroom.titles() == []
    newsroom.now += HOUR
    assert newsroom.titles() == ["rule: 3 alerts"]


def test_cap_frees_again_after_its_hour(newsroom: Newsroom) -> None:
    newsroom.ask(cap_per_hour=1)
    newsroom.tell("a")
    newsroom.titles()
    newsroom.now += HOUR
    newsroom.tell("b")
    assert newsroom.titles() == ["rule: a Putin", "rule: b Putin"]


def test_withheld_alerts_are_in_the_ledger_with_the_reason(newsroom: Newsroom) -> None:
    newsroom.ask(snoozed_until=NOON + HOUR)
    newsroom.tell("a")
    assert newsroom.titles() == []
    assert [(entry.state, entry.error) for entry in newsroom.ledger.entries(9)] == [("withheld", "snoozed")]


def test_silence_is_told_once_and_again_after_news(newsroom: Newsroom) -> None:
    newsroom.ask(kind="silence", window_s=3 * 86_400)
    newsroom.index.upsert([Document(id="a", source="bbc", seen=NOON, title="Putin", revision=1)])
    assert newsroom.titles() == []
    awake(newsroom, days=4)
    assert newsroom.titles() == ["rule: nothing for 3 days"]
    awake(newsroom, days=4)
    assert newsroom.titles() == ["rule: nothing for 3 days"]
    newsroom.index.upsert([Document(id="b", source="bbc", seen=newsroom.now, title="Putin again", revision=1)])
    awake(newsroom, days=4)
    assert newsroom.titles() == ["rule: nothing for 3 days"] * 2


def awake(newsroom: Newsroom, days: int) -> None:
    """Let days pass whose last minutes are watched."""
    newsroom.now += timedelta(days=days) - CATCHES_UP
    for _ in range(CATCHES_UP // timedelta(minutes=5) + 1):
        newsroom.titles()
        newsroom.now += timedelta(minutes=5)


def test_silence_is_not_told_of_hours_in_which_nobody_looked(newsroom: Newsroom) -> None:
    newsroom.ask(kind="silence", window_s=6 * 3600)
    newsroom.index.upsert([Document(id="a", source="bbc", seen=NOON, title="Putin", revision=1)])
    newsroom.titles()
    newsroom.now += 12 * HOUR
    assert newsroom.titles() == []
    newsroom.index.upsert([Document(id="b", source="bbc", seen=newsroom.now, title="Putin", revision=1)])
    newsroom.now += HOUR
    assert newsroom.titles() == []


def test_round_that_is_over_tells_of_silence_at_its_end(newsroom: Newsroom) -> None:
    newsroom.ask(kind="silence", window_s=6 * 3600)
    newsroom.index.upsert([Document(id="a", source="bbc", seen=NOON, title="Putin", revision=1)])
    newsroom.now += 12 * HOUR
    assert newsroom.titles() == []
    over = threading.Event()
    over.set()
    newsroom.loop.run(over, once=True)
    assert [notice.title for notice in newsroom.recorder.notices] == ["rule: nothing for 6 hours"]


def test_surge_is_told_with_its_numbers(newsroom: Newsroom) -> None:
    newsroom.ask(kind="surge", window_s=3600, times=3.0)
    newsroom.now += 20 * HOUR
    days_before = [newsroom.now - hours * HOUR for hours in range(2, 15)]
    for number, seen in enumerate([*days_before, *[newsroom.now] * 8]):
        newsroom.index.upsert([Document(id=str(number), source="bbc", seen=seen, title="Putin", revision=1)])
    assert newsroom.titles() == ["rule: 8 in 1 hour, usually 0.9"]


def test_history_that_a_first_poll_brings_is_no_surge(newsroom: Newsroom) -> None:
    newsroom.ask(kind="surge", window_s=3600, times=3.0)
    newsroom.now += 20 * HOUR
    for number in range(60):
        document = Document(id=str(number), source="bbc", seen=newsroom.now, title="Putin", revision=1, history=True)
        newsroom.index.upsert([document])
    assert newsroom.titles() == []


@pytest.mark.parametrize("value", [b"{", b'{"id": "\xff"}', b'{"other": ' + b"[" * 20_000])
def test_unreadable_alert_is_a_dead_letter_and_stops_nothing(newsroom: Newsroom, value: bytes) -> None:
    newsroom.ask()
    newsroom.log.append([Message(topic=ALERTS.name, key="x", value=value)])
    newsroom.tell("a")
    assert newsroom.titles() == ["rule: a Putin"]
    (letter,) = newsroom.log.read(DEAD.name, "test", 9)
    assert (letter.value, letter.headers["stage"], letter.headers["topic"]) == (value, "notify", "news.alerts")


def test_redelivered_alert_leaves_its_row_as_it_is_and_sends_nothing(newsroom: Newsroom) -> None:
    newsroom.ask()
    newsroom.tell("a")
    first = newsroom.titles(), newsroom.ledger.entries(9)
    newsroom.tell("a")
    assert first == (newsroom.titles(), newsroom.ledger.entries(9))


def test_story_that_was_told_long_ago_is_not_told_again(newsroom: Newsroom) -> None:
    newsroom.ask()
    newsroom.tell("old", story="s")
    newsroom.titles()
    rule = AlertRule(id="r", name="rule", query="putin", created=NOON, channels=("hook",))
    rows = [withheld(f"s {n}", rule) for n in range(6_000)]
    newsroom.ledger.enter(rows)
    newsroom.tell("new", story="s")
    assert newsroom.titles() == ["rule: old Putin"]


def test_many_reports_of_one_story_by_one_source_are_one_message_a_rule(newsroom: Newsroom) -> None:
    rules = [f"r{n}" for n in range(20)]
    for name in rules:
        value = AlertRule(id=name, name=name, query="putin", created=NOON, channels=("hook",))
        newsroom.rules.put(name, msgspec.json.encode(value))
    for number in range(400):
        article = Document(id=f"a{number}", source="bbc", seen=NOON, title="Putin", story_id="s")
        alerts = [
            Alert(id=derive_id(name, article.id), rule_id=name, rule=name, matched=NOON, article=article, subject="s")
            for name in rules
        ]
        newsroom.log.append(
            [Message(topic=ALERTS.name, key=ALERTS.key(alert), value=msgspec.json.encode(alert)) for alert in alerts]
        )
    assert newsroom.loop.drain(100)
    assert sorted(notice.rule for notice in newsroom.recorder.notices) == sorted(rules)


def withheld(name: str, rule: AlertRule) -> Delivery:
    article = Document(id=name, source="bbc", seen=NOON)
    alert = Alert(id=derive_id(name), rule_id="r", rule="rule", matched=NOON, article=article, subject=f"about {name}")
    delivery = plan(alert, rule, "hook", (), Paged(), NOON)
    assert delivery is not None
    return msgspec.structs.replace(delivery, state="withheld")


def test_large_digest_is_one_message_with_one_key_also_after_a_failure(newsroom: Newsroom) -> None:
    newsroom.ask(digest_s=3600)
    for number in range(120):
        newsroom.tell(f"a{number}")
    assert newsroom.titles() == []
    newsroom.now += HOUR
    newsroom.recorder.failures = 3
    for _ in range(4):
        newsroom.loop.drain(5)
        newsroom.now += timedelta(minutes=1)
    assert [len(notice.alerts) for notice in newsroom.recorder.tried] == [120] * 4
    assert len({notice.id for notice in newsroom.recorder.tried}) == 1
    assert len(newsroom.recorder.notices) == 1


@pytest.mark.parametrize("value", [b"{", b'{"id": "x", "name": "x", "query": "y", "kind": "trend"}', b"\xff"])
def test_unreadable_rule_is_left_out_and_told_once(
    newsroom: Newsroom, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    newsroom.rules.put("x", value)
    newsroom.ask()
    newsroom.tell("a")
    assert newsroom.titles() == ["rule: a Putin"]
    assert [record.levelname for record in caplog.records if "key=x" in record.getMessage()] == ["ERROR"]
