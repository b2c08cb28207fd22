"""Who may ask: names, origins, passwords, tokens, attempts, headers."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.web.desk import Door
from pipeline.web.security import TRIES, TRIES_WITHIN_S, Attempts, Rate, comes_from_us, is_loopback, is_our_name
from tests.fakes.web import page

LOCKED = Door(password="open sesame", is_loopback=False)


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1:8765", "[::1]:8765", "192.168.1.4",
                                  "news.localhost", "News.Example.org:443"])  # fmt: skip
def test_names_of_ours_are_let_in(host: str) -> None:
    assert is_our_name(host, ["news.example.org"])


@pytest.mark.parametrize("host", [
    "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost", "localhost,evil.example",
    "127.0.0.1\\.evil.example", "news.example.org.evil.example",
])  # fmt: skip
def test_name_that_was_pointed_at_this_machine_is_refused(host: str) -> None:
    assert not is_our_name(host, ["news.example.org"])


@given(st.text(max_size=40))
def test_no_host_header_breaks_the_check(host: str) -> None:
    assert is_our_name(host, []) in (True, False)


def test_rebound_name_sees_nothing() -> None:
    with page() as served:
        answer = served.another("evil.example:8765").get("/api/v1/articles")
        assert (answer.status, answer.headers["content-type"]) == (421, "application/problem+json")
        assert served.another("evil.example:8765").get("/").status == 421


def test_change_needs_the_token_of_a_page_of_ours() -> None:
    with page() as served:
        for wrong in ("", "x" * 22):
            answer = served.browser.post("/feeds", url="https://a.example/f", form_token=wrong)
            assert answer.status == 403 and "reload" in answer.text
        assert served.desk.feeds.all() == []
        assert served.browser.post("/feeds", url="https://a.example/f").status == 303


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"},
                                     {"origin": "http://127.0.0.1:9999"}])  # fmt: skip
@pytest.mark.parametrize("path", ["/feeds", "/marks", "/api/v1/alerts", "/operation"])
def test_change_asked_for_by_another_site_is_refused(path: str, headers: dict[str, str]) -> None:
    with page() as served:
        assert served.browser.post(path, headers, url="https://a.example/f").status == 403
        assert served.audit == []


def test_program_on_this_machine_needs_no_form() -> None:
    assert comes_from_us({"host": "127.0.0.1:8765"})
    assert not comes_from_us({"host": "127.0.0.1:8765", "sec-fetch-site": "cross-site"})
    with page() as served:
        body = msgspec.json.encode({"query": "flood"})
        assert served.another().ask("PUT", "/api/v1/searches/water", body).status == 200


def test_every_page_forbids_what_is_not_ours() -> None:
    with page() as served:
        for path in ("/", "/search?q=(", "/nothing", "/api/v1/articles", "/static/app.js"):
            headers = served.browser.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")
            assert headers["x-frame-options"] == "DENY"


def test_without_the_password_nothing_is_shown() -> None:
    with page(door=LOCKED) as served:
        sent = served.browser.get("/search?q=flood")
        assert (sent.status, sent.headers["location"]) == (303, "/login?to=%2Fsearch%3Fq%3Dflood")
        assert served.browser.get("/api/v1/articles").status == 401
        assert served.browser.ask("POST", "/api/v1/articles", b"{}").status == 401
        assert served.browser.get("/live").status == 303


def test_password_opens_the_page_and_the_session_is_for_no_script() -> None:
    with page(door=LOCKED) as served:
        assert served.browser.post("/login", password="wrong").status == 403
        answer = served.browser.post("/login", password="open sesame", to="//evil.example/")
        assert (answer.status, answer.headers["location"]) == (303, "/")
        (cookie,) = [each for each in answer.cookies if each.startswith("newswire_session")]
        assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
        assert served.browser.get("/").status == 200
        served.browser.cookies["newswire_session"] += "x"
        assert served.browser.get("/").status == 303


def test_tries_are_limited_per_address() -> None:
    with page(door=LOCKED) as served:
        for _ in range(TRIES):
            assert served.browser.post("/login", password="wrong").status == 403
        assert served.browser.post("/login", password="open sesame").status == 429
        assert served.another(address="10.0.0.9").post("/login", password="open sesame").status == 303


def test_two_who_ask_at_once_when_failures_are_forgotten_are_both_answered() -> None:
    now, others = 0.0, list[int]()

    def clock() -> float:
        if now and not others:
            others.append(0)
            others.append(attempts.wait_s("a"))  # what another thread asks just now
        return now

    attempts = Attempts(clock)
    attempts.failed("a")
    now = TRIES_WITHIN_S
    assert (attempts.wait_s("a"), others) == (0, [0, 0])


def test_one_may_try_again_after_a_while() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(TRIES):
        attempts.failed("a")
    assert 0 < attempts.wait_s("a") <= TRIES_WITHIN_S + 1 and attempts.wait_s("b") == 0
    now = TRIES_WITHIN_S
    assert attempts.wait_s("a") == 0


def test_token_may_what_its_scope_says() -> None:
    with page(door=LOCKED) as served:
        read, write = (served.desk.access.add(scope, scope) for scope in ("read", "write"))
        body = msgspec.json.encode({"query": "flood"})

        def ask(method: str, path: str, token: str) -> int:
            return served.another().ask(method, path, body, {"authorization": f"Bearer {token}"}).status

        assert ask("GET", "/api/v1/searches", read) == 200
        assert ask("PUT", "/api/v1/searches/water", read) == 403
        assert ask("PUT", "/api/v1/searches/water", write) == 200
        assert ask("GET", "/operation/backup", write) == 403
        assert ask("GET", "/api/v1/searches", read + "x") == 401
        served.desk.access.remove("read")
        assert ask("GET", "/api/v1/searches", read) == 401


def test_session_of_a_token_ends_with_it() -> None:
    with page(door=LOCKED) as served:
        token = served.desk.access.add("phone", "read")
        served.browser.post("/login", password=token)
        assert served.browser.get("/").status == 200
        assert served.browser.post("/feeds", url="https://a.example/f").status == 403
        served.desk.access.remove("phone")
        assert served.browser.get("/").status == 303


def test_too_large_a_body_is_refused_before_it_is_read() -> None:
    with page() as served:
        answer = served.browser.ask("POST", "/feeds", b"x" * 2_000_000, {"origin": "http://127.0.0.1:8765"})
        assert answer.status == 413


def test_rate_is_counted_down_and_starts_again() -> None:
    now = 0.0
    rate = Rate(2, lambda: now)
    assert [rate.take("a")[0] for _ in range(3)] == [1, 0, -1]
    assert rate.take("b")[0] == 1
    now = 60.0
    assert rate.take("a")[0] == 1


@pytest.mark.parametrize(("host", "is_local"), [
    ("127.0.0.1", True), ("::1", True), ("localhost", True), ("", False), ("0.0.0.0", False), ("192.168.1.4", False),
    ("example.org", False),
])  # fmt: skip
def test_only_this_machine_is_loopback(host: str, is_local: bool) -> None:
    assert is_loopback(host) == is_local


def test_every_change_leaves_a_line() -> None:
    with page() as served:
        served.browser.post("/feeds", url="https://a.example/f")
        served.browser.post("/alerts", name="War", query="putin")
        served.browser.post("/alert/War", remove="1")
        assert [what for _, what, _ in served.audit] == ["follow feed", "keep alert", "remove alert"]
