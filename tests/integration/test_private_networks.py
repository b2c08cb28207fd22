"""No kind of fetch reaches a private network, whoever names the address and wherever it leads.

127.0.0.1 is allowed and stands for the internet; 127.0.0.2 is not, and counts who comes.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.fetch.http import Fetcher, FetchError
from pipeline.adapters.notify.post import post
from pipeline.errors import TerminalError, UnavailableError, UsageError
from pipeline.settings import Fetch, Settings
from pipeline.wiring import connectors
from tests.integration.connectors.raw_server import RawServer
from tests.integration.distributed import wait_until
from tests.integration.feed_server import FEED, FeedServer, redirect
from tests.integration.test_up import Newswire
from tests.integration.test_websub import Site, Subscriber

ALLOWED = "127.0.0.1/32"
OPML = "<opml><body><outline text='a' xmlUrl='{}'/></body></opml>"


@pytest.fixture
def private() -> Iterator[RawServer]:
    made = RawServer(lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FEED), FEED], "127.0.0.2")
    yield made
    made.close()
    assert made.connections == 0


@pytest.fixture
def site() -> Iterator[FeedServer]:
    made = FeedServer()
    yield made
    made.close()


@pytest.fixture
def newswire(tmp_path: Path) -> Newswire:
    made = Newswire(tmp_path / "store")
    made.environment |= {
        "NEWSWIRE_FETCH_ALLOW": ALLOWED, "NEWSWIRE_NOTIFY_ALLOW": ALLOWED, "NEWSWIRE_FETCH_PAGE_SPACING_S": "0"
    }  # fmt: skip
    return made


def spellings(url: str) -> list[str]:
    """Return other ways to write 127.0.0.2."""
    port = url.rpartition(":")[2]
    hosts = ("127.2", "2130706434", "0x7f000002", "0177.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "127.0.0.2.")
    return [f"http://{host}:{port}/feed" for host in hosts]


def test_address_of_a_private_network_is_refused_by_every_command(newswire: Newswire, private: RawServer) -> None:
    for command in (("add",), ("up", "--once"), ("import",), ("parse",)):
        assert "not a public address" in newswire(*command, private.url + "/feed", code=2)
    assert "not a public address" in newswire.run("feed", "test", private.url + "/feed").stdout


def test_no_other_spelling_of_it_helps(newswire: Newswire, private: RawServer) -> None:
    async def kinds() -> list[str]:
        found = []
        async with Fetcher(allow=(ALLOWED,)) as fetcher:
            for url in spellings(private.url):
                with pytest.raises(FetchError) as caught:
                    await fetcher.fetch(url)
                found.append(caught.value.kind)
        return found

    assert set(asyncio.run(kinds())) <= {"address", "protocol", "connect"}


def test_no_redirect_leads_there(newswire: Newswire, private: RawServer, site: FeedServer) -> None:
    site.pages["/feed"] = redirect(private.url + "/feed")
    for command in (("add",), ("up", "--once"), ("import",), ("parse",)):
        assert "not a public address" in newswire(*command, site.url + "/feed", code=2)
    assert "not a public address" in newswire.run("feed", "test", site.url + "/feed").stdout


def test_nothing_that_a_page_a_list_or_a_feed_names_leads_there(
    newswire: Newswire, private: RawServer, site: FeedServer, tmp_path: Path
) -> None:
    link = f'<link rel="alternate" type="application/rss+xml" href="{private.url}/feed">'
    site.pages["/page"] = f"<html>{link}<a href='{private.url}/rss'>RSS</a></html>".encode()
    assert "no feed was found" in newswire("add", site.url + "/page", code=2)
    following = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="{private.url}/2"/></channel>'
    site.pages["/feed"] = FEED.replace(b"</channel>", following.encode())
    site.pages["/index.xml"] = f"<sitemapindex><sitemap><loc>{private.url}/a</loc></sitemap></sitemapindex>".encode()
    moved = f"<itunes:new-feed-url>{private.url}/feed</itunes:new-feed-url></channel>"
    site.pages["/moved"] = FEED.replace(b"</channel>", moved.encode())
    file = tmp_path / "list.opml"
    file.write_text(OPML.format(private.url + "/feed"))
    newswire("import", str(file))
    for path in ("/feed", "/index.xml", "/moved"):
        newswire("add", "--no-check", site.url + path)
    for _ in range(3):
        newswire.run("up", "--once")
    assert newswire("feed", "list", "--broken").count("not a public address") >= 2


def test_feed_that_was_public_once_is_refused_when_it_moves_there(
    newswire: Newswire, private: RawServer, site: FeedServer
) -> None:
    site.pages["/feed"] = FEED
    newswire("up", "--once", site.url + "/feed")
    site.pages["/feed"] = redirect(private.url + "/feed", 301)
    for _ in range(4):
        newswire.run("up", "--once")
    assert "not a public address" in newswire("feed", "list", "--broken")


@pytest.mark.parametrize("leak", ["page", "redirect", "robots"])
def test_full_text_reads_no_page_there(newswire: Newswire, private: RawServer, site: FeedServer, leak: str) -> None:
    base = private.url if leak == "page" else site.url
    site.pages |= {
        "/feed": FEED.replace(b"http://example.com", base.encode()),
        "/1": redirect(private.url + "/1"),
        "/2": redirect(private.url + "/2"),
    }
    if leak == "robots":
        site.pages["/robots.txt"] = redirect(private.url + "/robots.txt")
    newswire("add", "--fulltext", site.url + "/feed")
    newswire("up", "--once")
    newswire.run("feed", "test", "--fulltext", site.url + "/feed")
    assert "Second report" in newswire("search", "cranes")


def test_proxy_there_is_not_used(newswire: Newswire, private: RawServer) -> None:
    assert "allow" in newswire("add", "--proxy", private.url, "http://feeds.example/feed", code=2)


def test_hub_there_is_not_asked(tmp_path: Path, private: RawServer) -> None:
    newswire, site = Subscriber(tmp_path / "store"), Site(private.url + "/hub")
    newswire.environment["NEWSWIRE_FETCH_ALLOW"] = ALLOWED
    try:
        newswire("add", site.topic)
        newswire.up()
        assert wait_until(lambda: "not a public address" in str(newswire.health(site.topic)["push_note"]), 60)
    finally:
        newswire.stop()
        site.server.close()


def test_webhook_there_is_not_called(newswire: Newswire, private: RawServer) -> None:
    for channel in (f"webhook+{private.url}/x", f"ntfy+{private.url}/x"):
        assert "private address" in newswire("alert", "add", "a", "harbour", "--to", channel, code=2)


def answers(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> None:
    """Let a name resolve to one address after the other, as the resolver of an attacker does."""
    real, left = socket.getaddrinfo, list(addresses)

    def resolve(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host == name:
            host = left.pop(0) if len(left) > 1 else left[0]
        return real(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_name_that_changes_its_address_between_hops_is_refused(
    monkeypatch: pytest.MonkeyPatch, private: RawServer, site: FeedServer
) -> None:
    answers(monkeypatch, "rebinding.example", "127.0.0.1", "127.0.0.2")
    port, other = (url.rpartition(":")[2] for url in (site.url, private.url))
    site.pages["/feed"] = redirect(f"http://rebinding.example:{other}/feed")

    async def work() -> None:
        async with Fetcher(allow=(ALLOWED,)) as fetcher:
            await fetcher.fetch(f"http://rebinding.example:{port}/feed")

    with pytest.raises(FetchError, match=r"rebinding\.example: 127\.0\.0\.2 is not a public address"):
        asyncio.run(work())
    assert len(site.requests) == 1


def test_name_that_changes_its_address_before_a_webhook_is_called_is_refused(
    monkeypatch: pytest.MonkeyPatch, private: RawServer
) -> None:
    answers(monkeypatch, "rebinding.example", "127.0.0.2")
    port = private.url.rpartition(":")[2]
    with pytest.raises(TerminalError, match="private address"):
        post(f"http://rebinding.example:{port}/", b"{}", {}, "id", (ALLOWED,))


def test_no_picture_of_an_article_reaches_it(private: RawServer, site: FeedServer) -> None:
    settings = Settings(fetch=Fetch(allow=(ALLOWED,)))
    site.pages["/picture"] = b"\x89PNG\r\n\x1a\n"
    site.pages["/leads"] = redirect(f"{private.url}/")
    assert connectors.fetch_part(settings, f"{site.url}/picture", 4) == b"\x89PNG"
    for url in (f"{private.url}/", f"{site.url}/leads"):
        with pytest.raises((UsageError, UnavailableError)):
            connectors.fetch_part(settings, url, 1_000)
