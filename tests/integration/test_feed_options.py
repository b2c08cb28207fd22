"""The options of a feed, end to end: what is sent where, what is left out, and that no secret is ever shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.integration import feed_server
from tests.integration.feed_server import FEED, Answer, FeedServer
from tests.integration.test_up import Newswire

SECRET = "s3cr3t-word"
BASIC = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    yield made
    made.close()


@pytest.fixture
def stranger() -> Iterator[FeedServer]:
    made = FeedServer()
    made.pages["/feed"] = FEED
    yield made
    made.close()


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    return Newswire(tmp_path / "store")


def guarded(name: str, value: str) -> Callable[[BaseHTTPRequestHandler], Answer]:
    """Answer with the feed to who sends a header, and 401 to anybody else."""
    return lambda request: (200, {}, FEED) if request.headers.get(name) == value else (401, {}, b"who are you?")


def sent(server: FeedServer, name: str, path: str = "/feed") -> list[str | None]:
    return [headers.get(name) for asked, headers in server.requests if asked == path]


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        (("--auth", f"me:{SECRET}"), "Authorization", BASIC),
        (("--bearer", SECRET), "Authorization", f"Bearer {SECRET}"),
        (("--header", f"X-Key: {SECRET}"), "X-Key", SECRET),
        (("--header", "authorization: old", "--auth", f"me:{SECRET}"), "Authorization", BASIC),
        (("--cookie", f"session={SECRET}", "--cookie", "lang=en"), "Cookie", f"session={SECRET}; lang=en"),
    ],
)
def test_credentials_open_a_feed_and_are_never_shown(
    newswire: Newswire, server: FeedServer, options: tuple[str, ...], name: str, value: str
) -> None:
    server.pages["/feed"] = guarded(name, value)
    url = server.url + "/feed"
    assert "--auth" in newswire("add", url, code=2)
    shown = [newswire("add", *options, url), newswire("up", "--once"), newswire("feed", "test", url)]
    shown += [newswire("feed", command, *more, "--json") for command, *more in (("list",), ("show", url))]
    shown += [newswire("feed", "list"), newswire("feed", "show", url), newswire("export"), newswire("doctor")]
    server.pages["/feed"] = feed_server.status(500)
    failed = newswire.run("up", "--once")
    shown += [failed.stdout, failed.stderr, newswire("feed", "list", "--broken")]
    assert [text for text in shown if SECRET in text or BASIC in text] == []
    assert sent(server, name)[1:] == [value] * (len(sent(server, name)) - 1)
    assert "***" in newswire("feed", "show", url, "--json")
    assert "Second report" in newswire("search", "cranes")


def test_credentials_in_an_address_become_a_header(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/feed"] = guarded("Authorization", BASIC)
    address = server.url.replace("//", f"//me:{SECRET}@") + "/feed"
    shown = newswire("add", address) + newswire("feed", "list", "--json") + newswire("export")
    assert (SECRET in shown, server.url + "/feed" in shown) == (False, True)
    newswire("up", "--once")
    assert sent(server, "Authorization") == [BASIC, BASIC]
    server.pages["/nothing"] = feed_server.status(404)
    assert SECRET not in newswire("up", "--once", address.replace("/feed", "/nothing"), code=2)


@pytest.mark.parametrize("status", [301, 307])
def test_credentials_never_follow_a_redirect_to_another_site(
    newswire: Newswire, server: FeedServer, stranger: FeedServer, status: int
) -> None:
    server.pages |= {"/feed": feed_server.redirect("/inner", status), "/inner": guarded("Authorization", BASIC)}
    newswire("add", "--auth", f"me:{SECRET}", "--header", f"X-Key: {SECRET}", server.url + "/feed")
    server.pages["/feed"] = feed_server.redirect(stranger.url + "/feed", status)
    for _ in range(5):  # often enough for a permanent move to be believed, and asked for at once
        newswire("up", "--once")
    assert set(sent(server, "X-Key", "/inner")) == {SECRET}
    assert (set(sent(stranger, "X-Key")), set(sent(stranger, "Authorization"))) == ({None}, {None})
    assert len(stranger.requests) == 5


def test_credentials_for_a_page_are_not_kept_for_a_feed_elsewhere(
    newswire: Newswire, server: FeedServer, stranger: FeedServer
) -> None:
    link = f'<link rel="alternate" type="application/rss+xml" href="{stranger.url}/feed">'
    server.pages["/"] = f"<html><head>{link}</head></html>".encode()
    result = newswire.run("add", "--bearer", SECRET, server.url + "/")
    assert (result.returncode, "no header is sent there" in result.stderr) == (0, True)
    newswire("up", "--once")
    assert (sent(server, "Authorization", "/"), set(sent(stranger, "Authorization"))) == ([f"Bearer {SECRET}"], {None})


def test_feed_is_fetched_through_its_proxy_and_only_it(newswire: Newswire, server: FeedServer) -> None:
    server.pages |= {"http://feeds.example/feed": FEED, "/feed": FEED}
    proxy = server.url.replace("//", f"//me:{SECRET}@")
    shown = newswire("add", "--proxy", proxy, "http://feeds.example/feed")
    newswire("add", server.url + "/feed")
    shown += newswire("up", "--once") + newswire("feed", "show", "http://feeds.example/feed")
    assert (SECRET in shown, "//***@127.0.0.1" in shown) == (False, True)
    assert sent(server, "Proxy-Authorization", "http://feeds.example/feed") == [BASIC, BASIC]
    assert set(sent(server, "Proxy-Authorization")) == {None}


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.1/feed", "http://169.254.169.254/feed", "http://[::ffff:10.0.0.1]/", "http://2130706434:81/"],
)
def test_proxy_is_no_way_to_private_addresses(newswire: Newswire, server: FeedServer, address: str) -> None:
    newswire.environment["NEWSWIRE_FETCH_ALLOW"] = "127.0.0.1/32"
    assert "not a public address" in newswire("add", "--proxy", server.url, address, code=2)
    assert server.requests == []


def test_private_proxy_is_refused_unless_allowed(newswire: Newswire, server: FeedServer) -> None:
    del newswire.environment["NEWSWIRE_FETCH_ALLOW"]
    assert "allow" in newswire("add", "--proxy", server.url, "http://feeds.example/feed", code=2)
    assert server.requests == []


def test_proxy_that_is_not_there_is_told(newswire: Newswire) -> None:
    error = newswire("add", "--proxy", f"http://me:{SECRET}@127.0.0.1:1", "http://feeds.example/feed", code=3)
    assert ("proxy" in error, SECRET in error) == (True, False)


def test_muted_articles_are_left_out_and_counted(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/feed"] = FEED
    url = server.url + "/feed"
    newswire("add", "--mute", "title:second -volcano", "--mute", "author:nobody", url)
    newswire("up", "--once")
    assert "First report" in newswire("search", "cranes")
    assert "Second" not in newswire("search", "cranes")
    health = json.loads(newswire("feed", "show", url, "--json"))
    assert (health["muted"], health["mute"]) == (1, ["title:second -volcano", "author:nobody"])
    newswire("feed", "edit", url, "--clear", "mute")
    server.pages["/feed"] = FEED.replace(b"moved again", b"stood again")
    newswire("up", "--once")
    assert "Second report" in newswire("search", "cranes")


def test_options_are_changed_and_cleared(newswire: Newswire, server: FeedServer) -> None:
    server.pages["/feed"] = FEED
    url = server.url + "/feed"
    newswire("add", "--tag", "a", "--interval", "600", "--language", "de", "--user-agent", "Reader/1", url)
    newswire("feed", "edit", url, "--tag", "b", "--tag", "c", "--title", "Docks", "--clear", "interval")
    newswire("feed", "edit", url, "--header", "X-Key: 1", "--header", "x-other: 2")
    newswire("feed", "edit", url, "--header", "x-key: 3")
    health = json.loads(newswire("feed", "show", url, "--json"))
    wanted = {
        "title": "Docks", "tags": ["b", "c"], "interval": None, "language": "de", "user_agent": "Reader/1",
        "headers": {"x-other": "***", "x-key": "***"}, "proxy": None, "mute": [], "fulltext": False,
    }  # fmt: skip
    assert {name: health[name] for name in wanted} == wanted
    newswire("up", "--once")
    assert (sent(server, "User-Agent")[-1], sent(server, "x-key")[-1]) == ("Reader/1", "3")
    newswire("feed", "edit", url, "--clear", "headers", "--clear", "user-agent")
    assert json.loads(newswire("feed", "show", url, "--json"))["headers"] == {}


@pytest.mark.parametrize(
    "option",
    [
        ("--header", "no colon"),
        ("--header", "Bad Name: x"),
        ("--header", "X: a\r\nY: b"),
        ("--header", "Host: other"),
        ("--cookie", "nothing"),
        ("--bearer", "two words"),
        ("--auth", "a:b", "--bearer", "c"),
        ("--proxy", "socks5://127.0.0.1"),
        ("--proxy", "http://me:s3cr3t-word@/"),
        ("--mute", "title:("),
        ("--interval", "1"),
    ],
)
def test_bad_option_is_one_sentence_and_changes_nothing(newswire: Newswire, option: tuple[str, ...]) -> None:
    error = newswire("add", "--no-check", *option, "http://feeds.example/feed", code=2)
    assert (SECRET in error, newswire("feed", "list")) == (False, "")


def test_hours_of_rest_are_kept_and_a_feed_that_says_it_moved_is_followed(
    newswire: Newswire, server: FeedServer, stranger: FeedServer
) -> None:
    rest = "".join(f"<hour>{hour}</hour>" for hour in range(24) if hour != 3)
    asked = f"<skipHours>{rest}</skipHours><itunes:new-feed-url>{stranger.url}/feed</itunes:new-feed-url>"
    spaced = FEED.replace(
        b'<rss version="2.0">', b'<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">'
    )
    server.pages["/feed"] = spaced.replace(b"<link>", asked.encode() + b"<link>", 1)
    url = server.url + "/feed"
    newswire("up", "--once", url)
    health = json.loads(newswire("feed", "show", url, "--json"))
    assert (health["next_check"][11:13], health["moved_to"]) == ("03", stranger.url + "/feed")
    newswire("up", "--once")
    assert (len(server.requests), len(stranger.requests)) == (2, 1)
    assert len(newswire("search", "cranes", "--json").splitlines()) == 2
