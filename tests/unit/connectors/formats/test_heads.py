"""What a feed says of itself: its picture and when it changed, in every format."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.formats.document import parse_document
from connectors.formats.parsed import ParsedFeed

MONDAY = "Mon, 23 Nov 2026 10:00:00 GMT"
URL = "https://x.test/a/feed"
ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
WEBFEEDS = 'xmlns:webfeeds="http://webfeeds.org/rss/1.0"'


def rss(head: str) -> ParsedFeed:
    channel = f"<channel><title>t</title>{head}<item><title>a</title></item></channel>"
    text = f"<rss version='2.0' {ITUNES} {WEBFEEDS}>{channel}</rss>"
    return parse_document(text.encode(), None, URL)


def atom(head: str) -> ParsedFeed:
    text = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>{head}<entry><title>a</title></entry></feed>"
    return parse_document(text.encode(), None, URL)


@pytest.mark.parametrize(
    ("feed", "icon"),
    [
        (rss("<image><title>T</title><url>http://x.test/i.png</url><link>http://x.test/</link></image>"), "http://x.test/i.png"),
        (rss("<link>http://y.test/b/</link><image><url>i.png</url></image>"), "http://y.test/b/i.png"),
        (rss("<itunes:image href='http://x.test/cover.jpg'/>"), "http://x.test/cover.jpg"),
        (rss("<image><url>/big.png</url></image><webfeeds:icon>/small.svg</webfeeds:icon>"), "https://x.test/small.svg"),
        (rss("<image><title>No address here</title></image>"), None),
        (rss("<image><url> </url></image>"), None),
        (rss("<image><url>data:image/png;base64,AA</url></image>"), None),
        (rss(""), None),
        (atom("<logo>/logo.png</logo><icon>/icon.ico</icon>"), "https://x.test/icon.ico"),
        (atom("<logo xml:base='http://z.test/'>logo.png</logo>"), "http://z.test/logo.png"),
        (parse_document(b'{"items": [], "favicon": "/f.ico", "icon": "/i.png"}', None, URL), "https://x.test/i.png"),
    ],
)  # fmt: skip
def test_picture_of_a_feed_is_found(feed: ParsedFeed, icon: str | None) -> None:
    assert feed.icon == icon


def test_picture_of_an_entry_is_not_the_feed_s() -> None:
    assert rss("<item><image><url>/entry.png</url></image></item>").icon is None


@pytest.mark.parametrize(
    ("feed", "changed"),
    [
        (rss(f"<pubDate>{MONDAY}</pubDate><lastBuildDate>Tue, 24 Nov 2026 10:00:00 GMT</lastBuildDate>"), 24),
        (rss(f"<pubDate>{MONDAY}</pubDate><lastBuildDate>soon</lastBuildDate>"), 23),
        (atom("<updated>2026-11-22T10:00:00Z</updated>"), 22),
        (atom(""), None),
    ],
)  # fmt: skip
def test_last_change_of_a_feed_is_found(feed: ParsedFeed, changed: int | None) -> None:
    assert feed.updated == (datetime(2026, 11, changed, 10, tzinfo=UTC) if changed else None)
