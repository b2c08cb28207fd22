"""An article's page by itself, as archives hold it: what its metadata say, and its text.

schema.org in JSON-LD first, then Open Graph and the usual meta elements, then the page's own words. The text comes from
trafilatura where the extra ``fulltext`` is installed, else from the paragraphs of ``article`` or ``main``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import msgspec
from selectolax.lexbor import LexborHTMLParser

from connectors.addresses import join
from connectors.formats.dates import parse_date
from connectors.formats.markup import sanitized
from connectors.formats.parsed import Entry, ParsedEntry
from connectors.formats.titles import line_of_markup
from connectors.pages.fulltext import MIN_WORDS, PageError, decoded, extract_page
from connectors.pages.site_rules import SiteRule

_ARTICLES = ("Article", "NewsArticle", "ReportageNewsArticle", "BlogPosting", "LiveBlogPosting", "AnalysisNewsArticle")
_DATES = ("article:published_time", "datePublished", "date", "dc.date", "DC.date.issued", "pubdate", "parsely-pub-date")
_CHANGES = ("article:modified_time", "dateModified", "og:updated_time")
_AUTHORS = ("author", "article:author", "parsely-author", "dc.creator", "byl")
LEAST_PARAGRAPHS = 2
LEAST_CHARS = 40
# Of a word, on average, in scripts that do not part them.
CHARS = 6


def parse_page(body: bytes, content_type: str | None, url: str) -> ParsedEntry | None:
    """Read the article on a page, or return ``None`` for a page that is none."""
    tree = LexborHTMLParser(decoded(body, content_type))
    meta, data = _meta(tree), _schema(tree)
    markup = _text_of(tree, body, content_type, url)
    if markup is None:
        return None
    title = _words(data.get("headline")) or meta.get("og:title") or _element(tree, "h1") or _element(tree, "title")
    published = (
        _words(data.get("datePublished")) or _first(meta, _DATES) or _attribute(tree, "time[datetime]", "datetime")
    )
    changed = _words(data.get("dateModified")) or _first(meta, _CHANGES)
    canonical = _attribute(tree, "link[rel=canonical]", "href") or meta.get("og:url")
    link = _joined(url, canonical) if canonical else url
    names = _names(data.get("author")) or [meta[name] for name in _AUTHORS if name in meta][:1]
    return ParsedEntry(
        identity=Entry(None, link, title, published),
        url=link if link.startswith(("http://", "https://")) else url,
        title=line_of_markup(title),
        authors=tuple(name for name in dict.fromkeys(names) if not name.startswith("http")),
        published=parse_date(published),
        updated=parse_date(changed),
        html=sanitized(markup),
        language=_attribute(tree, "html[lang]", "lang"),
    )


def _text_of(tree: LexborHTMLParser, body: bytes, content_type: str | None, url: str) -> str | None:
    if importlib.util.find_spec("trafilatura") is not None:
        try:
            page = extract_page(body, content_type, url, SiteRule())
        except PageError:
            return None
        return page.html if len(page.text.split()) >= MIN_WORDS or len(page.text) >= MIN_WORDS * CHARS else None
    for selector in ("article p", "main p", "body p"):
        found = [node.html or "" for node in tree.css(selector) if len(node.text(strip=True)) >= LEAST_CHARS]
        if len(found) >= LEAST_PARAGRAPHS:
            return "".join(found)
    return None


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = node.attributes.get("property") or node.attributes.get("name") or node.attributes.get("itemprop")
        content = (node.attributes.get("content") or "").strip()
        if name and content:
            found.setdefault(name, content)
    return found


def _schema(tree: LexborHTMLParser) -> dict[str, Any]:
    """Return what the page's JSON-LD says of its article."""
    for node in tree.css('script[type="application/ld+json"]'):
        try:
            value = msgspec.json.decode(node.text(deep=True).encode("utf-8", "ignore"))
        except (msgspec.DecodeError, RecursionError):
            continue
        for thing in _things(value):
            kinds = thing.get("@type")
            if any(kind in _ARTICLES for kind in (kinds if isinstance(kinds, list) else [kinds])):
                return thing
    return {}


def _things(value: Any) -> Iterator[dict[str, Any]]:
    for thing in value if isinstance(value, list) else [value]:
        if isinstance(thing, dict):
            yield thing
            graph = thing.get("@graph")
            yield from (one for one in graph if isinstance(one, dict)) if isinstance(graph, list) else ()


def _names(value: Any) -> list[str]:
    people = value if isinstance(value, list) else [value]
    names = (person.get("name") if isinstance(person, dict) else person for person in people)
    return [name for name in names if isinstance(name, str) and name]


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((meta[name] for name in names if name in meta), None)


def _words(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _element(tree: LexborHTMLParser, selector: str) -> str | None:
    node = tree.css_first(selector)
    return " ".join(node.text().split()) or None if node is not None else None


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str | None:
    node = tree.css_first(selector)
    return node.attributes.get(name) or None if node is not None else None


def _joined(url: str, address: str) -> str:
    try:
        return join(url, address)
    except ValueError:
        return url
