"""WARC archives (ISO 28500), read record by record: pages and feeds become articles, whatever the archive's size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from connectors.formats.dates import parse_date
from connectors.formats.document import HtmlPageError, parse_document
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.pages.webpage import parse_page
from connectors.polling.articles import articles_of
from pipeline.errors import UsageError
from pipeline.model import Article
from pipeline.plain_words import os_words

MAX_RECORD_BYTES = 20_000_000
_KINDS = ("html", "xml", "rss", "atom", "json")


def read_archive(path: Path, seen: datetime) -> Iterator[Article]:
    """Yield the articles of the pages and feeds in an archive, in its order; what is neither is passed over.

    An article without a date of its own was published when it was archived. Raises ``UsageError`` naming the file.
    """
    try:
        with path.open("rb") as stream:
            records = ArchiveIterator(stream)
            for record in records:
                if record.rec_type == "response":
                    yield from _articles(record, seen)
            if records.offset < stream.tell():
                raise EOFError("its last record ends early")
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {os_words(exc)}.") from exc
    except (ArchiveLoadFailed, EOFError, ValueError) as exc:
        raise UsageError(f"{path} is no whole WARC archive: {exc}. What stood before the damage was read.") from exc


def _articles(record: Any, seen: datetime) -> Iterator[Article]:
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    headers = record.http_headers
    if not url.startswith(("http://", "https://")):
        return
    if headers is None:
        raise EOFError(f"the record of {url} has no headers")
    kind = headers.get_header("Content-Type") or ""
    if headers.get_statuscode() != "200" or not any(word in kind.lower() for word in _KINDS):
        return
    body = record.content_stream().read(MAX_RECORD_BYTES)
    if len(body) < MAX_RECORD_BYTES and getattr(record.raw_stream, "limit", 0) > 0:
        raise EOFError(f"the record of {url} ends early")
    archived = parse_date(record.rec_headers.get_header("WARC-Date"))
    for article in articles_of(_parsed(body, kind, url), url, seen, source=urlsplit(url).netloc.removeprefix("www.")):
        yield article if article.published else msgspec.structs.replace(article, published=archived)


def _parsed(body: bytes, kind: str, url: str) -> ParsedFeed:
    try:
        return parse_document(body, kind, url)
    except HtmlPageError:
        page = parse_page(body, kind, url)
        return ParsedFeed(entries=(page,) if page is not None else (), kind="page")
    except NotAFeedError:
        return ParsedFeed()
