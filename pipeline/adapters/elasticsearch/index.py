"""The SearchIndex port on Elasticsearch: one index per month of first sight, behind an alias.

Here is how it is searched; how it is kept is in ``months``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.client import OPEN, RETRY_AFTER_S, Access, connect, translated
from pipeline.adapters.elasticsearch.compile import Asked, Plan, compile_query, scored
from pipeline.adapters.elasticsearch.days import count_days
from pipeline.adapters.elasticsearch.months import Months, document_of
from pipeline.adapters.elasticsearch.revisions import ElasticsearchRevisions
from pipeline.adapters.verified_search import (
    CHUNK,
    MAX_FOLDED,
    MAX_SAMPLED,
    MAX_VERIFIED,
    Cursor,
    check_order,
    collect,
    estimate,
    matches,
    read_cursor,
    refuse_to_read,
    write_cursor,
)
from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.model import Document
from pipeline.ports.search import FACETS, Count, Day, SearchPage, SearchRequest
from pipeline.query.indexing import clip, counts_copies, similar_query
from pipeline.query.tree import And, Query

MAX_COPIED = 50_000
MAX_LISTED = 1_000
SEARCH_TIMEOUT_S = 10


@contextmanager
def _in_the_end() -> Iterator[None]:
    """Let what is not there now be tried again: what must not be lost waits for it."""
    try:
        yield
    except UnavailableError as exc:
        raise TransientError(str(exc), RETRY_AFTER_S) from exc


class ElasticsearchIndex:
    """Keep documents searchable on an Elasticsearch server; ``prefix`` keeps its indices apart from others."""

    def __init__(self, url: str, *, access: Access = OPEN, prefix: str = "", generation: str | None = None) -> None:
        self.url = url
        self._access = access
        self._prefix = prefix
        self._client: Elasticsearch = connect(url, access)
        self.months = Months(url, self._client, prefix, generation)
        self.revisions = ElasticsearchRevisions(url, self.months, access=access, prefix=prefix)

    def setup(self) -> None:
        """Put the template and complete what an earlier version wrote; idempotent. ``upsert`` does it bit by bit."""
        self.months.setup()
        while not self.months.complete(1):
            continue

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one."""
        if not documents:
            return ()
        try:
            self.revisions.keep(documents)
            refused = self.months.write(documents)
            self.months.complete(1)
            return refused
        except UnavailableError as exc:
            raise TransientError(str(exc), RETRY_AFTER_S) from exc

    def add_new(self, documents: Sequence[Document]) -> None:
        """Store each document of which neither this revision nor a newer one is there."""
        if not documents:
            return
        with _in_the_end():
            self.revisions.keep(documents)
            self.months.write_new(documents)

    def get(self, article_id: str) -> Document | None:
        """Return the newest revision of a document, as soon as it was written, with the ids of its copies."""
        months = self.months.names()
        found = self.months.locate([article_id], months, with_document=True) if months else {}
        if article_id not in found:
            return None
        (document,) = self.with_copies([document_of(found[article_id])])
        return document

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page, verified where Elasticsearch cannot answer exactly; it may then be short and still go on."""
        check_order(request)
        return self._page(request, read_cursor(request.cursor))

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count matching documents by the values of ``field``."""
        if field not in FACETS:
            raise UsageError(f"There is no facet {field!r}; the facets are {', '.join(FACETS)}.")
        if field == "day":
            days = count_days(self.ask, {"found": self.matching(request)}, request.zone, limit)["found"]
            return [Count(value=day, documents=n) for day, n in days.items()]
        order = [{"_count": "desc"}, {"_key": "asc"}]
        terms = {"field": f"nw.facets.{field}", "size": limit, "order": order}
        answer = self.ask(size=0, query=self.matching(request), aggs={"values": {"terms": terms}})
        buckets = answer["aggregations"]["values"]["buckets"] if "aggregations" in answer else []
        return [Count(value=bucket["key"], documents=bucket["doc_count"]) for bucket in buckets]

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count matching documents and all documents by day."""
        whole = self.matching(msgspec.structs.replace(request, query=None))
        counted = count_days(self.ask, {"found": self.matching(request), "all": whole}, request.zone)
        everything = counted["all"]
        # A group that a copy is shown of may count on another day than among everything.
        return [
            Day(day=day, documents=n, all=max(n, everything.get(day, 0))) for day, n in sorted(counted["found"].items())
        ]

    def similar(self, document: Document, request: SearchRequest) -> SearchPage:
        """Return documents that share this one's most telling words, best first."""
        size = self.ask(size=0, query={"match_all": {}})["hits"]["total"]["value"]
        query = similar_query(document, self._frequencies, size)
        if query is None:
            return SearchPage(documents=(), total=0)
        if request.query is not None:
            query = Query(text=query.text, root=And(nodes=(request.query.root, query.root)))
        return self.search(msgspec.structs.replace(request, query=query, sort="best"))

    def refresh(self) -> None:
        """Make everything upserted so far visible to ``search``."""
        with translated(self.url):
            self._client.indices.refresh(index=self.months.target(), ignore_unavailable=True, allow_no_indices=True)

    def prune(self, before: datetime) -> int:
        """Drop the indices of whole months before a moment; return how many documents they held."""
        if dropped := self.months.before(before):
            # First: what is interrupted between the two begins here again.
            self.revisions.prune([name for name in self.months.names() if name not in dropped])
        return self.months.prune(before)

    def outdated(self) -> int:
        """Count the documents that were indexed by another version of the text analysis."""
        with _in_the_end():
            return self.months.outdated()

    def renew(self, limit: int) -> int:
        """Index up to ``limit`` of them anew, newest first; return how many."""
        with _in_the_end():
            return self.months.renew(limit)

    def shadow(self, name: str) -> ElasticsearchIndex:
        """Return a second, empty set of indices, which ``promote`` puts in this one's place."""
        if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
            raise UsageError(f"{name!r} cannot name an index; use up to 40 small letters, digits and _.")
        shadow = ElasticsearchIndex(self.url, access=self._access, prefix=self._prefix, generation=name)
        if shadow.months.names():
            raise UsageError(f"There is an index {name!r} already; choose another name.")
        return shadow

    def promote(self) -> None:
        """Let the alias stand for this generation, copy what others received meanwhile, and drop them."""
        self.months.promote()

    def close(self) -> None:
        """Close the connections; idempotent."""
        self.revisions.close()
        self.months.close()
        self._client.close()

    def filtered(self, request: SearchRequest) -> Plan:
        """Compile the request's query; what counts an article's copies asks for originals."""
        plan = Plan({"match_all": {}})
        if request.query is not None:
            plan = compile_query(request.query.root, Asked(now=request.now, copied=self._copied))
        if request.query is None or request.copies or not counts_copies(request.query.root):
            return plan
        return Plan(originals(plan.filter), plan.exact)

    def _page(self, request: SearchRequest, cursor: Cursor | None) -> SearchPage:
        plan = self.filtered(request)
        found = collect(self._candidates(plan, request, cursor), request, plan.exact)
        total, estimated = self._total(plan, request)
        return SearchPage(
            documents=tuple(self.with_copies(found.documents)),
            total=total,
            cursor=write_cursor(found.following),
            estimated=estimated,
        )

    def _total(self, plan: Plan, request: SearchRequest) -> tuple[int, bool]:
        if not plan.exact:
            every = msgspec.structs.replace(request, sort="newest", limit=MAX_SAMPLED - 1, copies=True)
            sample = [document for _, document in zip(range(MAX_SAMPLED), self._in_order(plan, every), strict=False)]
            return estimate(self._count(plan.filter), sample, request)
        if request.copies:
            return self._count(plan.filter), False
        alone, whole = self._orphans(plan)
        return self._count(originals(plan.filter)) + len(alone), not whole

    def _count(self, query: dict[str, Any]) -> int:
        return int(self.ask(size=0, query=query)["hits"]["total"]["value"])

    def _orphans(self, plan: Plan) -> tuple[list[str], bool]:
        """Return the groups that only copies are found of, by an exact plan, and whether they are all of them."""
        terms = {"field": "nw.original", "size": MAX_FOLDED}
        asked = {"bool": {"filter": [plan.filter, {"exists": {"field": "nw.original"}}]}}
        answer = self.ask(size=0, query=asked, aggs={"groups": {"terms": terms}}, track_total_hits=False)
        if "aggregations" not in answer:
            return [], True
        counted = answer["aggregations"]["groups"]
        groups = [bucket["key"] for bucket in counted["buckets"]]
        there: set[str] = set()
        for start in range(0, len(groups), MAX_LISTED):
            listed = {"bool": {"filter": [plan.filter, {"terms": {"nw.id": groups[start : start + MAX_LISTED]}}]}}
            found = self.ask(query=originals(listed), size=MAX_LISTED, source=False, track_total_hits=False)
            there |= {hit["_id"] for hit in found["hits"]["hits"]}
        return [group for group in groups if group not in there], not counted["sum_other_doc_count"]

    def _standing(self, plan: Plan, request: SearchRequest, groups: Sequence[str]) -> dict[str, str]:
        """Return which member stands for each group among what is found: the original, else the earliest copy."""
        standing: dict[str, str] = {}
        members = [{"terms": {field: list(groups)}} for field in ("nw.id", "nw.original")]
        among = {"bool": {"filter": [plan.filter], "should": members, "minimum_should_match": 1}}
        order: list[dict[str, str]] = [{"nw.order": "asc"}, {"nw.id": "asc"}]
        after: list[Any] | None = None
        found: list[Document] = []
        while True:
            answer = self.ask(query=among, sort=order, size=MAX_LISTED, search_after=after, track_total_hits=False)
            hits = answer["hits"]["hits"]
            found += map(document_of, hits)
            if len(hits) < MAX_LISTED:
                break
            after = hits[-1]["sort"]
        for document in sorted(found, key=lambda document: document.duplicate_of is not None):
            if plan.exact or matches(document, request):
                standing.setdefault(document.duplicate_of or document.id, document.id)
        return standing

    def _in_order(self, plan: Plan, request: SearchRequest) -> Iterator[Document]:
        return (document for _, document in self._candidates(plan, request, None))

    def _candidates(self, plan: Plan, request: SearchRequest, cursor: Cursor | None) -> Iterator[tuple[int, Document]]:
        size = request.limit + 1 if plan.exact else max(request.limit + 1, CHUNK)
        query: dict[str, Any] = {"bool": {"filter": plan.filter}}
        sort: list[dict[str, str]] = [{"nw.order": "desc"}, {"nw.id": "desc"}]
        best = request.sort == "best" and request.query is not None
        if best and request.query is not None:
            query["bool"]["should"] = scored(request.query.root)
            sort.insert(0, {"_score": "desc"})
        standing: dict[str, str] = {}
        after: list[Any] | None = None
        if cursor is not None:
            after = self._place(query, sort, cursor) if best else [cursor.key, cursor.id]
        while True:
            answer = self.ask(query=query, sort=sort, size=size, search_after=after, track_total_hits=False)
            hits = answer["hits"]["hits"]
            documents = [document_of(hit) for hit in hits]
            if not plan.exact and request.query is not None and counts_copies(request.query.root):
                documents = self.with_copies(documents)
            if not request.copies:
                new = {each.duplicate_of for each in documents if each.duplicate_of} - standing.keys()
                standing |= self._standing(plan, request, sorted(new)) if new else {}
            for hit, found in zip(hits, documents, strict=True):
                if request.copies or standing.get(found.duplicate_of or found.id, found.id) == found.id:
                    yield hit["_source"]["nw"]["order"], found
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def _place(self, query: dict[str, Any], sort: list[dict[str, str]], cursor: Cursor) -> list[Any]:
        """Return the place of the cursor's document in today's ranking: scores shift with all that is indexed."""
        only = {"bool": {"must": query, "filter": {"term": {"nw.id": cursor.id}}}}
        hits = self.ask(query=only, sort=sort, size=1, source=False)["hits"]["hits"]
        if not hits:
            raise UsageError("The article that the cursor stands after is no longer found; start again without it.")
        place: list[Any] = hits[0]["sort"]
        return place

    def matching(self, request: SearchRequest) -> dict[str, Any]:
        """Return a filter for what matches, each group once. Raises ``UsageError`` when too many need reading."""
        plan = self.filtered(request)
        if not plan.exact:
            every = msgspec.structs.replace(request, sort="newest", limit=CHUNK)
            found = []
            for examined, document in enumerate(self._in_order(plan, every)):
                if examined >= MAX_VERIFIED:
                    raise refuse_to_read()
                if matches(document, request):
                    found.append(document.id)
            return {"terms": {"nw.id": found}}
        if request.copies:
            return plan.filter
        alone, _ = self._orphans(plan)
        if not alone:
            return originals(plan.filter)
        kept = [
            each
            for start in range(0, len(alone), MAX_LISTED)
            for each in self._standing(plan, request, alone[start : start + MAX_LISTED]).values()
        ]
        return {"bool": {"should": [originals(plan.filter), {"terms": {"nw.id": kept}}], "minimum_should_match": 1}}

    def _frequencies(self, tokens: Sequence[str]) -> Sequence[int]:
        filters = {
            str(n): {"bool": {"should": [{"term": {f"nw.terms.{part}": clip(token)}} for part in ("title", "body")]}}
            for n, token in enumerate(tokens)
        }
        answer = self.ask(size=0, query={"match_all": {}}, aggs={"tokens": {"filters": {"filters": filters}}})
        buckets = answer["aggregations"]["tokens"]["buckets"]
        return [buckets[str(n)]["doc_count"] for n in range(len(tokens))]

    def _copied(self, least: int, most: int | None) -> list[str]:
        """Return the ids of articles with so many copies. Raises ``UsageError`` when they are too many to list."""
        terms = {"field": "nw.original", "size": MAX_COPIED, "min_doc_count": least}
        answer = self.ask(size=0, query={"match_all": {}}, aggs={"originals": {"terms": terms}})
        if "aggregations" not in answer:
            return []
        counted = answer["aggregations"]["originals"]
        if counted["sum_other_doc_count"]:
            raise UsageError(f"More than {MAX_COPIED:,} articles have copies; ask for a greater number of them.")
        return [bucket["key"] for bucket in counted["buckets"] if most is None or bucket["doc_count"] <= most]

    def with_copies(self, documents: Sequence[Document]) -> list[Document]:
        copies: dict[str, list[str]] = {}
        if documents:
            answer = self.ask(
                query={"terms": {"nw.original": [document.id for document in documents]}},
                sort=[{"nw.order": "asc"}],
                size=10_000,
                source=["nw.original"],
            )
            for hit in answer["hits"]["hits"]:
                copies.setdefault(hit["_source"]["nw"]["original"], []).append(hit["_id"])
        return [msgspec.structs.replace(document, copies=tuple(copies.get(document.id, ()))) for document in documents]

    def statistics(self, names: Sequence[str]) -> dict[str, Any]:
        """Return by index how far each copy of each of its shards is written."""
        with translated(self.url):
            answer = self._client.indices.stats(index=list(names), level="shards", metric="docs")
        found: dict[str, Any] = answer.body["indices"]
        return found

    def ask(self, index: str | None = None, **body: Any) -> dict[str, Any]:
        """Search all months, or one index, within the time that anyone waits."""
        body.setdefault("track_total_hits", True)
        with translated(self.url):
            answer = self._client.search(
                index=index or self.months.target(),
                ignore_unavailable=True,
                allow_no_indices=True,
                search_type="dfs_query_then_fetch",
                timeout=f"{SEARCH_TIMEOUT_S}s",
                **body,
            )
        if answer["timed_out"]:
            raise UsageError(f"The search took longer than {SEARCH_TIMEOUT_S} s; narrow it.")
        result: dict[str, Any] = answer.body
        return result


def originals(query: dict[str, Any]) -> dict[str, Any]:
    """Return the filter for the originals among what a filter finds."""
    return {"bool": {"filter": [query], "must_not": {"exists": {"field": "nw.original"}}}}
