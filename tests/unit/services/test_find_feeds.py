"""From the address that a user gives to the feeds that are meant, each fetched and read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from connectors.connector import Fetched, Network, ParsedFeed, Request, entry
from connectors.door import Installed
from connectors.fetch.http import FetchError
from connectors.formats.parsed import NotAFeedError
from connectors.pages.lists import PAGE
from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.services.find_feeds import FoundFeed, candidates_on, find_feeds
from pipeline.services.read_articles import read_address
from tests.fakes.sites import HereParser, Sites, rss

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
SITE = "https://wire.example/"
HTML = "text/html; charset=utf-8"


class Rows:
    """Read what begins with rows: as one entry a line."""

    def __init__(self, name: str = "rows", begins: str = "rows:") -> None:
        self.name = name
        self._begins = begins

    def claims(self, address: str) -> bool:
        return address.startswith(self._begins)

    async def fetch(self, request: Request, network: Network) -> Fetched:
        if request.address == "rows:gone":
            raise FetchError("gone", "rows:gone is gone.")
        body = b"" if request.address == "rows:none" else b"Ravenna shaken\nForli floods"
        return Fetched(url=request.address, status=200, body=body, headers={})

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        if not body:
            raise NotAFeedError(f"{address} has no rows.")
        lines = body.decode().splitlines()
        return ParsedFeed(entries=tuple(entry(id=line, title=line) for line in lines), title="Rows", kind="rows")


def found(sites: Sites, url: str, *others: Installed) -> list[FoundFeed]:
    parser = HereParser()
    try:
        asked = Subscription(url=url, added=NOW, headers={"Authorization": "Bearer x"})
        return asyncio.run(find_feeds(sites.fetcher, parser, asked, sites.sources(*others)))
    finally:
        parser.close()


def page(*links: str) -> bytes:
    return f"<html><head>{''.join(links)}</head><body><p>Welcome.</p></body></html>".encode()


def link(address: str, title: str = "") -> str:
    return f'<link rel="alternate" type="application/rss+xml" href="{address}" title="{title}">'


def test_feed_itself_is_found_with_where_it_has_moved_to() -> None:
    sites = Sites()
    sites.put("https://new.example/feed", rss("A", "B"))
    sites.move(f"{SITE}feed", "https://new.example/feed")
    (feed,) = found(sites, f"{SITE}feed")
    assert feed == FoundFeed(url=f"{SITE}feed", title="The Wire", entries=2, moved_to="https://new.example/feed")


def test_feeds_that_a_page_names_are_read_and_those_without_entries_come_last() -> None:
    sites = Sites()
    sites.put(SITE, page(link("/empty"), link("/broken"), link("/full"), link("/text")), HTML)
    sites.put(f"{SITE}empty", rss())
    sites.put(f"{SITE}full", rss("A"))
    sites.put(f"{SITE}text", b"plain words", "text/plain")
    assert [(feed.url, feed.entries) for feed in found(sites, SITE)] == [(f"{SITE}full", 1), (f"{SITE}empty", 0)]


def test_feed_at_two_addresses_is_offered_once() -> None:
    sites = Sites()
    sites.put(SITE, page(link("/rss"), link("/feed")), HTML)
    sites.put(f"{SITE}feed", rss("A"))
    sites.move(f"{SITE}rss", f"{SITE}feed")
    assert len(found(sites, SITE)) == 1


def test_secrets_of_the_page_go_to_no_other_site() -> None:
    sites = Sites()
    sites.put(SITE, page(link("https://other.example/feed"), link("/feed")), HTML)
    sites.put(f"{SITE}feed", rss("A"))
    sites.put("https://other.example/feed", rss("B"))
    assert len(found(sites, SITE)) == 2
    sent = dict(sites.asked)
    assert sent[f"{SITE}feed"] == {"Authorization": "Bearer x"}
    assert sent["https://other.example/feed"] == {}


def test_usual_places_are_tried_where_a_page_names_no_feed() -> None:
    sites = Sites()
    sites.put(SITE, page(), HTML)
    sites.put(f"{SITE}feed", rss("A"))
    assert [feed.url for feed in found(sites, SITE)] == [f"{SITE}feed"]


def test_page_without_a_feed_says_what_to_look_for() -> None:
    sites = Sites()
    sites.put(SITE, page(), HTML)
    with pytest.raises(UsageError, match="no feed was found; look for its RSS link"):
        found(sites, SITE)


def test_what_is_neither_feed_nor_page_says_what_to_give() -> None:
    sites = Sites()
    sites.put(SITE, b"\x89PNG\r\n\x1a\n", "image/png")
    with pytest.raises(UsageError, match=r"Give the address of a feed or of a web page\."):
        found(sites, SITE)


def test_address_that_cannot_be_fetched_is_told_as_that() -> None:
    with pytest.raises(FetchError, match="404"):
        found(Sites(), f"{SITE}feed")


def test_platform_that_hides_its_page_is_known_by_its_address() -> None:
    sites = Sites()
    sites.fail("https://www.reddit.com/r/italy", FetchError("status", "answered 403", 403))
    sites.put("https://www.reddit.com/r/italy/.rss", rss("A"))
    assert [feed.url for feed in found(sites, "https://www.reddit.com/r/italy")] == [
        "https://www.reddit.com/r/italy/.rss"
    ]


def test_address_of_another_connector_is_read_by_that() -> None:
    (feed,) = found(Sites(), "rows:x", Installed(name="rows", connector=Rows()))
    assert (feed.connector, feed.title, feed.entries) == ("rows", "Rows", 2)


@pytest.mark.parametrize(
    ("url", "says"), [("rows:none", "rows:none has no rows"), ("gopher://x", "no address that can be fetched")]
)
def test_address_that_no_connector_can_read_is_told_in_its_words(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        found(Sites(), url, Installed(name="rows", connector=Rows()))


def test_list_of_articles_on_a_page_stands_in_for_a_feed() -> None:
    sites = Sites()
    articles = "".join(
        f'<article class="h-entry"><h2 class="p-name"><a class="u-url" href="/{n}">Title {n}</a></h2>'
        f'<time class="dt-published" datetime="2026-11-2{n}">x</time></article>'
        for n in range(3)
    )
    body = f'<html><body><div class="h-feed">{articles}</div></body></html>'.encode()
    sites.put(SITE, body, HTML)
    (feed,) = found(sites, SITE, Installed(name=PAGE, connector=Rows(PAGE, "page+")))
    assert feed.connector == PAGE


def test_page_that_takes_too_long_to_read_offers_nothing() -> None:
    class Slow(HereParser):
        def call(self, function: object, *arguments: object, **options: object) -> object:  # type: ignore[override]
            raise TimeoutError

    answer = Fetched(url=SITE, status=200, body=page(link("/feed")), headers={})
    parser = Slow()
    try:
        assert asyncio.run(candidates_on(parser, answer)) == []
    finally:
        parser.close()


def read(sites: Sites, url: str, *others: Installed) -> list[str | None]:
    parser = HereParser()
    try:
        return [article.title for article in asyncio.run(read_address(sites.sources(*others), parser, url, NOW))]
    finally:
        parser.close()


def test_articles_of_an_address_are_those_of_its_feed() -> None:
    sites = Sites()
    sites.put(f"{SITE}feed", rss("Ravenna  shaken", "Forli floods"))
    assert read(sites, f"{SITE}feed") == ["Ravenna shaken", "Forli floods"]
    assert read(sites, "rows:x", Installed(name="rows", connector=Rows())) == ["Ravenna shaken", "Forli floods"]


@pytest.mark.parametrize("url", [f"{SITE}page", "gopher://x"])
def test_address_without_articles_is_the_users_mistake(url: str) -> None:
    sites = Sites()
    sites.put(f"{SITE}page", page(), HTML)
    with pytest.raises(UsageError, match=url):
        read(sites, url)


def test_address_that_is_away_is_told_as_that() -> None:
    with pytest.raises(FetchError, match="404"):
        read(Sites(), f"{SITE}feed")
