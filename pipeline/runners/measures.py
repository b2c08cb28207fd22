"""What a process counts about its own work while it runs; whoever scrapes reads it from another thread."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pipeline.metrics import LATENCY_BUCKETS_S
from pipeline.ports.alerts import Delivery, Ledger


class Measures:
    """Count records, errors and seconds by stage, and how long alerts took. One thread writes each of them."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.latencies = [0] * (len(LATENCY_BUCKETS_S) + 1)
        self.latency_sum = 0.0
        self.outcomes: Callable[[], Mapping[str, int]] = dict

    def handled(self, stage: str, records: int, errors: int, seconds: float) -> None:
        """Take note of a batch that went through a stage."""
        self.records[stage] += records
        self.errors[stage] += errors
        self.seconds[stage] += seconds

    def told(self, seconds: float) -> None:
        """Take note of a message that was sent so long after its article was seen."""
        self.latencies[bisect_left(LATENCY_BUCKETS_S, seconds)] += 1
        self.latency_sum += seconds

    def moves(self) -> int:
        """Return a number that grows whenever anything was done."""
        return sum(self.records.values()) + sum(self.outcomes().values()) + sum(self.latencies)


def measured(ledger: Ledger, measures: Measures) -> Ledger:
    """Return a ledger that takes note of what is marked as sent."""
    return cast(Ledger, _Measured(ledger, measures))


class _Measured:
    """Pass everything on to a ledger."""

    def __init__(self, ledger: Ledger, measures: Measures) -> None:
        self._ledger = ledger
        self._measures = measures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """Replace deliveries by their newer states."""
        self._ledger.mark(deliveries)
        for each in deliveries:
            # What was held back on purpose is not late; an article's updates count from when they were matched.
            if each.state == "sent" and not each.digest:
                told = each.alert
                since = told.article.seen if told.article is not None and told.reason == "match" else told.matched
                self._measures.told(max(0.0, (each.changed - since).total_seconds()))
