"""Read the articles of files: feeds, archives, article lines and plain texts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from connectors.files.jsonl import read_jsonl
from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError
from connectors.polling.articles import _plain, articles_of
from pipeline.errors import UsageError
from pipeline.model import Article, derive_id
from pipeline.plain_words import os_words

MAX_FILE_BYTES = 200_000_000
MAX_TEXT_BYTES = 10_000_000


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
        from connectors.files.warc import read_archive

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


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UsageError(f"{path} has {size / 1e6:,.0f} MB; the limit is {MAX_FILE_BYTES / 1e6:,.0f} MB. Split it.")
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {os_words(exc)}.") from exc
