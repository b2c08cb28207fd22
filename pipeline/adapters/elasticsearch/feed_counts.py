"""The FeedCounts port on Elasticsearch: one question for all feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.adapters.elasticsearch.days import MAX_DAYS
from pipeline.adapters.elasticsearch.index import ElasticsearchIndex, originals
from pipeline.adapters.elasticsearch.marks import ElasticsearchMarks
from pipeline.ports.feed_counts import MOST_UNREAD
from pipeline.ports.marks import READ, SEARCHABLE
from pipeline.query.indexing import clip_keyword, least_key


class ElasticsearchFeedCounts:
    """Count in the indices of the months."""

    def __init__(self, index: ElasticsearchIndex, marks: ElasticsearchMarks) -> None:
        self._index = index
        self._marks = marks

    def per_day(self, feeds: Sequence[str], since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Count each feed's articles by day."""
        start = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = {"days": {"terms": {"field": "nw.day", "size": MAX_DAYS}}}
        recent = {"range": {"nw.order": {"gte": least_key(start)}}}
        buckets = self._by_feed(recent, feeds, days)
        counted = {
            feed: {each["key"]: each["doc_count"] for each in bucket["days"]["buckets"]}
            for feed, bucket in buckets.items()
        }
        return {feed: found for feed, found in counted.items() if found}

    def unread(self, reader: str, feeds: Sequence[str], *, after: int | None = None) -> tuple[int, Mapping[str, int]]:
        """Count what is not among the newest that a reader has read."""
        read = [each.article for each in self._marks.marked(reader, READ, limit=SEARCHABLE)]
        asked: list[dict[str, Any]] = [{"range": {"nw.number": {"gt": after}}}] if after is not None else []
        unread = originals({"bool": {"filter": asked, "must_not": [{"terms": {"nw.id": read}}]}})
        self._index.refresh()
        whole = int(self._index.ask(size=0, query=unread)["hits"]["total"]["value"])
        counted = {feed: bucket["doc_count"] for feed, bucket in self._by_feed(unread, feeds, {}).items()}
        return min(whole, MOST_UNREAD), {feed: min(n, MOST_UNREAD) for feed, n in counted.items() if n}

    def _by_feed(self, query: dict[str, Any], feeds: Sequence[str], inner: dict[str, Any]) -> dict[str, Any]:
        if not feeds:
            return {}
        filters = {str(n): {"term": {"nw.keys.feed": clip_keyword(feed.casefold())}} for n, feed in enumerate(feeds)}
        asked: dict[str, Any] = {"filters": {"filters": filters}}
        if inner:
            asked["aggs"] = inner
        answer = self._index.ask(size=0, query=query, aggs={"feeds": asked}, track_total_hits=False)
        if "aggregations" not in answer:
            return {}
        buckets = answer["aggregations"]["feeds"]["buckets"]
        return {feed: buckets[str(n)] for n, feed in enumerate(feeds)}
