"""What an alert would have found in what is stored: how often, how much, for example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.alerts.policy import OLDER, USUAL, Limits, Paged, plan
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.alerts import Delivery
from pipeline.ports.search import Day, SearchIndex, SearchRequest
from pipeline.query.tree import And, Last, Query

DAY_S = 86_400
SAMPLES = 5
# Stories are counted in this many of the newest matches, and the share taken for all.
LOOKED_AT = 200
NOISY_PER_DAY = 50.0


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what a query found in the last ``days``, and how many messages a day that would be.

    ``matches`` counts an original and its copies once. ``updates`` are messages about what was told before; ``backlog``
    counts what was old when it came, which is told only on request: how many messages more that would have been.
    """

    query: str
    reads: str
    days: int
    matches: int
    stories: int
    updates: int = 0
    backlog: int = 0
    alerts_per_day: float
    per_day: tuple[Day, ...]
    samples: tuple[Document, ...]
    warnings: tuple[str, ...]


def forecast(
    index: SearchIndex, query: Query, now: datetime, days: int, rule: AlertRule, limits: Limits = USUAL
) -> Forecast:
    """Ask the index what the query would have found."""
    from pipeline.query.printer import restate

    window = Last(seconds=days * DAY_S)
    within = Query(text=query.text, root=And(nodes=(query.root, window)))
    request = SearchRequest(query=within, now=now, limit=LOOKED_AT, zone=rule.time_zone)
    per_day = tuple(index.timeline(request))
    page = index.search(request)
    covered = index.timeline(SearchRequest(query=Query(text="", root=window), now=now, zone=rule.time_zone))
    looked = page.documents
    shares = len({document.story_id or document.id for document in looked}) / len(looked) if looked else 0.0
    matches = sum(day.documents for day in per_day)
    stories = round(matches * shares)
    tried = _tried(looked, rule, limits)
    scale = matches / len(looked) if looked else 0.0
    updates, backlog = round(tried["update"] * scale), round(tried["backlog"] * scale)
    rate = (tried["match"] + tried["update"]) * scale / max(1, len(covered))
    return Forecast(
        query=query.text,
        reads=restate(query),
        days=days,
        matches=matches,
        stories=stories,
        updates=updates,
        backlog=backlog,
        alerts_per_day=round(rate, 2),
        per_day=per_day,
        samples=tuple(looked[:SAMPLES]),
        warnings=tuple(_warnings(query, matches, rate, len(covered), days)),
    )


def _tried(documents: Sequence[Document], rule: AlertRule, limits: Limits) -> Counter[str]:
    """Count what the policy would have done with articles one after the other, as they came."""
    from pipeline.stages.match.stage import alert_id, subject

    awake = msgspec.structs.replace(rule, paused=False, snoozed_until=None, expires=None)
    known: dict[str, list[Delivery]] = {}
    counts: Counter[str] = Counter()
    for document in sorted(documents, key=lambda each: (each.seen, each.id)):
        about = known.setdefault(subject(awake, document), [])
        first = msgspec.structs.replace(document, changes=(), withdrawn=False)
        for version in (first, document) if document.changes else (first,):
            alert = Alert(
                id=alert_id(awake, version),
                rule_id=rule.id,
                rule=rule.name,
                article=version,
                matched=document.seen,
                subject=subject(awake, document),
            )
            delivery = plan(alert, awake, "", about, Paged(), document.seen, limits)
            if delivery is None or delivery in about:
                continue
            about.append(delivery)
            if delivery.state != "withheld":
                counts[delivery.alert.reason] += 1
            elif (delivery.error or "").startswith(OLDER):
                counts["backlog"] += 1
    return counts


def _warnings(query: Query, matches: int, rate: float, covered: int, days: int) -> list[str]:
    from pipeline.query.hints import hints
    from pipeline.stages.match.stage import is_wide

    found = []
    if covered and not matches:
        found.append(f"Nothing in the last {days} days would have matched: is a word misspelt, or too much asked?")
    if not matches:
        found += hints(query)
    if rate > NOISY_PER_DAY:
        found.append(f"About {rate:,.0f} alerts a day: narrow the query, or add --digest 1d or --cap-per-day 10.")
    if is_wide(query):
        found.append("No word of the query is in every match, so it is tried on every article: exact, only slower.")
    return found
