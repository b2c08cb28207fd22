"""`feed test` tells each step of fetching and reading in the order in which it happens, with what to do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from connectors.connector import Fetched, Network, ParsedFeed, Request, entry
from connectors.door import Installed
from connectors.fetch.http import FetchError
from connectors.formats.parsed import NotAFeedError
from connectors.pages.pages import Pages
from connectors.polling.subscription import Subscription
from pipeline.services.feed_test import Step, explain
from tests.fakes.sites import HereParser, Sites, rss

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
SITE = "https://wire.example/"
FEED = f"{SITE}feed"


def explained(
    sites: Sites, url: str = FEED, *, now: datetime = NOW, pages: Any = None, **options: Any
) -> tuple[bool, list[Step]]:
    """Return whether a feed can be followed, and the steps."""
    steps: list[Step] = []
    parser = HereParser()
    asked = Subscription(url=url, added=NOW, **options)
    rows = Installed(name="rows", connector=Rows())
    try:
        good = asyncio.run(
            explain(
                sites.fetcher,
                parser,
                asked,
                steps.append,
                now,
                pages=cast(Pages, pages) if pages is not None else None,
                sources=sites.sources(rows),
            )
        )
    finally:
        parser.close()
    return good, steps


def said(steps: list[Step], name: str) -> list[str]:
    return [f"{step.result}: {step.detail}" for step in steps if step.name == name]


class Rows:
    """Read rows: addresses."""

    name = "rows"

    def claims(self, address: str) -> bool:
        return address.startswith("rows:")

    async def fetch(self, request: Request, network: Network) -> Fetched:
        if request.address == "rows:gone":
            raise FetchError("gone", "rows:gone is gone.")
        return Fetched(url=request.address, status=200, body=request.address.encode(), headers={})

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        if body == b"rows:none":
            raise NotAFeedError("rows:none has no rows.")
        return ParsedFeed(entries=(entry(id="1", title="Ravenna shaken", published=NOW),), kind="rows")


def test_good_feed_is_told_step_by_step() -> None:
    sites = Sites()
    hub = '<atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="https://wire.example/feed"/>'
    sites.put(FEED, rss("A", "B", extra=hub), etag='"1"')
    good, steps = explained(sites)
    assert good
    assert [step.name for step in steps if step.name] == ["fetch", "unchanged", "read", "dates", "push", "pace"]
    assert said(steps, "unchanged") == ["ok: asked again with If-None-Match: 304, nothing is sent twice"]
    assert said(steps, "read")[0].endswith("The Wire, 2 entries")
    assert "more: 2026-11-20 12:00  A" in said(steps, "")
    assert said(steps, "dates") == ["ok: 2 of 2 entries are dated"]
    assert said(steps, "push") == ["ok: https://hub.example/ pushes https://wire.example/feed"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, "warn: asked again with If-Modified-Since: 200, all is sent each time"),
        (FetchError("timeout", "no answer"), "warn: asked again with If-Modified-Since: no answer"),
    ],
)
def test_server_that_cannot_tell_what_is_unchanged_is_warned_of(error: FetchError | None, told: str) -> None:
    sites = Sites()
    sites.put(FEED, rss("A"), last_modified="Fri, 20 Nov 2026 12:00:00 GMT")
    fetch = sites.fetch

    async def second_fails(url: str, headers: Any = None, **options: Any) -> Fetched:
        if error is not None and "If-Modified-Since" in (headers or {}):
            raise error
        return await fetch(url, headers, **options)

    sites.fetch = second_fails  # type: ignore[method-assign]
    _, steps = explained(sites)
    assert said(steps, "unchanged") == [told]


def test_redirects_are_told_hop_by_hop_with_what_they_mean() -> None:
    sites = Sites()
    sites.put("https://new.example/feed", rss("A"))
    sites.move(FEED, "https://new.example/feed")
    _, steps = explained(sites)
    assert said(steps, "redirect") == ["ok: https://new.example/feed"]
    assert "more: That is permanent: believed after three polls." in said(steps, "")


def test_lost_feed_is_looked_for_on_its_site() -> None:
    sites = Sites()
    link = '<link rel="alternate" type="application/rss+xml" title="News" href="/rss">'
    sites.put(SITE, f"<html><head>{link}</head></html>".encode(), "text/html")
    good, steps = explained(sites)
    assert not good
    assert said(steps, "fetch (status)") == [f"fail: {FEED} answered 404 (not found)."]
    assert said(steps, "") == [f"more: {SITE} offers {SITE}rss  News"]
    assert explained(Sites())[1][1:] == []  # where the site is away, too


def test_server_that_asks_to_wait_is_heeded_in_words() -> None:
    sites = Sites()
    sites.fail(FEED, FetchError("status", "busy", 429, 600.0))
    good, steps = explained(sites)
    assert not good and said(steps, "") == ["more: It asks to wait 10 min."]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ('<link rel="alternate" type="application/atom+xml" href="/atom">', [f"more: try {SITE}atom"]),
        (
            '<link rel="hub" href="https://hub.example/"><link rel="self" href="/x">',
            [
                "more: The page offers no feed; look for an RSS link on the site.",
                "more: The page itself is pushed by https://hub.example/, its feed may be too.",
            ],
        ),
    ],
)
def test_page_in_place_of_a_feed_tells_what_it_offers(head: str, told: list[str]) -> None:
    sites = Sites()
    sites.put(FEED, f"<html><head>{head}</head><body></body></html>".encode(), "text/html")
    good, steps = explained(sites)
    assert not good and said(steps, "read")[0].startswith("fail: ")
    assert said(steps, "") == told


def test_what_is_no_feed_at_all_fails_to_be_read() -> None:
    sites = Sites()
    sites.put(FEED, b"\x89PNG\r\n\x1a\n", "image/png")
    good, steps = explained(sites)
    assert not good and [step.result for step in steps] == ["ok", "fail"]


def test_faults_of_a_feed_are_told_with_what_becomes_of_them() -> None:
    sites = Sites()
    items = (
        "<item><title>Ahead</title><link>https://wire.example/1</link><pubDate>Sat, 20 Nov 2027 12:00:00 GMT</pubDate>"
        "</item>"
        "<item><title>Odd</title><guid isPermaLink='false'>x</guid><pubDate>yesterday-ish</pubDate></item>"
    )
    sites.put(FEED, f"<rss version='2.0'><channel><title>W</title>{items}</channel>".encode())
    good, steps = explained(sites)
    assert good
    assert said(steps, "dates") == [
        "warn: 1 of 2 entries are dated; the others count as published when they are first seen"
    ]
    more = said(steps, "")
    assert any(words.startswith("more: It is ill-formed (") for words in more)
    assert "more: The date 'yesterday-ish' is not understood, or could be two; it is not guessed at." in more
    assert "more: 1 are dated into the future, which is not believed." in more
    assert said(steps, "links") == ["warn: 1 of 2 entries have a link; the others are told by their words"]


def test_quiet_and_empty_feeds_are_warned_of() -> None:
    sites = Sites()
    sites.put(FEED, rss("A"))
    _, steps = explained(sites, now=NOW + timedelta(days=100), interval_s=900)
    assert any("nothing new since 2026-11-20" in words for words in said(steps, ""))
    assert said(steps, "pace") == ["ok: polled about every 15 min"]
    sites.put(FEED, rss())
    assert said(explained(sites)[1], "dates") == ["warn: There is nothing in it yet."]


def test_unreadable_entry_and_hours_of_rest_are_told() -> None:
    sites = Sites()
    sites.put(FEED, b'{"version": "https://jsonfeed.org/version/1.1", "title": "W", "items": '
                    b'[{"id": "1", "content_text": "A"}, 7]}', "application/feed+json")  # fmt: skip
    assert said(explained(sites)[1], "entry 2")[0].startswith("warn: cannot be read and is left out: ")
    sites.put(FEED, rss("A", extra="<skipHours><hour>13</hour></skipHours>"))
    assert said(explained(sites)[1], "pace")[0].endswith(", but not now: it rests")


@pytest.mark.parametrize(
    ("url", "good", "last"),
    [
        ("rows:x", True, "pace"),
        ("rows:none", False, "read"),
        ("rows:gone", False, "fetch (gone)"),
        ("gopher://x", False, "connector"),
    ],
)
def test_address_of_another_connector_is_told_with_its_name(url: str, good: bool, last: str) -> None:
    told, steps = explained(Sites(), url)
    assert (told, steps[-1].name) == (good, last)
    assert (steps[0] == Step("connector", "ok", "rows")) is url.startswith("rows:")


class Filling:
    """Read two pages, one of them better than the feed, and fail with a third."""

    async def fill(self, article: Any, headers: Any, proxy: Any) -> Any:
        from types import SimpleNamespace

        number = int(article.url.rpartition("/")[2])
        if number == 2:
            raise FetchError("robots", f"{article.url} may not be read.")
        return SimpleNamespace(verdict=SimpleNamespace(better=number == 0, reason=f"{number} words"))


def test_pages_of_the_first_entries_are_tried_for_full_text() -> None:
    sites = Sites()
    sites.put(FEED, rss("A", "B", "C", "D"))
    _, steps = explained(sites, pages=Filling())
    assert said(steps, "full text") == [
        f"ok: {SITE}0: 0 words",
        f"warn: {SITE}1: 1 words; the feed's own text is kept",
        f"fail: {SITE}2 may not be read.",
    ]
