"""Read an answer of a feed, and fetch and read what belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

from connectors.fetch.http import Fetched
from connectors.polling.following import read_pages, read_sitemaps, sitemaps_due
from connectors.polling.parser import Parser
from connectors.polling.reading import KEPT, FeedReading, Origin
from connectors.polling.sources import Sources
from connectors.polling.subscription import Subscription
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table


class Gathering:
    """Read feeds with what the table remembers of them; ``pages`` is how many older ones of a new feed are read."""

    def __init__(self, *, sources: Sources, parser: Parser, recent: Table, clock: Clock, pages: int) -> None:
        self._sources = sources
        self._parser = parser
        self._recent = recent
        self._clock = clock
        self._pages = pages

    async def document(self, subscription: Subscription, fetched: Fetched, *, is_first: bool = False) -> FeedReading:
        """Read one answer, maybe the first. Raises ``NotAFeedError``."""
        recent = partial(self._recent.get, subscription.url)
        return await self._read(subscription, fetched, recent, KEPT, is_first=is_first)

    async def whole(
        self, subscription: Subscription, fetched: Fetched, since: datetime | None, failed: Callable[[str], None]
    ) -> FeedReading:
        """Read an answer and what belongs to it; ``since`` is when that was last done. Raises ``NotAFeedError``.

        What cannot be read of the rest is told to ``failed`` and costs only itself.
        """
        first = await self.document(subscription, fetched, is_first=since is None)
        read = partial(self._fetch, subscription, is_first=since is None)
        if first.parsed.parts:
            due = sitemaps_due(first.parsed, since, self._clock())
            known = {part: await asyncio.to_thread(self._recent.get, _key(subscription.url, part)) for part in due}
            return await read_sitemaps(first, due, read, known.get, failed)
        if since is None:
            return await read_pages(first, fetched.url, read, self._pages, failed)
        return first

    async def _fetch(
        self, subscription: Subscription, url: str, recent: bytes | None, kept: int, *, is_first: bool
    ) -> FeedReading:
        fetched = await self._sources.network(subscription).get(url)
        return await self._read(subscription, fetched, lambda: recent, kept, is_first=is_first)

    async def _read(
        self,
        subscription: Subscription,
        fetched: Fetched,
        recent: Callable[[], bytes | None],
        kept: int,
        *,
        is_first: bool,
    ) -> FeedReading:
        followed = subscription.added if is_first else None
        origin = Origin(subscription.url, subscription.title, subscription.language, subscription.tags, followed)
        body, kind, parse = fetched.body or b"", fetched.content_type, self._sources.parse_of(subscription)
        return await self._parser.read_beside(body, kind, fetched.url, origin, self._clock(), recent, kept, parse)


def remembered(subscription_url: str, reading: FeedReading) -> dict[str, bytes]:
    """Return what the table of recent entries is to hold after a reading; each sitemap of an index has a key."""
    if reading.parsed.parts:
        return {_key(subscription_url, part): recent for part, recent in reading.parts.items()}
    return {subscription_url: reading.recent}


def forget(recent: Table, subscription_url: str) -> None:
    """Forget the entries of a feed and of its parts."""
    gone = [key for key, _ in recent.items() if key == subscription_url or key.startswith(f"{subscription_url}\n")]
    recent.update(dict.fromkeys(gone))


def _key(subscription_url: str, part: str) -> str:
    return f"{subscription_url}\n{part}"
