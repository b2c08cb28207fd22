"""`newswire add` and `newswire feed` as users meet trouble with them: what is said, and what is offered instead."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.integration import feed_server
from tests.integration.feed_server import FEED, Answer, FeedServer, redirect, status
from tests.integration.test_up import Newswire

LINK = b'<link rel="alternate" type="application/rss+xml" title="All news" href="/feed">'
DATA = Path(__file__).resolve().parent.parent / "data"
TRANSCRIPT = DATA / "feed_test.txt"
README = Path(__file__).resolve().parent.parent.parent / "README.md"


@pytest.fixture
def server() -> Iterator[FeedServer]:
    made = FeedServer()
    made.pages["/feed"] = feed_server.validated
    yield made
    made.close()


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    made = Newswire(tmp_path / "store")
    made.environment["NEWSWIRE_FETCH_TIMEOUT_S"] = "60"
    return made


def refusing() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/feed"


def aged(_: BaseHTTPRequestHandler) -> Answer:
    """Answer with a feed of which one entry has no date."""
    return 200, {"Cache-Control": "max-age=7200"}, re.sub(rb"<pubDate>[^<]*10:00[^<]*</pubDate>", b"", FEED)


TRANSCRIPTS = dict(re.findall(r"\$ newswire feed test SITE(/\w+)\n(.*?\n)(?:\n|$)", TRANSCRIPT.read_text(), re.DOTALL))
TROUBLE: dict[str, bytes | Callable[[BaseHTTPRequestHandler], Answer]] = {
    "/page": b"<html><head>" + LINK + b"</head></html>",
    "/lost": status(404),
    "/busy": status(429, Retry_After="7200"),
    "/circle": redirect("/round"),
    "/slow": feed_server.slow,
    "/bomb": feed_server.bomb,
    "/private": redirect("http://10.1.2.3/feed", 302),
    "/locked": status(401),
    "/text": b"Nothing of the kind.",
    "/aged": aged,
    "/moved": redirect("/feed"),
}
FINE = ("/aged", "/moved")


@pytest.mark.parametrize("path", TROUBLE)
def test_feed_test_explains_trouble_step_by_step(newswire: Newswire, server: FeedServer, path: str) -> None:
    server.pages |= {"/": b"<html>" + LINK, "/round": redirect("/circle"), **TROUBLE}
    if path == "/slow":
        newswire.environment["NEWSWIRE_FETCH_TIMEOUT_S"] = "2"
    result = newswire.run("feed", "test", server.url + path)
    assert (result.stdout.replace(server.url, "SITE"), result.stderr) == (TRANSCRIPTS[path], "")
    assert result.returncode == (0 if path in FINE else 1)
    steps = [json.loads(line) for line in newswire.run("feed", "test", "--json", server.url + path).stdout.splitlines()]
    assert all(step["detail"] in result.stdout for step in steps)
    assert {step["result"] for step in steps} <= {"ok", "warn", "fail", "more"}
    assert ("fail" in {step["result"] for step in steps}) == (path not in FINE)


def test_readme_shows_what_feed_test_says() -> None:
    shown = {line.strip() for line in README.read_text().splitlines()}
    told = [line for path in ("/page", "/lost", "/aged") for line in TRANSCRIPTS[path].splitlines()]
    assert [line for line in told if line.strip().replace("SITE", "https://example.org") not in shown] == []


def test_feed_test_says_what_cannot_be_reached(newswire: Newswire) -> None:
    url = refusing()
    assert "127.0.0.1 cannot be reached" in newswire.run("feed", "test", url).stdout
    assert "no address that can be fetched" in newswire.run("feed", "test", "ftp://example.com").stdout


def test_list_of_broken_feeds_says_what_to_do_and_leaves_the_others_out(newswire: Newswire, server: FeedServer) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    fresh = FEED.replace(b"Mon, 21 Feb 2022", f"{yesterday:%d %b %Y}".encode())
    server.pages |= {"/well": fresh, "/quiet": FEED, "/gone": fresh, "/fails": fresh, "/moves": redirect("/well")}
    for name in ("well", "quiet", "gone", "fails", "moves"):
        newswire("add", "--no-check", f"{server.url}/{name}")
    newswire("feed", "pause", server.url + "/fails")
    newswire("feed", "pause", server.url + "/fails", "--resume")
    server.pages |= {"/gone": status(410), "/fails": status(503)}
    for _ in range(3):
        newswire.run("up", "--once")
    result = newswire.run("feed", "list", "--broken")
    found = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert set(found) == {"quiet", "gone", "broken", "moved"}
    for state, words in (
        ("quiet", "nothing new since 2022-02-21"),
        ("gone", "feed refresh"),
        ("broken", "answered 503: it is tried again later. Failed 3 times in a row, it never worked"),
        ("moved", f"it has moved to {server.url}/well and is read there"),
    ):
        assert words in found[state]
    assert "The other is well" in result.stderr
    listed = [json.loads(line) for line in newswire("feed", "list", "--json", "--broken").splitlines()]
    assert {feed["state"] for feed in listed} == set(found)
    assert all(feed["words"] and "delay_s" in feed for feed in listed)


def test_delay_between_publishing_and_seeing_is_told(newswire: Newswire, server: FeedServer) -> None:
    newswire("add", server.url + "/feed")
    newswire("up", "--once")
    moment = format_datetime(datetime.now(UTC) - timedelta(minutes=5))
    item = f"<item><title>Third report</title><guid>g3</guid><pubDate>{moment}</pubDate></item></channel>"
    server.pages["/feed"] = FEED.replace(b"</channel>", item.encode())
    newswire("up", "--once")
    told = json.loads(newswire("feed", "show", server.url + "/feed", "--json"))
    assert 300 <= told["delay_s"] <= 330
    assert (told["state"], told["per_day"]) == ("ok", pytest.approx(1 / 7, abs=0.01))
    assert "seen 5 min after it is published" in newswire("feed", "list")


def test_page_without_a_word_of_its_feed_is_searched_at_the_usual_places(
    newswire: Newswire, server: FeedServer
) -> None:
    server.pages = {"/blog/": b"<html>words</html>", "/rss.xml": FEED}
    assert f"Following Scenario  {server.url}/rss.xml" in newswire("add", server.url + "/blog/")
    assert server.requests[-1][0] == "/rss.xml"  # nothing is asked for once one is found


def test_several_feeds_are_offered_best_first_each_once(newswire: Newswire, server: FeedServer) -> None:
    empty = b"<rss version='2.0'><channel><title>Comments on it</title></channel></rss>"
    server.pages |= {
        "/": b"<html><link rel=alternate type=application/rss+xml href=/comments title=Comments>" + LINK
        + b"<a href='/world.rss'>World</a><a href='/again.rss'>RSS</a><a href='/broken.rss'>RSS</a></html>",
        "/comments": empty,
        "/world.rss": FEED.replace(b"Scenario", b"World"),
        "/again.rss": redirect("/feed"),
    }  # fmt: skip
    found = [json.loads(line) for line in newswire("feed", "find", "--json", server.url + "/").splitlines()]
    assert [(feed["title"], feed["entries"]) for feed in found] == [
        ("Scenario", 2),
        ("World", 2),
        ("Comments on it", 0),
    ]
    assert newswire("feed", "find", server.url + "/").count("entries") == 3
    assert newswire("feed", "list") == ""
    told = newswire("add", server.url + "/")
    assert [line.strip() for line in told.splitlines()] == [
        f"Following Scenario  {server.url}/feed",
        f"also offered: World  {server.url}/world.rss",
        f"also offered: Comments on it  {server.url}/comments",
    ]
    newswire("add", "--all", server.url + "/")
    assert newswire("feed", "list").count(server.url) == 3


def test_page_of_a_hostile_site_is_not_read_for_ever(newswire: Newswire, server: FeedServer) -> None:
    server.pages = {"/": b"<html>" + b"<b><p><a href=/rss>" * 100_000}
    assert "no feed was found" in newswire("add", server.url + "/", code=2)


def test_one_feed_is_followed_once_however_it_is_written(
    newswire: Newswire, server: FeedServer, tmp_path: Path
) -> None:
    server.pages |= {"/moved": redirect("/feed"), "/else": redirect("/other"), "/other": FEED}
    url = server.url + "/feed"
    for spelling in (url, url + "#top", url.replace("http", "HTTP"), url.replace("http:", "feed:")):
        assert f"Following Scenario  {url}" in newswire("add", spelling)
    assert "which is followed already" in newswire("add", server.url + "/moved")
    file = tmp_path / "list.txt"
    file.write_text(f"{url}#a\n{url.replace('//', '//me:s3cr3t@')}\n")
    assert "Following 1 feed" in newswire("import", str(file))
    [feed] = [json.loads(line) for line in newswire("feed", "list", "--json").splitlines()]
    assert (feed["url"], feed["headers"]) == (url, {"Authorization": "***"})
    assert "Scenario" in newswire("feed", "show", url + "#top")
    newswire("add", server.url + "/else")
    assert f"{server.url}/else" in newswire("feed", "list")


def test_address_that_fails_does_not_keep_the_others_from_being_followed(
    newswire: Newswire, server: FeedServer
) -> None:
    result = newswire.run("add", server.url + "/none", refusing(), "ftp://a.example/", server.url + "/feed")
    assert (result.returncode, result.stdout) == (2, f"Following Scenario  {server.url}/feed\n")
    assert [words in result.stderr for words in ("404", "cannot be reached", "no address")] == [True] * 3
    assert "no address" in newswire("add", "--no-check", "nonsense", code=2)


@pytest.mark.parametrize(
    "url", ["http://[", "http://me:word@[/", "", " ", "http://..invalid/", "http://a.invalid:99999/"]
)
def test_what_is_no_address_is_one_error_for_every_command(newswire: Newswire, server: FeedServer, url: str) -> None:
    newswire("add", server.url + "/feed")
    for command in (("add",), ("feed", "find"), ("feed", "show"), ("feed", "remove"), ("feed", "pause"), ("import",)):
        assert newswire.run(*command, url).returncode in (1, 2)
    assert newswire.run("feed", "test", url).returncode in (1, 2)
    assert newswire("feed", "list").count("\n") == 1
