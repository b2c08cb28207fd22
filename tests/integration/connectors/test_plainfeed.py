"""The fast parser against feedparser over every open feed there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.plainfeed import parse_plain
from connectors.formats.xmlfeed import parse_feed

URL = "https://news.example/feed.xml"
TYPES = (None, "application/rss+xml", "text/xml; charset=utf-8")


def parsed(body: bytes, content_type: str | None, *, fast: bool) -> ParsedFeed | str:
    try:
        return parse_feed(body, content_type, URL, fast=fast)
    except NotAFeedError as exc:
        return str(exc)


@pytest.mark.parametrize("content_type", TYPES)
def test_every_open_feed_is_read_the_same(shared_data: Path, content_type: str | None) -> None:
    files = sorted(path for path in (shared_data / "feeds").rglob("*") if path.is_file())
    different, fast = [], 0
    for path in files:
        body = path.read_bytes()
        if parse_plain(body, content_type, URL) is None:
            continue
        fast += 1
        if parsed(body, content_type, fast=True) != parsed(body, content_type, fast=False):
            different.append(path.name)
    assert not different
    assert fast > len(files) / 3
