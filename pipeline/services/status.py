"""How it is: feeds, articles, queues, alerts, dead letters, disk and the last errors, as one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.ports.alerts import DeliveriesRequest, DeliveryHistory
from pipeline.ports.backups import BackupFile
from pipeline.ports.clock import Clock
from pipeline.ports.log import Backlog
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.ports.table import Table
from pipeline.ports.upkeep import Upkeep
from pipeline.query.tree import Last, Query
from pipeline.services.alerts import stored_rules
from pipeline.services.backups import Backups
from pipeline.services.dead_letters import DeadLetters
from pipeline.services.feed_health import TROUBLED
from pipeline.services.feeds import Feeds

HOUR_S, DAY_S = 3_600, 86_400
SHOWN = 5
DAYS_A_YEAR = 365


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how many records of a topic wait for whom."""

    name: str
    topic: str
    waiting: int


class FeedTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what is wrong with a feed, and what to do."""

    url: str
    title: str | None
    state: str
    words: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what could not be delivered last: which alert, where to, when and why."""

    alert: str
    channel: str
    at: datetime
    error: str


class FeedsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Count feeds by how they fare; ``delay_s`` is the median of how long after publication they are seen."""

    all: int
    states: dict[str, int]
    per_day: float
    delay_s: float | None
    trouble: tuple[FeedTrouble, ...]


class ArticlesStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Count what search finds, copies folded, and what of it was published within the last hour and day."""

    all: int
    last_hour: int
    last_day: int


class AlertsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Count alerts, and what became of their messages within the last day."""

    rules: int
    paused: int
    sent: int
    failed: int
    withheld: int
    queued: int
    failures: tuple[Failure, ...]


class DiskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what the store takes in bytes, its bound (0: none), and what a year would add at this rate."""

    taken: int
    free_inside: int
    bound: int
    free_on_disk: int | None
    per_article: float | None
    per_year: float | None


class BackupsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Tell of the backups: how many, the newest, and whether one is overdue."""

    kept: int
    newest: BackupFile | None
    every_s: float | None
    late: bool


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up how everything is at a moment. ``running`` is whether ``up`` runs on the store, where that can be told.

    ``missing`` are the roles of a cluster that read from Kafka and of which no process runs.
    """

    at: datetime
    runtime: str
    running: bool | None
    missing: tuple[str, ...] = ()
    feeds: FeedsStatus
    articles: ArticlesStatus
    queues: tuple[Queue, ...]
    alerts: AlertsStatus
    dead_letters: dict[str, int]
    disk: DiskStatus | None
    backups: BackupsStatus | None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the ports cannot: the runtime, the bound of the store, and what to ask the machine for."""

    runtime: str
    disk_bound: int = 0
    is_running: Callable[[], bool | None] = lambda: None
    missing: Callable[[], tuple[str, ...]] = tuple
    disk_free: Callable[[], int | None] = lambda: None


class Statuses:
    """Say how it is. ``queues`` are (name, topic, group of readers)."""

    def __init__(
        self,
        *,
        place: Place,
        feeds: Feeds,
        index: SearchIndex,
        log: Backlog,
        queues: Sequence[tuple[str, str, str]],
        rules: Table,
        deliveries: DeliveryHistory,
        dead: DeadLetters,
        clock: Clock,
        upkeep: Upkeep | None = None,
        backups: Backups | None = None,
    ) -> None:
        self._place = place
        self._feeds = feeds
        self._index = index
        self._log = log
        self._queues = queues
        self._rules = rules
        self._deliveries = deliveries
        self._dead = dead
        self._clock = clock
        self._upkeep = upkeep
        self._backups = backups

    def now(self) -> Status:
        """Ask everything once. Raises ``UnavailableError`` or ``TransientError`` where something is away."""
        articles = self._articles()
        return Status(
            at=self._clock(),
            runtime=self._place.runtime,
            running=self._place.is_running(),
            missing=self._place.missing(),
            feeds=self._feeds_status(),
            articles=articles,
            queues=tuple(
                Queue(name=name, topic=topic, waiting=self._log.backlog(topic, group))
                for name, topic, group in self._queues
            ),
            alerts=self._alerts(),
            dead_letters=self._dead.kinds(),
            disk=self._disk(articles),
            backups=self._backups_status(),
        )

    def _feeds_status(self) -> FeedsStatus:
        states: Counter[str] = Counter()
        trouble, delays, per_day = [], [], 0.0
        for status in self._feeds.statuses():
            health = status.health
            states[health.state] += 1
            if health.state in TROUBLED:
                subscription = status.subscription
                found = FeedTrouble(
                    url=subscription.url, title=subscription.title, state=health.state, words=health.words
                )
                trouble.append((TROUBLED.index(health.state), found))
            if status.poll is not None:
                per_day += status.poll.per_day
                if status.poll.delay_s is not None:
                    delays.append(status.poll.delay_s)
        trouble.sort(key=lambda each: (each[0], each[1].url))
        return FeedsStatus(
            all=states.total(),
            states=dict(states.most_common()),
            per_day=round(per_day, 1),
            delay_s=sorted(delays)[len(delays) // 2] if delays else None,
            trouble=tuple(found for _, found in trouble),
        )

    def _articles(self) -> ArticlesStatus:
        return ArticlesStatus(all=self._count(None), last_hour=self._count(HOUR_S), last_day=self._count(DAY_S))

    def _count(self, seconds: int | None) -> int:
        query = Query(text="", root=Last(seconds=seconds)) if seconds is not None else None
        return self._index.search(SearchRequest(query=query, now=self._clock(), limit=1)).total

    def _alerts(self) -> AlertsStatus:
        rules = list(stored_rules(self._rules))
        tallies = self._deliveries.tallies(self._clock() - timedelta(days=1)).values()
        failed = self._deliveries.page(DeliveriesRequest(states=("failed",), limit=SHOWN)).deliveries
        return AlertsStatus(
            rules=len(rules),
            paused=sum(rule.paused for rule in rules),
            sent=sum(tally.sent for tally in tallies),
            failed=sum(tally.failed for tally in tallies),
            withheld=sum(tally.withheld for tally in tallies),
            queued=sum(tally.queued for tally in tallies),
            failures=tuple(
                Failure(alert=each.alert.rule, channel=each.channel, at=each.changed, error=each.error or "")
                for each in failed
            ),
        )

    def _disk(self, articles: ArticlesStatus) -> DiskStatus | None:
        if self._upkeep is None:
            return None
        space = self._upkeep.space()
        each = space.used / articles.all if articles.all else None
        return DiskStatus(
            taken=space.taken,
            free_inside=space.free,
            bound=self._place.disk_bound,
            free_on_disk=self._place.disk_free(),
            per_article=round(each) if each is not None else None,
            per_year=round(each * articles.last_day * DAYS_A_YEAR) if each is not None else None,
        )

    def _backups_status(self) -> BackupsStatus | None:
        if self._backups is None:
            return None
        kept, every = self._backups.all(), self._backups.every
        return BackupsStatus(
            kept=len(kept),
            newest=next(iter(kept), None),
            every_s=every.total_seconds() if every is not None else None,
            late=self._backups.is_late(),
        )


def troubles(status: Status) -> Iterable[str]:
    """Yield a sentence for each thing that somebody should see to, with what to do."""
    if status.running is False:
        yield "Nothing runs on this store: `newswire up` follows the feeds."
    for role in status.missing:
        yield f"No `newswire {role}` runs: what comes for it waits until one does."
    for feed in status.feeds.trouble:
        yield f"{feed.title or feed.url}: {feed.state}: {feed.words}"
    for failure in status.alerts.failures[:1]:
        yield (
            f"{failure.alert} could not be sent to {failure.channel}: {failure.error}; `newswire alert log` has all, "
            "`newswire alert resend` sends again."
        )
    if status.dead_letters:
        yield f"{sum(status.dead_letters.values()):,} dead letters: `newswire admin dead` tells why."
    if status.backups is not None and status.backups.late:
        yield "The newest backup is older than [backup] asks for: `newswire doctor` checks where they go."
    disk = status.disk
    if disk is not None and disk.bound and disk.taken - disk.free_inside > disk.bound:
        yield "The store is larger than keep.disk allows; it is pruned while `newswire up` runs."
