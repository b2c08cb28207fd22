"""No field of a feed goes past its bounds, in any format, and one bad item costs only itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest

from connectors.formats import bounds
from connectors.formats.bounds import MAX_ENTRIES, MAX_FIELD, MAX_NAME
from connectors.formats.document import parse_document
from connectors.formats.parsed import ParsedFeed
from connectors.polling.articles import articles_of
from connectors.polling.identity import identify_entries

URL = "https://site.example/feed"
LONG = "a" * (MAX_FIELD + 1_000)


def json_feed(*items: object, **fields: object) -> ParsedFeed:
    return parse_document(json.dumps({"title": "T", "items": items} | fields).encode(), None, URL)


def rss(inside: str, items: int = 1) -> ParsedFeed:
    item = f"<item><guid>1</guid>{inside}</item>"
    return parse_document(
        f'<rss version="2.0"><channel><title>T</title>{item * items}</channel></rss>'.encode(), None, URL
    )


def atom(inside: str) -> ParsedFeed:
    entry = f"<entry><id>1</id>{inside}</entry>"
    return parse_document(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'.encode(), None, URL)


@pytest.mark.parametrize(
    "parsed",
    [
        lambda: rss(f"<title>{LONG}</title><author>{LONG}</author><description>{LONG}</description><category>{LONG}"
                    f"</category><link>https://x.example/{LONG}</link>" + "<category>b</category>" * 99),
        lambda: rss(f"<title>a</title><description>{escape('<p>' + LONG)}</description><language>{LONG}</language>"),
        lambda: atom(f"<title>{LONG}</title><author><name>{LONG}</name></author><content type='text'>{LONG}</content>"
                     f"<link href='https://x.example/{LONG}'/>" + "<author><name>b</name></author>" * 99),
        lambda: json_feed({"id": "1", "title": LONG, "content_text": LONG, "url": f"https://x.example/{LONG}",
                           "tags": [LONG, *map(str, range(99))], "authors": [{"name": LONG},
                           *[{"name": "b"}] * 99], "language": LONG}),
        lambda: json_feed({"id": "1", "content_html": f"<p>{LONG}</p>"}),
        lambda: parse_document(json.dumps({"uri": "u:1", "headline": LONG, "body_text": LONG, "language": LONG,
                                           "keywords": [LONG]}).encode(), None, URL),
        lambda: parse_document(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://x.example/'
                               f'{LONG}</loc><title>{LONG}</title></url></urlset>'.encode(), None, URL),
    ],
    ids=["rss", "rss html", "atom", "json", "json html", "ninjs", "sitemap"],
)  # fmt: skip
def test_long_fields_are_cut(parsed: object) -> None:
    [entry] = parsed().entries  # type: ignore[operator]
    assert len(entry.title or "") <= bounds.MAX_TITLE
    assert max(len(entry.text or ""), len(entry.html or "")) <= MAX_FIELD + 10
    assert max(len(entry.authors), len(entry.tags)) <= bounds.MAX_NAMES
    assert max((len(name) for name in (*entry.authors, *entry.tags)), default=0) <= MAX_NAME
    assert len(entry.language or "") <= bounds.MAX_LANGUAGE
    assert entry.url is None or len(entry.url) <= bounds.MAX_ADDRESS


def test_only_so_many_entries_are_read() -> None:
    assert len(rss("<title>a</title>", MAX_ENTRIES + 10).entries) == MAX_ENTRIES
    assert len(json_feed(*({"id": str(number)} for number in range(MAX_ENTRIES + 10))).entries) == MAX_ENTRIES


def test_what_a_feed_says_of_itself_is_cut_and_cannot_steer_a_terminal() -> None:
    told = json_feed(
        title="\x1b]0;pwned\x07\x1b[31mred \u202eback\n" + LONG,
        home_page_url="https://x.example/" + LONG,
        next_url="https://x.example/\x1b[2J",
        hubs=[{"type": "WebSub", "url": f"https://hub.example/{number}"} for number in range(99)],
        language=LONG,
    )
    assert (told.title or "").startswith("]0;pwned [31mred back aaa")
    assert (len(told.title or ""), len(told.language or "")) == (MAX_NAME, bounds.MAX_LANGUAGE)
    assert (told.home, told.next_page, len(told.hubs)) == (None, None, bounds.MAX_ADDRESSES)


def test_item_with_a_broken_address_costs_only_itself() -> None:
    items = [{"id": str(number), "title": "a", "url": f"https://x.example/{number}"} for number in range(9)]
    told = json_feed(*items, {"id": "x", "url": "http://["})
    assert (len(told.entries), list(told.errors)) == (9, [9])


NO_ADDRESS = "http://["


@pytest.mark.parametrize(
    "body",
    [
        f'<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel><link>{NO_ADDRESS}</link>'
        f'<a:link rel="next" href="{NO_ADDRESS}"/><a:link rel="hub" href="{NO_ADDRESS}"/><a:link rel="self" href='
        f'"{NO_ADDRESS}"/><item><title>a</title><link>{NO_ADDRESS}</link><guid>{NO_ADDRESS}</guid><description>'
        f'&lt;a href="{NO_ADDRESS}">x&lt;/a>&lt;img src=\'{NO_ADDRESS}\'></description></item></channel></rss>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{NO_ADDRESS}"><link rel="next" href="{NO_ADDRESS}"/>'
        f'<entry xml:base="{NO_ADDRESS}"><title>a</title><link href="{NO_ADDRESS}"/><content type="html" xml:base='
        f'"{NO_ADDRESS}">&lt;a href="b"></content></entry></feed>',
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{NO_ADDRESS}</loc></url></urlset>',
        json.dumps({"home_page_url": NO_ADDRESS, "next_url": NO_ADDRESS, "feed_url": NO_ADDRESS,
                    "items": [{"id": "1", "content_html": f'<a href="{NO_ADDRESS}">'}]}),
        json.dumps({"uri": NO_ADDRESS, "headline": "a", "canonicalurl": NO_ADDRESS}),
    ],
    ids=["rss", "atom", "sitemap", "json", "ninjs"],
)  # fmt: skip
def test_what_is_no_address_costs_nothing_but_itself(body: str) -> None:
    parsed = parse_document(body.encode(), None, URL)
    articles = articles_of(parsed, URL, datetime(2022, 2, 24, tzinfo=UTC))
    assert (len(articles), parsed.errors) == (1, {})
    assert identify_entries([entry.identity for entry in parsed.entries], {}, URL, parsed.home)
