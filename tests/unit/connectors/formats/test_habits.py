"""Habits of feeds that no specification has: what they list is found all the same, and never lost in silence."""

from __future__ import annotations

import pytest

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.document import parse_document
from connectors.formats.parsed import ParsedFeed

URL = "https://x.test/a/feed"
ITEM = "<{0}item><{0}title>A</{0}title><{0}link>http://x.test/1</{0}link></{0}item>"
RSS = "<{0}rss version='2.0'{1}><{0}channel><{0}title>T</{0}title>" + ITEM + "</{0}channel></{0}rss>"


def parsed(text: str) -> ParsedFeed:
    return parse_document(text.encode(), None, URL)


@pytest.mark.parametrize(
    ("prefix", "declared"),
    [
        ("", ""),
        ("", " xmlns='urn:mine'"),
        ("x:", " xmlns:x='urn:mine'"),
        ("rss:", " xmlns:rss='http://purl.org/rss/1.0/'"),
        ("ns0:", " xmlns:ns0='http://backend.userland.com/RSS2'"),
        ("x:", ""),
    ],
)
def test_feed_is_one_whatever_namespace_it_puts_itself_in(prefix: str, declared: str) -> None:
    feed = parsed(RSS.format(prefix, declared))
    assert feed.title == "T"
    assert [(entry.title, entry.url) for entry in feed.entries] == [("A", "http://x.test/1")]


def rss(dates: list[str]) -> str:
    items = "".join(f"<item><title>E {n}</title><pubDate>{date}</pubDate></item>" for n, date in enumerate(dates))
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"


def json_feed(dates: list[str]) -> str:
    items = ",".join(f'{{"id":"{n}","title":"E {n}","date_published":"{date}"}}' for n, date in enumerate(dates))
    return f'{{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{items}]}}'


def sitemap(dates: list[str]) -> str:
    pages = "".join(
        f"<url><loc>https://x.test/{n}</loc><news:news><news:title>E {n}</news:title>"
        f"<news:publication_date>{date}</news:publication_date></news:news></url>"
        for n, date in enumerate(dates)
    )
    return f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{pages}</urlset>"


@pytest.mark.parametrize("kind", [rss, json_feed, sitemap])
def test_of_too_many_entries_the_newest_are_read_and_the_rest_is_counted(kind: object) -> None:
    assert callable(kind)
    count = MAX_ENTRIES + 3
    dates = [f"{2000 + n // 300}-01-{1 + n % 28:02}" for n in range(count)]
    for given, first, last in ((dates, "E 3", f"E {count - 1}"), (dates[::-1], "E 0", f"E {MAX_ENTRIES - 1}")):
        feed = parsed(kind(given))
        assert feed.left_out == 3
        assert (feed.entries[0].title, feed.entries[-1].title) == (first, last)


def test_as_many_as_are_read_are_all_read() -> None:
    feed = parsed(json_feed(["2026-11-24"] * MAX_ENTRIES))
    assert (len(feed.entries), feed.left_out) == (MAX_ENTRIES, 0)


@pytest.mark.parametrize(
    "inside",
    [
        "<channel><title>T</title><item><title>A</title></item></channel><channel><item><title>B</title></item></channel>",
        "<channel><title>T</title><items><item><title>A</title></item><item><title>B</title></item></items></channel>",
        "<channel><title>T</title><item><title>A</title></item></channel><item><title>B</title></item>",
    ],
)
def test_entries_are_found_wherever_a_feed_holds_them(inside: str) -> None:
    assert [entry.title for entry in parsed(f"<rss version='2.0'>{inside}</rss>").entries] == ["A", "B"]


def test_values_without_quotation_marks_end_where_their_element_does() -> None:
    [entry] = parsed(
        "<rss><channel><item><enclosure url=http://x.test/1.mp3 type=audio/mpeg length=5/></item></channel></rss>"
    ).entries
    assert [(file.address, file.type, file.length) for file in entry.enclosures] == [
        ("http://x.test/1.mp3", "audio/mpeg", 5)
    ]


def test_json_feed_that_has_nothing_yet_is_one() -> None:
    assert parsed('{"version": "https://jsonfeed.org/version/1.1", "title": "T"}').entries == ()
