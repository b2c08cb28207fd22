"""No feed stands still in silence, and a host that asks for rest is left alone with all its feeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.integration.feed_server import FEED, Answer, FeedServer, redirect, status
from tests.integration.test_up import Newswire

ITEM = b"<item><title>Third report of the harbour</title><guid>g3</guid><description>Tugs left.</description></item>"
LATER = FEED.replace(b"<item>", ITEM + b"<item>", 1)


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    made = Newswire(tmp_path / "store")
    made.environment["NEWSWIRE_FETCH_SPACING_S"] = "0"
    return made


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    yield made
    made.close()


def feed(newswire: Newswire, url: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(newswire("feed", "show", url, "--json"))
    return told


def test_server_that_takes_conditions_amiss_is_asked_without(newswire: Newswire, server: FeedServer) -> None:
    body = FEED

    def strict(handler: BaseHTTPRequestHandler) -> Answer:
        return (412, {}, b"") if handler.headers.get("If-None-Match") else (200, {"ETag": '"1"'}, body)

    server.pages["/strict"] = strict
    newswire("up", "--once", server.url + "/strict")
    body = LATER
    assert "Third report" in newswire("up", "--once")
    assert feed(newswire, server.url + "/strict")["error"] is None


def test_feed_that_was_gone_once_and_without_content_once_goes_on(newswire: Newswire, server: FeedServer) -> None:
    url = server.url + "/feed"
    server.pages["/feed"] = FEED
    newswire("up", "--once", url)
    for code, state in ((410, "gone"), (204, "ok")):
        server.pages["/feed"] = status(code)
        newswire.run("up", "--once")
        told = feed(newswire, url)
        # Its entries are of 2022, which makes a feed that is well a quiet one.
        assert (told["state"].replace("quiet", "ok"), told["retired"]) == (state, False)
    server.pages["/feed"] = LATER
    assert "Third report" in newswire("up", "--once")


def test_feed_that_moved_to_one_that_is_followed_is_folded_into_it(newswire: Newswire, server: FeedServer) -> None:
    server.pages |= {"/old": FEED, "/new": FEED}
    newswire("add", "--no-check", "--tag", "quay", server.url + "/old")
    newswire("add", "--no-check", "--tag", "port", server.url + "/new")
    newswire("up", "--once")
    server.pages["/old"] = redirect("/new")
    told = [newswire.run("up", "--once").stderr for _ in range(5)]
    assert ["is folded into that" in words for words in told] == [False, False, False, True, False]
    asked = [path for path, _ in server.requests].count("/old")
    assert asked == 4
    assert feed(newswire, server.url + "/old")["state"] == "moved"
    assert feed(newswire, server.url + "/new")["tags"] == ["port", "quay"]


def test_host_that_asked_for_rest_is_left_alone_by_all_its_feeds_also_after_a_restart(
    newswire: Newswire, server: FeedServer
) -> None:
    for name in ("a", "b", "c"):
        server.pages[f"/{name}"] = status(503, Retry_After="3600")
        newswire("add", "--no-check", f"{server.url}/{name}")
    newswire.environment["NEWSWIRE_FETCH_PER_HOST"] = "1"
    for _ in range(2):
        result = newswire.run("up", "--once")
        assert "asked to be left alone; it is asked again in 60 min" in result.stderr
    assert len(server.requests) == 1
    words = newswire("feed", "edit", server.url + "/b", "--interval", "600")
    assert "not before" in words


def test_interval_takes_effect_at_once_and_says_which_bound_wins(newswire: Newswire, server: FeedServer) -> None:
    url = server.url + "/feed"
    server.pages["/feed"] = FEED
    newswire("up", "--once", url)
    before = feed(newswire, url)["next_check"]
    assert "It is polled every 10 min, next in 10 min." in newswire("feed", "edit", url, "--interval", "600")
    assert feed(newswire, url)["next_check"] < before
    assert "min_interval_s = 300 under [fetch] wins over the interval of 60 s" in newswire(
        "feed", "edit", url, "--interval", "60"
    )


def test_subscription_list_given_to_up_is_followed_and_what_is_no_feed_is_refused(
    newswire: Newswire, server: FeedServer, tmp_path: Path
) -> None:
    server.pages["/feed"] = FEED
    (tmp_path / "subs.opml").write_text(
        f'<opml><body><outline text="Quay" xmlUrl="{server.url}/feed"/>\n'
        '<outline text="x" xmlUrl="exec:y"/></body></opml>'
    )
    result = newswire.run("up", "--once", str(tmp_path / "subs.opml"))
    assert ("Second report" in result.stdout, "line 2: exec:y: a program to run" in result.stderr) == (True, True)
    assert newswire("export", "-").count("<outline") == 1
    for name, body in (("a.json", '{"a": 1}'), ("b.xml", "<?xml version='1.0'?><quay/>")):
        (tmp_path / name).write_text(body)
        assert "but no feed" in newswire("up", "--once", str(tmp_path / name), code=2)
