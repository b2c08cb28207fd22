"""States of the server are waited for, what is ours is made again, and only a document's own fault is its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, ConnectionTimeout, Elasticsearch

from pipeline.adapters.elasticsearch.arrivals import ElasticsearchArrivals
from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
from pipeline.adapters.elasticsearch.ledger import ElasticsearchLedger
from pipeline.adapters.elasticsearch.months import BULK_DOCUMENTS
from pipeline.errors import NewswireError, TransientError, UnavailableError
from pipeline.model import Document
from pipeline.ports.alerts import About, DeliveriesRequest
from pipeline.ports.arrivals import ArrivalsRequest, NumbersRequest
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from tests.contract.test_ledger import delivery

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
ASKED = SearchRequest(query=parse("ministers"), now=NOW)
pytestmark = pytest.mark.elasticsearch


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as opened:
        yield opened


@pytest.fixture
def index(elasticsearch_url: str, elasticsearch_prefix: str) -> Iterator[ElasticsearchIndex]:
    made = ElasticsearchIndex(elasticsearch_url, prefix=elasticsearch_prefix)
    made.upsert([article("a")])
    yield made
    made.close()


@pytest.fixture
def ledger(elasticsearch_url: str, elasticsearch_prefix: str) -> Iterator[ElasticsearchLedger]:
    made = ElasticsearchLedger(elasticsearch_url, prefix=elasticsearch_prefix)
    made.enter([delivery("a")])
    yield made
    made.close()


def article(article_id: str, revision: int = 1) -> Document:
    return Document(id=article_id, source="Wire", seen=NOW, title="Ministers meet", language="en", revision=revision)


def found(index: ElasticsearchIndex) -> list[str]:
    index.refresh()
    return sorted(document.id for document in index.search(ASKED).documents)


def month(prefix: str) -> str:
    return f"{prefix}newswire-1-2022.02"


@pytest.mark.parametrize("block", ["write", "read_only_allow_delete", "read_only"])
def test_write_block_is_waited_for_and_costs_no_document(
    index: ElasticsearchIndex, client: Elasticsearch, elasticsearch_prefix: str, block: str
) -> None:
    name = month(elasticsearch_prefix)
    client.indices.put_settings(index=name, settings={f"index.blocks.{block}": True})
    with pytest.raises(TransientError, match="block"):
        index.upsert([article("b"), article("c")])
    client.indices.put_settings(index=name, settings={f"index.blocks.{block}": None})
    assert list(index.upsert([article("b"), article("c")])) == []
    assert found(index) == ["a", "b", "c"]


def test_closed_index_is_waited_for_and_doubles_no_document(
    index: ElasticsearchIndex, client: Elasticsearch, elasticsearch_prefix: str
) -> None:
    client.indices.close(index=month(elasticsearch_prefix))
    with pytest.raises(TransientError, match="closed"):
        index.upsert([article("a", 2), article("b")])
    client.indices.open(index=month(elasticsearch_prefix), wait_for_active_shards=1)
    assert list(index.upsert([article("a", 2), article("b")])) == []
    assert found(index) == ["a", "b"]


def test_deleted_index_template_or_alias_is_made_again(
    index: ElasticsearchIndex, client: Elasticsearch, elasticsearch_prefix: str
) -> None:
    client.indices.delete_index_template(name=f"{elasticsearch_prefix}newswire")
    client.indices.delete(index=month(elasticsearch_prefix))
    assert list(index.upsert([article("a"), article("b")])) == []
    assert found(index) == ["a", "b"]
    client.indices.delete_alias(index=month(elasticsearch_prefix), name=f"{elasticsearch_prefix}newswire")
    assert list(index.upsert([article("c")])) == []
    assert found(index) == ["a", "b", "c"]


def test_deleted_ledger_is_made_again_as_it_should_be(
    ledger: ElasticsearchLedger, client: Elasticsearch, elasticsearch_prefix: str
) -> None:
    client.indices.delete(index=f"{elasticsearch_prefix}alerts")
    assert ledger.enter([delivery("b", "a channel with words")]) == 1
    assert list(ledger.waiting(FAR)) == ["a channel with words"]
    (claimed,) = ledger.claim("a channel with words", FAR, FAR + timedelta(seconds=1), 9)
    client.indices.delete(index=f"{elasticsearch_prefix}alerts")
    with pytest.raises(TransientError):
        ledger.waiting(FAR)
    assert list(ledger.waiting(FAR)) == []
    ledger.mark([claimed])


def test_what_is_too_large_for_the_server_goes_in_parts(index: ElasticsearchIndex) -> None:
    bulk = index.months._client.bulk

    def limited(operations: Sequence[bytes], **asked: Any) -> Any:
        if len(operations) > 4:
            raise ApiError("too large", ApiResponseMeta(413, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "h", 1)), {})
        return bulk(operations=operations, **asked)  # type: ignore[arg-type]

    index.months._client.bulk = limited  # type: ignore[method-assign, assignment]
    assert list(index.upsert([article(f"b{n}") for n in range(7)])) == []
    assert len(found(index)) == 8


def test_request_that_fails_among_several_is_told_when_all_are_answered(index: ElasticsearchIndex) -> None:
    bulk = index.months._client.bulk
    under_way = 0

    def failing(operations: Sequence[bytes], **asked: Any) -> Any:
        nonlocal under_way
        under_way += 1
        try:
            if b'"c0"' in operations[0]:
                raise ConnectionTimeout("no answer")
            return bulk(operations=operations, **asked)  # type: ignore[arg-type]
        finally:
            under_way -= 1

    documents = [article(f"c{n}") for n in range(2 * BULK_DOCUMENTS + 1)]
    index.months._client.bulk = failing  # type: ignore[method-assign, assignment]
    with pytest.raises(TransientError):
        index.upsert(documents)
    assert not under_way
    index.months._client.bulk = bulk  # type: ignore[method-assign]
    assert list(index.upsert(documents)) == []
    index.refresh()
    assert {each.id for each in documents} == {each.id for each in documents if index.get(each.id) is not None}


CALLS: dict[str, Callable[[ElasticsearchIndex, ElasticsearchLedger], Any]] = {
    "index.upsert": lambda index, ledger: index.upsert([article("a", 2), article("b")]),
    "index.get": lambda index, ledger: index.get("a"),
    "index.search": lambda index, ledger: index.search(ASKED),
    "index.facets": lambda index, ledger: index.facets(ASKED, "source"),
    "index.timeline": lambda index, ledger: index.timeline(ASKED),
    "index.refresh": lambda index, ledger: index.refresh(),
    "index.prune": lambda index, ledger: index.prune(FAR),
    "arrivals.since": lambda index, ledger: ElasticsearchArrivals(index).since(None, ArrivalsRequest(now=NOW)),
    "arrivals.end": lambda index, ledger: ElasticsearchArrivals(index).end(),
    "arrivals.numbers": lambda index, ledger: ElasticsearchArrivals(index).numbers(NumbersRequest(now=NOW)),
    "ledger.enter": lambda index, ledger: ledger.enter([delivery("b")]),
    "ledger.waiting": lambda index, ledger: ledger.waiting(FAR),
    "ledger.claim": lambda index, ledger: ledger.claim("hook", FAR, FAR + timedelta(seconds=1), 9),
    "ledger.mark": lambda index, ledger: ledger.mark([delivery("a")]),
    "ledger.entries": lambda index, ledger: ledger.entries(9),
    "ledger.page": lambda index, ledger: ledger.page(DeliveriesRequest()),
    "ledger.earlier": lambda index, ledger: ledger.earlier([About(rule_id="r", channel="c", subject="s")]),
    "ledger.paged": lambda index, ledger: ledger.paged("id of rule", "hook", NOW),
    "ledger.prune": lambda index, ledger: ledger.prune(FAR),
}
ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "failing": (503, {}),
    "blocked": (403, {"type": "cluster_block_exception", "reason": "index [x] blocked by: [FORBIDDEN/8/write]"}),
    "gone": (404, {"type": "index_not_found_exception", "reason": "no such index [x]"}),
    "closed": (400, {"type": "index_closed_exception", "reason": "closed"}),
}


@pytest.mark.parametrize("name", CALLS)
def test_whichever_request_of_a_call_fails_the_error_is_one_of_ours_and_passes(
    index: ElasticsearchIndex, ledger: ElasticsearchLedger, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Every state at the first, second, third … request; only the call of another kind of 404 may go well with it."""
    for answer, (status, error) in ANSWERS.items():
        number, was_reached = 1, True
        while was_reached and number < 5:
            was_reached = _fail(monkeypatch, number, status, error, lambda: CALLS[name](index, ledger), answer)
            number += 1
    CALLS[name](index, ledger)


def _fail(
    monkeypatch: pytest.MonkeyPatch, number: int, status: int, error: dict[str, Any], call: Callable[[], Any], what: str
) -> bool:
    """Fail a call's request of a number; tell whether it asked so often."""
    requests = 0
    perform = Elasticsearch.perform_request

    def failing(self: Elasticsearch, *arguments: Any, **options: Any) -> Any:
        nonlocal requests
        requests += 1
        if requests != number:
            return perform(self, *arguments, **options)
        meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "h", 1))
        raise ApiError(what, meta, {"error": error, "status": status})

    with monkeypatch.context() as patched:
        patched.setattr(Elasticsearch, "perform_request", failing)
        try:
            call()
        except NewswireError as exc:
            assert isinstance(exc, TransientError | UnavailableError), (what, number, exc)
    return requests >= number
