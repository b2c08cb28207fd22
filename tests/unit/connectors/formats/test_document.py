"""Feeds as they come: formats, oddities and attacks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.fetch.headers import retry_after_s
from connectors.files.opml import Outline, read_list, write_opml
from connectors.formats.document import HtmlPageError, parse_document
from connectors.formats.parsed import NotAFeedError
from pipeline.errors import UsageError
from tests.integration.feed_server import FEED

URL = "https://news.example/feed"


def rss(item: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return f'{head}<rss version="2.0"><channel><title>T</title><item>{item}</item></channel></rss>'.encode()


def test_rss_entries_come_whole() -> None:
    parsed = parse_document(FEED, "application/rss+xml", URL)
    assert ["First report of the harbour", "Second report of the harbour"] == [e.title for e in parsed.entries]
    assert ["http://example.com/1", "http://example.com/2"] == [e.url for e in parsed.entries]
    assert [10, 11] == [e.published.hour for e in parsed.entries if e.published]


def test_address_before_a_counter_and_the_first_of_several_is_the_articles() -> None:
    links = "<link>https://news.example/1</link><link>https://news.example/2</link>"
    (entry,) = parse_document(rss(f"<title>T</title>{links}"), None, URL).entries
    assert entry.url == "https://news.example/1"
    head = '<?xml version="1.0"?><rss xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><item>'
    counter = "<link>https://feeds.example/~r/1</link><feedburner:origLink>https://news.example/1</feedburner:origLink>"
    (entry,) = parse_document(f"{head}{counter}</item></channel></rss>".encode(), None, URL).entries
    assert entry.url == "https://news.example/1"


def test_stray_ampersands_and_relative_links_come_out_right() -> None:
    (entry,) = parse_document(rss("<title>AT&T and R&D</title><link>/a?x=1&y=2</link>"), None, URL).entries
    assert (entry.title, entry.url) == ("AT&T and R&D", "https://news.example/a?x=1&y=2")


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "utf-16-le", "windows-1252"])
def test_declared_encodings_are_read(encoding: str) -> None:
    body = rss("<title>Zürich café</title>", f'<?xml version="1.0" encoding="{encoding}"?>').decode().encode(encoding)
    (entry,) = parse_document(body, None, URL).entries
    assert entry.title == "Zürich café"


def test_scripts_do_not_survive() -> None:
    html = "&lt;p onclick=x()&gt;Hi&lt;script&gt;x()&lt;/script&gt;&lt;a href='javascript:x()'&gt;a&lt;/a&gt;&lt;/p&gt;"
    (entry,) = parse_document(rss(f"<title>T</title><description>{html}</description>"), None, URL).entries
    assert entry.html is not None
    assert not any(word in entry.html for word in ("script", "onclick", "javascript"))


def test_json_feed_is_read() -> None:
    body = b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":1,"content_text":"Hello","tags":["a"]},7]}'
    parsed = parse_document(body, "application/json", URL)
    assert (["Hello"], [("a",)], 1) == (
        [e.text for e in parsed.entries],
        [e.tags for e in parsed.entries],
        len(parsed.errors),
    )


def test_news_sitemap_is_read() -> None:
    body = b"""<urlset xmlns:news="x"><url><loc>https://news.example/1</loc><news:news>
    <news:title>A &amp; B</news:title>
    <news:publication_date>2022-02-21T10:00:00Z</news:publication_date></news:news></url></urlset>"""
    (entry,) = parse_document(body, None, URL).entries
    assert (entry.title, entry.url) == ("A & B", "https://news.example/1")


def test_page_is_told_from_feed() -> None:
    with pytest.raises(HtmlPageError):
        parse_document(b"<!doctype html><html><body>hi</body></html>", "text/html", URL)


@pytest.mark.parametrize("body", [b"", b"  ", b"{", b"{}", b"[1]", b"hello", bytes(range(256)), b"<a/>"])
def test_what_is_no_feed_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAFeedError):
        parse_document(body, None, URL)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    try:
        parse_document(b"<rss><channel>" + body, None, URL)
    except NotAFeedError:
        return


def test_entity_bomb_expands_to_nothing() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    (entry,) = parse_document(rss("<title>T &b; &c;</title>", bomb), None, URL).entries
    assert "haha" not in (entry.title or "")
    assert "root" not in (entry.title or "")


def test_subscription_list_survives_a_round_trip() -> None:
    outlines = [Outline("https://a.example/f", "A & Co", ("World", "x")), Outline("https://b.example/f", "B", ())]
    assert sorted(outlines, key=str) == sorted(read_list(write_opml(outlines).encode(), "l"), key=str)


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"<opml/>", b'<!DOCTYPE x [<!ENTITY a "b">]><opml>&a;</opml>', b"<opml><"]
)
def test_bad_subscription_list_is_one_error(body: bytes) -> None:
    with pytest.raises(UsageError):
        read_list(body, "list.opml")


def test_retry_after_is_read_in_both_forms() -> None:
    now = datetime(2022, 2, 21, 10, tzinfo=UTC)
    assert (120.0, 60.0, None) == (
        retry_after_s("120", now),
        retry_after_s("Mon, 21 Feb 2022 10:01:00 GMT", now),
        retry_after_s("soon", now),
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1.5", 1.5),
        ("120, 120", 120.0),
        ("120s", 120.0),
        ("30 seconds", 30.0),
        ("٣", None),
        ("1e3", None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_as_it_was_meant(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, datetime(2022, 2, 21, 10, tzinfo=UTC)) == seconds
