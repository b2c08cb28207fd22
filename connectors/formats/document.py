"""What a fetched document or a file is, and its articles."""

from __future__ import annotations

import zlib

from connectors.formats.bounds import bounded
from connectors.formats.characters import text_of
from connectors.formats.jsonfeed import parse_json_feed
from connectors.formats.lenient_json import decoded_json
from connectors.formats.newsml import NEWSML_ROOTS, parse_newsml
from connectors.formats.ninjs import looks_like_ninjs, parse_ninjs
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.sitemap import SITEMAP_ROOTS, looks_like_sitemap, parse_sitemap
from connectors.formats.xmlfeed import read_feed
from connectors.formats.xmltree import feed_start, first_element

MAX_INFLATED_BYTES = 50_000_000
MAX_JUNK_CHARS = 2_000
_PAGE = ("html", "head", "body", "!doctype html")
SHOWN_CHARS = 20


class HtmlPageError(NotAFeedError):
    """Report a web page where a feed was expected: its feeds may be discovered."""


def parse_document(body: bytes, content_type: str | None, url: str) -> ParsedFeed:
    """Parse a feed of any kind by what it contains. Raises ``HtmlPageError`` for a page, else ``NotAFeedError``."""
    return bounded(_parse(text_of(inflated(body, url), content_type), url))


def _parse(text: str, url: str) -> ParsedFeed:
    start = text.lstrip("\ufeff \t\r\n")[:SHOWN_CHARS]
    if not start:
        raise NotAFeedError(f"{url} is empty.")
    if start[0] in "{[":
        return _parse_json(text, url)
    first = first_element(text)
    local = first.rpartition(":")[2]
    if local in NEWSML_ROOTS:
        return parse_newsml(text, url)
    if local in SITEMAP_ROOTS:
        return parse_sitemap(text, url)
    begin = feed_start(text)
    if first in _PAGE and (begin is None or begin.place > MAX_JUNK_CHARS):
        raise HtmlPageError(f"{url} is a web page, not a feed; `newswire add` finds the feeds of a page.")
    if begin is None and looks_like_sitemap(text):
        return parse_sitemap(text, url)
    if begin is None:
        raise NotAFeedError(f"{url} is no feed that Newswire can read (it begins with {start!r}).")
    return read_feed(text, url)


def _parse_json(text: str, url: str) -> ParsedFeed:
    value, flaw = decoded_json(text, url)
    return parse_ninjs(value) if looks_like_ninjs(value) else parse_json_feed(value, url, flaw)


def inflated(body: bytes, url: str) -> bytes:
    """Unpack a gzip file, such as sitemap.xml.gz, up to a limit; any other stays. Raises ``NotAFeedError``."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, MAX_INFLATED_BYTES)
    except zlib.error as exc:
        raise NotAFeedError(f"{url} is a damaged gzip file.") from exc
    if unpacker.unconsumed_tail:
        raise NotAFeedError(f"{url} unpacks to more than {MAX_INFLATED_BYTES // 1_000_000} MB; it was not read.")
    return unpacked
