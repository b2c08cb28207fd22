"""The Events port on Elasticsearch: articles are found by the index, reports by the ids that documents hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.adapters.elasticsearch.days import MAX_DAYS
from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
from pipeline.adapters.elasticsearch.months import document_of
from pipeline.adapters.elasticsearch.stories import ElasticsearchStories, begins_with
from pipeline.adapters.reported_events import Reports, on_articles
from pipeline.model import ReportedEvent
from pipeline.ports.events import EventDay, EventDays, EventsPage, EventsRequest
from pipeline.ports.search import SearchRequest


class ElasticsearchEvents:
    """Find the events of the indices of the months."""

    def __init__(self, index: ElasticsearchIndex, stories: ElasticsearchStories) -> None:
        self._index = index
        self._stories = stories
        self._reports = Reports(index.search, self._same)

    def page(self, request: EventsRequest) -> EventsPage:
        """Return one page."""
        return self._reports.page(request)

    def days(self, request: EventsRequest) -> EventDays:
        """Count by day: of some thousand articles as they are merged, of more by aggregates."""
        read = self._reports.days(request)
        return EventDays(days=read) if read is not None else EventDays(days=self._estimated(request), estimated=True)

    def event(self, event_id: str) -> ReportedEvent | None:
        """Return the event that a report tells of; what an earlier version wrote is completed first."""
        self._complete()
        hits = self._index.ask(query={"term": {"nw.event_ids": event_id}}, size=10)["hits"]["hits"]
        for hit in hits:
            for reported in self._reports.of_article(document_of(hit)):
                if any(report.event == event_id for report in reported.told_by):
                    return reported
        return None

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of reports that begin so; what an earlier version wrote is completed first."""
        self._complete()
        field = "nw.event_ids"
        terms = {"field": field, "include": begins_with(beginning), "size": limit, "order": {"_key": "asc"}}
        answer = self._index.ask(size=0, query={"prefix": {field: beginning}}, aggs={"ids": {"terms": terms}})
        return [bucket["key"] for bucket in _aggregated(answer, "ids").get("buckets", ())]

    def _complete(self) -> None:
        while not self._index.months.complete(1):
            continue

    def _same(self, story_ids: Sequence[str]) -> dict[str, Sequence[str]]:
        families = self._stories.families(story_ids).values()
        return {each: family for family in families for each in family if each in set(story_ids)}

    def _estimated(self, request: EventsRequest) -> tuple[EventDay, ...]:
        query = self._index.matching(SearchRequest(query=on_articles(request), now=request.now, copies=True))
        wanted: list[dict[str, Any]] = [{"range": {"nw.events.confidence": {"gte": request.confidence_min}}}]
        wanted += [{"term": {"nw.events.event": value}} for name, value in request.conditions if name == "event"]
        different = {"different": {"cardinality": {"field": "nw.events.same", "precision_threshold": 3_000}}}
        days = {"days": {"terms": {"field": "nw.events.day", "size": MAX_DAYS}, "aggs": different}}
        fitting = {"fitting": {"filter": {"bool": {"filter": wanted}}, "aggs": days}}
        events = {"events": {"nested": {"path": "nw.events"}, "aggs": fitting}}
        answer = self._index.ask(size=0, query=query, aggs=events, track_total_hits=False)
        buckets = _aggregated(answer, "events").get("fitting", {"days": {"buckets": ()}})["days"]["buckets"]
        found = sorted((bucket["key"], int(bucket["different"]["value"])) for bucket in buckets)
        return tuple(EventDay(day=day, events=count) for day, count in found)


def _aggregated(answer: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = answer.get("aggregations", {}).get(name, {})
    return found
