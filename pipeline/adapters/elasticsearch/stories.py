"""The Stories port on Elasticsearch: aggregates over the months, and the merges that documents tell of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
from pipeline.adapters.elasticsearch.months import document_of
from pipeline.adapters.story_pages import choose, read_rank
from pipeline.adapters.verified_search import Cursor, read_cursor, write_cursor
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.search import SearchRequest
from pipeline.ports.stories import StoriesPage, StoriesRequest, StoryArticles, StorySummary

# Of the stories that match, so many are looked at: the largest, or those that reported last.
MAX_STORIES = 10_000
# Elasticsearch makes 65,536 buckets in one answer.
STORIES_AT_ONCE = 300
IDS_AT_ONCE = 1_000
MAX_SOURCES = 10_000
SLICES_PER_QUESTION = 5
_STORY = "nw.facets.story"
# Up to so many different values are counted exactly: for each of many stories, and for the few of a page.
_ROUGHLY, _EXACTLY = 1_000, 40_000


class ElasticsearchStories:
    """Sum up the stories of the indices of the months."""

    def __init__(self, index: ElasticsearchIndex) -> None:
        self._index = index

    def summaries(self, request: StoriesRequest) -> StoriesPage:
        """Return one page."""
        read_rank(request.cursor)
        is_complete = self._index.months.complete(SLICES_PER_QUESTION)
        ids, are_all = self._found(request)
        families = self.families(ids)
        found = self._counted(families, request.now, request.window_s, _ROUGHLY)
        page, total, cursor = choose(found, request)
        stories = tuple(self._filled_in({each.id: families[each.id] for each in page}, request.now, request.window_s))
        return StoriesPage(stories=stories, total=total, cursor=cursor, estimated=not (is_complete and are_all))

    def story(self, story_id: str, now: datetime, window_s: int = 21_600) -> StorySummary | None:
        """Sum up one story."""
        self._index.months.complete(SLICES_PER_QUESTION)
        found = self._filled_in(self.families([story_id]), now, window_s)
        return found[0] if found else None

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of the stories that go on of those whose ids begin so."""
        self._index.months.complete(SLICES_PER_QUESTION)
        found: set[str] = set()
        for field in (_STORY, "nw.merged"):
            terms = {"field": field, "include": begins_with(beginning), "size": IDS_AT_ONCE, "order": {"_key": "asc"}}
            query = {"prefix": {field: beginning}}
            answer = self._index.ask(size=0, query=query, aggs={"ids": {"terms": terms}}, track_total_hits=False)
            found |= {bucket["key"] for bucket in _buckets(answer, "ids")}
        return sorted(self.families(found))[:limit]

    def articles(self, story_id: str, cursor: str | None = None, limit: int = 200) -> StoryArticles:
        """Return a story's articles, oldest first."""
        self._index.months.complete(SLICES_PER_QUESTION)
        after = read_cursor(cursor)
        (ids,) = self.families([story_id]).values()
        answer = self._index.ask(
            query={"terms": {_STORY: list(ids)}},
            sort=[{"nw.dated": "asc"}, {"nw.id": "asc"}],
            size=limit + 1,
            search_after=[after.key, after.id] if after else None,
            track_total_hits=False,
        )
        hits = answer["hits"]["hits"]
        following = Cursor(*hits[limit - 1]["sort"]) if len(hits) > limit else None
        documents = self._index.with_copies([document_of(hit) for hit in hits[:limit]])
        return StoryArticles(articles=tuple(documents), cursor=write_cursor(following))

    def families(self, story_ids: Iterable[str]) -> dict[str, Sequence[str]]:
        """Return, by the story that goes on, every id that each of these stories ever had, its last one first."""
        known: set[str] = set()
        into: dict[str, str] = {}
        new = set(story_ids)
        while new:
            known |= new
            ids = sorted(new)
            for start in range(0, len(ids), IDS_AT_ONCE):
                into |= self._merges(ids[start : start + IDS_AT_ONCE])
            new = {*into, *into.values()} - known
        found: dict[str, list[str]] = {}
        for each in sorted(known):
            members = found.setdefault(_survivor(each, into), [])
            members.append(each)
        return {kept: [kept, *(each for each in ids if each != kept)] for kept, ids in found.items()}

    def _merges(self, ids: Sequence[str]) -> dict[str, str]:
        """Return which stories were merged into which, of all merges that concern these."""
        merging = {"bool": {"filter": [{"terms": {_STORY: ids}}, {"exists": {"field": "nw.merged"}}]}}
        either = {"bool": {"should": [{"terms": {"nw.merged": ids}}, merging], "minimum_should_match": 1}}
        gone = {"gone": {"terms": {"field": "nw.merged", "size": IDS_AT_ONCE}}}
        kept = {"kept": {"terms": {"field": _STORY, "size": MAX_STORIES}, "aggs": gone}}
        answer = self._index.ask(size=0, query=either, aggs=kept, track_total_hits=False)
        return {
            inner["key"]: bucket["key"]
            for bucket in _buckets(answer, "kept")
            for inner in bucket["gone"]["buckets"]
            if inner["key"] != bucket["key"]
        }

    def _found(self, request: StoriesRequest) -> tuple[list[str], bool]:
        """Return the stories with a matching article, and whether they are all."""
        query = self._index.matching(SearchRequest(query=request.query, now=request.now, copies=True))
        terms: dict[str, Any] = {"terms": {"field": _STORY, "size": MAX_STORIES}}
        if request.sort != "size":
            terms["terms"]["order"] = {"latest": "desc"}
            terms["aggs"] = {"latest": {"max": {"field": "nw.reported"}}}
        answer = self._index.ask(size=0, query=query, aggs={"stories": terms}, track_total_hits=False)
        if "aggregations" not in answer:
            return [], True
        buckets = _buckets(answer, "stories")
        return [bucket["key"] for bucket in buckets], not answer["aggregations"]["stories"]["sum_other_doc_count"]

    def _counted(
        self, families: Mapping[str, Sequence[str]], now: datetime, window_s: int, precision: int
    ) -> list[StorySummary]:
        found: list[StorySummary] = []
        counts = _counts(now, window_s, precision)
        kept = sorted(families)
        for start in range(0, len(kept), STORIES_AT_ONCE):
            chunk = kept[start : start + STORIES_AT_ONCE]
            filters = {story_id: {"terms": {_STORY: list(families[story_id])}} for story_id in chunk}
            answer = self._index.ask(
                size=0,
                query={"terms": {_STORY: [each for story_id in chunk for each in families[story_id]]}},
                aggs={"stories": {"filters": {"filters": filters}, "aggs": counts}},
                track_total_hits=False,
            )
            if "aggregations" in answer:
                buckets = answer["aggregations"]["stories"]["buckets"]
                found += [_summary(story_id, buckets[story_id]) for story_id in chunk if buckets[story_id]["doc_count"]]
        return found

    def _filled_in(self, families: Mapping[str, Sequence[str]], now: datetime, window_s: int) -> list[StorySummary]:
        """Count these few stories exactly, in this order, with their sources."""
        filled = []
        for story_id, ids in families.items():
            for counted in self._counted({story_id: ids}, now, window_s, _EXACTLY):
                query, terms = {"terms": {_STORY: list(ids)}}, {"field": "nw.facets.source", "size": MAX_SOURCES}
                answer = self._index.ask(size=0, query=query, aggs={"sources": {"terms": terms}})
                sources = tuple(sorted(bucket["key"] for bucket in _buckets(answer, "sources")))
                filled.append(msgspec.structs.replace(counted, sources=sources, merged=tuple(sorted(ids[1:]))))
        return filled


def begins_with(beginning: str) -> str:
    """Return the regular expression, as Lucene has them, for values that begin so."""
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in beginning) + ".*"


def _counts(now: datetime, window_s: int, precision: int) -> dict[str, Any]:
    recent, before = (microseconds(now - timedelta(seconds=n * window_s)) for n in (1, 2))
    return {
        "origins": {"cardinality": {"field": "nw.origin", "precision_threshold": precision}},
        "first_seen": {"min": {"field": "nw.seen"}},
        "latest": {"max": {"field": "nw.reported"}},
        "recent": {"filter": {"range": {"nw.reported": {"gt": recent}}}},
        "before": {"filter": {"range": {"nw.reported": {"gt": before, "lte": recent}}}},
    }


def _summary(story_id: str, bucket: Mapping[str, Any]) -> StorySummary:
    return StorySummary(
        id=story_id,
        first_seen=_moment(bucket["first_seen"]["value"]),
        latest=_moment(bucket["latest"]["value"] or bucket["first_seen"]["value"]),
        articles=bucket["doc_count"],
        origins=max(bucket["origins"]["value"], 1),
        recent=bucket["recent"]["doc_count"],
        before=bucket["before"]["doc_count"],
    )


def _survivor(story_id: str, into: Mapping[str, str]) -> str:
    passed = {story_id}
    while (following := into.get(story_id)) is not None and following not in passed:
        passed.add(following)
        story_id = following
    return story_id


def _buckets(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return answer["aggregations"][name]["buckets"] if "aggregations" in answer else []


def _moment(number: float) -> datetime:
    # Doubles hold whole microseconds until the year 2255.
    return from_microseconds(int(number))
