"""A stream as an Atom feed (RFC 4287) with the ids and states of items, for programs that read their articles so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

_ATOM = "http://www.w3.org/2005/Atom"
_SCHEME = "http://www.google.com/reader/"
# No program that reads this has ever seen the state of what is not read but by this label.
_FRESH = "fresh"


def atom_of(title: str, stream: str, items: Sequence[dict[str, Any]], updated: datetime) -> bytes:
    """Return items, as the API gives them, as an Atom document."""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", f"tag:google.com,2005:reader/{stream}")
    _add(feed, "title", title)
    _add(feed, "updated", updated.isoformat())
    for item in items:
        _add_entry(feed, item)
    written: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _add_entry(feed: ElementTree.Element, item: dict[str, Any]) -> None:
    entry = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
    published = datetime.fromtimestamp(item["published"], UTC).isoformat()
    _add(entry, "id", item["id"])
    _add(entry, "title", item["title"])
    _add(entry, "published", published)
    _add(entry, "updated", published)
    ElementTree.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=item["alternate"][0]["href"])
    for file in item.get("enclosure", ()):
        ElementTree.SubElement(entry, f"{{{_ATOM}}}link", rel="enclosure", href=file["href"], type=file["type"])
    names = {term: term.rpartition("/")[2] for term in item["categories"]}
    if "read" not in names.values():
        names[_SCHEME + _FRESH] = _FRESH
    for term, label in names.items():
        ElementTree.SubElement(entry, f"{{{_ATOM}}}category", term=term, scheme=_SCHEME, label=label)
    author = ElementTree.SubElement(entry, f"{{{_ATOM}}}author")
    _add(author, "name", item.get("author") or item["origin"]["title"])
    content = ElementTree.SubElement(entry, f"{{{_ATOM}}}content", type="html")
    content.text = item["summary"]["content"]


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}").text = text
