"""What a fetched document or a file is, and its articles."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from connectors.bounds import bounded
from connectors.feed import NotAFeedError, ParsedEntry, ParsedFeed, looks_like_feed, parse_feed
from connectors.identity import canonical_url, identify_entries
from connectors.jsonfeed import parse_json_feed
from connectors.newsml import looks_like_newsml, parse_newsml
from connectors.ninjs import looks_like_ninjs, parse_ninjs
from connectors.sitemap import looks_like_sitemap, parse_sitemap
from pipeline.errors import UsageError
from pipeline.model import Article, derive_id

MAX_FILE_BYTES = 200_000_000
MAX_TEXT_BYTES = 10_000_000
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
        raise NotAFeedError(f"{url} is no valid JSON: {exc}.") from exc
    return parse_ninjs(value) if looks_like_ninjs(value) else parse_json_feed(value, url)


def articles_of(
    parsed: ParsedFeed,
    feed_url: str,
    seen: datetime,
    identities: Sequence[str] | None = None,
    *,
    source: str | None = None,
    language: str | None = None,
    tags: tuple[str, ...] = (),
) -> list[Article]:
    """Return each entry as an article; without ``identities`` they are judged by this document alone."""
    if identities is None:
        entries = [entry.identity for entry in parsed.entries]
        identities = [identity for identity, _ in identify_entries(entries, {}, feed_url, parsed.home)]
    name = source or _plain(parsed.title) or _host(feed_url)
    return [
        _article(entry, derive_id(feed_url, identity), parsed, feed_url, seen, name, language, tags)
        for entry, identity in zip(parsed.entries, identities, strict=True)
    ]


def read_files(path: Path, seen: datetime, published: datetime | None = None) -> Iterator[Article]:
    """Read the articles of a file or of every file below a directory. Raises ``UsageError`` naming the file.

    A feed of any format; a WARC archive; JSONL with ``url title text published language source``; or plain text whose
    first line is the title, and which was ``published`` then.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        if not files:
            raise UsageError(f"{path} is a directory without files.")
        for file in files:
            yield from read_files(file, seen, published)
        return
    if is_archive(path):
        from connectors.archive import read_archive

        yield from read_archive(path, seen)
        return
    body = _read(path)
    name = path.absolute().as_uri()
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from read_jsonl(body.splitlines(), str(path), seen)
        return
    try:
        parsed = parse_document(body, None, name)
    except NotAFeedError:
        yield _text_article(body, path, seen, published)
        return
    yield from articles_of(parsed, name, seen, source=_plain(parsed.title) or path.stem)


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file is a WARC archive, which may be too large to be held in memory."""
    return path.name.lower().endswith((".warc", ".warc.gz"))


def read_jsonl(lines: Iterable[bytes], name: str, seen: datetime) -> Iterator[Article]:
    """Read articles, one JSON object a line; all fields are optional but title or text. Raises ``UsageError``."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise UsageError(f"{name}, line {number}: no valid JSON ({exc}).") from exc
        if not isinstance(record, dict) or not (record.get("title") or record.get("text") or record.get("html")):
            raise UsageError(f"{name}, line {number}: an article is an object with a title or a text.")
        try:
            yield _json_article({key: value for key, value in record.items() if value is not None}, name, seen)
        except (msgspec.ValidationError, ValueError) as exc:
            raise UsageError(f"{name}, line {number}: {exc}.") from exc


def _json_article(record: dict[str, object], name: str, seen: datetime) -> Article:
    for field in ("published", "updated", "seen"):
        if isinstance(record.get(field), str):
            moment = datetime.fromisoformat(str(record[field]))
            record[field] = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    source = str(record.get("source") or name)
    identity = str(record.get("url") or json.dumps([record.get("title"), record.get("text")]))
    allowed = {field: record[field] for field in Article.__struct_fields__ if field in record}
    allowed |= {"id": str(record.get("id") or derive_id(source, identity)), "source": source}
    allowed.setdefault("seen", seen)
    allowed["revision"] = 0
    return msgspec.convert(allowed, Article)


def _text_article(body: bytes, path: Path, seen: datetime, published: datetime | None) -> Article:
    if len(body) > MAX_TEXT_BYTES:
        raise UsageError(f"{path} is no feed, and too large to be the text of one article.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} is neither a feed nor UTF-8 text (byte {exc.start}); convert it to UTF-8.") from exc
    if "\0" in text or not text.strip():
        raise UsageError(f"{path} is {'empty' if not text.strip() else 'neither a feed nor text'}.")
    title, _, rest = text.strip().partition("\n")
    has_body = bool(rest.strip())
    return Article(
        id=derive_id(path.name, text),
        source=path.absolute().parent.name or path.stem,
        seen=seen,
        published=published,
        title=title.strip() if has_body else None,
        text=rest.strip() if has_body else title.strip(),
    )


def _inflated(body: bytes, url: str) -> bytes:
    """Unpack a gzip file, such as sitemap.xml.gz, up to a limit."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        inflated = unpacker.decompress(body, MAX_INFLATED_BYTES)
    except zlib.error as exc:
        raise NotAFeedError(f"{url} is a damaged gzip file: {exc}.") from exc
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


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UsageError(f"{path} has {size / 1e6:,.0f} MB; the limit is {MAX_FILE_BYTES / 1e6:,.0f} MB. Split it.")
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc


def _article(
    entry: ParsedEntry,
    article_id: str,
    parsed: ParsedFeed,
    feed_url: str,
    seen: datetime,
    source: str,
    language: str | None,
    tags: tuple[str, ...],
) -> Article:
    return Article(
        id=article_id,
        source=source,
        seen=seen,
        url=canonical_url(entry.url) if entry.url else None,
        title=entry.title,
        authors=entry.authors,
        published=entry.published,
        updated=entry.updated,
        text=entry.text,
        html=entry.html,
        language=language or entry.language or parsed.language,
        tags=tuple(dict.fromkeys((*entry.tags, *tags))),
        feed=feed_url,
        withdrawn=entry.withdrawn,
    )


def _plain(text: str | None) -> str | None:
    return " ".join(text.split())[:200] or None if text else None


def _host(url: str) -> str:
    match = re.match(r"\w+://(?:www\.)?([^/?#]+)", url)
    return match.group(1) if match else url
