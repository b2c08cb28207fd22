"""Read the articles of files: feeds, archives, article lines and plain texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from connectors.files.jsonl import read_jsonl
from connectors.files.maildir import letters_home, mail_address
from connectors.files.opml import ListRead, is_list, read_whole_list
from connectors.formats.document import HtmlPageError, inflated, parse_document
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.polling.articles import _plain, articles_of
from pipeline.errors import UsageError
from pipeline.model import Article, derive_id
from pipeline.plain_words import os_words

MAX_FILE_BYTES = 200_000_000
MAX_TEXT_BYTES = 10_000_000
SAVED_FROM_BYTES = 2_000
# What browsers write at the top of a page that they save.
_SAVED_FROM = re.compile(rb"<!-- saved from url=\(\d+\)(https?://[!-~]+) -->")


def read_files(path: Path, seen: datetime, published: datetime | None = None) -> Iterator[Article]:
    """Read the articles of a file or of every file below a directory. Raises ``UsageError`` naming the file.

    A feed of any format; a web page that was saved; a letter (``.eml``, or in a maildir); a WARC archive; JSONL with
    ``url title text published language source``; or plain text whose first line is the title, and which was
    ``published`` then.
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
    if (home := letters_home(path)) is not None:
        yield from _letter(body, path, home, seen)
        return
    name = path.absolute().as_uri()
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        yield from read_jsonl(body.splitlines(), str(path), seen)
        return
    try:
        parsed = parse_document(body, None, name)
    except HtmlPageError:
        yield from _page(body, path, seen, published)
        return
    except NotAFeedError:
        _check_text(body, path)
        yield _text_article(body, path, seen, published)
        return
    yield from articles_of(parsed, name, seen, source=_plain(parsed.title) or path.stem)


def _page(body: bytes, path: Path, seen: datetime, published: datetime | None) -> list[Article]:
    from connectors.pages.webpage import parse_page

    name, body = path.absolute().as_uri(), inflated(body, str(path))
    saved = _SAVED_FROM.search(body[:SAVED_FROM_BYTES])
    page = parse_page(body, None, saved[1].decode() if saved else name)
    if page is None:
        raise UsageError(f"{path} is a web page on which no article is found.")
    home = urlsplit(page.url or "").netloc.removeprefix("www.")
    page = msgspec.structs.replace(page, url=page.url if home else None, published=page.published or published)
    return articles_of(ParsedFeed(entries=(page,), kind="page"), name, seen, source=home or path.stem)


def _letter(body: bytes, path: Path, home: Path, seen: datetime) -> list[Article]:
    try:
        from connectors.files.mail import parse_mail

        parsed = ParsedFeed(entries=(parse_mail(body, str(path)),))
    except NotAFeedError as exc:
        raise UsageError(str(exc)) from exc
    return articles_of(parsed, mail_address(home), seen)


def list_in(path: Path) -> ListRead | None:
    """Return the subscriptions of an OPML file, or ``None`` for any other. Raises ``UsageError``."""
    if not path.is_file() or is_archive(path):
        return None
    with path.open("rb") as opened:
        if not is_list(opened.read(10_000)):
            return None
    return read_whole_list(_read(path), str(path))


def _check_text(body: bytes, path: Path) -> None:
    """Refuse what is meant for programs and is none of what is read: it is no text that anyone wrote as news."""
    begins = body[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if is_list(body):
        raise UsageError(f"{path} is a subscription list; `newswire import {path}` follows its feeds.")
    if begins.startswith(b"<?xml") and not re.search(rb"<html[\s>]", begins, re.IGNORECASE):
        raise UsageError(f"{path} is XML, but no feed of a format that is known.")
    if begins[:1] in (b"{", b"["):
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            return
        raise UsageError(f"{path} is JSON, but no feed; articles are read from .jsonl files, one a line.")


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
        with path.open("rb") as file:  # a device has no size
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {os_words(exc)}.") from exc
    if len(body) > MAX_FILE_BYTES:
        raise UsageError(f"{path} never ends; the limit is {MAX_FILE_BYTES / 1e6:,.0f} MB.")
    return body
