"""Remove what is older than somebody wants to keep, and what does not fit any more."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pipeline.ports.clock import Clock
from pipeline.ports.table import Transaction
from pipeline.topics import ALERTS, ARTICLES, DEAD

if TYPE_CHECKING:
    from pipeline.ports.alerts import Deliveries
    from pipeline.ports.log import Log
    from pipeline.ports.search import SearchIndex
    from pipeline.ports.upkeep import Upkeep

DAYS_PER_MONTH = 30.44
# What is removed in one transaction. Documents cost most: their words are taken out of the index one by one.
RECORDS, DOCUMENTS, DELIVERIES = 200, 20, 200
# Room is made for what is written until it is looked again.
FULL = 0.95
# The oldest part that goes at once when there is not room for all.
PART = 50
LEAST = timedelta(hours=1)
NEVER = datetime.min.replace(tzinfo=UTC)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Say how long articles stay in the log, documents in the index (0: for ever) and deliveries in the ledger.

    ``disk_bytes`` bounds the whole store, 0 does not; what is younger than ``least`` stays all the same.
    """

    articles_days: float
    index_months: float
    deliveries_days: float
    disk_bytes: int = 0
    least: timedelta = LEAST


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Count what was removed."""

    records: int
    documents: int
    deliveries: int

    def __bool__(self) -> bool:
        return bool(self.records or self.documents or self.deliveries)

    def __add__(self, other: Removed) -> Removed:
        return Removed(
            records=self.records + other.records,
            documents=self.documents + other.documents,
            deliveries=self.deliveries + other.deliveries,
        )


NOTHING = Removed(records=0, documents=0, deliveries=0)


def prune(kept: Kept, log: Log, index: SearchIndex, deliveries: Deliveries, now: datetime) -> Removed:
    """Remove records, documents and deliveries that are older, all at once."""
    until = now - timedelta(days=kept.articles_days)
    records = sum(log.expire(topic.name, until) for topic in (ARTICLES, ALERTS))
    documents = 0
    if kept.index_months:
        documents = index.prune(now - timedelta(days=DAYS_PER_MONTH * kept.index_months))
    gone = deliveries.prune(now - timedelta(days=kept.deliveries_days))
    return Removed(records=records, documents=documents, deliveries=gone)


class Pruner:
    """Remove what is too old from one store, a slice at a time, and beyond its bound also what is oldest.

    ``spared`` returns the ids of articles that stay whatever their age.
    """

    def __init__(
        self,
        kept: Kept,
        upkeep: Upkeep,
        clock: Clock,
        spared: Callable[[], Collection[str]] = frozenset,
        transaction: Transaction = nullcontext,
    ) -> None:
        self._transaction = transaction
        self._kept = kept
        self._upkeep = upkeep
        self._clock = clock
        self._spared = spared
        # What is from before this moment does not fit; another thread reads it, too.
        self._floor = NEVER

    @property
    def floor(self) -> datetime:
        """Return the moment before which nothing fits into the bound."""
        return self._floor

    def step(self) -> Removed:
        """Remove one slice; return what went, which is nothing when all is as it should be."""
        removed = self._slice()
        for _ in range(PART):
            if removed or not self._raise_floor():
                break
            removed = self._slice()
        return removed

    def is_too_large(self) -> bool:
        """Tell whether the store takes more than its bound."""
        return bool(self._kept.disk_bytes) and self._upkeep.space().used > self._kept.disk_bytes

    def _slice(self) -> Removed:
        now, upkeep = self._clock(), self._upkeep
        until = max(now - timedelta(days=self._kept.articles_days), self._floor)
        records = sum(upkeep.remove_records(topic.name, until, RECORDS) for topic in (ARTICLES, ALERTS))
        # Nobody may ever ask for a dead letter: it goes as it would from Kafka.
        records += upkeep.remove_records(DEAD.name, until, RECORDS, unread=True)
        months = self._kept.index_months
        oldest = max(now - timedelta(days=DAYS_PER_MONTH * months), self._floor) if months else self._floor
        documents = 0
        if oldest > NEVER:
            with self._transaction():  # so that nothing is starred between being looked up and removed
                documents = upkeep.remove_documents(oldest, DOCUMENTS, self._spared())
        due = max(now - timedelta(days=self._kept.deliveries_days), self._floor)
        return Removed(records=records, documents=documents, deliveries=upkeep.remove_deliveries(due, DELIVERIES))

    def _raise_floor(self) -> bool:
        """Let go of the oldest part when the store is nearly full; tell whether there is such a part."""
        if not self._kept.disk_bytes or self._upkeep.space().used <= self._kept.disk_bytes * FULL:
            return False
        oldest, now = self._upkeep.oldest(), self._clock()
        if oldest is None:
            return False
        oldest = max(oldest, self._floor)  # what is spared may be older
        part = oldest + max((now - oldest) / PART, timedelta(seconds=1))
        before, self._floor = self._floor, max(self._floor, min(part, now - self._kept.least))
        return self._floor > before
