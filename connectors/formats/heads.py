"""What a feed says of itself beside its name and address: its picture, and when it last changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from connectors.formats.channels import channel_of
from connectors.formats.contents import words_of
from connectors.formats.dates import parse_date
from connectors.formats.entries import absolute
from connectors.formats.names import XML, name_of
from connectors.formats.zones import Home

# The first that is there counts: what is made to be small, then what a feed shows as its own.
_ICONS = ("webfeeds:icon", "icon", "image", "logo", "webfeeds:logo", "itunes:image", "googleplay:image")
_DATES = ("updated", "modified", "lastbuilddate", "pubdate", "dc:date", "dcterms:modified", "published")
_ADDRESSES = ("href", "url")


def icon_of(root: Element, url: str) -> str | None:
    """Return the address of a feed's picture."""
    found: dict[str, str] = {}
    for element in _head(root):
        name = name_of(element.tag)
        if name in _ICONS and name not in found and (address := _picture(element, url)):
            found[name] = address
    return next((found[name] for name in _ICONS if name in found), None)


def changed_of(root: Element, home: Home) -> datetime | None:
    """Return when a feed says that it last changed."""
    found: dict[str, str] = {}
    for element in _head(root):
        if (name := name_of(element.tag)) in _DATES:
            found.setdefault(name, words_of(element))
    return next((date for name in _DATES if (date := parse_date(found.get(name), home))), None)


def _head(root: Element) -> Iterator[Element]:
    channel = channel_of(root)
    if channel is None or name_of(root.tag) in ("entry", "item"):
        return
    yield from channel
    if channel is not root:
        yield from (element for element in root if name_of(element.tag) == "image")  # RSS 1.0 has it beside the channel


def _picture(element: Element, url: str) -> str | None:
    base = element.get(f"{{{XML}}}base")
    given = next((element.get(name) for name in _ADDRESSES if element.get(name)), None)
    inside = next((child for child in element if name_of(child.tag) == "url"), None)
    written = words_of(inside) if inside is not None else words_of(element) if not len(element) else None
    return absolute(given or written, url, base)
