"""An Atom or JSON feed in a file, for feed readers to follow: the latest alerts, newest first."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec

from pipeline import private_files
from pipeline.adapters.notify.terminal import printable
from pipeline.errors import TransientError
from pipeline.plain_words import os_words
from pipeline.ports.alerts import Notice

KEPT = 200
_ATOM = "http://www.w3.org/2005/Atom"
_JSON_FEED = "https://jsonfeed.org/version/1.1"
# Channels of a process may share a file, and so may processes beside each other.
_writing = threading.Lock()
WAIT_S = 5.0


class FeedFile:
    """Keep the feed of ``kind`` (``atom`` or ``jsonfeed``) at ``path``; a repeated notice is kept once."""

    def __init__(self, kind: str, path: Path) -> None:
        self._kind = kind
        self._path = path

    def send(self, notice: Notice) -> None:
        """Put one notice on top and replace the file in one step: readers never see half a feed."""
        with _writing:
            try:
                private_files.make_directory(self._path.parent)
                # It may be a link to a file elsewhere, which others know by other names.
                with private_files.alone_in(self._path.resolve().parent, WAIT_S):
                    self._put_on_top(notice)
            except OSError as exc:
                raise TransientError(f"{self._path.name}: {os_words(exc)}", retry_after=60.0) from exc
            except (ValueError, LookupError, TypeError, ElementTree.ParseError) as exc:
                words = f"{self._path.name} holds no feed of ours any more; move it away, and a new one is begun"
                raise TransientError(words, retry_after=60.0) from exc

    def _put_on_top(self, notice: Notice) -> None:
        items = [_item(notice), *(item for item in self._items() if item["id"] != _name(notice.id))][:KEPT]
        private_files.write(self._path, _atom(items) if self._kind == "atom" else _json_feed(items))

    def _items(self) -> list[dict[str, Any]]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        if self._kind == "jsonfeed":
            return list(msgspec.json.decode(content)["items"])
        return [_from_atom(entry) for entry in ElementTree.fromstring(content).iterfind(f"{{{_ATOM}}}entry")]


def _name(identity: str) -> str:
    return f"urn:newswire:{identity}"


def _item(notice: Notice) -> dict[str, Any]:
    item = {
        "id": _name(notice.id),
        "title": _clean(notice.title),
        "content_text": _clean(notice.text),
        "date_published": _moment(notice).isoformat(timespec="seconds"),
        "tags": [_clean(notice.rule)],
    }
    return item | ({"url": _clean(notice.url)} if notice.url else {})


def _moment(notice: Notice) -> datetime:
    """Return when the last of its alerts matched; a test and a brief have none."""
    return max((alert.matched for alert in notice.alerts), default=datetime.now(UTC))


def _json_feed(items: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"version": _JSON_FEED, "title": "Newswire alerts", "items": items})


def _atom(items: list[dict[str, Any]]) -> bytes:
    feed = ElementTree.Element("feed", xmlns=_ATOM)
    updated = max(item["date_published"] for item in items) if items else datetime.now(UTC).isoformat()
    author = ElementTree.SubElement(feed, "author")
    ElementTree.SubElement(author, "name").text = "Newswire"
    for tag, text in (("id", "urn:newswire:alerts"), ("title", "Newswire alerts"), ("updated", updated)):
        ElementTree.SubElement(feed, tag).text = text
    for item in items:
        entry = ElementTree.SubElement(feed, "entry")
        pairs = (("id", "id"), ("title", "title"), ("updated", "date_published"), ("content", "content_text"))
        for tag, key in pairs:
            ElementTree.SubElement(entry, tag).text = item[key]
        for tag in item["tags"]:
            ElementTree.SubElement(entry, "category", term=tag)
        if "url" in item:
            ElementTree.SubElement(entry, "link", href=item["url"])
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _from_atom(entry: ElementTree.Element) -> dict[str, Any]:
    def text(tag: str) -> str:
        return entry.findtext(f"{{{_ATOM}}}{tag}") or ""

    link = entry.find(f"{{{_ATOM}}}link")
    item = {
        "id": text("id"),
        "title": text("title"),
        "content_text": text("content"),
        "date_published": text("updated"),
        "tags": [category.get("term", "") for category in entry.iterfind(f"{{{_ATOM}}}category")],
    }
    return item | ({"url": link.get("href", "")} if link is not None else {})


def _clean(text: str) -> str:
    """Leave out what XML cannot hold."""
    lines = (printable(line.encode("utf-8", "ignore").decode()) for line in text.splitlines())
    return "\n".join(lines).replace("￾", "").replace("￿", "")
