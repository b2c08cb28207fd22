"""The fast parser against feedparser over every open feed there is."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from connectors.formats.characters import text_of
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.plainfeed import parse_plain
from connectors.formats.xmlfeed import parse_feed
from connectors.formats.xmltree import tree_of

# All 5,000 take minutes: NEWSWIRE_MUTANTS=5000 asks for them.
MUTANTS = int(os.environ.get("NEWSWIRE_MUTANTS", "300"))
URL = "https://news.example/feed.xml"
TYPES = (None, "application/rss+xml", "text/xml; charset=utf-8")


def parsed(body: bytes, content_type: str | None, *, fast: bool) -> ParsedFeed | str:
    try:
        return parse_feed(body, content_type, URL, fast=fast)
    except NotAFeedError as exc:
        return str(exc)


def feeds(shared_data: Path) -> list[bytes]:
    files = sorted(path for path in (shared_data / "feeds").rglob("*") if path.is_file())
    bodies = [path.read_bytes() for path in files]
    return [body for body in bodies if tree_of(text_of(body)) is not None]


def difference(fast: ParsedFeed | str, slow: ParsedFeed | str) -> set[str]:
    """Return in which fields two readings differ."""
    if isinstance(fast, str) or isinstance(slow, str):
        return set() if fast == slow else {"feed"}
    fields = {
        name for name in ("title", "home", "hubs", "topic", "ttl_s") if getattr(fast, name) != getattr(slow, name)
    }
    if len(fast.entries) != len(slow.entries):
        return fields | {"count"}
    pairs = zip(fast.entries, slow.entries, strict=True)
    return fields | {
        f"entry.{name}"
        for one, other in pairs
        for name in one.__struct_fields__
        if getattr(one, name) != getattr(other, name)
    }


@pytest.mark.parametrize("content_type", TYPES)
def test_open_feeds_are_read_the_same(shared_data: Path, content_type: str | None) -> None:
    bodies = feeds(shared_data)
    different = [
        body
        for body in bodies
        if difference(parsed(body, content_type, fast=True), parsed(body, content_type, fast=False))
    ]
    # The goldens decide on the rest: nested names in sources, types that feedparser makes up, languages of parts.
    assert len(different) <= len(bodies) / 50


def test_nearly_no_feed_is_left_to_feedparser(shared_data: Path) -> None:
    bodies = feeds(shared_data)
    taken = sum(parse_plain(body, None, URL) is not None for body in bodies)
    assert taken >= 0.8 * len(bodies)


@pytest.mark.timeout(900)
def test_mutants_are_read_the_same(shared_data: Path) -> None:
    chance = random.Random(14)
    bodies = [body for body in feeds(shared_data) if 400 < len(body) < 20_000]
    different = 0
    for _ in range(MUTANTS):
        body = bytearray(chance.choice(bodies))
        body[chance.randrange(len(body))] = chance.randrange(256)
        different += bool(difference(parsed(bytes(body), None, fast=True), parsed(bytes(body), None, fast=False)))
    assert different <= MUTANTS * 0.06  # where an element lost its name or its end: the tree is right, feedparser nests
