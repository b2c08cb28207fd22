"""What a fetched document or a file is, and its articles."""

from __future__ import annotations

import re
import zlib

import msgspec

from connectors.formats.bounds import bounded
from connectors.formats.jsonfeed import parse_json_feed
from connectors.formats.newsml import looks_like_newsml, parse_newsml
from connectors.formats.ninjs import looks_like_ninjs, parse_ninjs
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.sitemap import looks_like_sitemap, parse_sitemap
from connectors.formats.xmlfeed import looks_like_feed, parse_feed
from pipeline.plain_words import not_json

MAX_INFLATED_BYTES = 50_000_000
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32-le"), (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
_QUOTED = re.compile(rb"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)", re.DOTALL)
_ENTITY = re.compile(rb"""<!ENTITY[^>"']*+(?:"[^"]*+"[^>"']*+|'[^']*+'[^>"']*+)*+>""")
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)


class HtmlPageError(NotAFeedError):
    """Report a web page where a feed was expected: its feeds may be discovered."""


def parse_document(body: bytes, content_type: str | None, url: str) -> ParsedFeed:
    """Parse a feed of any kind by what it contains. Raises ``HtmlPageError`` for a page, else ``NotAFeedError``."""
    return bounded(_parse(_without_entities(_utf8(_inflated(body, url))), content_type, url))


def _parse(body: bytes, content_type: str | None, url: str) -> ParsedFeed:
    if not body.strip():
        raise NotAFeedError(f"{url} is empty.")
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in b"{[":
        return _parse_json(body, url)
    if looks_like_newsml(body):
        return parse_newsml(body, url)
    if looks_like_sitemap(body):
        return parse_sitemap(body, url)
    if _HTML.search(body[:2_000]) and not looks_like_feed(body[:2_000]):
        raise HtmlPageError(f"{url} is a web page, not a feed; `newswire add` finds the feeds of a page.")
    if not looks_like_feed(body) and b"\0" not in body[:200] and start != b"<":
        raise NotAFeedError(f"{url} is no feed that Newswire can read (it begins with {body[:20]!r}).")
    return parse_feed(body, content_type, url)


def _parse_json(body: bytes, url: str) -> ParsedFeed:
    try:
        value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise NotAFeedError(f"{url}: {not_json(exc)}.") from exc
    return parse_ninjs(value) if looks_like_ninjs(value) else parse_json_feed(value, url)


def _inflated(body: bytes, url: str) -> bytes:
    """Unpack a gzip file, such as sitemap.xml.gz, up to a limit."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        inflated = unpacker.decompress(body, MAX_INFLATED_BYTES)
    except zlib.error as exc:
        raise NotAFeedError(f"{url} is a damaged gzip file.") from exc
    if unpacker.unconsumed_tail:
        raise NotAFeedError(f"{url} unpacks to more than {MAX_INFLATED_BYTES // 1_000_000} MB; it was not read.")
    return inflated


def _utf8(body: bytes) -> bytes:
    """Recode UTF-16 and UTF-32, with or without a byte order mark: everything after works on bytes of ASCII's kind."""
    for mark, encoding in _WIDE:
        if body.startswith(mark):
            text = body.decode(encoding, "replace").lstrip("\ufeff")
            return re.sub(r"""(<\?xml[^>]*?)\s+encoding=["'][^"']*["']""", r"\1", text, count=1).encode()
    return body


def _without_entities(body: bytes) -> bytes:
    """Drop what declares entities, wherever it hides: no feed needs any, and what they expand to has no bounds."""
    if b"<!ENTITY" not in body:
        return body
    pieces = _QUOTED.split(body)
    pieces[::2] = [_ENTITY.sub(b"", piece) for piece in pieces[::2]]
    return b"".join(pieces)
