"""Articles as the items that reader programs read: every field of the type and shape that one of them insists on."""

from __future__ import annotations

import html
import logging
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipeline.language.shorten import shorten
from pipeline.model import Document
from pipeline.moments import microseconds
from pipeline.ports.arrivals import Arrival
from pipeline.services.marks import State
from pipeline.web.readers.asked import LABEL, READING_LIST, STATE, item_id
from pipeline.web_addresses import web_address

logger = logging.getLogger(__name__)

NO_FEED_TITLE = "Articles of no feed"
# What newsboat can hold of a time.
_LATEST_S = (1 << 31) - 1


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Say which feed an item is of, and the labels it has by that."""

    stream: str
    title: str
    site: str
    labels: tuple[str, ...] = ()


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Know what is said of items beside what their articles say.

    ``origins`` are by the address of the feed; the one of ``None`` is of what came from no feed. ``written`` tells how
    a reader's tag is written. ``page`` is the address of our own page.
    """

    origins: Mapping[str | None, Origin]
    written: Mapping[str, str]
    page: str


def item(arrival: Arrival, state: State, labels: Sequence[str], shape: Shape) -> dict[str, Any]:
    """Return an article as an item."""
    document, number = arrival.document, arrival.number
    origin = shape.origins.get(document.feed) or shape.origins[None]
    link = clean(web_address(document.url)) or f"{shape.page}/article/{document.id}"
    made: dict[str, Any] = {
        "id": item_id(number),
        "crawlTimeMsec": str(number // 1_000),
        "timestampUsec": str(number),
        "published": seconds_of(document),
        "title": title_of(document),
        "canonical": [{"href": link}],
        "alternate": [{"href": link, "type": "text/html"}],
        "summary": {"content": content_of(document)},
        "categories": categories(state, (*origin.labels, *labels), shape.written),
        "origin": {"streamId": origin.stream, "title": origin.title, "htmlUrl": origin.site},
    }
    if document.updated is not None:
        made["updated"] = _bounded(microseconds(document.updated) // 1_000_000)
    if author := author_of(document):
        made["author"] = author
    if files := [
        _file(each.address, each.type, each.length) for each in document.enclosures if web_address(each.address)
    ]:
        made["enclosure"] = files
    return made


def encoded(found: Sequence[tuple[Arrival, State, Sequence[str]]], shape: Shape) -> Iterator[bytes]:
    """Yield articles as items in JSON; one that cannot be written is left out and reported."""
    for arrival, state, labels in found:
        try:
            yield msgspec.json.encode(item(arrival, state, labels, shape))
        except Exception:
            # One odd article must not lose a reader the others of its page.
            logger.exception("The article %s could not be given to a reader program.", arrival.document.id)


def title_of(document: Document) -> str:
    """Return a title in plain words, never empty."""
    return (
        shorten(clean(document.title or ""), 1_000)
        or shorten(clean(document.text or ""))
        or clean(document.url or "").strip()
        or "Without a title"
    )


def content_of(document: Document) -> str:
    """Return the markup of an article; text without markup in its paragraphs."""
    if document.html:
        return clean(document.html)
    paragraphs = (document.text or "").split("\n")
    return "".join(f"<p>{html.escape(clean(part), quote=False)}</p>" for part in paragraphs if part.strip())


def author_of(document: Document) -> str:
    """Return who wrote an article; nothing where that is not known."""
    return clean(", ".join(name for name in document.authors if name.strip()))


def seconds_of(document: Document) -> int:
    """Return when an article was published, or else seen, in seconds."""
    return _bounded(microseconds(document.published or document.seen) // 1_000_000)


def categories(state: State, labels: Sequence[str], written: Mapping[str, str]) -> list[str]:
    """Return an item's states and labels as tags."""
    states = [name for name, holds in (("read", state.read), ("starred", state.starred)) if holds]
    names = dict.fromkeys((*labels, *(written.get(tag, tag) for tag in state.tags)))
    return [READING_LIST, *(STATE + name for name in states), *(LABEL + clean(name) for name in names)]


def site_of(address: str) -> str:
    """Return the address of the site that a feed is of, as far as that of the feed tells."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in ("http", "https") and parts.netloc else address


def clean(text: str) -> str:
    """Return text without what JSON or XML cannot hold."""
    text = text.encode("utf-8", "replace").decode()
    return (
        "".join(c for c in text if (c >= " " and c not in "\ufffe\uffff") or c in "\t\n")
        if not text.isprintable()
        else text
    )


def _file(address: str, kind: str | None, length: int | None) -> dict[str, Any]:
    guessed = mimetypes.guess_type(urlsplit(address).path)[0]
    made: dict[str, Any] = {
        "href": clean(web_address(address)),
        "type": clean(kind or guessed or "application/octet-stream"),
    }
    if length is not None and 0 <= length < 1 << 53:
        made["length"] = length
    return made


def _bounded(seconds: int) -> int:
    return min(max(seconds, 0), _LATEST_S)
