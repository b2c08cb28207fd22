"""How many messages a rule has sent to a channel in the running hour and day, for its caps."""

from __future__ import annotations

import time
from datetime import datetime

import msgspec

from pipeline.alerts import policy
from pipeline.alerts.policy import Limits, Paged
from pipeline.model import AlertRule
from pipeline.ports.alerts import Delivery, Ledger

# Other notifiers may send for the same rule: what was counted is asked again after so long.
BELIEVED_S = 10.0


class _Count(msgspec.Struct):
    """Hold a count, the hour or digest it is of, when it was asked, and the digests that are no further messages."""

    hour: int
    day: int
    begin: datetime
    asked: float
    digests: set[datetime]


class Pages:
    """Count messages: asked of the ledger now and then, and carried on with those planned since."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits
        self._counts: dict[tuple[str, str], _Count] = {}

    def of(self, rule: AlertRule, channel: str, now: datetime) -> Paged:
        """Return the count for a rule and a channel; all that was planned before must be entered or ``add``ed."""
        if rule.priority == "high" or (policy.cap_per_hour(rule, self._limits) is None and rule.cap_per_day is None):
            return Paged()
        if (digest := policy.digest_after(rule, now)) is not None:
            return Paged(day=self._before(digest, rule, channel))
        begin, key = policy.start_of_hour(now), (rule.id, channel)
        count = self._counts.get(key)
        if count is None or count.begin != begin or time.monotonic() - count.asked > BELIEVED_S:
            day = 0
            if rule.cap_per_day is not None:
                day = self._ledger.paged(rule.id, channel, policy.start_of_day(rule, now))
            hour = self._ledger.paged(rule.id, channel, begin)
            count = self._counts[key] = _Count(hour, day, begin, time.monotonic(), set())
        return Paged(hour=count.hour, day=count.day)

    def _before(self, digest: datetime, rule: AlertRule, channel: str) -> int:
        """Count the messages of a digest's day that go before it: what it collects makes it no second message."""
        if rule.cap_per_day is None:
            return 0
        key = (rule.id, channel)
        count = self._counts.get(key)
        if count is None or count.begin != digest or time.monotonic() - count.asked > BELIEVED_S:
            since = (policy.start_of_day(rule, digest), digest)
            day, later = (self._ledger.paged(rule.id, channel, moment) for moment in since)
            count = self._counts[key] = _Count(0, day - later, digest, time.monotonic(), {digest})
        return count.day

    def add(self, delivery: Delivery) -> None:
        """Count a message that was planned."""
        count = self._counts.get((delivery.alert.rule_id, delivery.channel))
        if count is None or delivery.state != "queued" or (delivery.digest and delivery.due in count.digests):
            return
        if delivery.digest:
            count.digests.add(delivery.due)
        count.hour += 1
        count.day += 1

    def forget(self) -> None:
        """Forget what was counted of deliveries that were not entered after all."""
        self._counts.clear()
