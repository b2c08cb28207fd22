"""What a feed may say at the most: each field is cut where no honest one goes, whatever the format.

Markup is cut before it is sanitized, where it is read: cut after that it would be left open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from connectors.formats.parsed import ParsedEntry, ParsedFeed

Item = TypeVar("Item")
MAX_TITLE = 10_000
MAX_NAMES = 50
MAX_ADDRESS = 8_192
MAX_ADDRESSES = 10
MAX_LANGUAGE = 50
# Whatever may steer a terminal or turn the direction of a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def newest(items: Sequence[Item], dated: Callable[[Item], datetime | None]) -> Sequence[Item]:
    """Return as many entries as are read: the newest, whether these come first or last."""
    if len(items) <= MAX_ENTRIES:
        return items
    first, last = dated(items[0]), dated(items[-1])
    return items[-MAX_ENTRIES:] if first is not None and last is not None and first < last else items[:MAX_ENTRIES]


def bounded(parsed: ParsedFeed) -> ParsedFeed:
    """Return a feed in which every field is within its bounds; an address that is not is left out."""
    return msgspec.structs.replace(
        parsed,
        title=_line(parsed.title, MAX_NAME),
        home=_address(parsed.home),
        language=_line(parsed.language, MAX_LANGUAGE),
        hubs=tuple(hub for hub in parsed.hubs[:MAX_ADDRESSES] if _address(hub)),
        topic=_address(parsed.topic),
        icon=_address(parsed.icon),
        next_page=_address(parsed.next_page),
        parts=tuple(part for part in parsed.parts if _address(part.url)),
        entries=tuple(entry if _is_within(entry) else _cut(entry) for entry in parsed.entries[:MAX_ENTRIES]),
    )


def _is_within(entry: ParsedEntry) -> bool:
    return (
        len(entry.title or "") <= MAX_TITLE
        and len(entry.text or "") <= MAX_FIELD
        and len(entry.language or "") <= MAX_LANGUAGE
        and len(entry.authors) <= MAX_NAMES
        and len(entry.tags) <= MAX_NAMES
        and all(len(name) <= MAX_NAME for name in (*entry.authors, *entry.tags))
        and (entry.url is None or _is_plain(entry.url))
    )


def _cut(entry: ParsedEntry) -> ParsedEntry:
    return msgspec.structs.replace(
        entry,
        url=_address(entry.url),
        title=entry.title[:MAX_TITLE] if entry.title else None,
        authors=tuple(author[:MAX_NAME] for author in entry.authors[:MAX_NAMES]),
        tags=tuple(tag[:MAX_NAME] for tag in entry.tags[:MAX_NAMES]),
        language=_line(entry.language, MAX_LANGUAGE),
        text=entry.text[:MAX_FIELD] if entry.text else None,
    )


def _line(text: str | None, most: int) -> str | None:
    return " ".join(_CONTROL.sub(" ", text[: most * 4]).split())[:most] or None if text else None


def _is_plain(url: str) -> bool:
    return len(url) <= MAX_ADDRESS and url.isprintable() and "[" not in url


def _address(url: str | None) -> str | None:
    if not url or len(url) > MAX_ADDRESS or _CONTROL.search(url):
        return None
    try:
        return url if urlsplit(url).netloc else None
    except ValueError:
        return None


MAX_ENTRIES = 5_000


MAX_FIELD = 2_000_000


MAX_NAME = 500
