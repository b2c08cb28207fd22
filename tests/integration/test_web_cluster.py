"""The page alone over Kafka and Elasticsearch, beside a worker and a sink: what is done there is done for all."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.integration.distributed import Cluster, wait_until
from tests.integration.test_hub import Follower, follower, subscribe, topic_of

WAIT_S = 90.0


class Api:
    """Ask the API of the page."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, method: str, path: str, value: Any = None, **headers: str) -> tuple[int, Any]:
        body = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        request = urllib.request.Request(f"{self.address}/api/v1{path}", body, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as exc:
            return exc.code, json.loads(exc.read())

    def page(self, path: str) -> str:
        """Return a page for people."""
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return str(answer.read().decode())

    def asked(self, query: str) -> tuple[int, Any]:
        """Ask what a query finds."""
        return self("GET", f"/articles?{urlencode({'q': query})}")

    def found(self, query: str) -> list[str]:
        """Return the ids of the articles that a query finds."""
        return [entry["article"]["id"] for entry in self.asked(query)[1]["articles"]]


@pytest.fixture
def cluster(kafka_servers: str, elasticsearch_url: str, elasticsearch_prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(
        {"kafka": kafka_servers, "elasticsearch": elasticsearch_url}, elasticsearch_prefix, tmp_path, partitions=2
    )
    yield made
    made.stop()


@pytest.fixture
def program() -> Iterator[Follower]:
    """Return a program that follows a feed."""
    with follower() as made:
        yield made


def address_of(cluster: Cluster, log: Path) -> str:
    """Return where the page is, once it says so."""
    pattern = re.compile(r"The page is at (\S+)")
    assert wait_until(lambda: log.exists() and bool(pattern.search(log.read_text("utf-8"))), WAIT_S), cluster.logs()
    found = pattern.search(log.read_text("utf-8"))
    assert found is not None
    return found.group(1)


@pytest.mark.kafka
@pytest.mark.elasticsearch
def test_an_article_appears_and_is_searched_marked_and_alerted_to(
    cluster: Cluster, program: Follower, tmp_path: Path
) -> None:
    cluster.start("web", NEWSWIRE_WEB_LISTEN="127.0.0.1:0", NEWSWIRE_FETCH_ALLOW="127.0.0.0/8")
    for role in ("worker", "index"):
        cluster.start(role)
    api = Api(address_of(cluster, tmp_path / "web-0.log"))
    rule = {"name": "Quokkas", "query": "quokka"}
    assert api("POST", "/alerts", rule)[0] == 201
    topic = topic_of(api.address, "quokka")
    assert subscribe(api.address, topic, program.callback)[0] == 202
    assert wait_until(lambda: bool(program.confirmed), WAIT_S), cluster.logs()
    lines = [
        {"title": f"A quokka {what} in the harbour", "text": "It is small.", "url": f"https://w.example/{what}",
         "source": "Harbour Wire", "language": "en"}
        for what in ("swims", "sleeps")
    ]  # fmt: skip
    status, told = api("POST", "/articles", "\n".join(map(json.dumps, lines)).encode())
    assert (status, told["accepted"]) == (202, 2)
    # An index that is made this moment answers 503.
    assert wait_until(lambda: len(api.asked("quokka")[1].get("articles", ())) == 2, WAIT_S), cluster.logs()

    assert wait_until(lambda: any(b"A quokka" in body for body, _ in program.sent), WAIT_S), cluster.logs()
    first, second = api.found("quokka")
    assert "A quokka" in api.page("/") and "quokka" in api.page(f"/article/{first}")
    assert "<strong>2</strong>" in api.page("/search?q=quokka")
    assert api("POST", "/marks", {"articles": [first], "read": True, "starred": True, "add": ["Later"]})[0] == 200
    assert (api.found("is:unread"), api.found("is:starred"), api.found("mark:later")) == ([second], [first], [first])
    assert api("GET", "/unread")[1]["all"] == 1

    status, entry = api("PATCH", "/alerts/Quokkas", {"query": "quokka swims"})
    assert (status, entry["query"]) == (200, "quokka swims")
    assert wait_until(lambda: api("GET", "/alerts/Quokkas")[1]["query"] == "quokka swims", WAIT_S)
    assert api("GET", "/preview?q=quokka")[1]["matches"] == 2
    (swims,) = api.found("quokka swims")
    assert api("GET", f"/alerts/Quokkas/why/{swims}")[1]["matches"] is True
    assert api("PUT", "/searches/marsupials", {"query": "quokka"})[0] == 200
    assert wait_until(lambda: len(api.found("search:marsupials")) == 2, WAIT_S)
    for path in ("/alerts", "/alert/Quokkas", "/feeds", "/stories", "/events", "/operation", "/help"):
        assert "<h1" in api.page(path), path
    assert api("GET", "/articles/nothing1")[0] == 404
