"""Pictures of articles, fetched by us: the reader's browser asks nobody else, and nobody learns who reads what."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import NewswireError, NotFoundError
from pipeline.model import Document
from pipeline.ports.clock import Clock

MOST_BYTES = 5_000_000
MOST_ICON_BYTES = 200_000
KEPT_BYTES = 30_000_000
# What could not be had is not asked for again for so long.
AGAIN_AFTER = timedelta(minutes=10)
AT_ONCE = 2


class Picture(msgspec.Struct, frozen=True):
    """Hold a picture, with the type that its own bytes say."""

    type: str
    body: bytes


class Pictures:
    """Fetch the picture of an article; ``fetch`` returns up to so many bytes of an address, or raises."""

    def __init__(self, *, fetch: Callable[[str, int], bytes], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._failed: dict[str, datetime] = {}
        self._turn = threading.Lock()
        self._fetching = threading.BoundedSemaphore(AT_ONCE)

    def of(self, document: Document) -> Picture:
        """Return the picture of an article. Raises ``NotFoundError`` where there is none to be had."""
        if not document.image:
            raise NotFoundError("This article has no picture.")
        return self._at(document.image, MOST_BYTES)

    def icon_of(self, feed: str) -> Picture | None:
        """Return the icon of the site that a feed is at, ``None`` where there is none to be had."""
        parts = urlsplit(feed)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return None
        try:
            return self._at(f"{parts.scheme}://{parts.netloc}/favicon.ico", MOST_ICON_BYTES)
        except NotFoundError:
            return None

    def _at(self, url: str, most: int) -> Picture:
        if (known := self._known(url)) is not None:
            return known
        if not self._fetching.acquire(blocking=False):
            raise NotFoundError("Other pictures are being fetched; reload in a moment.")
        try:
            body = self._fetch(url, most + 1)
        except NewswireError as exc:
            self._note_failure(url)
            raise NotFoundError(f"The picture cannot be had: {exc}") from exc
        finally:
            self._fetching.release()
        kind = kind_of(body)
        if kind is None or len(body) > most:
            self._note_failure(url)
            raise NotFoundError("What is at the address of the picture is none, or too large.")
        found = Picture(kind, body)
        self._keep(url, found)
        return found

    def _known(self, url: str) -> Picture | None:
        with self._turn:
            if (since := self._failed.get(url)) is not None:
                if self._clock() - since < AGAIN_AFTER:
                    raise NotFoundError("The picture could not be had a moment ago; try again later.")
                del self._failed[url]
            if url in self._kept:
                self._kept.move_to_end(url)
            return self._kept.get(url)

    def _keep(self, url: str, picture: Picture) -> None:
        with self._turn:
            self._kept[url] = picture
            while sum(len(each.body) for each in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)

    def _note_failure(self, url: str) -> None:
        with self._turn:
            now = self._clock()
            self._failed = {each: since for each, since in self._failed.items() if now - since < AGAIN_AFTER}
            self._failed[url] = now


def kind_of(body: bytes) -> str | None:
    """Return the type of a picture by its first bytes; drawings that may hold scripts are none."""
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    if body[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if body.startswith(b"\x00\x00\x01\x00"):
        return "image/x-icon"
    return None
