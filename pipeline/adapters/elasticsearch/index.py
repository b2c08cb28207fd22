"""The SearchIndex port on Elasticsearch: one index per month of first sight, behind an alias.

An index is named ``PREFIXnewswire-GENERATION-YYYY.MM``; the alias ``PREFIXnewswire`` stands for those of the current
generation. A rebuild fills another generation, which then takes the alias over. Writes carry the revision as external
version, so that an older one never replaces a newer one; a revision goes where the article's first version is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.client import RETRY_AFTER_S, connect, translated
from pipeline.adapters.elasticsearch.compile import Plan, compile_query, scored
from pipeline.adapters.elasticsearch.template import entry_of, month_of, template
from pipeline.adapters.paging import (
    CHUNK,
    MAX_SAMPLED,
    MAX_VERIFIED,
    Cursor,
    check_order,
    collect,
    estimate,
    matches,
    read_cursor,
    refuse_to_read,
    unfolds,
    write_cursor,
)
from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.language.indexing import clip, similar_query
from pipeline.language.query import And, Query
from pipeline.model import Document
from pipeline.ports import Count, Day, SearchPage, SearchRequest

FIRST_GENERATION = "1"
BULK_BYTES = 8_000_000
MAX_DAYS = 20_000
FACETS = ("source", "language", "day", "tag", "story", "actor", "place", "event")
SEARCH_TIMEOUT_S = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Hit = dict[str, Any]


class ElasticsearchIndex:
    """Keep documents searchable on an Elasticsearch server; ``prefix`` keeps its indices apart from others."""

    def __init__(
        self, url: str, *, api_key: str | None = None, prefix: str = "", generation: str | None = None
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._prefix = prefix
        self._generation = generation
        self._client: Elasticsearch = connect(url, api_key)
        self._alias = f"{prefix}newswire"
        self._since = datetime.now(UTC)
        self._is_set_up = False

    def setup(self) -> None:
        """Put the template; idempotent. The first ``upsert`` does it too."""
        with translated(self._url):
            self._client.indices.put_index_template(name=self._alias, **template(self._prefix))
        self._is_set_up = True

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one."""
        if not documents:
            return ()
        try:
            if not self._is_set_up:
                self.setup()
            return self._upsert(documents)
        except UnavailableError as exc:
            raise TransientError(str(exc), RETRY_AFTER_S) from exc

    def get(self, article_id: str) -> Document | None:
        """Return the newest revision of a document, as soon as it was written, with the ids of its copies."""
        indices = self._indices()
        found = self._locate([article_id], indices, with_document=True) if indices else {}
        if article_id not in found:
            return None
        (document,) = self._with_copies([_document(found[article_id])])
        return document

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page, verified where Elasticsearch cannot answer exactly; it may then be short and still go on."""
        check_order(request)
        cursor = read_cursor(request.cursor)
        copies = unfolds(request) or (cursor is not None and cursor.copies)
        page = self._page(request, cursor, copies)
        if not page.documents and cursor is None and not copies:
            # Only copies match, by words that the original lacks.
            page = self._page(request, cursor, True)
        return page

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count matching documents by the values of ``field``."""
        if field not in FACETS:
            raise UsageError(f"There is no facet {field!r}; the facets are {', '.join(FACETS)}.")
        by_day = field == "day"
        order = [{"_key": "desc"}] if by_day else [{"_count": "desc"}, {"_key": "asc"}]
        terms = {"field": "nw.day" if by_day else f"nw.facets.{field}", "size": limit, "order": order}
        answer = self._ask(size=0, query=self._matching(request), aggs={"values": {"terms": terms}})
        buckets = answer["aggregations"]["values"]["buckets"] if "aggregations" in answer else []
        return [Count(value=bucket["key"], documents=bucket["doc_count"]) for bucket in buckets]

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count matching documents and all documents by day."""
        whole = self._matching(msgspec.structs.replace(request, query=None))
        days = {"days": {"terms": {"field": "nw.day", "size": MAX_DAYS}}}
        answer = self._ask(
            size=0,
            query={"match_all": {}},
            aggs={"found": {"filter": self._matching(request), "aggs": days}, "all": {"filter": whole, "aggs": days}},
        )
        if "aggregations" not in answer:
            return ()
        found, everything = (
            {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"][name]["days"]["buckets"]}
            for name in ("found", "all")
        )
        return [Day(day=day, documents=count, all=everything[day]) for day, count in sorted(found.items())]

    def similar(self, document: Document, request: SearchRequest) -> SearchPage:
        """Return documents that share this one's most telling words, best first."""
        size = self._ask(size=0, query={"match_all": {}})["hits"]["total"]["value"]
        query = similar_query(document, self._frequencies, size)
        if query is None:
            return SearchPage(documents=(), total=0)
        if request.query is not None:
            query = Query(text=query.text, root=And(nodes=(request.query.root, query.root)))
        return self.search(msgspec.structs.replace(request, query=query, sort="best"))

    def refresh(self) -> None:
        """Make everything upserted so far visible to ``search``."""
        with translated(self._url):
            self._client.indices.refresh(index=self._target(), ignore_unavailable=True, allow_no_indices=True)

    def prune(self, before: datetime) -> int:
        """Drop the indices of whole months before a moment; return how many documents they held."""
        current = month_of(before.astimezone(UTC))
        removed = 0
        for name in self._indices():
            if name[-7:] < current:
                with translated(self._url):
                    removed += int(self._client.count(index=name)["count"])
                    self._client.indices.delete(index=name, ignore_unavailable=True)
        return removed

    def shadow(self, name: str) -> ElasticsearchIndex:
        """Return a second, empty set of indices, which ``promote`` puts in this one's place."""
        if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
            raise UsageError(f"{name!r} cannot name an index; use up to 40 small letters, digits and _.")
        shadow = ElasticsearchIndex(self._url, api_key=self._api_key, prefix=self._prefix, generation=name)
        if shadow._indices():
            raise UsageError(f"There is an index {name!r} already; choose another name.")
        return shadow

    def promote(self) -> None:
        """Let the alias stand for this generation, copy what others received meanwhile, and drop them."""
        mine = self._indices()
        with translated(self._url):
            others = [name for name in self._aliased() if name not in mine]
            actions = [{"remove": {"index": name, "alias": self._alias}} for name in others]
            actions += [{"add": {"index": name, "alias": self._alias}} for name in mine]
            if actions:
                self._client.indices.update_aliases(actions=actions)
        if others:
            self._catch_up(others)
            with translated(self._url):
                self._client.indices.delete(index=",".join(others), ignore_unavailable=True)
        self._generation = None

    def close(self) -> None:
        """Close the connections; idempotent."""
        self._client.close()

    def _upsert(self, documents: Sequence[Document]) -> list[tuple[str, str]]:
        newest: dict[str, Document] = {}
        first_seen: dict[str, datetime] = {}
        for document in documents:
            first_seen[document.id] = min(first_seen.get(document.id, document.seen), document.seen)
            if document.id not in newest or newest[document.id].revision <= document.revision:
                newest[document.id] = document
        indices = self._indices()
        if indices:
            for article_id, hit in self._locate(list(newest), indices, with_document=False).items():
                first_seen[article_id] = _EPOCH + timedelta(microseconds=hit["_source"]["nw"]["first_seen"])
        refused: list[tuple[str, str]] = []
        lines: list[bytes] = []
        size = 0
        now = datetime.now(UTC)
        generation = self._generation or _generation_of(indices)
        for document in newest.values():
            name = f"{self._alias}-{generation}-{month_of(first_seen[document.id])}"
            try:
                entry = entry_of(document, first_seen[document.id], now)
                document.id.encode()
            except UnicodeEncodeError as exc:
                refused.append((document.id, f"its text is not valid Unicode: {exc}"))
                continue
            if name not in indices:
                self._create(name)
                indices.append(name)
            action = {"_index": name, "_id": document.id, "version": document.revision}
            lines += [msgspec.json.encode({"index": action | {"version_type": "external_gte"}}), entry]
            size += len(entry)
            if size > BULK_BYTES:
                refused += self._send(lines)
                lines, size = [], 0
        return refused + (self._send(lines) if lines else [])

    def _create(self, name: str) -> None:
        aliases: dict[str, Any] = {} if self._generation else {self._alias: {}}
        with translated(self._url):
            answer = self._client.options(ignore_status=400).indices.create(index=name, aliases=aliases)
        error = answer.get("error")
        if error and error.get("type") != "resource_already_exists_exception":
            raise UnavailableError(f"Elasticsearch does not create the index {name}: {error.get('reason')}.")

    def _send(self, lines: list[bytes]) -> list[tuple[str, str]]:
        with translated(self._url):
            answer = self._client.bulk(operations=lines)  # type: ignore[arg-type]  # bytes go as they are
        refused = []
        for item in answer["items"] if answer["errors"] else ():
            result = item["index"]
            status = result["status"]
            if status < 300 or status == 409:  # 409: a newer revision is there already
                continue
            if status == 429 or status >= 500 or status == 404:  # 404: the month was dropped this instant
                raise TransientError(f"Elasticsearch did not index {result['_id']}: {status}.", RETRY_AFTER_S)
            refused.append((result["_id"], _reason(result["error"])))
        return refused

    def _indices(self) -> list[str]:
        """Return the names of this generation's indices, oldest month first."""
        if self._generation is None:
            return self._aliased()
        with translated(self._url):
            answer = self._client.indices.get_alias(index=self._target(), allow_no_indices=True)
        return sorted(answer.body)

    def _aliased(self) -> list[str]:
        with translated(self._url):
            answer = self._client.options(ignore_status=404).indices.get_alias(name=self._alias)
        return sorted(name for name in answer.body if name.startswith(f"{self._alias}-"))

    def _target(self) -> str:
        return f"{self._alias}-{self._generation}-*" if self._generation else self._alias

    def _locate(self, ids: Sequence[str], indices: Sequence[str], with_document: bool) -> dict[str, _Hit]:
        """Find documents in whichever month they are, as written this instant."""
        wanted: bool | list[str] = True if with_document else ["nw.first_seen"]
        found: dict[str, _Hit] = {}
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            docs = [{"_index": name, "_id": article_id} for name in indices for article_id in chunk]
            with translated(self._url):
                answer = self._client.mget(docs=docs, source=wanted)
            found |= {hit["_id"]: hit for hit in answer["docs"] if hit.get("found")}
        return found

    def _catch_up(self, others: Sequence[str]) -> None:
        """Index again what arrived in other indices since this generation was begun."""
        since = int(self._since.timestamp() * 1_000_000)
        after: list[Any] | None = None
        with translated(self._url):
            self._client.indices.refresh(index=",".join(others), ignore_unavailable=True)
        while True:
            with translated(self._url):
                answer = self._client.search(
                    index=",".join(others),
                    query={"range": {"nw.indexed": {"gte": since}}},
                    sort=[{"nw.indexed": "asc"}, {"nw.id": "asc"}],
                    size=CHUNK,
                    search_after=after,
                )
            hits = answer["hits"]["hits"]
            if not hits:
                return
            self.upsert([_document(hit) for hit in hits])
            after = hits[-1]["sort"]

    def _filter(self, request: SearchRequest, copies: bool) -> Plan:
        """Compile the request's query, without copies unless they are wanted."""
        plan = Plan({"match_all": {}}) if request.query is None else compile_query(request.query.root, request.now)
        if copies:
            return plan
        originals = {"bool": {"filter": [plan.filter], "must_not": {"exists": {"field": "nw.original"}}}}
        return Plan(originals, plan.exact)

    def _page(self, request: SearchRequest, cursor: Cursor | None, copies: bool) -> SearchPage:
        plan = self._filter(request, copies)
        found = collect(self._candidates(plan, request, cursor), request, plan.exact)
        count = self._ask(size=0, query=plan.filter)["hits"]["total"]["value"]
        total, estimated = count, False
        if not plan.exact:
            newest = msgspec.structs.replace(request, sort="newest", limit=MAX_SAMPLED - 1)
            sample = [document for _, document in zip(range(MAX_SAMPLED), self._in_order(plan, newest), strict=False)]
            total, estimated = estimate(count, sample, request)
        following = found.following
        if following is not None:
            following = msgspec.structs.replace(following, copies=copies)
        return SearchPage(
            documents=tuple(self._with_copies(found.documents)),
            total=total,
            cursor=write_cursor(following),
            estimated=estimated,
        )

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
        after: list[Any] | None = None
        if cursor is not None:
            after = self._place(query, sort, cursor) if best else [cursor.key, cursor.id]
        while True:
            answer = self._ask(query=query, sort=sort, size=size, search_after=after, track_total_hits=False)
            hits = answer["hits"]["hits"]
            for hit in hits:
                yield hit["_source"]["nw"]["order"], _document(hit)
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def _place(self, query: dict[str, Any], sort: list[dict[str, str]], cursor: Cursor) -> list[Any]:
        """Return the place of the cursor's document in today's ranking: scores shift with all that is indexed."""
        only = {"bool": {"must": query, "filter": {"term": {"nw.id": cursor.id}}}}
        hits = self._ask(query=only, sort=sort, size=1, source=False)["hits"]["hits"]
        if not hits:
            raise UsageError("The article that the cursor stands after is no longer found; start again without it.")
        place: list[Any] = hits[0]["sort"]
        return place

    def _matching(self, request: SearchRequest) -> dict[str, Any]:
        """Return a filter for all matching documents. Raises ``UsageError`` when too many need reading."""
        plan = self._filter(request, unfolds(request))
        if plan.exact:
            return plan.filter
        every = msgspec.structs.replace(request, sort="newest", limit=CHUNK)
        found = []
        for examined, document in enumerate(self._in_order(plan, every)):
            if examined >= MAX_VERIFIED:
                raise refuse_to_read()
            if matches(document, request):
                found.append(document.id)
        return {"terms": {"nw.id": found}}

    def _frequencies(self, tokens: Sequence[str]) -> Sequence[int]:
        filters = {
            str(n): {"bool": {"should": [{"term": {f"nw.terms.{part}": clip(token)}} for part in ("title", "body")]}}
            for n, token in enumerate(tokens)
        }
        answer = self._ask(size=0, query={"match_all": {}}, aggs={"tokens": {"filters": {"filters": filters}}})
        buckets = answer["aggregations"]["tokens"]["buckets"]
        return [buckets[str(n)]["doc_count"] for n in range(len(tokens))]

    def _with_copies(self, documents: Sequence[Document]) -> list[Document]:
        copies: dict[str, list[str]] = {}
        if documents:
            answer = self._ask(
                query={"terms": {"nw.original": [document.id for document in documents]}},
                sort=[{"nw.order": "asc"}],
                size=10_000,
                source=["nw.original"],
            )
            for hit in answer["hits"]["hits"]:
                copies.setdefault(hit["_source"]["nw"]["original"], []).append(hit["_id"])
        return [msgspec.structs.replace(document, copies=tuple(copies.get(document.id, ()))) for document in documents]

    def _ask(self, **body: Any) -> dict[str, Any]:
        body.setdefault("track_total_hits", True)
        with translated(self._url):
            answer = self._client.search(
                index=self._target(),
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


def _document(hit: _Hit) -> Document:
    return msgspec.convert(hit["_source"], Document)


def _generation_of(indices: Sequence[str]) -> str:
    return indices[-1].rsplit("-", 2)[1] if indices else FIRST_GENERATION


def _reason(error: dict[str, Any]) -> str:
    cause = error.get("caused_by", {})
    return f"{error.get('reason', error.get('type'))}" + (f" ({cause['reason']})" if "reason" in cause else "")
