"""How it is, as numbers and as sentences with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription
from pipeline import metrics
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.alerts import About, DeliveriesPage, Delivery, Earlier, Tally
from pipeline.ports.backups import BackupFile
from pipeline.ports.log import Message
from pipeline.ports.upkeep import Space
from pipeline.services.backups import Backups
from pipeline.services.dead_letters import DeadLetters
from pipeline.services.feeds import Feeds
from pipeline.services.samples import Samples
from pipeline.services.status import Place, Status, Statuses, troubles
from pipeline.topics import ARTICLES, dead_letter
from tests.fakes.index import MemoryIndex
from tests.fakes.log import MemoryLog
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUEUES = (("connect", ARTICLES.name, "identify"),)
FAILED = Delivery(
    id="d", channel="mail", state="failed", due=NOW, changed=NOW, error="no such mailbox",
    alert=Alert(id="a", rule_id="r", rule="war", matched=NOW),
)  # fmt: skip


class Ledger:
    """Know what became of messages."""

    def __init__(self, *failed: Delivery) -> None:
        self.failed = failed

    def tallies(self, since: datetime) -> dict[str, Tally]:
        return {"r": Tally(sent=3, failed=len(self.failed)), "s": Tally(sent=1, withheld=2, queued=4)}

    def earlier(self, about: Sequence[About]) -> Sequence[Earlier]:
        return [Earlier() for _ in about]

    def page(self, request: Any) -> DeliveriesPage:
        return DeliveriesPage(deliveries=self.failed)


class Upkeep:
    """Take room."""

    def space(self) -> Space:
        return Space(taken=5_000, free=1_000)


class Backup:
    """Hold backups."""

    def __init__(self, *made: datetime) -> None:
        self.made = made

    def all(self) -> Sequence[BackupFile]:
        return [BackupFile(name=f"{at:%d}", made=at, size=1) for at in self.made]


class World:
    """Hold everything that is asked."""

    def __init__(self, *failed: Delivery) -> None:
        self.feeds_table, self.polls, self.rules = MemoryTable(), MemoryTable(), MemoryTable()
        self.index, self.log, self.ledger = MemoryIndex(), MemoryLog(), Ledger(*failed)
        self.feeds = Feeds(
            feeds=self.feeds_table, polls=self.polls, pushes=MemoryTable(), transaction=nullcontext,
            clock=lambda: NOW, forget=lambda url: None, check_full_text=lambda: None,
        )  # fmt: skip

    def follow(self, url: str, **poll: Any) -> None:
        """Follow a feed that was polled before, if anything is said about that."""
        self.feeds_table.put(url, msgspec.json.encode(Subscription(url=url, added=NOW - HOUR)))
        if poll:
            value = Poll(**({"next_check": NOW, "last_check": NOW, "last_success": NOW - HOUR} | poll))
            self.polls.put(url, msgspec.json.encode(value))

    def status(self, upkeep: Any = None, backups: Backups | None = None, **place: Any) -> Status:
        """Say how it is."""
        return Statuses(
            place=Place(runtime="embedded", **place), feeds=self.feeds, index=self.index, log=self.log, queues=QUEUES,
            rules=self.rules, deliveries=self.ledger, dead=DeadLetters(log=self.log, transaction=nullcontext),
            clock=lambda: NOW, upkeep=upkeep, backups=backups,
        ).now()  # fmt: skip

    def samples(self, upkeep: Any = None, backups: Backups | None = None) -> Samples:
        """Measure."""
        return Samples(
            feeds=self.feeds, index=self.index, log=self.log, queues=QUEUES, deliveries=self.ledger,
            clock=lambda: NOW, upkeep=upkeep, disk_bound=3_000, backups=backups,
        )  # fmt: skip


def backups(*made: datetime) -> Backups:
    return Backups(Backup(*made), lambda: NOW, every=timedelta(days=1), keep=3)  # type: ignore[arg-type]


def full() -> World:
    """Return a world in which something is wrong with everything."""
    world = World(FAILED)
    world.follow("https://a.example/", failures=2, error="It answered 500.", per_day=1.0)
    world.follow("https://b.example/", per_day=4.0, delays=(30,))
    world.follow("https://c.example/", per_day=2.0, delays=(90, 90))
    world.follow("https://d.example/", retired=True, error="It is gone.", last_success=None)
    world.follow("https://e.example/")
    world.rules.put("r", msgspec.json.encode(AlertRule(id="r", name="war", query="x", created=NOW, paused=True)))
    for number, hours in enumerate((0, 5, 100)):
        seen = NOW - hours * HOUR
        world.index.upsert([Document(id=str(number), source="s", seen=seen, published=seen, title="T", revision=1)])
    article = Message(topic=ARTICLES.name, key="k", value=b"v")
    world.log.append([article, article, dead_letter(article, stage="identify", reason="why", returns_to=None)])
    return world


def test_everything_is_counted() -> None:
    status = full().status(Upkeep(), backups(NOW - HOUR), disk_bound=3_000, disk_free=lambda: 9)
    feeds, alerts, disk = status.feeds, status.alerts, status.disk
    assert (feeds.all, feeds.states, feeds.per_day) == (5, {"ok": 2, "broken": 1, "gone": 1, "new": 1}, 7.0)
    assert feeds.delay_s == 90 and [each.state for each in feeds.trouble] == ["broken", "gone"]
    assert (status.articles.all, status.articles.last_day, status.articles.last_hour) == (3, 2, 1)
    assert [(queue.name, queue.waiting) for queue in status.queues] == [("connect", 2)]
    assert (alerts.rules, alerts.paused, alerts.sent, alerts.failed, alerts.withheld, alerts.queued) == (
        1,
        1,
        4,
        1,
        2,
        4,
    )
    assert disk is not None and (disk.per_article, disk.per_year, disk.free_on_disk) == (1333, 973_333, 9)
    assert status.backups is not None and (status.backups.kept, status.backups.late) == (1, False)


def test_each_trouble_is_a_sentence_with_what_to_do() -> None:
    status = full().status(Upkeep(), backups(NOW - 4 * 24 * HOUR), disk_bound=3_000, is_running=lambda: False)
    told = list(troubles(status))
    assert told[0] == "Nothing runs on this store: `newswire up` follows the feeds."
    assert told[1].startswith("https://a.example/: broken: It answered 500.")
    assert told[3].startswith("war could not be sent to mail: no such mailbox; `newswire alert log`")
    assert [words.partition(":")[0] for words in told[4:]] == [
        "1 dead letters",
        "The newest backup is older than [backup] asks for",
        "The store is larger than keep.disk allows; it is pruned while `newswire up` runs.",
    ]


def test_role_of_a_cluster_that_nobody_runs_is_told() -> None:
    status = World().status(missing=lambda: ("worker",))
    assert list(troubles(status)) == ["No `newswire worker` runs: what comes for it waits until one does."]


@pytest.mark.parametrize("upkeep", [None, Upkeep()])
def test_where_all_is_well_nothing_is_said(upkeep: Any) -> None:
    status = World().status(upkeep)
    assert list(troubles(status)) == []
    assert status.feeds.delay_s is None and status.backups is None
    assert status.disk is None or (status.disk.per_article, status.disk.per_year) == (None, None)


def test_every_metric_has_its_value() -> None:
    samples = full().samples(Upkeep(), backups(NOW - HOUR))
    found = {(metric, labels): value for metric, labels, value in samples.now()}
    assert samples.waiting() == 2
    a, b = "https://a.example/", "https://b.example/"
    assert found[metrics.BACKLOG, ("connect", ARTICLES.name)] == 2
    assert found[metrics.DEAD_LETTERS, ()] == 1
    assert found[metrics.ARTICLES, ()] == 3
    assert [found[metrics.DELIVERIES, (state,)] for state in ("sent", "failed", "withheld", "queued")] == [4, 1, 2, 4]
    assert [found[metrics.STORE_BYTES, (part,)] for part in ("taken", "free", "bound")] == [5_000, 1_000, 3_000]
    assert found[metrics.BACKUP_AGE, ()] == 3_600
    assert (found[metrics.FEED_FAILURES, (a,)], found[metrics.FEED_DELAY, (b,)]) == (2, 30)
    assert found[metrics.FEED_AGE, (b,)] == 3_600 and (metrics.FEED_DELAY, (a,)) not in found
    assert (metrics.FEED_AGE, ("https://d.example/",)) not in found
    assert (metrics.FEED_FAILURES, ("https://e.example/",)) not in found
    assert (found[metrics.FEEDS, ("ok",)], found[metrics.FEEDS, ("new",)]) == (2, 1)


def test_what_is_not_there_is_not_measured() -> None:
    measured = {metric for metric, _, _ in World().samples(backups=backups()).now()}
    assert metrics.STORE_BYTES not in measured and metrics.BACKUP_AGE not in measured
