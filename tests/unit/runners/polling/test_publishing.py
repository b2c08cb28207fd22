"""Articles go into the log in batches, none left behind; a sitemap's parts are remembered and forgotten with it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from connectors.connector import Fetched
from connectors.fetch.http import FetchError
from connectors.polling.subscription import Subscription
from pipeline.model import Article
from pipeline.runners.polling.gathering import Gathering, forget, remembered
from pipeline.runners.polling.publishing import publish
from pipeline.topics import ARTICLES, HISTORY
from tests.fakes.log import MemoryLog
from tests.fakes.sites import HereParser, Sites, rss
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
SITE = "https://wire.example/"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_every_article_of_an_archive_is_published_once(count: int) -> None:
    log = MemoryLog()
    articles = (Article(id=str(n), source="s", seen=NOW, history=n == 1) for n in range(count))
    assert publish(articles, log, batch=2) == count
    published = [message.key for topic in (ARTICLES, HISTORY) for message in log.replay(topic.name)]
    assert sorted(published) == [str(n) for n in range(count)]
    assert [message.key for message in log.replay(HISTORY.name)] == ["1"] * (count > 1)


def sitemap(*urls: str) -> bytes:
    entries = "".join(
        f"<url><loc>{url}</loc><news:news><news:publication><news:name>W</news:name><news:language>en</news:language>"
        f"</news:publication><news:publication_date>2026-11-20</news:publication_date><news:title>{url[-1]}</news:title>"
        "</news:news></url>"
        for url in urls
    )
    return (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{entries}</urlset>'
    ).encode()


def index(*urls: str) -> bytes:
    parts = "".join(f"<sitemap><loc>{url}</loc><lastmod>2026-11-20</lastmod></sitemap>" for url in urls)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{parts}</sitemapindex>'.encode()


def test_parts_of_a_sitemap_are_read_each_with_its_own_memory_and_one_that_fails_costs_only_itself(
    parser: HereParser,
) -> None:
    sites, recent, failures = Sites(), MemoryTable(), list[str]()
    url = f"{SITE}index.xml"
    sites.put(f"{SITE}a.xml", sitemap(f"{SITE}1", f"{SITE}2"), "application/xml")
    sites.fail(f"{SITE}b.xml", FetchError("status", f"{SITE}b.xml answered 500.", 500))
    gathering = Gathering(sources=sites.sources(), parser=parser, recent=recent, clock=lambda: NOW, pages=2)
    answer = Fetched(url=url, status=200, body=index(f"{SITE}a.xml", f"{SITE}b.xml"), headers={})
    feed = Subscription(url=url, added=NOW)

    def titles() -> list[str]:
        reading = asyncio.run(gathering.whole(feed, answer, None, failures.append))
        recent.update(dict(remembered(url, reading)))
        return sorted(article.url or "" for article in reading.articles)

    assert titles() == [f"{SITE}1", f"{SITE}2"]
    assert len(failures) == 1 and "b.xml answered 500" in failures[0]
    assert list(recent.values) == [f"{url}\n{SITE}a.xml"]
    assert titles() == []
    recent.put(SITE, b"of another feed")
    forget(recent, url)
    assert list(recent.values) == [SITE]


def test_older_pages_of_a_new_feed_are_read_and_of_a_known_one_not(parser: HereParser) -> None:
    sites = Sites()
    older = '<atom:link rel="next" href="https://wire.example/feed?page=2"/>'
    sites.put(f"{SITE}feed?page=2", rss("C", link=f"{SITE}c/"))
    gathering = Gathering(sources=sites.sources(), parser=parser, recent=MemoryTable(), clock=lambda: NOW, pages=2)
    answer = Fetched(url=f"{SITE}feed", status=200, body=rss("A", extra=older), headers={})
    feed = Subscription(url=f"{SITE}feed", added=NOW)
    for since, wanted in ((None, {"A", "C"}), (NOW, {"A"})):
        reading = asyncio.run(gathering.whole(feed, answer, since, lambda why: None))
        assert {article.title for article in reading.articles} == wanted
