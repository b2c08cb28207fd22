"""What is measured of the whole at this moment: one value per metric and labels, from the ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from pipeline import metrics
from pipeline.metrics import Metric
from pipeline.ports.alerts import DeliveryHistory
from pipeline.ports.clock import Clock
from pipeline.ports.log import Backlog
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.ports.table import Table
from pipeline.ports.upkeep import Upkeep
from pipeline.services.backups import Backups
from pipeline.services.dead_letters import REPLAY_GROUP
from pipeline.services.feeds import Feeds
from pipeline.topics import DEAD

Sample = tuple[Metric, tuple[str, ...], float]


class Samples:
    """Ask the ports for what can be counted. ``queues`` are (reader, topic, group of readers)."""

    def __init__(
        self,
        *,
        feeds: Feeds,
        index: SearchIndex,
        log: Backlog,
        queues: Sequence[tuple[str, str, str]],
        deliveries: DeliveryHistory,
        clock: Clock,
        tables: Mapping[str, Table] | None = None,
        upkeep: Upkeep | None = None,
        disk_bound: int = 0,
        backups: Backups | None = None,
    ) -> None:
        self._feeds = feeds
        self._index = index
        self._log = log
        self._queues = queues
        self._deliveries = deliveries
        self._clock = clock
        self._tables = tables or {}
        self._upkeep = upkeep
        self._disk_bound = disk_bound
        self._backups = backups

    def waiting(self) -> int:
        """Return how many records wait for anybody. Raises what the log raises."""
        return sum(self._log.backlog(topic, group) for _, topic, group in self._queues)

    def now(self) -> Iterator[Sample]:
        """Yield all values. Raises what the ports raise."""
        for reader, topic, group in self._queues:
            yield metrics.BACKLOG, (reader, topic), self._log.backlog(topic, group)
            since = self._log.waiting_since(topic, group)
            age = (self._clock() - since).total_seconds() if since is not None else 0.0
            yield metrics.QUEUE_AGE, (reader, topic), max(0.0, age)
        yield metrics.DEAD_LETTERS, (), self._log.backlog(DEAD.name, REPLAY_GROUP)
        yield from self._of_feeds()
        total = self._index.search(SearchRequest(query=None, now=self._clock(), limit=1)).total
        yield metrics.ARTICLES, (), total
        tallies = self._deliveries.tallies(self._clock() - timedelta(days=1)).values()
        for state in ("sent", "failed", "withheld", "queued"):
            yield metrics.DELIVERIES, (state,), sum(getattr(tally, state) for tally in tallies)
        if self._upkeep is not None:
            space = self._upkeep.space()
            for part, size in (("taken", space.taken), ("free", space.free), ("bound", self._disk_bound)):
                yield metrics.STORE_BYTES, (part,), size
        for name, table in self._tables.items():
            yield metrics.TABLE_ROWS, (name,), sum(1 for _ in table.items())
        if self._backups is not None and (made := self._backups.all()):
            yield metrics.BACKUP_AGE, (), (self._clock() - made[0].made).total_seconds()

    def _of_feeds(self) -> Iterator[Sample]:
        states: Counter[str] = Counter()
        for status in self._feeds.statuses():
            states[status.health.state] += 1
            poll, url = status.poll, status.subscription.url
            if poll is None:
                continue
            yield metrics.FEED_FAILURES, (url,), poll.failures
            if poll.delay_s is not None:
                yield metrics.FEED_DELAY, (url,), poll.delay_s
            if poll.last_success is not None:
                yield metrics.FEED_AGE, (url,), (self._clock() - poll.last_success).total_seconds()
        for state, count in states.items():
            yield metrics.FEEDS, (state,), count
