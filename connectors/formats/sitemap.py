"""News sitemaps and sitemap indexes (sitemaps.org, Google News namespace)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.dates import parse_date
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed, Part

# Sitemaps are flat and machine-made: patterns read them in linear time, and read broken ones too.
_URL = re.compile(r"<(?:\w+:)?url\b[^>]*>(.*?)</(?:\w+:)?url\s*>", re.DOTALL | re.IGNORECASE)
_CHILD = re.compile(r"<(?:\w+:)?sitemap\b[^>]*>(.*?)</(?:\w+:)?sitemap\s*>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([\w-]+)""")


def looks_like_sitemap(body: bytes) -> bool:
    """Tell whether the beginning of a document is that of a sitemap or sitemap index."""
    return bool(_ROOT.search(body[:20_000]))


def parse_sitemap(body: bytes, url: str) -> ParsedFeed:
    """Parse a sitemap: its articles, or of an index its parts. Raises ``NotAFeedError``."""
    text = _decoded(body)
    entries = []
    for match in _URL.finditer(text):
        entry = _entry(match.group(1))
        if entry is not None:
            entries.append(entry)
        if len(entries) >= MAX_ENTRIES:
            break
    if not entries and not _ROOT.search(body[:20_000]):
        raise NotAFeedError(f"{url} is no sitemap.")
    parts = tuple(_parts(text))
    return ParsedFeed(title=None, entries=tuple(entries), parts=parts, kind="sitemap index" if parts else "sitemap")


def _parts(text: str) -> Iterator[Part]:
    for match in islice(_CHILD.finditer(text), MAX_ENTRIES):
        address = _value("loc", match.group(1))
        if address and address.startswith(("http://", "https://")):
            yield Part(address, parse_date(_value("lastmod", match.group(1))))


def _entry(block: str) -> ParsedEntry | None:
    address = _value("loc", block)
    if not address or not address.startswith(("http://", "https://")):
        return None
    published = _value("publication_date", block) or _value("lastmod", block)
    title = _value("title", block)
    keywords = _value("keywords", block) or ""
    return ParsedEntry(
        identity=Entry(None, address, title, published),
        url=address,
        title=title,
        published=parse_date(_value("publication_date", block)) or parse_date(_value("lastmod", block)),
        updated=parse_date(_value("lastmod", block)),
        tags=tuple(tag.strip() for tag in keywords.split(",") if tag.strip())[:50],
        language=_value("language", block),
    )


def _value(name: str, block: str) -> str | None:
    match = re.search(rf"<(?:[\w-]+:)?{name}\b[^>]*>(.*?)</(?:[\w-]+:)?{name}\s*>", block, re.DOTALL | re.IGNORECASE)
    if not match:
        return None
    inner = match.group(1).strip()
    cdata = re.fullmatch(r"<!\[CDATA\[(.*?)\]\]>", inner, re.DOTALL)
    return (cdata.group(1) if cdata else html.unescape(inner)).strip() or None


def _decoded(body: bytes) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace")
    match = _ENCODING.search(body[:200])
    try:
        return body.decode(match.group(1).decode() if match else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
