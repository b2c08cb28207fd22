"""News sitemaps and sitemap indexes (sitemaps.org, Google News namespace)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.dates import parse_date
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed, Part
from connectors.formats.titles import line_of_markup

# Sitemaps are flat and machine-made: patterns read them in linear time, and read broken ones too.
_URL = re.compile(r"<(?:\w+:)?url\b[^>]*>(.*?)</(?:\w+:)?url\s*>", re.DOTALL | re.IGNORECASE)
_CHILD = re.compile(r"<(?:\w+:)?sitemap\b[^>]*>(.*?)</(?:\w+:)?sitemap\s*>", re.DOTALL | re.IGNORECASE)
# What is said of a page's news, apart from what is said of its pictures and films.
_NEWS = re.compile(r"<(?:\w+:)?news(?:\s[^<>]*)?>(.*?)</(?:\w+:)?news\s*>", re.DOTALL | re.IGNORECASE)
_OTHERS = re.compile(
    r"<(\w+:)(image|video)(?:\s[^<>]*)?>.*?</\1\2\s*>|<(image|video):[\w-]+(?:\s[^<>]*)?>[^<]*</\3:[\w-]+\s*>",
    re.DOTALL | re.IGNORECASE,
)
_IMAGE = re.compile(r"<image:image(?:\s[^<>]*)?>(.*?)</image:image\s*>", re.DOTALL | re.IGNORECASE)
SITEMAP_ROOTS = ("urlset", "sitemapindex")
_ROOT = re.compile(r"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]", re.IGNORECASE)
SEARCHED_CHARS = 20_000


def looks_like_sitemap(text: str) -> bool:
    """Tell whether the beginning of a document is that of a sitemap or sitemap index."""
    return bool(_ROOT.search(text, 0, SEARCHED_CHARS))


def parse_sitemap(text: str, url: str) -> ParsedFeed:
    """Parse a sitemap: its articles, or of an index its parts. Raises ``NotAFeedError``."""
    entries = []
    for match in _URL.finditer(text):
        entry = _entry(match.group(1))
        if entry is not None:
            entries.append(entry)
        if len(entries) >= MAX_ENTRIES:
            break
    if not entries and not looks_like_sitemap(text):
        raise NotAFeedError(f"{url} is no sitemap.")
    parts = tuple(_parts(text))
    return ParsedFeed(title=None, entries=tuple(entries), parts=parts, kind="sitemap index" if parts else "sitemap")


def _parts(text: str) -> Iterator[Part]:
    for match in islice(_CHILD.finditer(text), MAX_ENTRIES):
        address = _value("loc", match.group(1))
        if address and address.startswith(("http://", "https://")):
            yield Part(address, parse_date(_value("lastmod", match.group(1))))


def _entry(block: str) -> ParsedEntry | None:
    address = _value("loc", _OTHERS.sub("", block))
    if not address or not address.startswith(("http://", "https://")):
        return None
    news = _NEWS.search(block)
    told = _OTHERS.sub("", news.group(1) if news else block)
    published, changed = _value("publication_date", told), _value("lastmod", _OTHERS.sub("", block))
    title = line_of_markup(_value("title", told))
    dates = [parse_date(published), parse_date(changed)]
    keywords = _value("keywords", told) or ""
    return ParsedEntry(
        identity=Entry(None, address, title, published or changed),
        url=address,
        title=title,
        published=dates[0] or dates[1],
        updated=dates[1],
        tags=tuple(tag.strip() for tag in keywords.split(",") if tag.strip())[:50],
        language=_value("language", told),
        image=_picture(block),
        unread_date=(published or changed) if not any(dates) else None,
    )


def _picture(block: str) -> str | None:
    picture = _IMAGE.search(block)
    address = _value("loc", picture.group(1)) if picture else None
    return address if address and address.startswith(("http://", "https://")) else None


def _value(name: str, block: str) -> str | None:
    pattern = rf"<(?:[\w-]+:)?{name}(?:\s[^<>]*)?>(.*?)</(?:[\w-]+:)?{name}\s*>"
    match = re.search(pattern, block, re.DOTALL | re.IGNORECASE)
    if not match:
        return None
    inner = match.group(1).strip()
    cdata = re.fullmatch(r"<!\[CDATA\[(.*?)\]\]>", inner, re.DOTALL)
    return (cdata.group(1) if cdata else html.unescape(inner)).strip() or None
