"""The Marks port on Elasticsearch: one document per reader, mark and article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.adapters.elasticsearch.client import OPEN, Access
from pipeline.adapters.elasticsearch.side_index import CHUNK, SideIndex
from pipeline.model import derive_id
from pipeline.ports.marks import Marked

_KEYWORD = {"type": "keyword"}
_PROPERTIES: dict[str, Any] = dict.fromkeys(("reader", "mark", "article"), _KEYWORD) | {"number": {"type": "long"}}
_MOST_MARKS = 10_000


class ElasticsearchMarks:
    """Keep marks on an Elasticsearch server; ``prefix`` keeps them apart from others'."""

    def __init__(self, url: str, *, access: Access = OPEN, prefix: str = "") -> None:
        self._index = SideIndex(url, f"{prefix}marks", _PROPERTIES, access=access)

    def set(self, reader: str, mark: str, articles: Sequence[Marked]) -> None:
        """Mark articles."""
        for start in range(0, len(articles), CHUNK):
            operations: list[dict[str, Any]] = []
            for each in articles[start : start + CHUNK]:
                entry = {"reader": reader, "mark": mark, "article": each.article, "number": each.number}
                operations += [{"index": {"_id": derive_id(reader, mark, each.article)}}, entry]
            self._index.bulk(operations)

    def clear(self, reader: str, mark: str, articles: Sequence[str]) -> None:
        """Take a mark from articles."""
        for start in range(0, len(articles), CHUNK):
            chunk = articles[start : start + CHUNK]
            self._index.bulk([{"delete": {"_id": derive_id(reader, mark, each)}} for each in chunk])

    def of(self, reader: str, articles: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Return the marks of articles by article id."""
        found: dict[str, set[str]] = {}
        for start in range(0, len(articles), CHUNK):
            asked: list[dict[str, Any]] = [
                {"term": {"reader": reader}},
                {"terms": {"article": list(articles[start : start + CHUNK])}},
            ]
            for source in self._all(asked, "article"):
                found.setdefault(source["article"], set()).add(source["mark"])
        return {article: frozenset(marks) for article, marks in found.items()}

    def marked(self, reader: str, mark: str, *, before: int | None = None, limit: int = 100) -> Sequence[Marked]:
        """Return articles with a mark, greatest number first."""
        asked: list[dict[str, Any]] = [{"term": {"reader": reader}}, {"term": {"mark": mark}}]
        if before is not None:
            asked.append({"range": {"number": {"lt": min(before, (1 << 63) - 1)}}})
        return [Marked(article=each["article"], number=each["number"]) for each in self._all(asked, "number", limit)]

    def counts(self, reader: str) -> Mapping[str, int]:
        """Count a reader's articles by mark."""
        marks = {"marks": {"terms": {"field": "mark", "size": _MOST_MARKS}}}
        answer = self._index.search(query={"term": {"reader": reader}}, size=0, aggs=marks)
        return {each["key"]: each["doc_count"] for each in answer["aggregations"]["marks"]["buckets"]}

    def forget(self, reader: str) -> None:
        """Drop all marks of a reader."""
        while hits := self._index.search(query={"term": {"reader": reader}}, size=CHUNK, source=False)["hits"]["hits"]:
            self._index.bulk([{"delete": {"_id": hit["_id"]}} for hit in hits])

    def close(self) -> None:
        """Close the connections; idempotent."""
        self._index.close()

    def _all(self, filters: list[dict[str, Any]], order: str, limit: int | None = None) -> list[dict[str, Any]]:
        """Return what is kept of all that fits, page by page, by ``order`` and article, greatest first."""
        found: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while limit is None or len(found) < limit:
            size = CHUNK if limit is None else min(CHUNK, limit - len(found))
            sort = [{order: "desc"}, {"article": "desc"}, {"mark": "desc"}]
            hits = self._index.search(query={"bool": {"filter": filters}}, size=size, sort=sort, **after)["hits"][
                "hits"
            ]
            found += [hit["_source"] for hit in hits]
            if len(hits) < size:
                break
            after = {"search_after": hits[-1]["sort"]}
        return found
