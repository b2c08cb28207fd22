"""IPTC ninjs 1.x to 3.x: news items in JSON, one, a list of them, or associated with one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.characters import without_halves
from connectors.formats.dates import parse_date
from connectors.formats.markup import sanitized
from connectors.formats.parsed import Entry, ParsedEntry, ParsedFeed
from connectors.formats.titles import line_of_markup

# What tells a news item from other JSON: it is named, and has one of these.
_MARKS = frozenset(
    "headline headlines body_text body_xhtml bodies versioncreated versionCreated description_text descriptions "
    "pubstatus pubStatus slugline".split()
)
_WITHDRAWN = ("canceled", "cancelled")


def looks_like_ninjs(value: object) -> bool:
    """Tell whether some JSON is a ninjs item or a list of them."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and isinstance(first.get("uri"), str) and bool(_MARKS & first.keys())


def parse_ninjs(value: object) -> ParsedFeed:
    """Read items of news; what they are associated with is theirs, except other items with a text of their own."""
    entries: list[ParsedEntry] = []
    errors: dict[int, str] = {}
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        if not looks_like_ninjs(item):
            errors[number] = "no ninjs item: it has no uri"
            continue
        entries += [_entry(found) for found in _with_associations(item)]
    return ParsedFeed(entries=tuple(entries[:MAX_ENTRIES]), errors=errors, kind="ninjs")


def _with_associations(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield item
    held = item.get("associations")
    others = held.values() if isinstance(held, dict) else _dicts(held)
    for other in others:
        if (
            isinstance(other, dict)
            and other.get("type") == "text"
            and looks_like_ninjs(other)
            and _bodies(other) != ("", "")
        ):
            yield other


def _entry(item: dict[str, Any]) -> ParsedEntry:
    markup, plain = _bodies(item)
    uri = item["uri"]
    created = _first_text(
        item, "firstcreated", "firstCreated", "contentcreated", "contentCreated", "versioncreated", "versionCreated"
    )
    changed = _first_text(item, "versioncreated", "versionCreated")
    headline = _first_text(item, "headline") or _longest(item.get("headlines"))
    title = line_of_markup(headline or _first_text(item, "title", "slugline"))
    url = next(
        (
            link
            for link in (_first_text(item, "canonicalurl", "url"), uri)
            if link and link.startswith(("http://", "https://"))
        ),
        None,
    )
    names = [_name(of) for field in ("subject", "subjects") for of in _dicts(item.get(field))]
    keywords = item.get("keywords")
    tags = [*names, *(keywords if isinstance(keywords, list) else [])]
    return ParsedEntry(
        identity=Entry(uri, url, title, created),
        url=url,
        title=title,
        authors=_authors(item),
        published=parse_date(created),
        updated=parse_date(changed),
        html=sanitized(markup),
        text=None if markup else plain or None,
        tags=tuple(dict.fromkeys(tag for tag in tags if isinstance(tag, str) and tag))[:50],
        language=_first_text(item, "language"),
        withdrawn=(_first_text(item, "pubstatus", "pubStatus") or "").lower() in _WITHDRAWN,
    )


def _bodies(item: dict[str, Any]) -> tuple[str, str]:
    """Return the fullest markup and the fullest plain text, bodies before descriptions."""
    for body, description in (("body", "bodies"), ("description", "descriptions")):
        found = _dicts(item.get(description))
        marked = [
            _text(one.get("value"))
            for one in found
            if "plain" not in str(one.get("contenttype") or one.get("contentType"))
        ]
        plain = [
            _text(one.get("value")) for one in found if "plain" in str(one.get("contenttype") or one.get("contentType"))
        ]
        for name in item:
            if name.startswith(f"{body}_"):
                (plain if name.endswith("_text") else marked).append(_text(item[name]))
        if any(marked) or any(plain):
            return max(marked, key=len, default=""), max(plain, key=len, default="")
    return "", ""


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    by = _first_text(item, "byline", "by") or ""
    people = [_name(one) for one in _dicts(item.get("infosources") or item.get("authors"))]
    return tuple(dict.fromkeys(name for name in (by.removeprefix("By ").removeprefix("by ").strip(), *people) if name))


def _longest(values: object) -> str | None:
    return max((_text(value.get("value")) for value in _dicts(values)), key=len, default="") or None


def _first_text(item: dict[str, Any], *names: str) -> str | None:
    return next((text for name in names if (text := _text(item.get(name)))), None)


def _text(value: object) -> str:
    return without_halves(value.strip()) if isinstance(value, str) else ""


def _name(value: dict[str, Any]) -> str:
    return _text(value.get("name")) or _text(value.get("literal"))


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
