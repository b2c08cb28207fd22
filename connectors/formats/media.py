"""What Media RSS says of files and pictures, however it groups them."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import msgspec

from connectors.formats.entries import Link, is_image
from connectors.formats.names import name_of

MAX_DEPTH = 20


def media_elements(element: Element, depth: int = MAX_DEPTH) -> Iterator[Element]:
    """Yield an element of Media RSS and those in it, but for the titles of pictures."""
    yield element
    if depth:
        for child in element:
            if not (name_of(child.tag) == "media:title" and is_picture(element)):
                yield from media_elements(child, depth - 1)


def is_picture(element: Element) -> bool:
    """Tell whether an element of Media RSS is a picture: what it calls it is not the title of the article."""
    return name_of(element.tag) == "media:content" and media_file(element).relation == "image"


def media_file(element: Element) -> Link:
    """Return what an element of Media RSS leads to."""
    kind = element.get("type") or element.get("medium")
    file = Link(element.get("url") or "", "enclosure", kind, element.get("filesize"))
    return msgspec.structs.replace(file, relation="image") if is_image(file) else file
