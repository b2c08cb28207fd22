"""The live stream: new articles and alerts as server-sent events, one look at the store for all who listen.

The id of an event is a position of ``Arrivals``: who comes back with it as ``Last-Event-ID`` misses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pipeline.errors import NewswireError, TransientError
from pipeline.ports.alerts import Delivery
from pipeline.ports.arrivals import Arrival, ArrivalsRequest
from pipeline.query.evaluate import MatchView
from pipeline.query.requirements import holds
from pipeline.query.tree import Query
from pipeline.web.desk import Desk
from pipeline.web.rendering import Rendering

LOOK_S = 1.0
BEAT_S = 15.0
PAGE = 200
CAUGHT_UP = 1_000
WAITING = 500
MOST_STREAMS = 500
ALERTS = 20
_log = logging.getLogger(__name__)
InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class Told(msgspec.Struct, frozen=True):
    """Hold what one look found: where it got to, what arrived, and which readers were alerted to what."""

    position: str
    arrivals: tuple[Arrival, ...] = ()
    alerts: tuple[tuple[str, Delivery], ...] = ()


class Live:
    """Look at the store once a second while somebody listens."""

    def __init__(self, desk: Desk, in_thread: InThread, rendering: Rendering) -> None:
        self._desk = desk
        self._in_thread = in_thread
        self._rendering = rendering
        self._listeners: dict[asyncio.Queue[Told], str] = {}
        self._looking: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._position: str | None = None
        self._alerted: datetime = desk.clock()
        self._known: set[str] = set()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End all streams soon."""
        self._stopped.set()

    async def response(self, request: Request, reader: str) -> Response:
        """Answer with a stream of what the address's query finds. Raises ``UsageError`` for a bad query or position,
        ``TransientError`` where too many are open."""
        if len(self._listeners) >= MOST_STREAMS:
            raise TransientError("Too many streams are open; close a page.", 30.0)
        text = request.query_params.get("q", "").strip()
        query = (await self._in_thread(lambda: self._desk.of(reader).articles.request(text))).query if text else None
        after = request.headers.get("last-event-id") or request.query_params.get("after") or None
        if after is not None:
            await self._in_thread(
                lambda: self._since(after, 1)
            )  # a foreign position is refused before anything is sent
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._events(query, after, reader), media_type="text/event-stream", headers=headers)

    async def _events(self, query: Query | None, after: str | None, reader: str) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[Told] = asyncio.Queue(WAITING)
        # Before the first look: everything after it comes through the queue.
        self._listeners[queue] = reader
        try:
            position = await self._start()
            yield b"retry: 3000\n\n"
            if after is not None:
                async for chunk in self._caught_up(query, after):
                    yield chunk
            else:
                yield _event("position", {}, position)
            silent = 0.0
            while not self._stopped.is_set():
                try:
                    told = await asyncio.wait_for(queue.get(), LOOK_S)
                except TimeoutError:
                    silent += LOOK_S
                    if silent >= BEAT_S:
                        silent = 0.0
                        yield b": still here\n\n"
                    continue
                for chunk in self.written(told, query, reader):
                    yield chunk
        finally:
            self._listeners.pop(queue, None)

    async def _start(self) -> str:
        """Look for those who listen, if nobody does so far; return the position from which on they are told."""
        async with self._starting:  # pages that are opened at once share one look
            if self._looking is None or self._looking.done():
                self._position = await self._in_thread(self._desk.arrivals.end)
                self._alerted = self._desk.clock()
                self._looking = asyncio.create_task(self._look())
        return self._position or ""

    async def _caught_up(self, query: Query | None, after: str) -> AsyncIterator[bytes]:
        """Send what was missed; where that is too much, say so instead: the page is then loaded anew."""
        sent = 0
        while True:
            page = await self._in_thread(partial(self._since, after, PAGE))
            after = page.position
            for chunk in self.written(Told(after, page.arrivals), query):
                yield chunk
            sent += len(page.arrivals)
            if not page.more:
                return
            if sent >= CAUGHT_UP:
                end = await self._in_thread(self._desk.arrivals.end)
                yield _event("missed", {}, end)
                return

    async def _look(self) -> None:
        """Tell everybody what is new, until nobody listens."""
        while self._listeners and not self._stopped.is_set():
            try:
                told = await self._in_thread(self._new)
            except Exception as exc:  # noqa: BLE001 - one look that fails must not silence all pages that are open
                if not isinstance(exc, NewswireError):
                    _log.error("new articles could not be looked for", exc_info=exc)
                await asyncio.sleep(LOOK_S * 5)  # the store is away; the next look goes on where this one began
                continue
            if told.arrivals or told.alerts:
                for queue in list(self._listeners):
                    with suppress(asyncio.QueueFull):  # too slow: it comes back with Last-Event-ID
                        queue.put_nowait(told)
            await asyncio.sleep(LOOK_S)

    def _new(self) -> Told:
        page = self._since(self._position or "", PAGE)
        self._position = page.position
        return Told(page.position, page.arrivals, tuple(self._new_alerts()))

    def _new_alerts(self) -> Sequence[tuple[str, Delivery]]:
        found = [
            (reader, each)
            for reader in sorted(set(self._listeners.values()))
            for each in self._desk.of(reader).alerts.log(ALERTS)
            if each.alert.matched >= self._alerted and each.id not in self._known
        ]
        self._known.update(each.id for _, each in found)
        return found[::-1]

    def _since(self, position: str, limit: int) -> Any:
        return self._desk.arrivals.since(position or None, ArrivalsRequest(now=self._desk.clock(), limit=limit))

    def written(self, told: Told, query: Query | None, reader: str = "") -> list[bytes]:
        """Return what was told as events, as far as a query finds it and it is the reader's to see."""
        now = self._desk.clock()
        chunks = []
        for arrival in told.arrivals:
            document = arrival.document
            if query is not None and not holds(query.root, MatchView(document), now):
                continue
            entry = {
                "id": document.id, "number": str(arrival.number), "title": document.title, "source": document.source,
                "url": document.url, "story": document.story_id, "revision": document.revision,
                "published": document.published, "seen": document.seen,
            }  # fmt: skip
            chunks.append(_event("article", entry, told.position))
        for delivery in (each for owner, each in told.alerts if owner == reader):
            alert = delivery.alert
            article = alert.article.id if alert.article is not None else None
            title = alert.article.title if alert.article is not None else alert.note
            entry = {"rule": alert.rule, "title": title, "article": article, "state": delivery.state}
            chunks.append(_event("alert", entry, told.position))
        return chunks


def _event(kind: str, entry: dict[str, Any], position: str) -> bytes:
    """Write an event; JSON has no line breaks, and a position no spaces."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), position.encode(), msgspec.json.encode(entry))
