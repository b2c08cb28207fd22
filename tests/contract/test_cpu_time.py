"""Whatever a stranger writes, reading it takes time in proportion to its length: every parser and every sanitiser."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.discovery.page import discover
from connectors.files.opml import read_list
from connectors.formats.characters import text_of
from connectors.formats.dates import parse_date
from connectors.formats.document import parse_document
from connectors.formats.markup import sanitized
from connectors.formats.parsed import NotAFeedError
from connectors.formats.people import people
from connectors.formats.titles import line_of_markup
from connectors.formats.update_hints import update_hints
from pipeline.errors import UsageError

URL = "https://news.example/feed"
CHARS = 200_000
BUDGET_S = 1.5
PIECES = (
    "<", ">", "</", "<a", "<!--", "-->", "<![CDATA[", "]]>", "<!", "<!DOCTYPE ", "<!ENTITY a '", "<?", "&", "&#",
    "&#55357;", "&amp;", '"', "'", "=", " a=", " a='", "<div>", "</div>", "<b>", "<table>", "<p>", "<a href='x'>",
    "<noscript>", "<iframe>", "<textarea>", "<svg>", "<item>", "</item>", "<entry>", "<title>", "<link>", "<url>",
    "<loc>", "<image:image>", "<news:news>", "<author>", "<outline text='a'>", "a@b.c", "a@b.", "(", "<x:y>",
    "xmlns:a='b' ", "<hour>1</hour>", "[", "{", '{"a":', '"\\', "\x85", "\x00", "\ud83d", "Ã©", " ", "\n", "1", "-",
    "2022-02-21", "Mon, ", "a", "T", "deleted-entry ref='", "<at:deleted-entry ", "<media:group>",
    "<media:content url='a'>", "<enclosure url='a'/>", "<category>a</category>", "http://", "feed:", "%",
)  # fmt: skip


def feed(inside: str) -> None:
    for body in (
        f"<rss><channel><title>{inside}</title><item><title>a</title></item></channel></rss>",
        f"<rss><channel><item>{inside}</item><item><description>{inside}</description></item></channel></rss>",
        f"<rss><channel><item><description>{escape(inside)}</description><author>{escape(inside)}</author></item></channel></rss>",
        f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml">{inside}</content></entry></feed>',
        f"{inside}<rss/>",
    ):
        with suppress(NotAFeedError):
            parse_document(body.encode("utf-8", "surrogatepass"), None, URL)


def document(inside: str) -> None:
    for body in (
        inside,
        f"<urlset><url>{inside}</url></urlset>",
        f"<newsItem><contentSet>{inside}</contentSet></newsItem>",
        f'{{"version": "https://jsonfeed.org/version/1", "items": [{inside}',
        f"<html>{inside}",
    ):
        with suppress(NotAFeedError):
            parse_document(body.encode("utf-8", "surrogatepass"), None, URL)


def subscriptions(inside: str) -> None:
    for body in (inside, f"<opml>{inside}</opml>"):
        with suppress(UsageError):
            read_list(body.encode("utf-8", "surrogatepass"), "list")


READERS: dict[str, Callable[[str], object]] = {
    "feed": feed,
    "document": document,
    "characters": lambda text: text_of(text.encode("utf-8", "surrogatepass")),
    "markup": lambda text: sanitized(text, URL),
    "title": line_of_markup,
    "people": lambda text: people([text]),
    "date": parse_date,
    "hints": lambda text: update_hints(text.encode("utf-8", "replace")),
    "subscriptions": subscriptions,
    "discovery": lambda text: discover(text.encode("utf-8", "replace"), URL),
}


def spent_s(reader: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    reader(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=3).map("".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=2).map("".join),
)
def test_time_is_in_proportion_to_length(name: str, before: str, repeated: str, after: str) -> None:
    text = before + repeated * (CHARS // len(repeated)) + after
    assert spent_s(READERS[name], text) < BUDGET_S * (5 if name in ("feed", "document") else 1)


@pytest.mark.parametrize("tag", ["div", "b", "a", "table", "ul", "li", "p", "font", "svg", "h1", "button"])
def test_deep_nesting_costs_neither_time_nor_words_nor_the_feed(tag: str) -> None:
    deep = f"<{tag}>" * 50_000 + "the words" + f"</{tag}>" * 50_000
    body = f"<rss><channel><item><title>Deep</title><description>{escape(deep)}</description></item>"
    body += "<item><title>Next</title></item></channel></rss>"
    started = time.process_time()
    first, second = parse_document(body.encode(), None, URL).entries
    assert time.process_time() - started < 2 * BUDGET_S
    assert (first.title, second.title) == ("Deep", "Next")
    assert "the words" in (first.html or "")
