"""Count by day what Elasticsearch finds: by the stored day, which is UTC's, or by the borders of a zone's days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from pipeline.query.days import start_of
from pipeline.query.indexing import least_key

MAX_DAYS = 20_000
# Elasticsearch takes 65,536 buckets in one answer; these come twice in it.
RANGES = 2_000


def count_days(
    ask: Callable[..., dict[str, Any]],
    filters: Mapping[str, dict[str, Any]],
    zone: str,
    most: int = MAX_DAYS,
) -> dict[str, dict[str, int]]:
    """Count by filter and day, for the ``most`` newest days on which the first filter finds anything."""
    first = next(iter(filters))
    if zone == "UTC":
        newest = {"terms": {"field": "nw.day", "size": most, "order": {"_key": "desc"}}}
        return _counted(ask, filters, {"days": newest})
    # Each of these days shares hours with two or three of the zone's, and two may share all their hits with one.
    stored = {"terms": {"field": "nw.day", "size": min(MAX_DAYS, 2 * most + 2), "order": {"_key": "desc"}}}
    there = _counted(ask, {first: filters[first]}, {"days": stored})[first]
    near = {date.fromisoformat(day) + timedelta(days=n) for day in there for n in (-1, 0, 1)}
    days = sorted(near, reverse=True)
    found: dict[str, dict[str, int]] = {name: {} for name in filters}
    for start in range(0, len(days), RANGES):
        ranges = [_range(day, zone) for day in days[start : start + RANGES]]
        counted = _counted(ask, filters, {"days": {"range": {"field": "nw.order", "ranges": ranges}}})
        for name, counts in counted.items():
            found[name] |= counts
    kept = dict(list(found[first].items())[:most])
    return {name: kept if name == first else counts for name, counts in found.items()}


def _counted(
    ask: Callable[..., dict[str, Any]], filters: Mapping[str, dict[str, Any]], days: dict[str, Any]
) -> dict[str, dict[str, int]]:
    aggs = {name: {"filter": query, "aggs": days} for name, query in filters.items()}
    answer = ask(size=0, query={"match_all": {}}, aggs=aggs, track_total_hits=False)
    if "aggregations" not in answer:  # there is no index yet
        return {name: {} for name in filters}
    return {
        name: {
            bucket["key"]: bucket["doc_count"]
            for bucket in sorted(answer["aggregations"][name]["days"]["buckets"], key=lambda b: b["key"], reverse=True)
            if bucket["doc_count"]
        }
        for name in filters
    }


def _range(day: date, zone: str) -> dict[str, Any]:
    begin, end = (least_key(start_of(each, zone)) for each in (day, day + timedelta(days=1)))
    return {"key": f"{day:%Y-%m-%d}", "from": begin, "to": end}
