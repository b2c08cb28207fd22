"""The fast parser against feedparser: what it does not decline it reads the same, field by field."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.formats.parsed import ParsedFeed
from connectors.formats.plainfeed import parse_plain
from connectors.formats.xmlfeed import parse_feed

URL = "https://news.example/feed.xml"
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:yandex="http://news.yandex.ru"'
)
TEXTS = (
    "description", "content:encoded", "itunes:summary", "media:description", "summary", "content", "yandex:full-text",
)  # fmt: skip
TYPES = (None, "application/rss+xml", "text/xml", "text/xml; charset=utf-8", "application/xml; charset=ISO-8859-1")


def both(body: bytes, content_type: str | None = None) -> tuple[ParsedFeed, ParsedFeed]:
    return parse_feed(body, content_type, URL), parse_feed(body, content_type, URL, fast=False)


words = st.text(st.sampled_from("aB é&<>;#\u0085Ã¤日 \n'\"/"), max_size=12) | st.sampled_from(
    [
        "Harbour",
        "A &amp; B",
        "<b>bold</b> words",
        "&lt;i&gt;twice&lt;/i&gt;",
        "Ã¤rger",
        "",
        " spaced  out ",
        "[link](x)",
    ]
)
addresses = st.sampled_from(
    [
        "http://a.example/1",
        "https://a.example/1?x=1&y=2",
        "/relative",
        "http://a.example/#top",
        "urn:x:1",
        "7",
        "",
        "a b",
    ]
)
dates = st.sampled_from(
    [
        "Mon, 21 Feb 2022 10:00:00 GMT",
        "21 Feb 2022 10:00:00 -0530",
        "2022-02-21T10:00:00Z",
        "2022-02-21T10:00:00.25+05:45",
        "2022-02-21",
        "yesterday",
        "Mon, 31 Feb 2022 10:00:00 GMT",
        "Mon, 21 Feb 2022 24:00:00 GMT",
        "0001-01-01T00:00:00+14:00",
        "",
    ]
)


def element(name: str, value: st.SearchStrategy[str], attributes: str = "") -> st.SearchStrategy[str]:
    return value.map(lambda text: f"<{name}{attributes}>{escape(text)}</{name}>")


rss_parts = st.one_of(
    element("title", words),
    element("link", addresses),
    element("guid", addresses),
    element("guid", addresses, ' isPermaLink="false"'),
    element("description", words),
    element("content:encoded", words),
    element("author", words),
    element("dc:creator", words),
    element("dcterms:creator", words),
    element("yandex:full-text", words),
    element("category", words),
    element("category", words, ' domain="d"'),
    element("dc:subject", words),
    element("pubDate", dates),
    element("dc:date", dates),
    element("comments", addresses),
    element("slash:comments", words),
    element("itunes:summary", words),
    element("media:description", words),
    element("source", words, ' url="http://s.example/"'),
    element("source", words),
    addresses.map(lambda a: f'<enclosure url="{escape(a)}" type="audio/mpeg" length="1"/>'),
    st.just('<media:thumbnail url="http://a.example/1.png"/>'),
    words.map(lambda text: f"<description><![CDATA[{text}]]></description>"),
)
atom_parts = st.one_of(
    element("title", words),
    element("title", words, ' type="html"'),
    element("id", addresses),
    element("summary", words),
    element("summary", words, ' type="html"'),
    element("content", words, ' type="html"'),
    element("content", words, ' type="text"'),
    element("content", words, ' xml:lang="de"'),
    element("published", dates),
    element("updated", dates),
    words.map(lambda name: f"<author><name>{escape(name)}</name></author>"),
    words.map(lambda name: f"<author><name>{escape(name)}</name><email>a@b.example</email></author>"),
    st.tuples(
        addresses, st.sampled_from(["", ' rel="alternate"', ' rel="self"', ' rel="enclosure"', ' rel="next"'])
    ).map(lambda pair: f'<link href="{escape(pair[0])}"{pair[1]}/>'),
    words.map(lambda term: f'<category term="{escape(term)}"/>'),
    st.tuples(words, addresses).map(
        lambda pair: (
            f'<source><id>{escape(pair[1])}</id><title type="html">{escape(pair[0])}</title>'
            f'<link href="{escape(pair[1])}"/></source>'
        )
    ),
    words.map(lambda term: f'<category term="t" label="{escape(term)}"/>'),
)
channel_parts = rss_parts | element("language", st.sampled_from(["en", "en-GB", ""])) | element("ttl", words)


def joined(parts: st.SearchStrategy[str], most: int = 7) -> st.SearchStrategy[str]:
    return st.lists(parts, max_size=most, unique_by=role).map("".join)


def role(part: str) -> str:
    """Tell texts apart by nothing: feedparser loses one of several, where the longest counts."""
    name = part[1:].partition(">")[0].partition(" ")[0]
    return "text" if name in TEXTS else part


@example('<link href="http://a.example/1"/><link href="/relative" rel="self"/>', [], "")
@example('<link href="http://a.example/1"/><link href="/relative" rel="self"/>', [], "")
@example("", ["<title></title><title>;</title>"], None)
@example("<language>en</language><language>en-GB</language>", [], None)
@example("<ttl></ttl><ttl>5</ttl><dc:language>de</dc:language><language> </language><language>en</language>", [], None)
@example("<title>;</title><title></title>", [], None)
@example("", ["<description>A &amp;amp; B</description><itunes:summary>[link](x)</itunes:summary>"], None)
@given(joined(channel_parts, 4), st.lists(joined(rss_parts), max_size=3), st.sampled_from(TYPES))
def test_rss_is_read_the_same(channel: str, items: list[str], content_type: str | None) -> None:
    entries = "".join(f"<item>{item}</item>" for item in items)
    body = f'<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel>{channel}{entries}</channel></rss>'
    fast, slow = both(body.encode(), content_type)
    assert fast == slow


@example("", ["<title></title><title>;</title>", "<author><name>Ã¤rger</name></author>"], "")
@example("", ['<source><id>a b</id><title>;</title><link href="a b"/></source>'], "")
@example("", ['<source><title>;</title><link href=""/></source>'], "")
@given(joined(atom_parts, 4), st.lists(joined(atom_parts), max_size=3), st.sampled_from(["", ' xml:lang="en_GB"']))
def test_atom_is_read_the_same(head: str, items: list[str], language: str) -> None:
    entries = "".join(f"<entry>{item}</entry>" for item in items)
    fast, slow = both(f'<feed xmlns="http://www.w3.org/2005/Atom"{language}>{head}{entries}</feed>'.encode())
    assert fast == slow


@given(st.lists(joined(rss_parts), max_size=3))
def test_rdf_is_read_the_same(items: list[str]) -> None:
    entries = "".join(f'<item rdf:about="http://a.example/{n}">{item}</item>' for n, item in enumerate(items))
    rdf = 'xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    channel = '<channel rdf:about="http://a.example/"><title>R</title><link>http://a.example/</link></channel>'
    fast, slow = both(f"<rdf:RDF {rdf} {NAMESPACES}>{channel}{entries}</rdf:RDF>".encode())
    assert fast == slow


PLAIN_RSS = f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {NAMESPACES}><channel><title>T</title>
<link>https://a.example/</link><item><title>One</title><link>https://a.example/1</link><guid>https://a.example/1</guid>
<pubDate>Mon, 21 Feb 2022 10:00:00 GMT</pubDate><dc:creator>Ann</dc:creator><category>x</category>
<description>&lt;p&gt;Text&lt;/p&gt;</description></item></channel></rss>""".encode()
PLAIN_ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>urn:t</id><link href="https://a.example/"/>
<entry><title>One</title><id>urn:1</id><link href="https://a.example/1"/><updated>2022-02-21T10:00:00Z</updated>
<author><name>Ann</name></author><content type="html">&lt;p&gt;Text&lt;/p&gt;</content></entry></feed>"""


@pytest.mark.parametrize("body", [PLAIN_RSS, PLAIN_ATOM])
def test_plain_feed_is_not_declined(body: bytes) -> None:
    assert parse_plain(body, "application/xml", URL) is not None
    fast, slow = both(body)
    assert fast == slow
    assert (fast.entries[0].title, fast.entries[0].html, fast.entries[0].authors) == ("One", "<p>Text</p>", ("Ann",))


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [
        (b"<title>One", b"<title>&nbsp;One", "One"),
        (b'encoding="UTF-8"', b'encoding="ISO-8859-1"', "One"),
        (b"<rss", b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss", "One"),
        (b"<item>", b'<item xml:base="https://b.example/">', "One"),
        (b"<title>One", b"<title>One <b>bold</b>", "One bold"),
        (b"</item>", b"</itm>", "One"),
        (b"<item>", b"<itm>", "One"),
        (b"<title>One</title>", b"<titel>One</title>", "One"),
        (b"<title>One</title>", b"<title>One</titel>", "One"),
        (b"<title>One</title>", b"<title>One<title>", "One"),
    ],
)
def test_unusual_feed_is_not_declined_either(old: bytes, new: bytes, title: str) -> None:
    assert old in PLAIN_RSS
    feed = parse_plain(PLAIN_RSS.replace(old, new), None, URL)
    assert feed is not None
    assert [(entry.title, entry.url) for entry in feed.entries] == [(title, "https://a.example/1")]


def test_format_that_is_neither_rss_nor_atom_is_left_to_feedparser() -> None:
    body = b'<CHANNEL HREF="https://a.example/"><TITLE>C</TITLE><ITEM HREF="https://a.example/1"/></CHANNEL>'
    assert parse_plain(body, None, URL) is None


def test_file_without_a_declared_encoding_is_utf_8() -> None:
    body = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><category term="é ¤"/></entry></feed>'.encode()
    fast, slow = both(body)
    assert fast.entries[0].tags == slow.entries[0].tags == ("é ¤",)
