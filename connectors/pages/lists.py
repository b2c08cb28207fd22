"""The connector of pages without a feed: the articles that a page lists, as the rules for its site say.

Rules are CSS selectors or XPath expressions under ``list`` of a site (``site_rules.toml`` shows how). Pages marked up
with microformats (h-entry) need none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.addresses import join
from connectors.connector import Fetched, Network, NotAFeedError, ParsedFeed, Request, entry
from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.markup import sanitized
from connectors.formats.parsed import ParsedEntry
from connectors.formats.people import people
from connectors.pages.fulltext import decoded
from connectors.pages.site_rules import USER_FILE, PageList, SiteRules, load

PAGE = "page"
# What pages that are made for machines to read say of themselves: microformats.org/wiki/h-entry.
H_ENTRY = PageList(
    entry=".h-entry",
    link="a.u-url",
    title=".p-name",
    date=".dt-published",
    text=".e-content, .p-summary",
    author=".p-author",
    image="img.u-photo",
)
_H_ENTRY = re.compile(rb"""class\s*=\s*["']?[^"'<>]*\bh-entry\b""", re.IGNORECASE)
_HEADINGS = "h1, h2, h3, h4, h5, h6"
_SOURCES = ("src", "data-src", "content", "href")


class _Found(msgspec.Struct, frozen=True):
    """Hold what the rules find of one entry: words, and markup for the text."""

    link: str | None = None
    title: str | None = None
    date: str | None = None
    text: str | None = None
    author: str | None = None
    image: str | None = None


class PageConnector:
    """Pages without a feed, of sites that have a `list` in fulltext.toml of the data directory."""

    name = PAGE

    def __init__(self, directory: Path | None = None) -> None:
        self._rules: SiteRules = load(directory / USER_FILE if directory is not None else None)

    def claims(self, address: str) -> bool:
        """Claim the pages that a rule is for."""
        return address.startswith(("http://", "https://")) and self._rules.list_of(address) is not None

    async def fetch(self, request: Request, network: Network) -> Fetched:
        """Get the page as robots.txt allows, if it has changed."""
        return await network.get(request.address, request.conditions, robots=True)

    def parse(self, body: bytes, content_type: str | None, address: str) -> ParsedFeed:
        """Return what the page lists. Raises ``NotAFeedError`` where that is nothing: it may have been rebuilt."""
        rule = self._rules.list_of(address) or (H_ENTRY if has_entries(body) else None)
        if rule is None:
            raise NotAFeedError(f"{address} is a page, and no rule says what it lists; add one to {USER_FILE}.")
        markup = decoded(body, content_type)
        found = _by_xpath(markup, rule) if rule.is_xpath else _by_css(markup, rule)
        tree = LexborHTMLParser(markup)
        base = _attribute(tree.css_first("base[href]"), "href") or address
        entries = [one for item in found if (one := _entry(item, _joined(address, base) or address, address))]
        if not entries:
            raise NotAFeedError(
                f"{address}: the rule entry = {rule.entry!r} finds nothing with a link or a title on this page; where "
                f"the site has changed, change the rule in {USER_FILE}."
            )
        return ParsedFeed(
            title=_words(tree.css_first("title")),
            home=address,
            language=_attribute(tree.css_first("html[lang]"), "lang"),
            entries=tuple({(one.url, one.title): one for one in reversed(entries)}.values())[::-1],
            kind="page",
        )


def has_entries(body: bytes) -> bool:
    """Tell whether a page marks up its entries as microformats do."""
    return _H_ENTRY.search(body) is not None


def _entry(found: _Found, base: str, page: str) -> ParsedEntry | None:
    url = _joined(base, found.link)
    if url is not None and urldefrag(url).url == urldefrag(page).url and "#" not in url:
        url = None  # it leads nowhere else
    if url is None and not found.title:
        return None
    return entry(
        id=None if url else f"{page} {found.title}",
        url=url,
        title=found.title,
        published=found.date,
        html=sanitized(found.text, base),
        authors=people([found.author]) if found.author else (),
        image=_joined(base, found.image),
    )


def _by_css(markup: str, rule: PageList) -> Iterator[_Found]:
    for node in LexborHTMLParser(markup).css(rule.entry)[:MAX_ENTRIES]:
        link = _first(node, rule.link or "a[href]") or (node if node.tag == "a" else None)
        title = _first(node, rule.title) if rule.title else _first(node, _HEADINGS) or link
        date = _first(node, rule.date or "time[datetime], time")
        text = _first(node, rule.text)
        image = _first(node, rule.image)
        yield _Found(
            link=_attribute(link, "href"),
            title=_words(title),
            date=_attribute(date, "datetime")
            or _attribute(date, "content")
            or _attribute(date, "title")
            or _words(date),
            text=text.inner_html if text is not None else None,
            author=_words(_first(node, rule.author)),
            image=next((value for name in _SOURCES if (value := _attribute(image, name))), None),
        )


def _by_xpath(markup: str, rule: PageList) -> Iterator[_Found]:
    from lxml import etree, html

    try:
        parser = html.HTMLParser(encoding="utf-8")
        tree = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return

    def first(node: html.HtmlElement, path: str | None) -> html.HtmlElement | str | None:
        found = node.xpath(path) if path else None
        return found[0] if isinstance(found, list) and found else found if isinstance(found, str) and found else None

    def words(value: html.HtmlElement | str | None) -> str | None:
        return (
            " ".join((value if isinstance(value, str) else value.text_content()).split()) or None
            if (value is not None)
            else None
        )

    def attribute(value: html.HtmlElement | str | None, *names: str) -> str | None:
        if value is None or isinstance(value, str):
            return value.strip() or None if value else None
        return next((found for name in names if (found := value.get(name))), None)

    for node in tree.xpath(rule.entry)[:MAX_ENTRIES]:
        if isinstance(node, str):
            continue
        link = first(node, rule.link or "descendant-or-self::a[@href]")
        date = first(node, rule.date or ".//time")
        text = first(node, rule.text)
        markup_of = (
            text if isinstance(text, str) or text is None else etree.tostring(text, encoding="unicode", with_tail=False)
        )
        yield _Found(
            link=attribute(link, "href"),
            title=words(first(node, rule.title)) if rule.title else words(link if not isinstance(link, str) else None),
            date=attribute(date, "datetime", "content", "title") or words(date),
            text=markup_of,
            author=words(first(node, rule.author)),
            image=attribute(first(node, rule.image), *_SOURCES),
        )


def _first(node: LexborNode, selector: str | None) -> LexborNode | None:
    return node.css_first(selector) if selector else None


def _words(node: LexborNode | None) -> str | None:
    return " ".join(node.text(separator=" ").split()) or None if node is not None else None


def _attribute(node: LexborNode | None, name: str) -> str | None:
    return (node.attributes.get(name) or "").strip() or None if node is not None else None


def _joined(base: str, address: str | None) -> str | None:
    if not address or address.lower().startswith(("javascript:", "mailto:", "data:", "tel:")):
        return None
    try:
        whole = join(base, address)
    except ValueError:
        return None
    return whole if whole.startswith(("http://", "https://")) else None
