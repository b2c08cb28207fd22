"""The Arrivals port on Elasticsearch: a position says how far each shard was read, by its sequence numbers.

A shard numbers its writes, whoever makes them and whatever their clocks say. Its global checkpoint is the number up to
which every write is kept: after a refresh, a search up to there sees each document whose newest write it was. Shards
are told apart by the index's own id, so that an index that was made anew is read from its beginning.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pipeline.adapters import cursors
from pipeline.adapters.elasticsearch.compile import Plan
from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
from pipeline.adapters.elasticsearch.months import document_of
from pipeline.adapters.verified_search import CHUNK, MAX_VERIFIED, matches
from pipeline.errors import TransientError
from pipeline.model import Document
from pipeline.ports.arrivals import Arrival, ArrivalsPage, ArrivalsRequest, NumbersRequest
from pipeline.ports.search import SearchRequest
from pipeline.query.indexing import counts_copies

NUMBERS_AT_ONCE = 10_000
IDS_AT_ONCE = 5_000
LAST_NUMBER = (1 << 63) - 1
# So much of an index's id tells it from all others of its alias.
_ID_LETTERS = 8


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Say what was given: of which generation, up to which item number, and each shard's last sequence number."""

    generation: str
    number: int
    shards: dict[str, int]


class _Shard(msgspec.Struct, frozen=True):
    index: str
    number: str
    key: str
    checkpoint: int


class _Candidate(msgspec.Struct, frozen=True):
    shard: _Shard
    sequence: int
    indexed: int
    number: int
    document: Document


class ElasticsearchArrivals:
    """Follow the indices of the months by writing."""

    def __init__(self, index: ElasticsearchIndex) -> None:
        self._index = index

    def since(self, position: str | None, request: ArrivalsRequest) -> ArrivalsPage:
        """Return what was written after a position; of several months by the writers' clocks."""
        after = _read_position(position)
        self._index.months.complete(1)
        asked = SearchRequest(query=request.query, now=request.now, copies=True)
        plan = self._index.filtered(asked)
        generation, shards = self._shards()
        done = {shard.key: after.shards.get(shard.key, -1) for shard in shards}
        waiting = [shard for shard in shards if shard.checkpoint > done[shard.key]]
        if waiting:
            self._index.refresh()
        # Another generation holds what was given before under new sequence numbers.
        least = after.number if after.generation not in ("", generation) else None
        streams = [
            self._written(shard, plan, request, done[shard.key], None if shard.key in after.shards else least)
            for shard in waiting
        ]
        found: list[_Candidate] = []
        for examined, candidate in enumerate(heapq.merge(*streams, key=lambda each: each.indexed)):
            if len(found) == request.limit or examined == MAX_VERIFIED:
                return self._page(found, Position(generation, _number(after, found), done), more=True)
            done[candidate.shard.key] = candidate.sequence
            if plan.exact or self._matches(candidate.document, asked):
                found.append(candidate)
        done |= {shard.key: max(done[shard.key], shard.checkpoint) for shard in shards}
        return self._page(found, Position(generation, _number(after, found), done), more=False)

    def end(self) -> str:
        """Return how far each shard is written."""
        number = self._index.months.numbers.last()
        generation, shards = self._shards()
        return cursors.written(Position(generation, number, {shard.key: shard.checkpoint for shard in shards}))

    def numbers(self, request: NumbersRequest) -> Sequence[int]:
        """Return item numbers in order."""
        self._index.months.complete(1)
        query = self._index.matching(SearchRequest(query=request.query, now=request.now, copies=True))
        high = LAST_NUMBER if request.before is None else min(request.before, LAST_NUMBER)
        bounds = {"range": {"nw.number": {"gt": request.after or 0, "lt": high}}}
        order = "desc" if request.order == "newest" else "asc"
        found: list[int] = []
        after: list[int] | None = None
        while len(found) < request.limit:
            size = min(request.limit - len(found), NUMBERS_AT_ONCE)
            answer = self._index.ask(
                query={"bool": {"filter": [query, bounds]}},
                sort=[{"nw.number": order}],
                size=size,
                search_after=after,
                source=False,
                track_total_hits=False,
            )
            hits = answer["hits"]["hits"]
            found += [hit["sort"][0] for hit in hits]
            if len(hits) < size:
                break
            after = hits[-1]["sort"]
        return found

    def numbered(self, numbers: Sequence[int]) -> Sequence[Arrival]:
        """Return the articles with these item numbers, in the order asked for."""
        wanted = [number for number in dict.fromkeys(numbers) if 0 <= number <= LAST_NUMBER]
        found: dict[int, Arrival] = {}
        for start in range(0, len(wanted), CHUNK):
            terms = {"terms": {"nw.number": wanted[start : start + CHUNK]}}
            hits = self._index.ask(query=terms, size=CHUNK * 2, track_total_hits=False)["hits"]["hits"]
            documents = self._index.with_copies([document_of(hit) for hit in hits])
            for hit, document in zip(hits, documents, strict=True):
                number = int(hit["_source"]["nw"]["number"])
                found[number] = Arrival(number=number, document=document)
        return [found[number] for number in numbers if number in found]

    def ids_of(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the ids of articles by item number."""
        wanted = [number for number in dict.fromkeys(numbers) if 0 <= number <= LAST_NUMBER]
        found: dict[int, str] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            terms = {"terms": {"nw.number": wanted[start : start + IDS_AT_ONCE]}}
            answer = self._index.ask(
                query=terms, size=IDS_AT_ONCE * 2, source=["id", "nw.number"], track_total_hits=False
            )
            found |= {int(hit["_source"]["nw"]["number"]): hit["_source"]["id"] for hit in answer["hits"]["hits"]}
        return found

    def numbers_of(self, article_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the item numbers of articles, as written this instant."""
        months = self._index.months.names()
        found = self._index.months.locate(list(article_ids), months, with_document=False) if months else {}
        numbers = {article_id: hit["_source"]["nw"].get("number") for article_id, hit in found.items()}
        return {article_id: int(number) for article_id, number in numbers.items() if number is not None}

    def _shards(self) -> tuple[str, list[_Shard]]:
        """Return the generation in use, and how far each of its shards is written."""
        names = self._index.months.names()
        found: list[_Shard] = []
        for index, told in self._index.statistics(names).items() if names else ():
            for number, copies in told["shards"].items():
                primary = next((copy for copy in copies if copy["routing"]["primary"]), None)
                if primary is None:
                    raise TransientError(f"A part of the index {index} is not there just now.")
                key = told["uuid"][:_ID_LETTERS] + (f".{number}" if number != "0" else "")
                found.append(_Shard(index, number, key, primary["seq_no"]["global_checkpoint"]))
        return (names[0].rsplit("-", 2)[1] if names else ""), found

    def _written(
        self, shard: _Shard, plan: Plan, request: ArrivalsRequest, after: int, least: int | None
    ) -> Iterator[_Candidate]:
        while True:
            conditions = [plan.filter, {"range": {"_seq_no": {"gt": after, "lte": shard.checkpoint}}}]
            if least is not None:
                conditions.append({"range": {"nw.number": {"gt": least}}})
            size = min(request.limit + 1, CHUNK) if plan.exact else CHUNK
            answer = self._index.ask(
                index=shard.index,
                preference=f"_shards:{shard.number}",
                query={"bool": {"filter": conditions}},
                sort=[{"_seq_no": "asc"}],
                size=size,
                track_total_hits=False,
            )
            hits = answer["hits"]["hits"]
            for hit in hits:
                after = hit["sort"][0]
                ours = hit["_source"]["nw"]
                yield _Candidate(shard, after, ours["indexed"], ours.get("number") or 0, document_of(hit))
            if len(hits) < size:
                return

    def _matches(self, document: Document, asked: SearchRequest) -> bool:
        if asked.query is not None and counts_copies(asked.query.root):
            (document,) = self._index.with_copies([document])
        return matches(document, asked)

    def _page(self, found: Sequence[_Candidate], position: Position, more: bool) -> ArrivalsPage:
        documents = self._index.with_copies([each.document for each in found])
        arrivals = [Arrival(number=each.number, document=d) for each, d in zip(found, documents, strict=True)]
        return ArrivalsPage(arrivals=tuple(arrivals), position=cursors.written(position), more=more)


def _number(after: Position, found: Sequence[_Candidate]) -> int:
    return max([after.number, *(each.number for each in found)])


def _read_position(text: str | None) -> Position:
    return Position("", 0, {}) if text is None else cursors.read(text, Position, "position")
