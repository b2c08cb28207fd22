"""What was not sent: listed row by row up to a number a rule and day, beyond that only counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.model import derive_id
from pipeline.ports.alerts import COUNTED, Delivery, Ledger

LISTED_A_DAY = 1_000
PRUNED_AT_ONCE = 1_000
PRUNE_EVERY = timedelta(hours=1)


class Withheld:
    """Keep the rows of withheld alerts to a bounded number and age, in one ledger."""

    def __init__(self, ledger: Ledger, keep: timedelta) -> None:
        self._ledger = ledger
        self._keep = keep
        self._day: datetime | None = None
        self._counts: Counter[str] = Counter()
        self._pruned: datetime | None = None

    def listed(self, deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
        """Return the deliveries to enter: of those withheld, only as many as a rule may list today.

        The others are counted in one row, which is written here.
        """
        if not any(delivery.state == "withheld" for delivery in deliveries):
            return list(deliveries)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if today != self._day:
            tallies = self._ledger.tallies(today)
            self._day, self._counts = today, Counter({rule: tally.withheld for rule, tally in tallies.items()})
        kept, beyond = [], {}
        for delivery in deliveries:
            rule_id = delivery.alert.rule_id
            if delivery.state == "withheld":
                self._counts[rule_id] += 1
                if self._counts[rule_id] > LISTED_A_DAY:
                    beyond[rule_id] = _counted(delivery, today, self._counts[rule_id] - LISTED_A_DAY)
                    continue
            kept.append(delivery)
        if beyond:
            self._ledger.enter(list(beyond.values()))
            self._ledger.mark(list(beyond.values()))
        return kept

    def prune(self, now: datetime) -> None:
        """Forget rows that are too old, some at a time."""
        if self._pruned is not None and now - self._pruned < PRUNE_EVERY:
            return
        if self._ledger.prune_withheld(now - self._keep, PRUNED_AT_ONCE) < PRUNED_AT_ONCE:
            self._pruned = now


def _counted(last: Delivery, day: datetime, count: int) -> Delivery:
    """Return the row that stands for what a rule withheld beyond what is listed of a day."""
    name = f"{COUNTED}{last.alert.rule_id} {day:%Y-%m-%d}"
    note = f"more alerts of {day:%Y-%m-%d} were not sent than the {LISTED_A_DAY:,} that are listed"
    alert = msgspec.structs.replace(last.alert, id=derive_id(name), article=None, spans=(), subject=name, note=note)
    return msgspec.structs.replace(
        last, id=derive_id(name), alert=alert, attempts=count, error=f"{count:,} more, last: {last.error}"
    )
