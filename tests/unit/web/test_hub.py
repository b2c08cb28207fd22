"""The hub of the page: which feeds it serves, to whom, and what it says to requests that are not right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from pipeline.services.hub_rounds import HUB_PATH, Called, HubRounds
from pipeline.web.access_pages import outgoing_address
from pipeline.web.desk import Door
from pipeline.web.outgoing import published
from tests.fakes.browser import Answer, Browser
from tests.fakes.web import Page, page
from tests.unit.web.test_pages import article

BASE = "http://127.0.0.1:8765"
CALLBACK = "https://reader.example/push"


def topic(served: Page, form: str = "atom", kind: str = "query", name: str = "dam") -> str:
    return BASE + outgoing_address(served.desk, kind, name, form)


def ask(browser: Browser, **fields: str) -> Answer:
    body = "&".join(f"hub.{name}={quote(value, safe='')}" for name, value in fields.items())
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return browser.ask("POST", HUB_PATH, body.encode(), headers)


class Subscriber:
    """Confirm all that the hub asks back, and keep what it sends."""

    def __init__(self, served: Page) -> None:
        self.sent: list[tuple[bytes, Mapping[str, str]]] = []
        self.rounds = HubRounds(
            served.desk.hub, publish=lambda each: published(served.desk, each), call=self._call,
            position=served.desk.arrivals.end, clock=served.desk.clock,
        )  # fmt: skip

    def _call(self, url: str, body: bytes | None, headers: Mapping[str, str]) -> Called:
        if body is not None:
            self.sent.append((body, headers))
            return Called(204)
        return Called(200, parse_qs(urlsplit(url).query)["hub.challenge"][0].encode())


@pytest.mark.parametrize(("form", "kind"), [("atom", "application/atom+xml"), ("json", "application/json")])
def test_program_that_follows_a_feed_is_told_of_news_in_it_and_of_nothing_else(form: str, kind: str) -> None:
    with page() as served:
        served.put(article(9, "Dam built"))
        subscriber, stranger = Subscriber(served), served.another()
        answer = ask(stranger, mode="subscribe", topic=topic(served, form), callback=CALLBACK, secret="s3cret")
        assert (answer.status, answer.headers["content-type"]) == (202, "text/plain; charset=utf-8")
        subscriber.rounds.step()
        served.put(article(2, "Oil prices", text=None))
        subscriber.rounds.step()
        assert subscriber.sent == []
        served.put(article(1, "Dam fails"))
        subscriber.rounds.step()
        subscriber.rounds.step()
        ((body, headers),) = subscriber.sent
        assert b"Dam fails" in body and b"Dam built" in body and b"Oil" not in body
        assert headers["content-type"] == kind and headers["x-hub-signature"].startswith("sha256=")
        assert f'<{topic(served, form)}>; rel="self"' in headers["link"]


def test_revised_article_is_news() -> None:
    with page() as served:
        served.put(article(1, "Dam fails"))
        subscriber = Subscriber(served)
        ask(served.browser, mode="subscribe", topic=topic(served), callback=CALLBACK)
        subscriber.rounds.step()
        served.put(article(1, "Dam fails, twelve dead", revision=2))
        subscriber.rounds.step()
        assert len(subscriber.sent) == 1


@pytest.mark.parametrize("form", ["atom", "json", "ics"])
def test_feed_says_where_its_hub_and_itself_are(form: str) -> None:
    with page() as served:
        served.put(article(1, "Dam fails"))
        address = topic(served, form)
        answer = served.another().get(address.removeprefix(BASE))
        assert answer.headers["link"] == f'<{BASE}{HUB_PATH}>; rel="hub", <{address}>; rel="self"'
        if form == "atom":
            links = {
                unescape(url): rel for url, rel in re.findall(r'<link href="([^"]*)" rel="([^"]*)" */>', answer.text)
            }
            assert links[address] == "self" and links[BASE + HUB_PATH] == "hub"
        if form == "json":
            assert answer.json()["hubs"] == [{"type": "WebSub", "url": BASE + HUB_PATH}]
            assert answer.json()["feed_url"] == address


@pytest.mark.parametrize("name", ["a b", "ä & ö", "50% <dam>", "x/y", 'lang:en "red line"', "dam.atom", "a+b"])
def test_feed_of_any_query_can_be_followed_by_the_address_it_says(name: str) -> None:
    with page() as served:
        answer = served.another().get(topic(served, name=name).removeprefix(BASE))
        assert answer.status == 200, answer.text
        said = re.search(r'<([^>]*)>; rel="self"', answer.headers["link"])
        assert said is not None
        assert ask(served.another(), mode="subscribe", topic=said.group(1), callback=CALLBACK).status == 202


def test_hub_needs_no_login_where_pages_do_but_the_secret_of_the_feed() -> None:
    with page(door=Door(password="open sesame", is_loopback=False)) as served:
        stranger = served.another()
        assert ask(stranger, mode="subscribe", topic=topic(served), callback=CALLBACK).status == 202
        wrong = topic(served)[:-1] + ("A" if topic(served)[-1] != "A" else "B")
        assert ask(stranger, mode="subscribe", topic=wrong, callback=CALLBACK).status == 400
        assert len(served.desk.hub.all()) == 1


def test_other_site_s_page_gains_nothing_by_asking() -> None:
    """A form on another site could ask for nothing that its owner could not ask for: it must know the secret."""
    with page() as served:
        body = (
            b"hub.mode=subscribe&hub.callback=https://evil.example/&hub.topic="
            + quote(BASE + "/feeds/query/a.atom").encode()
        )
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example"}
        assert served.browser.ask("POST", HUB_PATH, body, headers).status == 400
        assert served.desk.hub.all() == []


def test_feed_whose_key_was_made_anew_is_told_to_nobody() -> None:
    with page() as served:
        subscriber = Subscriber(served)
        ask(served.browser, mode="subscribe", topic=topic(served), callback=CALLBACK)
        subscriber.rounds.step()
        served.desk.access.forget_addresses()
        served.put(article(1, "Dam fails"))
        subscriber.rounds.step()
        assert subscriber.sent == [] and served.desk.hub.all() == []


def test_search_or_alert_that_is_removed_is_told_to_nobody() -> None:
    with page() as served:
        served.desk.searches.keep("water", "dam")
        subscriber = Subscriber(served)
        ask(served.browser, mode="subscribe", topic=topic(served, kind="search", name="water"), callback=CALLBACK)
        subscriber.rounds.step()
        assert len(served.desk.hub.all()) == 1
        served.desk.searches.forget("water")
        served.put(article(1, "Dam fails"))
        subscriber.rounds.step()
        assert subscriber.sent == [] and served.desk.hub.all() == []


@pytest.mark.parametrize("change", [
    {"mode": "publish"}, {"mode": ""}, {"callback": ""}, {"callback": "javascript:alert(1)"}, {"callback": "http://["},
    {"topic": ""}, {"topic": "http://elsewhere.example/feeds/query/dam.atom?key=x"}, {"topic": "http://["},
    {"topic": BASE + "/"}, {"topic": BASE + "/feeds/query/dam.atom"}, {"topic": BASE + "/feeds/x/dam.atom?key=x"},
    {"topic": BASE + "/feeds/query/dam.exe?key=x"}, {"topic": "ftp://127.0.0.1/feeds/query/dam.atom?key=x"},
    {"topic": BASE + "/feeds/query/" + "x" * 3_000 + ".atom?key=x"}, {"topic": BASE + "/feeds/query/%00.atom?key=x"},
    {"topic": BASE + "/feeds/query/dam.atom?" + "&".join(f"k{n}=v" for n in range(50))},
    {"lease_seconds": "soon"}, {"secret": "x" * 300},
])  # fmt: skip
def test_request_that_is_not_right_is_refused_in_words(change: dict[str, str]) -> None:
    with page() as served:
        fields = {"mode": "subscribe", "topic": topic(served), "callback": CALLBACK} | change
        answer = ask(served.another(), **fields)
        assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
        assert answer.text.endswith(".\n") and served.desk.hub.all() == []


def test_topic_with_what_no_header_may_hold_is_refused() -> None:
    with page() as served:
        for odd in ("\r\nx: y", ">", '"', " x", "é", "#a"):
            answer = ask(served.another(), mode="subscribe", topic=topic(served) + odd, callback=CALLBACK)
            assert answer.status == 400, odd
        assert served.desk.hub.all() == []


@pytest.mark.parametrize(("method", "body", "kind", "status"), [
    ("GET", b"", "text/html", 405), ("DELETE", b"", "text/html", 405), ("POST", b"", "text/plain", 400),
    ("POST", b"\xff\xfe\x00", "application/x-www-form-urlencoded", 400), ("POST", b"{}", "application/json", 400),
    ("POST", b"x" * 20_000, "application/x-www-form-urlencoded", 413),
    ("POST", b"&".join(b"a=b" for _ in range(2_000)), "application/x-www-form-urlencoded", 400),
    ("POST", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
])  # fmt: skip
def test_any_body_is_answered(method: str, body: bytes, kind: str, status: int) -> None:
    with page() as served:
        assert served.another().ask(method, HUB_PATH, body, {"content-type": kind}).status == status


def test_hub_that_is_full_says_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.services.hub.MOST_OF_A_TOPIC", 1)
    with page() as served:
        assert ask(served.another(), mode="subscribe", topic=topic(served), callback=CALLBACK).status == 202
        full = ask(served.another(), mode="subscribe", topic=topic(served), callback=CALLBACK + "2")
        assert full.status == 503 and int(full.headers["retry-after"]) > 0
