"""JSON Feed 1.0 and 1.1 (jsonfeed.org), read as leniently as the specification asks of readers."""

from __future__ import annotations

from typing import Any

from connectors.addresses import join
from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.dates import parse_date
from connectors.formats.markup import sanitised
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed


def parse_json_feed(feed: Any, url: str) -> ParsedFeed:
    """Read a JSON Feed that was decoded. Raises ``NotAFeedError``; an item that cannot be read costs only itself."""
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotAFeedError(f"{url} is JSON but no JSON Feed: it has no list of items.")
    home = _text(feed.get("home_page_url"))
    entries: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    for number, item in enumerate(feed["items"][:MAX_ENTRIES]):
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
        title=_text(feed.get("title")),
        home=home,
        language=_text(feed.get("language")),
        hubs=tuple(hub for hub in websub if hub),
        topic=_text(feed.get("feed_url")),
        next_page=_text(feed.get("next_url")),
        entries=tuple(entries),
        errors=errors,
        kind="json feed",
    )


def _entry(item: dict[str, Any], feed: dict[str, Any], base: str) -> ParsedEntry:
    link = _text(item.get("url")) or _text(item.get("external_url"))
    url = join(base, link) if link else None
    identity = item.get("id")
    markup, plain = _text(item.get("content_html")), _text(item.get("content_text")) or _text(item.get("summary"))
    published = _text(item.get("date_published"))
    title = _text(item.get("title"))
    return ParsedEntry(
        identity=Entry(str(identity) if isinstance(identity, str | int | float) else None, url, title, published),
        url=url if url and url.startswith(("http://", "https://")) else None,
        title=title,
        authors=_authors(item) or _authors(feed),
        published=parse_date(published) or parse_date(_text(item.get("date_modified"))),
        updated=parse_date(_text(item.get("date_modified"))),
        html=sanitised(markup),
        text=None if markup else plain,
        tags=tuple(tag for tag in _list(item.get("tags"))[:50] if isinstance(tag, str) and tag),
        language=_text(item.get("language")),
    )


def _authors(source: dict[str, Any]) -> tuple[str, ...]:
    people = _list(source.get("authors")) or [source.get("author")]
    names = [_text(person.get("name")) for person in people if isinstance(person, dict)]
    return tuple(name for name in names if name)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
