"""News sitemaps and sitemap indexes (sitemaps.org, Google News namespace)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from connectors.formats.bounds import MAX_ENTRIES, newest
from connectors.formats.dates import parse_date
from connectors.formats.entries import absolute
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed, Part
from connectors.formats.titles import line_of_markup

# Sitemaps are flat and machine-made: patterns read them in linear time, and read broken ones too.
_PREFIX, _ATTRIBUTES = r"(?:[\w-]{1,40}:)?", r"(?:\s[^<>]*)?"
SITEMAP_ROOTS = ("urlset", "sitemapindex")
_ROOT = re.compile(r"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]", re.IGNORECASE)
SEARCHED_CHARS = 20_000
# What sitemaps.org allows in one.
MAX_ADDRESSES = 50_000


def looks_like_sitemap(text: str) -> bool:
    """Tell whether the beginning of a document is that of a sitemap or sitemap index."""
    return bool(_ROOT.search(text, 0, SEARCHED_CHARS))


def parse_sitemap(text: str, url: str) -> ParsedFeed:
    """Parse a sitemap: its articles, or of an index its parts. Raises ``NotAFeedError``."""
    blocks = [block for _, _, block in islice(_elements(text, f"{_PREFIX}url"), MAX_ADDRESSES)]
    chosen = newest(blocks, _dated)
    entries = [entry for block in chosen if (entry := _entry(block, url)) is not None]
    if not entries and not looks_like_sitemap(text):
        raise NotAFeedError(f"{url} is no sitemap.")
    parts = tuple(_parts(text, url))
    kind = "sitemap index" if parts else "sitemap"
    left_out = len(blocks) - len(chosen)
    return ParsedFeed(title=None, entries=tuple(entries), parts=parts, kind=kind, left_out=left_out)


def _dated(block: str) -> datetime | None:
    return parse_date(_value("publication_date", block)) or parse_date(_value("lastmod", block))


def _parts(text: str, url: str) -> Iterator[Part]:
    for _, _, block in islice(_elements(text, f"{_PREFIX}sitemap"), MAX_ENTRIES):
        if address := _address(block, url):
            yield Part(address, parse_date(_value("lastmod", block)))


def _entry(block: str, url: str) -> ParsedEntry | None:
    own = _without_media(block)
    address = _address(own, url)
    if address is None:
        return None
    # What is said of a page's news counts before what is said of its pictures and films.
    told = next((_without_media(inner) for _, _, inner in _elements(block, f"{_PREFIX}news")), own)
    published, changed = _value("publication_date", told), _value("lastmod", own)
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
        image=_picture(block, url),
        unread_date=(published or changed) if not any(dates) else None,
    )


def _picture(block: str, url: str) -> str | None:
    for _, _, picture in _elements(block, "image:image"):
        return _address(picture, url)
    return None


def _address(block: str, url: str) -> str | None:
    address = _value("loc", block)
    return address if address and address.startswith(("http://", "https://")) else absolute(address, url)


def _without_media(block: str) -> str:
    if ":image" not in block and ":video" not in block and "<image:" not in block and "<video:" not in block:
        return block
    for name in (r"[\w-]{1,40}:image", r"[\w-]{1,40}:video", r"(?:image|video):[\w-]{1,40}"):
        pieces, place = [], 0
        for start, end, _ in _elements(block, name):
            pieces.append(block[place:start])
            place = end
        block = "".join((*pieces, block[place:]))
    return block


def _elements(text: str, name: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each element of a name begins and ends, and what is in it; ``name`` is a pattern."""
    opening = re.compile(rf"<({name}){_ATTRIBUTES}>", re.IGNORECASE)
    place = 0
    while match := opening.search(text, place):
        closing = re.compile(rf"</{re.escape(match.group(1))}\s*>", re.IGNORECASE).search(text, match.end())
        if closing is None:
            return
        yield match.start(), closing.end(), text[match.end() : closing.start()]
        place = closing.end()


def _value(name: str, block: str) -> str | None:
    inner = next((held.strip() for _, _, held in _elements(block, f"{_PREFIX}{name}")), None)
    if not inner:
        return None
    if inner.startswith("<![CDATA[") and inner.endswith("]]>"):
        return inner[9:-3].strip() or None
    return html.unescape(inner).strip() or None
