"""Indexes and paged feeds: what is read of them, how much, and what happens when a part fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.http import FetchError
from connectors.formats.document import parse_document
from connectors.formats.parsed import ParsedFeed, Part
from connectors.polling.following import MOST_SITEMAPS, read_pages, read_sitemaps, sitemaps_due
from connectors.polling.reading import KEPT, FeedReading, Origin, read

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
URL = "https://news.example/feed"


def page(number: int, following: str | None, each: int = 3) -> bytes:
    items = "".join(
        f"<entry><id>urn:{number}-{n}</id><title>Report {n} of page {number}, whole</title></entry>"
        for n in range(each)
    )
    link = f'<link rel="next" href="{following}"/>' if following else ""
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{link}{items}</feed>'.encode()


class Site:
    """Answer reads from pages in memory; what is not there cannot be fetched."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def read(self, url: str, recent: bytes | None, kept: int) -> FeedReading:
        self.asked.append(url)
        if url not in self.pages:
            raise FetchError("status", f"{url} answered 404")
        return read(self.pages[url], None, url, Origin(URL), NOW, recent, kept)


def pages_of(site: Site, most: int = 10) -> tuple[FeedReading, list[str]]:
    async def work() -> FeedReading:
        first = await site.read(URL, None, KEPT)
        return await read_pages(first, URL, site.read, most, failed.append)

    failed: list[str] = []
    return asyncio.run(work()), failed


def test_older_pages_are_read_to_the_last() -> None:
    site = Site(
        {URL: page(1, "/p2"), "https://news.example/p2": page(2, "/p3"), "https://news.example/p3": page(3, None)}
    )
    found, failed = pages_of(site)
    assert (len(found.articles), found.entries, failed) == (9, 9, [])
    again = read(page(1, "/p2"), None, URL, Origin(URL), NOW, found.recent)
    assert again.articles == ()


def test_circle_and_limit_end_the_reading() -> None:
    circle = Site({URL: page(1, "/p2"), "https://news.example/p2": page(2, URL)})
    assert (pages_of(circle)[0].entries, len(circle.asked)) == (6, 2)
    endless = Site({URL: page(0, "/1")} | {f"https://news.example/{n}": page(n, f"/{n + 1}") for n in range(1, 99)})
    assert (pages_of(endless, most=5)[0].entries, len(endless.asked)) == (18, 6)


def test_page_that_fails_costs_only_what_follows() -> None:
    found, failed = pages_of(Site({URL: page(1, "/gone")}))
    assert (len(found.articles), len(failed)) == (3, 1)
    assert "404" in failed[0]


def test_sitemaps_of_an_index_are_read_and_one_that_fails_costs_only_itself() -> None:
    def sitemap(number: int) -> bytes:
        urls = "".join(f"<url><loc>https://news.example/{number}/{n}</loc></url>" for n in range(4))
        return f"<urlset>{urls}</urlset>".encode()

    site = Site({URL: b"<sitemapindex><sitemap><loc>https://news.example/a.xml</loc></sitemap></sitemapindex>"})
    site.pages |= {"https://news.example/a.xml": sitemap(1), "https://news.example/b.xml": sitemap(2)}
    failed: list[str] = []
    due = ("https://news.example/a.xml", "https://news.example/gone.xml", "https://news.example/b.xml")

    async def work(recent: dict[str, bytes]) -> FeedReading:
        index = await site.read(URL, None, KEPT)
        return await read_sitemaps(index, due, site.read, recent.get, failed.append)

    found = asyncio.run(work({}))
    assert (len(found.articles), len(failed), sorted(found.parts)) == (8, 1, [due[0], due[2]])
    assert asyncio.run(work(found.parts)).articles == ()


def test_index_none_of_whose_sitemaps_can_be_read_has_failed() -> None:
    site = Site({URL: b"<sitemapindex><sitemap><loc>https://news.example/a.xml</loc></sitemap></sitemapindex>"})
    failed: list[str] = []

    async def work() -> FeedReading:
        index = await site.read(URL, None, KEPT)
        return await read_sitemaps(index, ("https://news.example/a.xml",), site.read, lambda _: None, failed.append)

    with pytest.raises(FetchError, match="404"):
        asyncio.run(work())
    assert len(failed) == 1


def test_index_names_its_parts_with_their_age() -> None:
    body = (
        b"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>https://a.example/1.xml</loc>"
        b"<lastmod>2022-02-24</lastmod></sitemap><sitemap><loc>javascript:x</loc></sitemap></sitemapindex>"
    )
    parsed = parse_document(body, None, URL)
    assert parsed.parts == (Part("https://a.example/1.xml", datetime(2022, 2, 24, tzinfo=UTC)),)


def test_only_sitemaps_that_may_have_news_are_due_newest_first() -> None:
    parts = (Part("old", NOW - timedelta(days=90)), Part("late", NOW - timedelta(days=1)), Part("new", NOW))
    assert sitemaps_due(ParsedFeed(parts=parts), None, NOW) == ("new", "late")
    assert sitemaps_due(ParsedFeed(parts=parts), NOW - timedelta(days=100), NOW) == ("new", "late", "old")


@given(st.lists(st.none() | st.integers(0, 400), max_size=60), st.none() | st.integers(0, 400))
def test_no_index_asks_for_many_fetches(ages: list[int | None], since: int | None) -> None:
    parts = tuple(Part(str(n), None if age is None else NOW - timedelta(days=age)) for n, age in enumerate(ages))
    due = sitemaps_due(ParsedFeed(parts=parts), None if since is None else NOW - timedelta(days=since), NOW)
    assert len(due) == len(set(due)) <= MOST_SITEMAPS
    assert not parts or any(age is not None and age > 2 for age in ages) or due
