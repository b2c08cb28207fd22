"""Requests that come again with their Idempotency-Key, because the answer was lost on its way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline.errors import UnavailableError
from pipeline.model import Document, derive_id
from pipeline.services.passing import MOST, PassingRecords
from pipeline.web.api import repeated
from pipeline.web.api.routes import OPERATIONS
from pipeline.web.asking import Ask
from tests.fakes.browser import Answer
from tests.fakes.web import Page, page, page_over

LINES = b'{"title": "Dam fails", "url": "https://a.example/1", "text": "The dam failed."}'
OPML = b'<opml version="2.0"><body><outline text="A" xmlUrl="https://a.example/feed"/></body></opml>'
ARTICLE = derive_id("a")
REQUESTS: dict[str, tuple[str, bytes]] = {
    "addArticles": ("/articles", LINES),
    "changeMarks": ("/marks", msgspec.json.encode({"articles": [ARTICLE], "starred": True})),
    "followFeed": ("/feeds", b'{"url": "https://a.example/feed"}'),
    "refreshFeed": ("/feeds/refresh", b""),
    "importFeeds": ("/import", OPML),
    "addAlert": ("/alerts", b'{"name": "Dams", "query": "dam"}'),
    "resendAlert": ("/alerts/Old/resend", b""),
}


def post(served: Page, path: str, body: bytes, key: str = "one") -> Answer:
    return served.another().ask("POST", f"/api/v1{path}", body, {"idempotency-key": key})


def furnish(served: Page) -> None:
    now = served.desk.clock()
    served.put(Document(id=ARTICLE, source="A", seen=now, title="Dam", text="It failed.", revision=1))
    served.browser.send("/alerts", {"name": "Old", "query": "old", "channels": "terminal"})
    served.audit.clear()


def test_every_post_is_here() -> None:
    assert {each.name for each in OPERATIONS if each.method == "POST"} == set(REQUESTS)


@pytest.mark.parametrize("name", REQUESTS)
def test_request_that_comes_again_is_answered_as_before_and_done_once(name: str) -> None:
    with page() as served:
        furnish(served)
        path, body = REQUESTS[name]
        first = post(served, path, body)
        assert first.status < 300, first.text
        done = list(served.audit)
        with page_over(served.store) as restarted:
            for again in (post(served, path, body), post(restarted, path, body)):
                assert (again.status, again.body, again.headers["content-type"]) == (
                    first.status, first.body, first.headers["content-type"],
                )  # fmt: skip
            assert served.audit == done and restarted.audit == []
        assert post(served, path, body + b" ").status == 422, "the key is another request's"
        assert served.audit == done


def test_request_with_another_key_or_without_one_is_another_request() -> None:
    with page() as served:
        for key in ("one", "two", "", ""):
            assert post(served, "/articles", LINES, key).status == 202
        assert len(served.audit) == 4


def test_request_that_failed_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with page() as served:
        asked = b'{"name": "Dams", "query": "dam"}'
        with monkeypatch.context() as patched:

            def away(*_: object, **__: object) -> object:
                raise UnavailableError("The store is away.")

            patched.setattr("pipeline.services.alerts.Alerts.add", away)
            assert post(served, "/alerts", asked).status == 503
        assert post(served, "/alerts", asked).status == 201


def test_request_that_is_under_way_is_not_begun_again_before_its_process_must_have_died() -> None:
    with page() as served:
        path, body = REQUESTS["addAlert"]

        class DiedError(BaseException):
            """End the process."""

        def begun(ask: Ask, rendering: Any) -> Any:
            assert post(served, path, body).status == 409
            raise DiedError

        ask = Ask(desk=served.desk, method="POST", path=f"/api/v1{path}", places={}, query={}, body=body,
                  headers={"idempotency-key": "one"}, who="this machine")  # fmt: skip
        with pytest.raises(DiedError):
            repeated.once(begun, ask, None)  # type: ignore[arg-type]
        assert post(served, path, body).status == 201


def test_records_pass_and_are_bounded() -> None:
    with page() as served:
        now = served.desk.clock()
        table = served.store.access
        early = PassingRecords(table=table, clock=lambda: now)
        assert early.claim("a", b"1", timedelta(minutes=1)) is None
        assert early.claim("a", b"2", timedelta(minutes=1)) == b"1" == early.get("a")
        late = PassingRecords(table=table, clock=lambda: now + timedelta(minutes=1))
        assert late.get("a") is None and late.claim("a", b"3", timedelta(minutes=1)) is None
        table.update({f"passing {n}": table.get("passing a") for n in range(MOST + 5)})
        PassingRecords(table=table, clock=lambda: now).put("b", b"", timedelta(minutes=1))
        assert sum(key.startswith("passing ") for key, _ in table.items()) == MOST + 1


def test_key_that_is_too_long_is_refused() -> None:
    with page() as served:
        answer = post(served, "/articles", LINES, "k" * 300)
        assert answer.status == 400 and "255" in msgspec.json.decode(answer.body)["detail"]
