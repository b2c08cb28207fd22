"""What only the Elasticsearch index does: months, rebuilding beside the old index, clear words when absent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.arrivals import ElasticsearchArrivals
from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
from pipeline.adapters.elasticsearch.stories import ElasticsearchStories
from pipeline.cli import main
from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.model import Document
from pipeline.ports.arrivals import ArrivalsRequest
from pipeline.ports.search import SearchRequest
from pipeline.ports.stories import StoriesRequest
from pipeline.query.parser import parse

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
pytestmark = pytest.mark.elasticsearch


@pytest.fixture
def index(elasticsearch_url: str, elasticsearch_prefix: str) -> Iterator[ElasticsearchIndex]:
    made = ElasticsearchIndex(elasticsearch_url, prefix=elasticsearch_prefix)
    yield made
    made.close()


def article(article_id: str, title: str = "Ministers meet", seen: datetime = NOW, revision: int = 1) -> Document:
    return Document(id=article_id, source="Wire", seen=seen, title=title, language="en", revision=revision)


def found(index: ElasticsearchIndex, text: str) -> list[str]:
    index.refresh()
    return sorted(d.id for d in index.search(SearchRequest(query=parse(text), now=NOW)).documents)


def names(url: str, prefix: str) -> list[str]:
    with Elasticsearch(url) as client:
        return sorted(client.indices.get(index=f"{prefix}newswire-*").body)


def test_what_is_found_early_never_takes_the_place_of_what_was_read_in_whichever_order_they_come(
    index: ElasticsearchIndex,
) -> None:
    read = msgspec.structs.replace(article("a", "Ministers meet"), tags=("read",))
    index.add_new([article("a", "Ministers meet"), article("b")])
    assert (["a", "b"], []) == (found(index, "ministers"), found(index, "tag:read"))
    index.upsert([read])
    index.add_new([article("a", "Ministers meet"), article("a", "Ministers meet", revision=0)])
    assert ["a"] == found(index, "tag:read")
    index.add_new([article("a", "Ministers met", revision=2)])
    index.upsert([read])
    (newest,) = [each for each in index.revisions.of("a") if each.until is None]
    assert ((2, "Ministers met"), []) == ((newest.revision, newest.title), found(index, "tag:read"))


def test_early_and_late_writers_at_once_leave_one_article_with_one_number(
    elasticsearch_url: str, elasticsearch_prefix: str
) -> None:
    writers = [ElasticsearchIndex(elasticsearch_url, prefix=elasticsearch_prefix) for _ in range(2)]
    many = [article(f"a{number}") for number in range(50)]
    read = [msgspec.structs.replace(each, tags=("read",)) for each in many]

    def write_early() -> None:
        for each in many:
            writers[0].add_new([each])

    early = threading.Thread(target=write_early)
    early.start()
    for each in read:
        writers[1].upsert([each])
    early.join()
    writers[1].refresh()
    totals = [writers[1].search(SearchRequest(query=parse(q), now=NOW)).total for q in ("ministers", "tag:read")]
    assert totals == [len(many), len(many)]
    numbers = ElasticsearchArrivals(writers[1]).numbers_of([each.id for each in many])
    assert len(set(numbers.values())) == len(many)
    for writer in writers:
        writer.close()


def test_one_index_per_month_of_first_sight(
    index: ElasticsearchIndex, elasticsearch_url: str, elasticsearch_prefix: str
) -> None:
    january = datetime(2022, 1, 31, 23, 59, tzinfo=UTC)
    index.upsert([article("a", seen=january), article("b")])
    index.upsert([article("a", "Ministers met", revision=2)])
    months = [name.removeprefix(elasticsearch_prefix) for name in names(elasticsearch_url, elasticsearch_prefix)]
    assert ["newswire-1-2022.01", "newswire-1-2022.02"] == months
    assert ["a", "b"] == found(index, "ministers")


def test_rebuilt_index_takes_over_with_what_arrived_meanwhile(
    index: ElasticsearchIndex, elasticsearch_url: str, elasticsearch_prefix: str
) -> None:
    index.upsert([article("old", "Ministers dropped")])
    shadow = index.shadow("second")
    shadow.upsert([article("rebuilt")])
    assert ["old"] == found(index, "ministers")
    index.upsert([article("late")])
    shadow.promote()
    assert ["late", "rebuilt"] == found(index, "meeting")
    index.upsert([article("after")])
    assert ["after", "late", "rebuilt"] == found(index, "meeting")
    assert all("-second-" in name for name in names(elasticsearch_url, elasticsearch_prefix))


def test_shadow_of_a_name_in_use_is_refused(index: ElasticsearchIndex) -> None:
    index.upsert([article("a")])
    with pytest.raises(UsageError):
        index.shadow("1")
    with pytest.raises(UsageError):
        index.shadow("../x")


def test_other_users_find_ordinary_fields_and_none_of_our_tokens(
    index: ElasticsearchIndex, elasticsearch_url: str, elasticsearch_prefix: str
) -> None:
    index.upsert([article("a", "Ministers-meeting in Łódź")])
    index.refresh()
    with Elasticsearch(elasticsearch_url) as client:
        hit = client.search(index=f"{elasticsearch_prefix}newswire", query={"match": {"title": "ministers"}})["hits"][
            "hits"
        ][0]
    assert ("Wire", True) == (hit["_source"]["source"], "terms" not in hit["_source"]["nw"])


def test_server_that_is_not_there_is_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    index = ElasticsearchIndex(f"http://user:secret@127.0.0.1:{port}")
    with pytest.raises(UnavailableError, match="No Elasticsearch answers") as caught:
        index.search(SearchRequest(query=None, now=NOW))
    assert "secret" not in str(caught.value)
    with pytest.raises(TransientError):
        index.upsert([article("a")])


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (200, b"{}", "is not Elasticsearch"),
        (
            400,
            b'{"error":{"type":"media_type_header_exception","reason":"Accept version must be 8"},"status":400}',
            "is not version 9",
        ),
        (401, b'{"error":{"type":"security_exception","reason":"no"},"status":401}', "refuses these credentials"),
    ],
)
def test_server_of_another_kind_is_one_sentence(status: int, body: bytes, sentence: str) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            if status != 200:
                self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        index = ElasticsearchIndex(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(UnavailableError, match=sentence):
            index.search(SearchRequest(query=None, now=NOW))
        server.shutdown()


def test_a_search_that_uses_no_saved_one_needs_elasticsearch_alone(
    elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "RUNTIME": "distributed",
        "ELASTICSEARCH": elasticsearch_url,
        "KAFKA": "127.0.0.1:1",
        "PREFIX": "alone-",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"NEWSWIRE_{name}", value)
    found = CliRunner().invoke(main, ["search", "putin"])
    assert (1, "") == (found.exit_code, found.stdout), found.output
    assert CliRunner().invoke(main, ["search", "search:mine"]).exit_code == 3


def test_rebuilt_index_keeps_item_numbers_and_the_place_of_readers(index: ElasticsearchIndex) -> None:
    arrivals = ElasticsearchArrivals(index)
    old = [article("a"), article("b", "Ministers meet again", datetime(2022, 1, 3, tzinfo=UTC))]
    index.upsert(old)
    numbers = arrivals.numbers_of(["a", "b"])
    position = arrivals.since(None, ArrivalsRequest(now=NOW)).position
    shadow = index.shadow("second")
    shadow.upsert(old)
    index.upsert([article("c")])
    shadow.promote()
    index.refresh()
    assert numbers == arrivals.numbers_of(["a", "b"])
    given = arrivals.since(position, ArrivalsRequest(now=NOW))
    assert [arrival.document.id for arrival in given.arrivals] == ["c"]
    assert arrivals.since(given.position, ArrivalsRequest(now=NOW)).arrivals == ()
    shadow.close()


def test_month_that_was_lost_and_filled_again_is_read_from_its_beginning(
    index: ElasticsearchIndex, elasticsearch_url: str, elasticsearch_prefix: str
) -> None:
    arrivals = ElasticsearchArrivals(index)
    index.upsert([article(name) for name in "abc"])
    position = arrivals.since(None, ArrivalsRequest(now=NOW)).position
    with Elasticsearch(elasticsearch_url) as client:
        client.indices.delete(index=names(elasticsearch_url, elasticsearch_prefix)[0])
    index.upsert([article("d")])
    given = arrivals.since(position, ArrivalsRequest(now=NOW)).arrivals
    assert [arrival.document.id for arrival in given] == ["d"]


def test_stories_beyond_those_that_are_looked_at_make_an_estimate(
    index: ElasticsearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.adapters.elasticsearch.stories.MAX_STORIES", 3)
    index.upsert([msgspec.structs.replace(article(f"{n}-{m}"), story_id=f"s{n}") for n in range(5) for m in range(n)])
    index.refresh()
    page = ElasticsearchStories(index).summaries(StoriesRequest(now=NOW))
    assert ([story.id for story in page.stories], page.estimated) == (["s4", "s3", "s2"], True)
