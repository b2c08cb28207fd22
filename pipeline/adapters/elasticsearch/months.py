"""The indices of the months behind their alias: made, written to, dropped, and replaced by another generation.

An index is named ``PREFIXnewswire-GENERATION-YYYY.MM``; the alias ``PREFIXnewswire`` stands for those of the current
generation. A rebuild fills another generation, which then takes the alias over. Writes carry the revision as external
version, so that an older one never replaces a newer one; a revision goes where the article's first version is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from elasticsearch import ApiError, Elasticsearch

from pipeline.adapters.elasticsearch.client import RETRY_AFTER_S, is_of_the_document, translated
from pipeline.adapters.elasticsearch.located import Hit, Located
from pipeline.adapters.elasticsearch.numbers import Numbers
from pipeline.adapters.elasticsearch.template import entry_of, mapped, month_of, template
from pipeline.adapters.verified_search import CHUNK
from pipeline.errors import TransientError, UnavailableError
from pipeline.language.tokens import ANALYSIS_VERSION
from pipeline.model import Document
from pipeline.moments import from_microseconds, microseconds

FIRST_GENERATION = "1"
# What goes in one request; of many documents the next ones are made while requests are under way, at most so many.
BULK_BYTES = 8_000_000
BULK_DOCUMENTS = 200
BULKS_AT_ONCE = 2
# What of the answer to a bulk is looked at.
_ANSWERED = ("errors", "items.index._id", "items.index.status", "items.index.error")
# Item numbers have sixteen digits.
LEAST_NUMBER = 10**15
_ANY_STATE: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}


class _Answered(NamedTuple):
    """Hold what became of a request: what can never be stored and why, and what others were quicker with."""

    refused: list[tuple[str, str]]
    outdone: list[str]


class Months:
    """Know the indices of one generation: the one in use, or another that is being filled."""

    def __init__(self, url: str, client: Elasticsearch, prefix: str, generation: str | None) -> None:
        self._url = url
        self._client = client
        self._prefix = prefix
        self._generation = generation
        self._alias = f"{prefix}newswire"
        self._since = datetime.now(UTC)
        self._is_complete = False
        self._earlier = 0
        self.numbers = Numbers(url, client, prefix)
        self._is_set_up = False
        self._located = Located(url, client)
        # Its threads begin with the first write of more than one request.
        self._sending = ThreadPoolExecutor(BULKS_AT_ONCE, "bulk")

    def close(self) -> None:
        """End the threads that send; idempotent."""
        self._sending.shutdown()

    def setup(self) -> None:
        """Put the template, and what is new in it to the indices there are; idempotent. ``write`` does it first."""
        with translated(self._url):
            self._client.indices.put_index_template(name=self._alias, **template(self._prefix))
        if existing := self.names():
            with translated(self._url):
                self._client.indices.put_mapping(index=existing, properties=mapped())
        self._is_set_up = True

    def write(self, documents: Sequence[Document], numbers: Mapping[str, int] | None = None) -> list[tuple[str, str]]:
        """Store the newest revision of each document; return (article id, reason) for those that cannot be.

        ``numbers`` are item numbers for articles that have none yet; others are given the next ones.
        """
        refused, outdone = self._write(documents, numbers or {}, again="external_gte")
        # 409: a newer revision is there already, or the same by another writer, whose number it then keeps.
        again = [document for document in documents if document.id in outdone]
        return refused + (self.write(again) if again else [])

    def write_new(self, documents: Sequence[Document]) -> None:
        """Store each document of which neither this revision nor a newer one is there, and that can be stored."""
        self._write(documents, {}, again="external")

    def _write(
        self, documents: Sequence[Document], numbers: Mapping[str, int], again: str
    ) -> tuple[list[tuple[str, str]], set[str]]:
        """Store the newest of each document, what is there by the version type ``again``.

        Return what cannot be stored, and the ids that were new here and that others were quicker with.
        """
        if not self._is_set_up:
            self.setup()
        newest: dict[str, Document] = {}
        first_seen: dict[str, datetime] = {}
        for document in documents:
            first_seen[document.id] = min(first_seen.get(document.id, document.seen), document.seen)
            if document.id not in newest or newest[document.id].revision <= document.revision:
                newest[document.id] = document
        indices = self.names()
        stored = self.locate(list(newest), indices, with_document=False) if indices else {}
        for article_id, hit in stored.items():
            first_seen[article_id] = from_microseconds(hit["_source"]["nw"]["first_seen"])
        numbered = self._numbered(newest, stored, numbers)
        refused: list[tuple[str, str]] = []
        answers = self._send_all(self._made(newest, first_seen, numbered, stored, again, indices, refused))
        outdone = {article_id for answer in answers for article_id in answer.outdone}
        return [*refused, *(each for answer in answers for each in answer.refused)], outdone - stored.keys()

    def _made(
        self,
        newest: Mapping[str, Document],
        first_seen: Mapping[str, datetime],
        numbered: Mapping[str, int],
        stored: Collection[str],
        again: str,
        indices: list[str],
        refused: list[tuple[str, str]],
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the two lines of each document in a bulk request; what has none is added to ``refused``."""
        now = datetime.now(UTC)
        generation = self._generation or _generation_of(indices)
        for document in newest.values():
            name = f"{self._alias}-{generation}-{month_of(first_seen[document.id])}"
            try:
                entry = entry_of(document, first_seen[document.id], now, numbered[document.id])
                document.id.encode()
            except UnicodeEncodeError as exc:
                refused.append((document.id, f"its text is not valid Unicode: {exc}"))
                continue
            if name not in indices:
                self._create(name)
                indices.append(name)
            # What is new must not replace what another writer made of it meanwhile, or its number would change.
            kind = again if document.id in stored else "external"
            action = {"_index": name, "_id": document.id, "version": document.revision, "version_type": kind}
            yield msgspec.json.encode({"index": action}), entry

    def _send_all(self, entries: Iterable[tuple[bytes, bytes]]) -> list[_Answered]:
        """Send bulk requests, and make what goes into the next one meanwhile; return when all are answered."""
        lines: list[bytes] = []
        under_way: list[Future[_Answered]] = []
        size = 0
        try:
            for action, entry in entries:
                lines += [action, entry]
                size += len(entry)
                if size > BULK_BYTES or len(lines) >= 2 * BULK_DOCUMENTS:
                    under_way.append(self._sending.submit(self._send, lines))
                    lines, size = [], 0
            answers = [self._send(lines)] if lines else []
        finally:
            # After a failure all is written again: nothing of this may come later.
            wait(under_way)
        return [*answers, *(each.result() for each in under_way)]

    def complete(self, slices: int) -> bool:
        """Write some of the documents anew that an earlier version wrote, with all fields of this one.

        Tell whether none is left. Numbers follow the order of first sight.
        """
        for _ in range(slices):
            if self._is_complete:
                break
            if not self._is_set_up:
                self.setup()
            with translated(self._url):
                self._client.indices.refresh(index=self.target(), ignore_unavailable=True, allow_no_indices=True)
                answer = self._client.search(
                    index=self.target(),
                    ignore_unavailable=True,
                    allow_no_indices=True,
                    query={"bool": {"must_not": {"exists": {"field": "nw.number"}}}},
                    sort=[{"nw.first_seen": "asc"}, {"nw.id": "asc"}],
                    size=CHUNK,
                )
            hits = answer["hits"]["hits"]
            self._is_complete = not hits
            if hits:
                self.write([document_of(hit) for hit in hits], self._earlier_numbers(hits))
        return self._is_complete

    def outdated(self) -> int:
        """Count the documents that another version of the text analysis was used for."""
        with translated(self._url):
            answer = self._client.search(
                index=self.target(), size=0, query=_outdated(), track_total_hits=True, **_ANY_STATE
            )
        return int(answer["hits"]["total"]["value"])

    def renew(self, limit: int) -> int:
        """Write up to ``limit`` of them anew, newest first; return how many."""
        if not self._is_set_up:
            self.setup()
        if not self._is_complete:
            # Those that have no number yet are numbered in their order first.
            self.complete(1)
            if not self._is_complete:
                return CHUNK
        with translated(self._url):
            self._client.indices.refresh(index=self.target(), ignore_unavailable=True, allow_no_indices=True)
            answer = self._client.search(
                index=self.target(),
                query=_outdated(),
                sort=[{"nw.order": "desc"}],
                size=limit,
                source=False,
                **_ANY_STATE,
            )
        ids = [hit["_id"] for hit in answer["hits"]["hits"]]
        if ids:
            # As they are this instant: what was found may be a second old.
            self.write([document_of(hit) for hit in self.locate(ids, self.names(), with_document=True).values()])
        return len(ids)

    def names(self) -> list[str]:
        """Return the names of this generation's indices, oldest month first."""
        if self._generation is None:
            return self._aliased()
        with translated(self._url):
            answer = self._client.indices.get_alias(index=self.target(), allow_no_indices=True)
        return sorted(answer.body)

    def target(self) -> str:
        """Return what requests for all of these indices are addressed to."""
        return f"{self._alias}-{self._generation}-*" if self._generation else self._alias

    def locate(self, ids: Sequence[str], indices: Sequence[str], with_document: bool) -> dict[str, Hit]:
        """Find documents in whichever month they are, as written this instant."""
        return self._located.find(ids, indices, True if with_document else ["nw.first_seen", "nw.number"])

    def prune(self, before: datetime) -> int:
        """Drop the indices of whole months before a moment; return how many documents they held."""
        removed = 0
        for name in self.before(before):
            with translated(self._url):
                removed += int(self._client.count(index=name)["count"])
                self._client.indices.delete(index=name, ignore_unavailable=True)
        return removed

    def before(self, moment: datetime) -> list[str]:
        """Return the names of the indices of whole months before a moment."""
        current = month_of(moment.astimezone(UTC))
        return [name for name in self.names() if name[-7:] < current]

    def promote(self) -> None:
        """Let the alias stand for this generation, copy what others received meanwhile, and drop them."""
        mine = self.names()
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

    def _create(self, name: str) -> None:
        """Make an index, under the template and the alias as they should be, whatever was done to them meanwhile."""
        aliases: dict[str, Any] = {} if self._generation else {self._alias: {}}
        with translated(self._url):
            self._client.indices.put_index_template(name=self._alias, **template(self._prefix))
            answer = self._client.options(ignore_status=400).indices.create(index=name, aliases=aliases)
            error = answer.get("error")
            if not error:
                return
            if error.get("type") == "resource_already_exists_exception":
                if aliases:
                    self._client.indices.put_alias(index=name, name=self._alias)
                return
        raise UnavailableError(f"Elasticsearch does not create the index {name}: {error.get('reason')}.")

    def _numbered(
        self, newest: Mapping[str, Document], stored: Mapping[str, Hit], given: Mapping[str, int]
    ) -> dict[str, int]:
        """Return each article's item number: the one it has, here or in the indices this generation is to replace."""
        known = {article_id: hit["_source"]["nw"].get("number") for article_id, hit in stored.items()}
        if self._generation is not None and (replaced := self._aliased()):
            others = self.locate([each for each in newest if not known.get(each)], replaced, with_document=False)
            known |= {article_id: hit["_source"]["nw"].get("number") for article_id, hit in others.items()}
        found = {each: known.get(each) or given.get(each) for each in newest}
        new = [article_id for article_id, number in found.items() if number is None]
        first = self.numbers.take(len(new)) if new else 0
        following = dict(zip(new, range(first, first + len(new)), strict=True))
        return {article_id: number or following[article_id] for article_id, number in found.items()}

    def _earlier_numbers(self, hits: Sequence[Hit]) -> dict[str, int]:
        """Return free item numbers for articles from before there were any, in this order, about their first sight."""
        least, width = max(LEAST_NUMBER, self._earlier + 1), len(hits)
        while True:
            numbers: list[int] = []
            for hit in hits:
                numbers.append(max(least, int(hit["_source"]["nw"]["first_seen"]), numbers[-1] + 1 if numbers else 0))
            span = {"gte": numbers[0], "lte": max(numbers[-1], numbers[0] + width)}
            with translated(self._url):
                answer = self._client.search(
                    index=self.target(),
                    size=0,
                    query={"range": {"nw.number": span}},
                    aggs={"last": {"max": {"field": "nw.number"}}},
                )
            taken = answer["aggregations"]["last"]["value"]
            if taken is None:
                self._earlier = numbers[-1]
                return dict(zip((hit["_id"] for hit in hits), numbers, strict=True))
            # Thousands may have been seen at one moment: look further each time.
            least, width = int(taken) + 1, width * 2

    def _send(self, lines: list[bytes]) -> _Answered:
        """Send lines of a bulk request. Raises ``TransientError`` where some of it is to be sent again."""
        with translated(self._url):
            try:
                answer = self._client.bulk(operations=lines, filter_path=_ANSWERED)  # type: ignore[arg-type]  # bytes go as they are
            except ApiError as exc:
                if exc.meta.status != 413:
                    raise
                return self._send_halves(lines)
        refused, outdone = [], []
        for item in answer["items"] if answer["errors"] else ():
            result = item["index"]
            status = result["status"]
            if status == 409:
                outdone.append(result["_id"])
            if status < 300 or status == 409:
                continue
            error = result.get("error") or {}
            if not is_of_the_document(status, error.get("type")):
                # A block, a closed or dropped index, a full queue: what is ours of it is made again at the next try.
                self._is_set_up = False
                reason = f"Elasticsearch did not index {result['_id']}: {status}, {_reason(error)}."
                raise TransientError(reason, RETRY_AFTER_S)
            refused.append((result["_id"], _reason(error)))
        return _Answered(refused, outdone)

    def _send_halves(self, lines: list[bytes]) -> _Answered:
        """Send what is too large for the server, or for a proxy before it, in parts; one document has no parts."""
        if len(lines) <= 2:
            action = msgspec.json.decode(lines[0])
            return _Answered([(action["index"]["_id"], "it is too large for Elasticsearch")], [])
        middle = len(lines) // 4 * 2
        one, other = self._send(lines[:middle]), self._send(lines[middle:])
        return _Answered([*one.refused, *other.refused], [*one.outdone, *other.outdone])

    def _aliased(self) -> list[str]:
        with translated(self._url):
            answer = self._client.options(ignore_status=404).indices.get_alias(name=self._alias)
        return sorted(name for name in answer.body if name.startswith(f"{self._alias}-"))

    def _catch_up(self, others: Sequence[str]) -> None:
        """Index again what arrived in other indices since this generation was begun."""
        since = microseconds(self._since)
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
            numbers = {hit["_id"]: hit["_source"]["nw"].get("number") for hit in hits}
            self.write([document_of(hit) for hit in hits], {each: n for each, n in numbers.items() if n})
            after = hits[-1]["sort"]


def _outdated() -> dict[str, Any]:
    """Return the query for what another version of the text analysis was used for, or one that left no sign."""
    return {"bool": {"must_not": {"term": {"nw.analysis": ANALYSIS_VERSION}}}}


def document_of(hit: Hit) -> Document:
    """Read the document of a hit."""
    return msgspec.convert(hit["_source"], Document)


def _generation_of(indices: Sequence[str]) -> str:
    return indices[-1].rsplit("-", 2)[1] if indices else FIRST_GENERATION


def _reason(error: dict[str, Any]) -> str:
    cause = error.get("caused_by", {})
    return f"{error.get('reason', error.get('type'))}" + (f" ({cause['reason']})" if "reason" in cause else "")
