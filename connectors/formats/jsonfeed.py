"""JSON Feed 1.0 and 1.1 (jsonfeed.org), read as leniently as the specification asks of readers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.addresses import join
from connectors.formats.bounds import newest
from connectors.formats.characters import without_halves
from connectors.formats.dates import parse_date
from connectors.formats.entries import MAX_ENCLOSURES, absolute, domain_of, length_of
from connectors.formats.markup import sanitized
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed
from connectors.formats.people import people
from connectors.formats.titles import plain_line
from connectors.formats.zones import Home
from pipeline.model import Enclosure


def parse_json_feed(feed: Any, url: str, flaw: str | None = None) -> ParsedFeed:
    """Read a JSON Feed that was decoded. Raises ``NotAFeedError``; an item that cannot be read costs only itself."""
    items = feed.get("items") if isinstance(feed, dict) else None
    if items is None and isinstance(feed, dict) and "jsonfeed.org" in (_text(feed.get("version")) or ""):
        items = []  # a feed that says what it is and has nothing yet
    if isinstance(items, dict):
        items = list(items.values())
    if not isinstance(items, list):
        raise NotAFeedError(f"{url} is JSON but no JSON Feed: it has no list of items.")
    home = absolute(_text(feed.get("home_page_url")), url)
    entries: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    chosen = newest(items, _dated)
    for number, item in enumerate(chosen):
        if not isinstance(item, dict):
            errors[number] = "not an object"
            continue
        try:
            entries.append(_entry(item, feed, home or url))
        except ValueError as exc:
            errors[number] = f"{exc}"
    hubs = [hub for hub in _list(feed.get("hubs")) if isinstance(hub, dict)]
    websub = [_text(hub.get("url")) for hub in hubs if (_text(hub.get("type")) or "").lower() == "websub"]
    return ParsedFeed(
        title=plain_line(_text(feed.get("title"))),
        home=home,
        language=_text(feed.get("language")),
        hubs=tuple(hub for hub in websub if hub),
        topic=_text(feed.get("feed_url")),
        icon=absolute(_text(feed.get("icon")), home or url) or absolute(_text(feed.get("favicon")), home or url),
        next_page=absolute(_text(feed.get("next_url")), url),
        entries=tuple(entries),
        errors=errors,
        kind="json feed",
        flaw=flaw,
        left_out=len(items) - len(chosen),
    )


def _dated(item: object) -> datetime | None:
    given = item.get("date_published") or item.get("date_modified") if isinstance(item, dict) else None
    return parse_date(_text(given))


def _entry(item: dict[str, Any], feed: dict[str, Any], base: str) -> ParsedEntry:
    link = _text(item.get("url")) or _text(item.get("external_url")) or _address(item.get("id"))
    if link:
        join(base, link)  # one that cannot be joined is an error of this item
    url = absolute(link, base)
    language = _text(item.get("language"))
    home = Home(language or _text(feed.get("language")), domain_of(base))
    markup, plain = _text(item.get("content_html")), _text(item.get("content_text")) or _text(item.get("summary"))
    published, changed = _text(item.get("date_published")), _text(item.get("date_modified"))
    dates = [parse_date(published, home), parse_date(changed, home)]
    title = plain_line(_text(item.get("title")))
    identity = item.get("id")
    return ParsedEntry(
        identity=Entry(
            _text(identity) or (str(identity) if isinstance(identity, bool) else None), url, title, published
        ),
        url=url,
        title=title,
        authors=_authors(item) or _authors(feed),
        published=dates[0] or dates[1],
        updated=dates[1],
        html=sanitized(markup, url or base),
        text=None if markup else plain,
        tags=tuple(dict.fromkeys(tag for tag in map(_text, _names(item.get("tags"))) if tag))[:50],
        language=language,
        image=absolute(_text(item.get("image")) or _text(item.get("banner_image")), base),
        enclosures=_enclosures(item, base),
        unread_date=(published or changed) if not any(dates) else None,
    )


def _address(identity: object) -> str | None:
    """Return an id that is the address of its item, as the specification likes them best."""
    return identity if isinstance(identity, str) and identity.startswith(("http://", "https://")) else None


def _enclosures(item: dict[str, Any], base: str) -> tuple[Enclosure, ...]:
    files: dict[str, Enclosure] = {}
    for one in _list(item.get("attachments"))[:MAX_ENCLOSURES]:
        address = absolute(_text(one.get("url")), base) if isinstance(one, dict) else None
        if address:
            size = one.get("size_in_bytes")
            length = length_of(str(int(size)) if isinstance(size, int | float) and 0 < size < 1e15 else _text(size))
            files.setdefault(address, Enclosure(address=address, type=_text(one.get("mime_type")), length=length))
    return tuple(files.values())


def _authors(source: dict[str, Any]) -> tuple[str, ...]:
    given = source.get("authors") or source.get("author")
    return people(_text(one.get("name") if isinstance(one, dict) else one) for one in _names(given, parted=False))


def _names(value: object, *, parted: bool = True) -> list[Any]:
    """Return a list of names; of several in one text, parted by commas, each."""
    if isinstance(value, str) and parted:
        return [part.strip() for part in value.split(",")]
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return without_halves(value) if value.strip() else None
    return f"{value}" if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
