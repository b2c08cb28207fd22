"""The right words, people, links and files of an entry."""

from __future__ import annotations

import json

import pytest

from connectors.formats.document import parse_document
from connectors.formats.markup import sanitized
from connectors.formats.parsed import ParsedEntry
from connectors.formats.people import people
from connectors.formats.titles import line_of_markup
from pipeline.model import Enclosure

SPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:a="http://www.w3.org/2005/Atom" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)


def rss(inside: str, url: str = "https://feeds.example/d/feed", link: str = "https://site.example/") -> ParsedEntry:
    body = f'<rss version="2.0" {SPACES}><channel><link>{link}</link><item>{inside}</item></channel></rss>'
    return parse_document(body.encode(), None, url).entries[0]


def atom(inside: str) -> ParsedEntry:
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://site.example/"/><entry>{inside}</entry></feed>'
    )
    return parse_document(body.encode(), None, "https://feeds.example/d/feed").entries[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A guide to &lt;head&gt; elements", "A guide to <head> elements"),
        ("std::vector<int> explained", "std::vector<int> explained"),
        ("Fish &amp; chips: a <b>bold</b> move", "Fish & chips: a bold move"),
        ("Twice &amp;amp; escaped", "Twice & escaped"),
        ("&lt;i&gt;twice&lt;/i&gt;", "twice"),
        ("a < b and <b> alone", "a < b and <b> alone"),
        ("one<br/>two<script>x()</script>", "one two"),
        ("<p> </p>", None),
    ],
)
def test_title_loses_its_formatting_and_nothing_else(written: str, read: str | None) -> None:
    assert line_of_markup(written) == read


def test_title_of_type_text_is_no_markup() -> None:
    assert atom("<title>Use &lt;b&gt;bold&lt;/b&gt; &amp;amp; more</title>").title == "Use <b>bold</b> &amp; more"
    assert atom('<title type="html">Use &amp;lt;b> in &lt;b>bold&lt;/b></title>').title == "Use <b> in bold"


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("x@acme.media (Jane Roe)", ("Jane Roe",)),
        ('"Roe, Jane" <jane@acme.london>', ("Roe, Jane",)),
        ("Jane Roe (mailto:jane@acme.com)", ("Jane Roe",)),
        ("jane@acme.travel", ("jane@acme.travel",)),
        ("a@b.example (Ann), c@d.example (Carl)", ("Ann", "Carl")),
        ("Author (name)", ("Author (name)",)),
        ("", ()),
    ],
)
def test_people_go_by_their_names(written: str, names: tuple[str, ...]) -> None:
    assert people([written]) == names


def test_caption_is_the_text_only_where_there_is_no_other() -> None:
    caption = "<media:content url='p.jpg'><media:description>A long caption</media:description></media:content>"
    assert rss(f"<description>Short.</description>{caption}").html == "Short."
    assert rss(caption).html == "A long caption"


@pytest.mark.parametrize("tag", ["noscript", "iframe", "textarea", "xmp", "noembed"])
def test_no_raw_markup_is_left_of_elements_that_hold_it(tag: str) -> None:
    clean = sanitized(f"<p>First.</p><{tag}><img src='https://site.example/1.jpg'></{tag}><p>Second.</p>") or ""
    assert "&lt;" not in clean
    assert "<p>First.</p>" in clean
    assert "<p>Second.</p>" in clean


@pytest.mark.parametrize("url", ["https://feeds.example/d/feed", "file:///home/ann/feed.xml"])
def test_relative_links_lead_to_the_site(url: str) -> None:
    entry = rss('<link>/news/1</link><description>&lt;a href="2">x&lt;/a></description>', url)
    assert entry.url == "https://site.example/news/1"
    assert 'href="https://site.example/news/2"' in (entry.html or "")


def test_relative_links_of_a_json_feed_lead_to_the_site() -> None:
    item = {"id": "1", "url": "/news/1", "content_html": '<a href="2">x</a>', "image": "p.jpg"}
    feed = {"home_page_url": "https://site.example/", "items": [item]}
    [entry] = parse_document(json.dumps(feed).encode(), None, "file:///home/ann/feed.json").entries
    assert (entry.url, entry.image) == ("https://site.example/news/1", "https://site.example/p.jpg")
    assert 'href="https://site.example/news/2"' in (entry.html or "")


def test_base_of_a_text_holds_for_its_links() -> None:
    content = '<content type="html" xml:base="https://cdn.example/p/">&lt;img src="a.png"></content>'
    entry = atom(f'<link href="https://a.example/1"/>{content}')
    assert 'src="https://cdn.example/p/a.png"' in (entry.html or "")


@pytest.mark.parametrize(
    "inside",
    ["<guid>abc123</guid>", "<link> </link>", '<enclosure url=" " length="1"/>', "<a:link href=''/>",
     '<guid isPermaLink="false">https://site.example/x</guid>', "<guid>gid://x/1</guid>"],
)  # fmt: skip
def test_no_link_is_made_up(inside: str) -> None:
    assert rss(f"<title>T</title>{inside}").url is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://", None),
        ("http:", None),
        (r"http:\/\/site.example\/news\/1", "http://site.example/news/1"),
        ("https//site.example/1", "https://site.example/1"),
        ("https:///site.example/1", "https://site.example/1"),
        ("&lt;https://site.example/1&gt;", "https://site.example/1"),
        ("https://site.example/a_(b)", "https://site.example/a_(b)"),
        ("https://site.example/1\u200b", "https://site.example/1"),
        ("https://site.example/1 https://site.example/2", "https://site.example/1"),
        ("see the notice board", None),
    ],
)
def test_link_is_the_address_that_was_meant(written: str, address: str | None) -> None:
    assert rss(f"<link>{written}</link>").url == address


def test_relation_of_iana_is_alternate() -> None:
    link = '<link rel="http://www.iana.org/assignments/relation/alternate" href="https://site.example/1"/>'
    assert atom(f'<link rel="related" href="https://other.example/"/>{link}').url == "https://site.example/1"


def test_files_and_pictures_are_told_apart() -> None:
    entry = rss(
        '<enclosure url="/1.mp3" type="audio/mpeg" length="1234"/><enclosure url="" type="audio/mpeg"/>'
        '<media:content url="https://site.example/p.jpg" medium="image"/><itunes:image href="https://site.example/q.jpg"/>'
    )
    assert entry.enclosures == (Enclosure(address="https://site.example/1.mp3", type="audio/mpeg", length=1234),)
    assert entry.image == "https://site.example/q.jpg"


def test_sitemap_reads_its_news_before_its_pictures() -> None:
    body = b"""<urlset xmlns:news="n" xmlns:image="i" xmlns:video="v"><url>
    <image:image><image:loc>https://site.example/p.jpg</image:loc><image:title>A picture</image:title></image:image>
    <video:video><video:title>A film</video:title><video:publication_date>2020-01-01</video:publication_date>
    </video:video>
    <loc>https://site.example/1</loc><news:news><news:title>The news</news:title>
    <news:publication_date>2022-02-21</news:publication_date></news:news></url></urlset>"""
    [entry] = parse_document(body, None, "https://site.example/sitemap.xml").entries
    assert (entry.title, entry.url, entry.image) == ("The news", "https://site.example/1", "https://site.example/p.jpg")
    assert entry.published is not None
    assert entry.published.year == 2022


def test_date_that_is_not_understood_is_told() -> None:
    entry = rss("<title>T</title><pubDate>05/01/2026 10:00</pubDate>")
    assert (entry.published, entry.unread_date) == (None, "05/01/2026 10:00")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://site.example/1?a=1&amp;amp;b=2", "https://site.example/1?a=1&b=2"),
        ("<![CDATA[https://site.example/1?a=1&#038;b=2]]>", "https://site.example/1?a=1&b=2"),
        ("https://site.example/a\nb", "https://site.example/ab"),
        ("https://site.example/a b?c=d e", "https://site.example/a%20b?c=d%20e"),
        ("/a b", "https://site.example/a%20b"),
        ("Not there yet", None),
        ("www.other.example/1", "https://www.other.example/1"),
        ("site.example/1", "https://site.example/1"),
        ("http://https://site.example/1", "https://site.example/1"),
        ("https:\\\\site.example\\1?q=\\x", "https://site.example/1?q=\\x"),
        ("https://web.example/2026/http://site.example/1", "https://web.example/2026/http://site.example/1"),
        ("site.examples/1", "https://site.example/site.examples/1"),
        ("wwwhat/1", "https://site.example/wwwhat/1"),
    ],
)
def test_link_leads_where_it_was_meant_to(written: str, meant: str | None) -> None:
    assert rss(f"<title>T</title><link>{written}</link>").url == meant


def test_title_of_a_picture_is_not_that_of_its_entry() -> None:
    picture = '<media:content url="/p.jpg" medium="image"><media:title>IMG 2231</media:title></media:content>'
    film = '<media:content url="/f.mp4" type="video/mp4"><media:title>Storm at sea</media:title></media:content>'
    titles = [rss(f"{inside}<description>Words</description>").title for inside in (picture, film)]
    assert titles == [None, "Storm at sea"]


def test_file_within_an_entry_is_not_its_text() -> None:
    packed = '<summary>Seen at sea</summary><content type="image/png">iVBORw0KGgoAAAANSUhEUgAA</content>'
    assert atom(packed).text == "Seen at sea"
    assert atom('<content type="application/json">eyJhIjogMX0=</content>').html == '{"a": 1}'
