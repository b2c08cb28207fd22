"""Who published an entry that its feed took over from elsewhere, as planets do and a site's own sections do not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.formats.xmlfeed import parse_feed
from connectors.polling.articles import articles_of

FEED = "https://planet.example/feed"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def rss(item: str) -> bytes:
    return (
        "<rss version='2.0'><channel><title>Planet</title><link>https://www.planet.example/</link>"
        f"<item><title>Dam cracks</title><guid isPermaLink='false'>1</guid>{item}</item></channel></rss>"
    ).encode()


def atom(entry: str) -> bytes:
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>Planet</title><id>p</id><link href='https://planet.example/'/>"
        f"<entry><id>1</id><title>Dam cracks</title>{entry}</entry></feed>"
    ).encode()


def linked(host: str) -> str:
    return f"<link>https://{host}/a</link>"


CASES = [
    (rss(linked("jane.example") + "<source url='https://jane.example/feed'>Jane &amp;amp; Co</source>"), "Jane & Co"),
    (rss(linked("news.example") + "<source url='https://www.reuters.example'>Reuters</source>"), "Reuters"),
    # A search of news whose own addresses lead on to the publishers.
    (rss(linked("planet.example") + "<source url='https://times.example'>Valley Times</source>"), "Valley Times"),
    (rss(linked("times.example") + "<source>Valley Times</source>"), "Valley Times"),
    (rss(linked("times.example") + "<source url=' '>Valley Times</source>"), "Valley Times"),
    # The feed's own section, its agency, nobody.
    (rss(linked("planet.example") + "<source url='https://planet.example/sport.xml'>Planet: Sport</source>"), "Planet"),
    (rss(linked("other.example") + "<source url='https://feeds.planet.example/s'>Planet: Sport</source>"), "Planet"),
    (rss(linked("planet.example") + "<source>dpa</source>"), "Planet"),
    (rss("<source>dpa</source>"), "Planet"),
    (rss(linked("jane.example") + "<source url='https://jane.example/feed'/>"), "Planet"),
    (rss(linked("jane.example") + "<source url='http://[x'>Jane</source>"), "Jane"),
    (rss(linked("jane.example")), "Planet"),
    (
        atom(
            "<link href='https://jane.example/a'/><source><id>https://jane.example/</id>"
            "<link rel='self' href='https://jane.example/atom'/><title type='html'>"
            "Jane&amp;#39;s &lt;b&gt;blog&lt;/b&gt;</title><updated>2026-11-26T00:00:00Z</updated></source>"
        ),
        "Jane's blog",
    ),
    (atom("<link href='https://b.example/a'/><source><title>Bob</title><id>urn:uuid:5</id></source>"), "Bob"),
    (atom("<link href='https://b.example/a'/><source><id>https://b.example/</id></source>"), "Planet"),
    (atom("<source><title>All</title><id>https://planet.example/</id></source>"), "Planet"),
]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("body", "publisher"), CASES)
def test_publisher_of_an_entry_is_whom_its_feed_took_it_from(body: bytes, publisher: str, fast: bool) -> None:
    parsed = parse_feed(body, None, FEED, fast=fast)
    assert [publisher] == [article.source for article in articles_of(parsed, FEED, NOW)]
    # Also where the reader has a title for the feed, which is not that of those it is made of.
    expected = "Mine" if publisher == "Planet" else publisher
    assert [expected] == [article.source for article in articles_of(parsed, FEED, NOW, source="Mine")]
