"""The Ledger port on Elasticsearch: one document per alert and channel, in an index that every notifier shares.

Searches see only what was refreshed, so each question refreshes first; writes need not. A claim is a write on condition
that nobody wrote in between, so that two notifiers never send the same delivery. What a notifier has just entered it
claims without asking: a refresh for each message would be most of what an alert costs the server.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pipeline.adapters.elasticsearch.client import OPEN, Access
from pipeline.adapters.elasticsearch.side_index import SideIndex
from pipeline.errors import TransientError, UsageError
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.alerts import (
    COUNTED,
    About,
    DeliveriesPage,
    DeliveriesRequest,
    Delivery,
    Earlier,
    Tally,
    independent_source,
)

_KEYWORD = {"type": "keyword"}
_LONG = {"type": "long"}
_PROPERTIES: dict[str, Any] = {
    **dict.fromkeys(("channel", "state", "rule_id", "rule", "subject", "message", "source", "key"), _KEYWORD),
    # Microseconds since 1970; `entered` also counts within a batch.
    **dict.fromkeys(("due", "claimed", "entered"), _LONG),
}
_MOST_CHANNELS = 10_000
_CHUNK = 1_000
# The sources of one rule's deliveries to a channel on one subject; no story has more.
_MOST_SOURCES = 10_000
# So long what others entered, and what is due again, may wait while a notifier claims its own.
_OWN_FOR_S = 1.0
# A delivery, and the condition that nobody has written to its row since.
_Row = tuple[Delivery, dict[str, int]]


class ElasticsearchLedger:
    """Keep deliveries on an Elasticsearch server; ``prefix`` keeps them apart from others'."""

    def __init__(self, url: str, *, access: Access = OPEN, prefix: str = "") -> None:
        self._index = SideIndex(url, f"{prefix}alerts", _PROPERTIES, access=access)
        self._turn = threading.Lock()
        # By channel: when all that was due was claimed; what was entered here since and is not claimed, with its row.
        self._own: dict[str, list[_Row]] = {}
        self._cleared: dict[str, float] = {}

    def enter(self, deliveries: Sequence[Delivery]) -> int:
        """Keep those whose id is not yet known; return how many were new."""
        entered = time.time_ns() // 1000
        operations: list[dict[str, Any]] = []
        for number, delivery in enumerate(deliveries):
            operations += [{"create": {"_id": delivery.id}}, _source(delivery) | {"entered": entered + number}]
        written = self._index.write(operations, passing=(409,))
        new = [(delivery, each) for delivery, each in zip(deliveries, written, strict=True) if each["status"] == 201]
        with self._turn:
            for delivery, each in new:
                if not self._is_clear(delivery.channel):
                    self._own.pop(delivery.channel, None)
                # Of a digest all is claimed together, whoever entered it.
                elif delivery.state == "queued" and not delivery.digest:
                    self._own.setdefault(delivery.channel, []).append((delivery, _unchanged(each)))
        return len(new)

    def waiting(self, now: datetime) -> Sequence[str]:
        """Return the channels that have queued deliveries whose time has come."""
        channels = {"channels": {"terms": {"field": "channel", "size": _MOST_CHANNELS}}}
        answer = self._index.search(query=_due(now), size=0, aggs=channels)
        return [bucket["key"] for bucket in answer["aggregations"]["channels"]["buckets"]]

    def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Return a channel's queued deliveries whose time has come, and put them off ``until`` then."""
        with self._turn:
            own, is_clear = sorted(self._own.pop(channel, ()), key=_when), self._is_clear(channel)
        if is_clear and 0 < len(own) < limit and _when(own[-1]) <= now:
            return self._won(own, until)
        answer = self._index.search(
            query=_due(now, {"term": {"channel": channel}}),
            size=limit,
            sort=[{"due": "asc"}, {"entered": "asc"}],
            seq_no_primary_term=True,
        )
        hits = answer["hits"]["hits"]
        if len(hits) < limit:
            with self._turn:
                self._cleared[channel] = time.monotonic()
        return self._won([(_delivery(hit), _unchanged(hit)) for hit in hits], until)

    def _is_clear(self, channel: str) -> bool:
        """Tell whether nothing else was due a moment ago than what was entered here since."""
        return time.monotonic() - self._cleared.get(channel, -math.inf) < _OWN_FOR_S

    def _won(self, due: Sequence[_Row], until: datetime) -> list[Delivery]:
        """Claim deliveries whose rows nobody has written since; return those."""
        operations: list[dict[str, Any]] = []
        for delivery, written in due:
            operations += [{"update": {"_id": delivery.id, **written}}, {"doc": {"claimed": microseconds(until)}}]
        won = self._index.bulk(operations, passing=(409,))
        return [delivery for (delivery, _), status in zip(due, won, strict=True) if status == 200]

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """Replace deliveries by their newer states."""
        operations: list[dict[str, Any]] = []
        for delivery in deliveries:
            source = _source(delivery)
            del source["alert"]  # it does not change
            operations += [{"update": {"_id": delivery.id, "retry_on_conflict": 3}}, {"doc": source}]
        if 409 in self._index.bulk(operations, passing=(409,)):
            raise TransientError("Others write to the same delivery; try again.")

    def requeue(self, ids: Sequence[str], now: datetime) -> int:
        """Queue anew those of some deliveries that still are failed; return how many."""
        queued = 0
        moment = microseconds(now)
        anew = {"state": "queued", "due": moment, "changed": moment, "claimed": 0, "attempts": 0, "error": None}
        for start in range(0, len(ids), _CHUNK):
            wanted = {"ids": {"values": list(ids[start : start + _CHUNK])}}
            answer = self._index.search(
                query=_all([wanted, {"term": {"state": "failed"}}]), size=_CHUNK, seq_no_primary_term=True
            )
            operations: list[dict[str, Any]] = []
            for hit in answer["hits"]["hits"]:
                message = f"digest {moment}" if hit["_source"].get("digest") else hit["_id"]
                operations += [{"update": {"_id": hit["_id"], **_unchanged(hit)}}, {"doc": anew | {"message": message}}]
            queued += self._index.bulk(operations, passing=(409,)).count(200)
        return queued

    def entries(self, limit: int, rule: str | None = None, subjects: Sequence[str] | None = None) -> Sequence[Delivery]:
        """Return the latest deliveries, newest first, of one rule and about any of some subjects, if given."""
        conditions: list[dict[str, Any]] = []
        if rule is not None:
            conditions.append(_of_rule(rule))
        if subjects is not None:
            conditions.append({"terms": {"subject": list(subjects)}})
        found: list[Delivery] = []
        after: dict[str, Any] = {}
        while len(found) < limit:
            size = min(limit - len(found), 1000)
            answer = self._index.search(query=_all(conditions), size=size, sort=[{"entered": "desc"}], **after)
            hits = answer["hits"]["hits"]
            found += map(_delivery, hits)
            if len(hits) < size:
                break
            after = {"search_after": hits[-1]["sort"]}
        return found

    def page(self, request: DeliveriesRequest) -> DeliveriesPage:
        """Return one page, the last entered first; a cursor tells when the last of it was entered, and its id."""
        conditions = [_of_rule(request.rule)] if request.rule is not None else []
        if request.states:
            conditions.append({"terms": {"state": list(request.states)}})
        after = {"search_after": _read_cursor(request.cursor)} if request.cursor is not None else {}
        found: list[dict[str, Any]] = []
        while len(found) <= request.limit:
            size = min(request.limit + 1 - len(found), _CHUNK)
            order = [{"entered": "desc"}, {"key": "desc"}]
            hits = self._index.search(query=_all(conditions), size=size, sort=order, **after)["hits"]["hits"]
            found += hits
            if len(hits) < size:
                break
            after = {"search_after": hits[-1]["sort"]}
        page = found[: request.limit]
        cursor = msgspec.json.encode(page[-1]["sort"]).hex() if page and len(found) > len(page) else None
        return DeliveriesPage(deliveries=tuple(map(_delivery, page)), cursor=cursor)

    def earlier(self, about: Sequence[About]) -> Sequence[Earlier]:
        """Sum up what is known about each by aggregates; of rows that an earlier version wrote, the rows are read."""
        found = []
        for start in range(0, len(about), _CHUNK):
            asked = {str(n): _about(each) for n, each in enumerate(about[start : start + _CHUNK])}
            counts = {
                "delivered": {"filter": {"bool": {"must_not": {"term": {"state": "withheld"}}}}},
                "sources": {"terms": {"field": "source", "size": _MOST_SOURCES}},
                "unnamed": {"filter": {"bool": {"must_not": {"exists": {"field": "key"}}}}},
            }
            answer = self._index.search(size=0, aggs={"about": {"filters": {"filters": asked}, "aggs": counts}})
            for number, query in asked.items():
                bucket = answer["aggregations"]["about"]["buckets"][number]
                sources = {each["key"] for each in bucket["sources"]["buckets"]}
                if bucket["unnamed"]["doc_count"]:
                    sources |= self._sources_of_older_rows(query)
                found.append(Earlier(delivered=bucket["delivered"]["doc_count"] > 0, sources=frozenset(sources)))
        return found

    def paged(self, rule_id: str, channel: str, since: datetime) -> int:
        """Count a rule's messages to a channel that were or are due after ``since``; a digest is one message."""
        conditions: list[dict[str, Any]] = [
            {"term": {"rule_id": rule_id}},
            {"term": {"channel": channel}},
            {"terms": {"state": ["queued", "sent"]}},
            {"range": {"due": {"gte": microseconds(since)}}},
        ]
        messages = {"messages": {"cardinality": {"field": "message", "precision_threshold": 40_000}}}
        answer = self._index.search(query=_all(conditions), size=0, aggs=messages)
        return int(answer["aggregations"]["messages"]["value"])

    def tallies(self, since: datetime) -> Mapping[str, Tally]:
        """Count by rule id what changed to a state, or was entered, after a moment."""
        moment = microseconds(since)
        # A row changes when it is due or later, and is entered when it changes first.
        recent = {"bool": {"should": [{"range": {name: {"gte": moment}}} for name in ("due", "entered", "claimed")]}}
        counted = {"prefix": {"subject": COUNTED}}
        rules = {
            "terms": {"field": "rule_id", "size": _MOST_CHANNELS},
            "aggs": {"states": {"terms": {"field": "state"}}},
        }
        query = {"bool": {"filter": [recent], "must_not": counted}}
        answer = self._index.search(query=query, size=0, aggs={"rules": rules})
        found = {
            bucket["key"]: {each["key"]: each["doc_count"] for each in bucket["states"]["buckets"]}
            for bucket in answer["aggregations"]["rules"]["buckets"]
        }
        rows = self._index.search(query={"bool": {"filter": [recent, counted]}}, size=_CHUNK)["hits"]["hits"]
        for row in map(_delivery, rows):
            counts = found.setdefault(row.alert.rule_id, {})
            counts["withheld"] = counts.get("withheld", 0) + row.attempts
        return {rule_id: Tally(**counts) for rule_id, counts in found.items()}

    def prune_withheld(self, before: datetime, limit: int) -> int:
        """Forget at most ``limit`` of the deliveries that were withheld before a moment; return how many."""
        old = _all([{"term": {"state": "withheld"}}, {"range": {"due": {"lt": microseconds(before)}}}])
        hits = self._index.search(query=old, size=min(limit, _CHUNK), source=False)["hits"]["hits"]
        removed = self._index.bulk([{"delete": {"_id": hit["_id"]}} for hit in hits], passing=(409,))
        return removed.count(200)

    def prune(self, before: datetime) -> int:
        """Forget deliveries that were due before a moment and are not queued any more; return how many."""
        old: dict[str, Any] = {
            "filter": {"range": {"due": {"lt": microseconds(before)}}},
            "must_not": {"term": {"state": "queued"}},
        }
        removed = 0
        while hits := self._index.search(query={"bool": old}, size=_CHUNK, source=False)["hits"]["hits"]:
            statuses = self._index.bulk([{"delete": {"_id": hit["_id"]}} for hit in hits], passing=(409,))
            removed += sum(status == 200 for status in statuses)
        return removed

    def _sources_of_older_rows(self, query: dict[str, Any]) -> set[str]:
        older = {"bool": {"filter": query, "must_not": {"exists": {"field": "key"}}}}
        found: set[str] = set()
        after: dict[str, Any] = {}
        while True:
            wanted = ["alert.article.source", "alert.article.duplicate_of"]
            order = [{"entered": "desc"}]
            hits = self._index.search(query=older, size=_CHUNK, sort=order, source=wanted, **after)["hits"]["hits"]
            articles = [hit["_source"]["alert"]["article"] for hit in hits if hit["_source"].get("alert")]
            found |= {article["source"] for article in articles if article.get("duplicate_of") is None}
            if len(hits) < _CHUNK:
                return found
            after = {"search_after": hits[-1]["sort"]}

    def close(self) -> None:
        """Close the connections; idempotent."""
        self._index.close()


def _all(conditions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"filter": list(conditions)}} if conditions else {"match_all": {}}


def _of_rule(rule: str) -> dict[str, Any]:
    either = [{"term": {"rule_id": rule}}, {"term": {"rule": rule}}]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def _about(about: About) -> dict[str, Any]:
    return _all([{"term": {name: getattr(about, name)}} for name in ("rule_id", "channel", "subject")])


def _read_cursor(text: str) -> list[Any]:
    try:
        return msgspec.json.decode(bytes.fromhex(text), type=list[int | str | None])
    except (ValueError, msgspec.MsgspecError) as exc:
        raise UsageError("The cursor is not one that an earlier page gave; start again without it.") from exc


def _when(row: _Row) -> datetime:
    return row[0].due


def _unchanged(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the condition that nobody has written to a row since it was written or read so."""
    return {"if_seq_no": row["_seq_no"], "if_primary_term": row["_primary_term"]}


def _due(now: datetime, *conditions: dict[str, Any]) -> dict[str, Any]:
    passed = {"lte": microseconds(now)}
    return _all(
        [{"term": {"state": "queued"}}, {"range": {"due": passed}}, {"range": {"claimed": passed}}, *conditions]
    )


def _source(delivery: Delivery) -> dict[str, Any]:
    source: dict[str, Any] = msgspec.to_builtins(delivery)
    alert = delivery.alert
    return source | {
        "due": microseconds(delivery.due),
        "changed": microseconds(delivery.changed),
        "claimed": 0,
        "rule_id": alert.rule_id,
        "rule": alert.rule,
        "subject": alert.subject,
        "source": independent_source(delivery),
        "key": delivery.id,
        "message": f"digest {microseconds(delivery.due)}" if delivery.digest else delivery.id,
    }


def _delivery(hit: dict[str, Any]) -> Delivery:
    source = dict(hit["_source"])
    for name in ("due", "changed"):
        source[name] = from_microseconds(source[name])
    return msgspec.convert(source, Delivery)
