"""What the index says of a rule that watches for silence or a surge."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipeline.alerts import policy
from pipeline.model import AlertRule
from pipeline.ports.alerts import Delivery
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.query.scope import query_of
from pipeline.query.tree import And, Last, Or, Query, Range

# So many of the newest articles are looked at before a surge is told.
COUNTED_AS_SURGE = 1_000


class Watched:
    """Count the articles of rules in one index. What its search raises passes through."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def seen(self, rule: AlertRule, now: datetime) -> policy.Seen:
        """Count a rule's articles in its last window and in those before it."""
        query = query_of(rule)
        if rule.kind == "surge":
            recent = self._count(_within(query, rule.window_s), now)
            whole = self._count(_within(query, rule.window_s * (1 + policy.SURGE_WINDOWS)), now)
            seen = policy.Seen(recent=recent, earlier=whole - recent)
            if policy.watch(rule, seen, now) is None:
                return seen
            # What a feed had when it was first polled came all at once, and is no surge.
            return policy.Seen(recent=recent - self._history(query, rule.window_s, now), earlier=whole - recent)
        recent = self._count(_came_within(query, rule.window_s, now), now)
        newest = self._index.search(SearchRequest(query=query, now=now, limit=1)).documents
        return policy.Seen(recent=recent, earlier=0, newest=newest[0].id if newest else None)

    def is_over(self, delivery: Delivery, rule: AlertRule, now: datetime) -> bool:
        """Tell whether a silence that could not be told at once has been broken since."""
        if delivery.alert.reason != "silence" or rule.kind != "silence" or not (delivery.digest or delivery.attempts):
            return False
        alert = policy.watch(rule, self.seen(rule, now), now)
        return alert is None or alert.id != delivery.alert.id

    def _count(self, query: Query, now: datetime) -> int:
        return self._index.search(SearchRequest(query=query, now=now, limit=1)).total

    def _history(self, query: Query, seconds: int, now: datetime) -> int:
        page = self._index.search(SearchRequest(query=_within(query, seconds), now=now, limit=COUNTED_AS_SURGE))
        return sum(document.history or document.backfill for document in page.documents)


def _within(query: Query, seconds: int) -> Query:
    return Query(text=query.text, root=And(nodes=(query.root, Last(seconds=seconds))))


def _came_within(query: Query, seconds: int, now: datetime) -> Query:
    """Narrow a query to what came lately, be it dated before: feeds are polled, and sites put in late what is older.

    What was already too old to be told of when it came does not break a silence.
    """
    oldest = Last(seconds=seconds + int(policy.USUAL.max_age.total_seconds()))
    came = Range(name="seen", low=now - timedelta(seconds=seconds))
    return Query(text=query.text, root=And(nodes=(query.root, oldest, Or(nodes=(Last(seconds=seconds), came)))))
