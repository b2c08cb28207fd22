"""The API: what it returns, refuses and documents; problems, tags, cursors, repetition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.model import AlertRule, Document
from pipeline.topics import ARTICLES
from pipeline.web.api.documentation import description, written
from pipeline.web.api.routes import OPERATIONS, Operation
from tests.fakes.browser import Answer
from tests.fakes.web import Page, page

NOW = datetime.now(UTC)
NESTED = msgspec.Raw(b'{"query": "a", "other": ' + b"[" * 20_000)


def article(n: int, title: str = "Dam fails", **fields: object) -> Document:
    made = Document(
        id=f"{n:032x}", title=title, seen=NOW - timedelta(hours=n), source="Wire", revision=1, language="en"
    )
    return msgspec.structs.replace(made, **fields)


def send(served: Page, method: str, path: str, value: Any = None, **headers: str) -> Answer:
    body = b"" if value is None else msgspec.json.encode(value)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return served.another().ask(method, f"/api/v1{path}", body, named)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_parameter_that_is_none_is_refused_with_those_that_are(operation: Operation) -> None:
    path = re.sub(r"\{\w+\}", "x", operation.path).removeprefix("/api/v1")
    with page() as served:
        answer = send(served, operation.method, f"{path}?type=CONSULT")
    assert (answer.status, "There is no parameter 'type' here" in answer.text) == (400, True)
    assert all(parameter.name in answer.text for parameter in operation.parameters)


def test_articles_come_in_pages_that_join() -> None:
    with page() as served:
        served.put(*(article(n, f"Dam {n}") for n in range(1, 26)))
        seen, path = [], "/articles?q=dam&limit=10"
        while path:
            found = send(served, "GET", path).json()
            seen += [entry["article"]["title"] for entry in found["articles"]]
            assert found["total"] == 25
            path = f"/articles?q=dam&limit=10&cursor={found['cursor']}" if found["cursor"] else ""
        assert seen == [f"Dam {n}" for n in range(1, 26)]


def test_article_has_its_number_marks_revisions_and_matches() -> None:
    with page() as served:
        served.put(article(1, "First"))
        served.put(article(1, "Second", revision=2))
        one = f"/articles/{1:032x}"
        send(served, "POST", "/marks", {"articles": [f"{1:032x}"], "starred": True, "add": ["later"]})
        send(served, "POST", "/alerts", {"name": "S", "query": "second"})
        entry = send(served, "GET", one).json()
        assert len(entry["number"]) == 16 and entry["state"] == {"read": False, "starred": True, "tags": ["later"]}
        assert [each["title"] for each in send(served, "GET", one + "/revisions").json()] == ["Second", "First"]
        assert send(served, "GET", one + "/matches").json() == [{"alert": "S", "words": ["Second"]}]
        assert send(served, "GET", "/marks").json() == {"starred": 1, "tag later": 1}


def test_query_that_cannot_be_read_is_a_problem_with_its_column() -> None:
    with page() as served:
        answer = send(served, "GET", "/articles?q=dam+lang:klingon")
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
        problem = answer.json()
        assert (problem["column"], problem["status"], problem["type"]) == (10, 400, "urn:newswire:problem:query")


@pytest.mark.parametrize(("method", "path", "value", "status"), [
    ("GET", "/articles?cursor=nonsense", None, 400), ("GET", "/articles?limit=1000000", None, 400),
    ("GET", "/articles?limit=-1", None, 400), ("GET", "/articles/ffffffff", None, 404), ("GET", "/nothing", None, 404),
    ("GET", "/facets/nothing", None, 404), ("GET", "/alerts/nothing", None, 404), ("DELETE", "/articles", None, 405),
    ("POST", "/marks", {"articles": []}, 400), ("POST", "/marks", {"articles": ["unknown"], "read": True}, 400),
    ("POST", "/marks", {"articles": "x"}, 400), ("POST", "/alerts", {"name": "x"}, 400),
    ("POST", "/alerts", {"name": "x", "query": "a", "colour": "red"}, 400),
    ("PUT", "/searches/no name", {"query": "a"}, 400),
    ("DELETE", "/searches/nothing", None, 404), ("DELETE", "/feeds/one?url=nothing", None, 404),
    ("POST", "/articles", "no article", 400), ("POST", "/alerts", NESTED, 400),
])  # fmt: skip
def test_what_cannot_be_done_is_a_problem(method: str, path: str, value: Any, status: int) -> None:
    with page() as served:
        answer = send(served, method, path.replace(" ", "%20"), value)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status and answer.json()["detail"].endswith((".", "tags", "e", "…"))


def test_unchanged_answer_is_not_sent_again() -> None:
    with page() as served:
        served.put(article(1))
        first = send(served, "GET", "/articles")
        again = send(served, "GET", "/articles", if_none_match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        served.put(article(2))
        assert send(served, "GET", "/articles", if_none_match=first.headers["etag"]).status == 200


def test_alert_that_changed_meanwhile_is_not_overwritten() -> None:
    with page() as served:
        tag = send(served, "POST", "/alerts", {"name": "Dams", "query": "dam"}).headers["etag"]
        assert send(served, "PATCH", "/alerts/Dams", {"query": "dam OR flood"}, if_match=tag).status == 200
        assert send(served, "PATCH", "/alerts/Dams", {"query": "dam"}, if_match=tag).status == 412
        assert send(served, "DELETE", "/alerts/Dams", if_match=tag).status == 412
        assert served.desk.alerts.get("Dams").query == "dam OR flood"
        assert send(served, "DELETE", "/alerts/Dams").status == 204


@pytest.mark.parametrize(("path", "first", "second"), [
    ("/api/v1/searches/water", {"query": "dam"}, {"query": "flood"}), ("/api/v1/lists/people", ["Ann"], ["Bob", "Cy"]),
])  # fmt: skip
def test_search_or_list_that_changed_meanwhile_is_not_overwritten(path: str, first: Any, second: Any) -> None:
    with page() as served:
        browser = served.browser

        def change(method: str, value: Any, tag: str) -> int:
            return browser.ask(method, path, msgspec.json.encode(value), {"if-match": tag}).status

        assert browser.get(path).status == 404 and change("PUT", first, '"x"') == 412
        assert browser.get(path).status == 404
        assert browser.ask("PUT", path, msgspec.json.encode(first)).status == 200
        read = browser.get(path)
        assert read.json() == first
        assert change("PUT", second, read.headers["etag"]) == 200
        # Who read it before that is told, and changes nothing.
        assert change("PUT", first, read.headers["etag"]) == 412 and change("DELETE", None, read.headers["etag"]) == 412
        assert browser.get(path).json() == second
        assert change("DELETE", None, browser.get(path).headers["etag"]) == 204
        assert browser.get(path).status == 404


def test_repeated_request_makes_one_alert() -> None:
    with page() as served:
        asked = {"name": "Dams", "query": "dam"}
        answers = [send(served, "POST", "/alerts", asked, idempotency_key="one") for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json() and len(served.desk.alerts.all()) == 1
        assert send(served, "POST", "/alerts", asked, idempotency_key="two").status == 400


def test_secret_of_a_channel_is_never_told() -> None:
    with page() as served:
        channel = "webhook+https://hooks.example/in#secret=hush"
        rule = AlertRule(id="r", name="Dams", query="dam", created=NOW, channels=(channel,))
        served.store.rules.put("r", msgspec.json.encode(rule))
        assert "hooks.example" in send(served, "GET", "/alerts").text
        assert "hush" not in send(served, "GET", "/alerts").text + served.browser.get("/alert/Dams").text


def test_articles_are_pushed_line_by_line() -> None:
    with page() as served:
        lines = (
            b'{"title": "Dam fails", "url": "https://a.example/1"}\n\n{"no": "article"}\nnonsense\n{"text": "Words."}\n'
        )
        answer = served.another().ask("POST", "/api/v1/articles", lines)
        assert (answer.status, answer.json()["accepted"]) == (202, 2)
        assert [line.partition(":")[0] for line in answer.json()["refused"]] == ["line 3", "line 4"]
        assert len(list(served.store.log.replay(ARTICLES.name))) == 2


def test_limits_are_told_and_pages_use_up_nothing_of_them() -> None:
    with page() as served:
        served.browser.get("/")
        headers = send(served, "GET", "/marks").headers
        assert int(headers["ratelimit-remaining"]) == int(headers["ratelimit-limit"]) - 1


def test_feeds_searches_and_lists_are_kept_and_dropped() -> None:
    with page() as served:
        assert send(served, "POST", "/feeds", {"url": "https://a.example/f", "tags": ["x"]}).status == 201
        assert send(served, "GET", "/feeds/one?url=https://a.example/f").json()["tags"] == ["x"]
        assert send(served, "DELETE", "/feeds/one?url=https://a.example/f").status == 204
        assert send(served, "PUT", "/searches/water", {"query": "dam"}).status == 200
        assert send(served, "GET", "/searches").json() == {"water": "dam"}
        assert send(served, "PUT", "/lists/ministers", ["Ann Lee"]).json() == {"count": 1}
        assert send(served, "DELETE", "/lists/ministers").status == 204


def test_description_names_every_operation_and_only_what_it_has() -> None:
    made = description()
    named = {operation["operationId"] for path in made["paths"].values() for operation in path.values()}
    assert named == {operation.name for operation in OPERATIONS} | {"follow"}
    text = msgspec.json.encode(made).decode()
    references = {part.partition('"')[0] for part in text.split('"$ref":"')[1:]}
    for reference in references:
        found: Any = made
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_description_kept_in_the_repository_is_that_of_the_program() -> None:
    kept = Path(__file__).parents[3] / "pipeline" / "web" / "api" / "openapi.json"
    assert kept.read_bytes() == written(), "python deploy/openapi.py writes it"


@pytest.fixture(scope="module")
def shared() -> Iterator[Page]:
    with page() as served:
        served.put(*(article(n, f"Dam {n}") for n in range(1, 5)))
        yield served


READS = [operation for operation in OPERATIONS if operation.method == "GET" and operation.name != "discoverFeeds"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(READS), st.text(max_size=30), st.dictionaries(
    st.sampled_from(["q", "limit", "cursor", "sort", "days", "url", "event", "when", "copies"]), st.text(max_size=20),
    max_size=3,
))  # fmt: skip
def test_no_question_is_a_fault(shared: Page, operation: Any, place: str, query: dict[str, str]) -> None:
    path = operation.path
    for name in ("id", "name", "field"):
        path = path.replace(f"{{{name}}}", quote(place, safe=""))
    answer = shared.browser.get(f"{path}?{urlencode(query, errors='replace')}")
    assert answer.status in (200, 304, 400, 404), (answer.status, answer.text)
