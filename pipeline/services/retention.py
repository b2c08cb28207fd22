"""Remove what is older than somebody wants to keep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pipeline.topics import ALERTS, ARTICLES

if TYPE_CHECKING:
    from pipeline.ports.alerts import Deliveries
    from pipeline.ports.log import Log
    from pipeline.ports.search import SearchIndex

DAYS_PER_MONTH = 30.44


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Say how long articles stay in the log, documents in the index (0: for ever) and deliveries in the ledger."""

    articles_days: float
    index_months: float
    deliveries_days: float


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Count what was removed."""

    records: int
    documents: int
    deliveries: int


def prune(kept: Kept, log: Log, index: SearchIndex, deliveries: Deliveries, now: datetime) -> Removed:
    """Remove records, documents and deliveries that are older."""
    until = now - timedelta(days=kept.articles_days)
    records = sum(log.expire(topic.name, until) for topic in (ARTICLES, ALERTS))
    documents = 0
    if kept.index_months:
        documents = index.prune(now - timedelta(days=DAYS_PER_MONTH * kept.index_months))
    gone = deliveries.prune(now - timedelta(days=kept.deliveries_days))
    return Removed(records=records, documents=documents, deliveries=gone)
