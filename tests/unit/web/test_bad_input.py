"""Bad input and bad luck: each is a page or a problem that says what to do, and nothing is half-saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pipeline.errors import TransientError, UnavailableError
from pipeline.web.app import App
from pipeline.web.desk import Door
from pipeline.web.pages import PAGES
from tests.fakes.browser import Browser
from tests.fakes.web import page
from tests.unit.web.test_pages import article

ID = f"{1:032x}"
AWAY = UnavailableError("Elasticsearch at http://127.0.0.1:9200 does not answer; start it.")


class Gone:
    """Stand for a service whose server is lost: every question fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*values: Any, **named: Any) -> Any:
            raise self._error

        return fail


def lost(served: Any, error: Exception) -> Browser:
    gone: Any = Gone(error)
    desk = msgspec.structs.replace(
        served.desk, articles=gone, stories=gone, events=gone, feeds=gone, alerts=gone, arrivals=gone, searches=gone,
        marks=lambda reader: gone, statuses=gone, feed_counts=gone,
    )  # fmt: skip
    return Browser(App(desk).asgi())


READ = sorted({path for method, path, *_ in PAGES if method == "GET"})


@pytest.mark.parametrize("path", READ)
def test_lost_server_is_told_with_when_to_come_back(path: str) -> None:
    with page() as served:
        served.put(article(1))
        browser = lost(served, AWAY)
        address = path.replace("{id}", ID).replace("{name:path}", "Dams").replace("{form}", "json")
        answer = browser.get(f"{address}?q=dam&url=https://a.example/f&name=Dams")
        if answer.status in (200, 404):
            # What needs none of the servers: the form's help, a backup that there is not, pictures that are off.
            assert path in (
                "/help",
                "/operation/backup",
                "/article/{id}/picture",
                "/feed/icon",
                "/alerts/preview",
                "/search/restated",
            )
            return
        assert answer.status == 503, answer.text
        assert "start it" in answer.text and int(answer.headers["retry-after"]) > 0


def test_lost_server_is_a_problem_for_programs_and_changes_nothing() -> None:
    with page() as served:
        served.put(article(1))
        browser = lost(served, TransientError("Kafka is away.", 5.0))
        answer = browser.ask("POST", "/api/v1/marks", msgspec.json.encode({"articles": [ID], "read": True}))
        assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
        assert browser.get("/api/v1/articles").json()["detail"] == "Kafka is away."
        assert served.desk.marks("").counts() == {}
        # It is back: the same page answers again.
        assert served.browser.get("/").status == 200


@pytest.mark.parametrize("path", [
    "/?cursor=nonsense", "/search?q=dam&cursor=AAAA", "/?sort=sideways", "/?view=everything", "/stories?days=0",
    "/stories?days=99999999999", "/search.json?q=dam&limit=1001", "/search?q=(((", "/api/v1/articles?limit=201",
    "/api/v1/articles?limit=-1", "/api/v1/articles?cursor=%00", "/api/v1/feeds/days?days=91",
])  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(path: str) -> None:
    with page() as served:
        served.put(article(1))
        answer = served.browser.get(path)
        assert answer.status == 400, answer.text
        is_problem = answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] if is_problem else 'role="alert"' in answer.text


@pytest.mark.parametrize("path", [
    "/nothing", "/article/ffffffffffffffff", "/story/ffffffff", "/alert/Nobody", "/feed?url=x", "/article/%00",
    "/feeds/tag/a.atom?key=x", "/search.exe?q=a",
])  # fmt: skip
def test_what_is_not_there_is_a_page_with_a_way_on(path: str) -> None:
    with page() as served:
        answer = served.browser.get(path)
        assert answer.status in (400, 404) and '<a href="/">' in answer.text


@pytest.mark.parametrize(("method", "path"), [
    ("DELETE", "/"), ("PUT", "/alerts"), ("POST", "/search"), ("GET", "/marks"), ("PATCH", "/api/v1/articles"),
    ("DELETE", "/api/v1/status"), ("POST", "/live"), ("DELETE", "/api/v1/stream"), ("BREW", "/"),
    ("BREW", "/api/v1/articles"), ("PUT", "/login"), ("GET", "/feeds/hub"),
])  # fmt: skip
def test_wrong_method_names_the_right_ones(method: str, path: str) -> None:
    with page() as served:
        answer = served.browser.ask(method, path)
        assert answer.status == 405 and answer.headers["allow"]
        is_api = path.startswith("/api/")
        assert answer.headers["content-type"].startswith("application/problem+json" if is_api else "text/html")
        assert f"{method} cannot be done here" in answer.text and "content-security-policy" in answer.headers


def test_session_that_has_ended_leads_back_to_where_one_was() -> None:
    with page(door=Door(password="open sesame", is_loopback=False)) as served:
        served.browser.post("/login", password="open sesame")
        served.put(article(1))
        kept = served.browser.cookies["newswire_session"]
        until, rest = kept.split(".", 1)
        served.browser.cookies["newswire_session"] = f"{int(until) - 40 * 86_400}.{rest}"
        asked = served.browser.get("/search?q=dam&sort=best")
        assert asked.status == 303
        assert asked.headers["location"] == "/login?to=%2Fsearch%3Fq%3Ddam%26sort%3Dbest"
        form = served.browser.get(asked.headers["location"])
        assert 'value="/search?q=dam&amp;sort=best"' in form.text
        assert served.browser.post("/marks", article=ID, read="yes").status == 303
        assert served.desk.marks("").counts() == {}
        # What was sent by a form leads back to the page of the form, and says that it was not kept.
        headers = {"referer": "http://127.0.0.1:8765/alerts/new?q=dam"}
        asked = served.browser.post("/alerts", headers, name="Dams", query="dam")
        assert asked.headers["location"] == "/login?to=%2Falerts%2Fnew%3Fq%3Ddam&ended=1"
        form = served.browser.follow(asked)
        assert "nothing of what you sent was kept" in form.text and 'value="/alerts/new?q=dam"' in form.text
        elsewhere = served.browser.post("/alerts", {"referer": "https://evil.example/x"}, name="Dams", query="dam")
        assert elsewhere.headers["location"] == "/login?to=%2F&ended=1"
        assert served.desk.alerts.all() == []
        back = served.browser.post("/login", password="open sesame", to="/search?q=dam&sort=best")
        assert back.headers["location"] == "/search?q=dam&sort=best"


def test_page_that_is_too_old_changes_nothing() -> None:
    with page() as served:
        served.put(article(1))
        served.browser.get("/")
        served.browser.cookies["newswire_visit"] = "another"
        body = b"form_token=old&article=" + ID.encode() + b"&read=yes"
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": "http://127.0.0.1:8765"}
        answer = served.browser.ask("POST", "/marks", body, headers)
        assert answer.status == 403 and "reload" in answer.text
        assert served.desk.marks("").counts() == {}


def test_secrets_of_a_feed_go_in_and_never_come_out() -> None:
    url = "https://a.example/f"
    with page() as served:
        served.browser.post("/feeds", url=url)
        fields = {
            "url": url,
            "keep": "1",
            "user_agent": "Mine/1",
            "header": "X-Key: tops3cret\n",
            "proxy": "http://u:pw9@p.example:8080",
        }
        assert served.browser.send("/feed", fields).status == 303
        (feed,) = served.desk.feeds.all()
        assert (feed.user_agent, feed.headers, feed.proxy) == ("Mine/1", {"X-Key": "tops3cret"}, fields["proxy"])
        text = served.browser.get(f"/feed?url={url}").text
        assert "X-Key" in text and "tops3cret" not in text and "pw9" not in text
        # Empty fields keep what is secret; one box drops it.
        served.browser.send("/feed", {"url": url, "keep": "1", "user_agent": "Mine/1"})
        assert served.desk.feeds.all() == [feed]
        served.browser.send("/feed", {"url": url, "keep": "1", "bare": "1"})
        assert served.desk.feeds.all()[0].headers == {} and served.desk.feeds.all()[0].proxy is None


def test_who_may_write_reads_no_file_of_this_machine_through_a_feed() -> None:
    url = "https://a.example/f"
    with page(door=Door(password="open sesame", is_loopback=False)) as served:
        served.browser.post("/login", password=served.desk.access.add("phone", "write"))
        served.browser.post("/feeds", url=url)
        for fields in (
            {"header": "X-Key: Bearer {file = '/etc/passwd'}"},
            {"bearer": "{env = 'HOME'}"},
            {"proxy": "{env = 'HOME'}"},
        ):
            answer = served.browser.send("/feed", {"url": url, "keep": "1", **fields})
            assert answer.status == 400 and "given on the command line" in answer.text
        assert served.desk.feeds.all()[0].headers == {}


def test_options_that_cannot_be_kept_come_back_as_they_were_typed() -> None:
    url = "https://a.example/f?page=1&x=<2>"
    with page() as served:
        served.browser.post("/feeds", url=url)
        before = served.desk.feeds.all()
        fields = {"url": url, "keep": "1", "title": "Mine <now>", "mute": "sport\n(((", "interval": "60"}
        answer = served.browser.send("/feed", fields | {"bearer": "tops3cret"})
        assert answer.status == 400 and "Nothing was changed" in answer.text and "tops3cret" not in answer.text
        assert 'value="Mine &lt;now&gt;"' in answer.text and "sport\n(((" in answer.text and 'value="60"' in answer.text
        assert served.desk.feeds.all() == before


def test_cookies_of_a_feed_go_in_and_are_not_shown() -> None:
    url = "https://a.example/f"
    with page() as served:
        served.browser.post("/feeds", url=url)
        assert served.browser.send("/feed", {"url": url, "cookies": "a=tops3cret; b=2"}).status == 303
        assert served.desk.feeds.all()[0].headers == {"Cookie": "a=tops3cret; b=2"}
        assert "tops3cret" not in served.browser.get(f"/feed?url={url}").text


def test_all_read_spares_what_came_after_the_page_was_shown() -> None:
    with page() as served:
        served.put(article(1, "One"))
        shown = served.browser.get("/").text
        until = re.search(r'name="until" value="(\d+)"', shown)
        assert until is not None
        served.put(article(2, "Two"))
        assert "1 article is marked" in served.browser.post("/marks/all", query="", until=until.group(1)).text
        assert served.browser.get("/unread").json()["all"] == 1
