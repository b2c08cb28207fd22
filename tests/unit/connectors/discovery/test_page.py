"""The feeds of a page: what it declares, links to, or keeps where its platform does, best first."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discovery.page import MAX_CANDIDATES, discover, platform_candidates, well_known

URL = "https://site.example/news/page.html"
CHANNEL = "UC" + "a" * 22
CHANNEL_FEED = f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}"


def feeds(html: str, url: str = URL, header: str | None = None) -> list[str]:
    return [candidate.url for candidate in discover(html.encode(), url, header)]


def declared(href: str, kind: str = "application/rss+xml", rel: str = "alternate", more: str = "") -> str:
    return f'<link rel="{rel}" type="{kind}" href="{href}"{more}>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (declared("/feed"), ["https://site.example/feed"]),
        ("<meta http-equiv='Refresh' content='0; URL=/moved/feed'>", ["https://site.example/moved/feed"]),
        ("<meta http-equiv=refresh content='60; url=https://site.example/news/page.html'>", []),
        (declared("feed"), ["https://site.example/news/feed"]),
        (declared("//cdn.example/feed"), ["https://cdn.example/feed"]),
        (declared("?format=feed"), ["https://site.example/news/page.html?format=feed"]),
        (declared("feed:https://cdn.example/x"), ["https://cdn.example/x"]),
        (declared("feed://cdn.example/x"), ["https://cdn.example/x"]),
        (declared("  /a b \n"), ["https://site.example/a b"]),
        (declared("/x?a=1&amp;b=2#top"), ["https://site.example/x?a=1&b=2"]),
        ("<LINK REL=Alternate TYPE='Application/RSS+XML; charset=utf-8' HREF=/feed>", ["https://site.example/feed"]),
        (declared("/a", "application/atom+xml") + declared("/j", "application/feed+json"),
         ["https://site.example/a", "https://site.example/j"]),
        (declared("/a", "text/rss+xml") + declared("/b", "application/x-rss+xml") + declared("/c", "application/rss"),
         ["https://site.example/a", "https://site.example/b", "https://site.example/c"]),
        (declared("/a", "application/rdf+xml", "feed"), ["https://site.example/a"]),
        ('<link rel="feed" href="/a">', ["https://site.example/a"]),
        ('<link rel="alternate home" href="/feed.xml" type="text/xml">', ["https://site.example/feed.xml"]),
        (declared("/data.xml", "text/xml"), []),
        (declared("https://site.example/wp-json/wp/v2/posts/12", "application/json"), []),
        (declared("/oembed?url=x", "application/json+oembed"), []),
        (declared("/print.css", "text/css", "alternate stylesheet"), []),
        (declared("/en/", "text/html") + declared("android-app://x/y", ""), []),
        (declared("javascript:alert(1)") + declared("file:///etc/passwd") + declared("http://[") + declared(""), []),
        (declared("http://site.example:99999/feed"), []),
        ('<base href="/other/">' + declared("feed"), ["https://site.example/other/feed"]),
        ('<base href="http://[">' + declared("feed"), ["https://site.example/news/feed"]),
        # In the body, where careless pages have it, and cut short.
        ("<body><p>text" + declared("/feed"), ["https://site.example/feed"]),
        ("<head>" + declared("/feed")[:-1] + " <body>", ["https://site.example/feed"]),
        ("<!--" + declared("/old") + "-->", []),
    ],
)  # fmt: skip
def test_declared_feeds_are_found(html: str, expected: list[str]) -> None:
    assert feeds(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="/rss">News</a>', ["https://site.example/rss"]),
        ('<a href="/index.rdf">x</a>', ["https://site.example/index.rdf"]),
        ('<a href="https://feeds.example/world">World</a>', ["https://feeds.example/world"]),
        ('<a href="//rss.site.example/world.php">World</a>', ["https://rss.site.example/world.php"]),
        ('<a href="/export.php?type=atom&sec=2">x</a>', ["https://site.example/export.php?type=atom&sec=2"]),
        ('<a href="/abo/17" title="RSS-Feed">Abo</a>', ["https://site.example/abo/17"]),
        ('<a href="/abo/17" aria-label="RSS"><svg></svg></a>', ["https://site.example/abo/17"]),
        ('<a href="/abo/17" class="icon rss"></a>', ["https://site.example/abo/17"]),
        ('<a type="application/atom+xml" href="/17">x</a>', ["https://site.example/17"]),
        ('<a href="/feeding-the-hungry.html">Feeding the hungry</a>', []),
        ('<a href="/press/news.html">Impressum</a>', []),
        ('<a href="/rss-icon.png">RSS</a>', []),
        ('<a href="mailto:rss@site.example">RSS</a>', []),
        ('<a href="#feed">Feed</a>', [URL]),
        ('<a href="//[">RSS</a><a>RSS</a><a href>RSS</a>', []),
    ],
)
def test_feeds_linked_in_the_body_are_found(html: str, expected: list[str]) -> None:
    assert feeds(html) == expected


def test_best_comes_first_and_comments_last() -> None:
    html = (
        declared("/comments/feed", more=' title="Comments"')
        + declared("/all", more=' title="All articles"')
        + declared("/atom", "application/atom+xml")
        + declared("/maybe.xml?format=rss", "application/xml")
        + '<a href="/world.rss">World</a><a href="/terms">About our feed</a>'
    )
    assert feeds(html, header='</pushed>; rel=alternate; type="application/rss+xml"') == [
        f"https://site.example/{path}"
        for path in ("pushed", "all", "atom", "maybe.xml?format=rss", "world.rss", "terms", "comments/feed")
    ]


def test_feed_named_twice_is_offered_once_with_its_title() -> None:
    html = '<a href="/feed#a">RSS</a>' + declared("https://site.example/feed", more=' title=" The\n news "')
    assert [(c.url, c.title) for c in discover(html.encode(), URL)] == [("https://site.example/feed", "The news")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</f>; rel="alternate"; type="application/atom+xml"', ["https://site.example/f"]),
        ('</f>; rel=feed', ["https://site.example/f"]),
        ('</x>; rel=next, </f>; type=application/rss+xml; rel="me alternate"; title="a, b"', ["https://site.example/f"]),
        ('</wp-json/>; rel="https://api.w.org/", </wp-json/p/1>; rel="alternate"; type="application/json"', []),
        ("</style.css>; rel=preload; as=style", []),
    ],
)  # fmt: skip
def test_feeds_of_link_headers_are_found(header: str, expected: list[str]) -> None:
    assert feeds("", header=header) == expected


@pytest.mark.parametrize(
    ("url", "html"),
    [
        (f"https://www.youtube.com/channel/{CHANNEL}", ""),
        ("https://www.youtube.com/@handle", f'<link rel="canonical" href="https://www.youtube.com/channel/{CHANNEL}">'),
        ("https://www.youtube.com/watch?v=abc", f'<meta itemprop="channelId" content="{CHANNEL}">'),
        ("https://www.youtube.com/c/name", f'<meta itemprop="identifier" content="{CHANNEL}">'),
        ("https://www.youtube.com/@handle", declared(CHANNEL_FEED)),
    ],
)
def test_channel_of_a_video_or_handle_is_read_from_its_page(url: str, html: str) -> None:
    assert feeds(html, url) == [CHANNEL_FEED]


def test_meta_of_another_site_is_no_channel() -> None:
    assert feeds(f'<meta itemprop="identifier" content="{CHANNEL}">') == []


def test_platform_comes_before_what_its_page_declares() -> None:
    html = declared("https://github.com/org/repo/commits/main.atom", "application/atom+xml")
    assert feeds(html, "https://github.com/org/repo")[0] == "https://github.com/org/repo/releases.atom"
    assert platform_candidates("https://site.example/about") == []


def test_what_a_fediverse_page_declares_comes_before_a_guess() -> None:
    assert feeds(declared("/@me/other.atom", "application/atom+xml"), "https://social.example/@me") == [
        "https://social.example/@me/other.atom",
        "https://social.example/@me.rss",
    ]


def test_usual_places_begin_near_the_page() -> None:
    assert [candidate.url for candidate in well_known("https://site.example/blog/")][:5] == [
        "https://site.example/blog/feed",
        "https://site.example/blog/rss",
        "https://site.example/blog/feed.xml",
        "https://site.example/blog/index.xml",
        "https://site.example/feed",
    ]
    assert well_known("https://site.example")[0].url == "https://site.example/feed"


def test_page_of_nothing_but_feeds_is_cut_short() -> None:
    html = "".join(f'<a href="/{number}.rss">RSS</a>' for number in range(1_000))
    assert len(feeds(html)) == MAX_CANDIDATES


@pytest.mark.parametrize(
    "piece", ["<a href=/feed>", "<link rel=alternate ", "<div><a href='", "<b><p><a href=/rss>", "&amp"]
)
def test_hostile_page_is_read_in_bounded_time(piece: str) -> None:
    started = time.process_time()
    feeds(piece * (150_000 // len(piece)))
    assert time.process_time() - started < 2


@given(st.text(alphabet="<>=\"/ linkahrefrssalternate:[]?#&;'", max_size=300), st.text(max_size=40))
def test_no_page_is_too_strange(html: str, header: str) -> None:
    assert all(url.startswith(("http://", "https://")) for url in feeds(html, header=header))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_page_in_a_wide_encoding_offers_its_feeds(encoding: str) -> None:
    page = '<html><head><link rel="alternate" type="application/rss+xml" title="Häfen" href="/rss"></head></html>'
    [first, *_] = discover(page.encode(encoding), "https://news.example/")
    assert (first.url, first.title) == ("https://news.example/rss", "Häfen")


def test_link_to_xml_that_is_called_a_feed_is_one() -> None:
    page = (
        b'<link rel="alternate" type="text/xml" title="RSS" href="/f"><link rel="alternate" type="text/xml" href="/g">'
        b'<link rel="alternate" hreflang="de" title="RSS" href="/de">'
    )
    assert [candidate.url for candidate in discover(page, "https://news.example/")] == ["https://news.example/f"]
