"""What every format is parsed into: a feed and its entries."""

from __future__ import annotations

from datetime import datetime

import msgspec

from connectors.formats.update_hints import NO_HINTS, UpdateHints
from pipeline.errors import NewswireError
from pipeline.model import Enclosure


class Entry(msgspec.Struct, frozen=True):
    """Hold what identity is judged by; any part may be missing."""

    guid: str | None
    url: str | None
    title: str | None
    published: str | None


class NotAFeedError(NewswireError):
    """Report a document that is of no feed format."""


class ParsedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one entry as its feed gave it: markup sanitized, addresses absolute, times in UTC, its title plain words.

    ``unread_date`` is a date that was given but could not be understood, where there is no other. ``source`` is who
    published it, where that is not the feed.
    """

    identity: Entry
    url: str | None = None
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    html: str | None = None
    text: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    withdrawn: bool = False
    image: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    unread_date: str | None = None
    source: str | None = None


class Part(msgspec.Struct, frozen=True):
    """Name a document that a feed is made of besides this one, and when it last changed."""

    url: str
    changed: datetime | None


class ParsedFeed(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a document's entries and what it says about itself; ``errors`` maps the places of unreadable ones to why.

    ``topic`` is the feed's own address, as it says. ``flaw`` says where a document that was read all the same is
    ill-formed, and how; ``left_out`` counts the oldest entries of one that has more than are read.
    """

    title: str | None = None
    home: str | None = None
    language: str | None = None
    hubs: tuple[str, ...] = ()
    topic: str | None = None
    icon: str | None = None
    updated: datetime | None = None
    next_page: str | None = None
    parts: tuple[Part, ...] = ()
    ttl_s: int | None = None
    hints: UpdateHints = NO_HINTS
    entries: tuple[ParsedEntry, ...] = ()
    errors: dict[int, str] = {}
    kind: str = "feed"
    flaw: str | None = None
    left_out: int = 0
