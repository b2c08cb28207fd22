"""A poller over sites in memory, with the time set by hand."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.fetch.host_limits import HostLimits
from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription
from pipeline.model import Article
from pipeline.runners.polling.gathering import Gathering
from pipeline.runners.polling.ingest import Ingest, Polled
from pipeline.topics import ARTICLES
from tests.fakes.log import MemoryLog
from tests.fakes.sites import HereParser, Sites
from tests.fakes.table import MemoryTable

NOON = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
FEED = "https://wire.example/feed"
OTHER = "https://other.example/feed"


class Desk:
    """Hold one poller over sites in memory, and the time."""

    def __init__(self, parser: HereParser, log: Any = None, **options: Any) -> None:
        self.now = NOON
        self.sites = Sites()
        self.feeds, self.polls, self.recent = MemoryTable(), MemoryTable(), MemoryTable()
        self.log = MemoryLog()
        self.limits = HostLimits(4)
        self.told: list[Polled] = []
        sources = self.sites.sources(limits=self.limits)
        clock = lambda: self.now  # noqa: E731 - the time is set
        self.ingest = Ingest(
            feeds=options.pop("feeds", self.feeds),
            polls=self.polls,
            recent=self.recent,
            log=log or self.log,
            transaction=options.pop("transaction", nullcontext),
            sources=sources,
            gathering=Gathering(sources=sources, parser=parser, recent=self.recent, clock=clock, pages=2),
            limits=self.limits,
            clock=clock,
            report=self.told.append,
            **options,
        )

    def follow(self, url: str = FEED, **options: Any) -> None:
        """Follow a feed, or change what is asked of it."""
        value = Subscription(url=url, added=NOON - timedelta(hours=1), **options)
        self.feeds.put(url, msgspec.json.encode(value))

    def remember(self, url: str = FEED, **values: Any) -> None:
        """Let a feed have been polled before."""
        values = {"next_check": NOON, "last_success": NOON - timedelta(hours=2)} | values
        self.polls.put(url, msgspec.json.encode(Poll(**values)))

    def poll_of(self, url: str = FEED) -> Poll:
        """Return what is remembered."""
        return msgspec.json.decode(self.polls.values[url], type=Poll)

    def titles(self, topic: str = ARTICLES.name) -> list[str | None]:
        """Return the titles of what was published."""
        return [msgspec.json.decode(message.value, type=Article).title for message in self.log.replay(topic)]

    def once(self) -> None:
        """Poll every feed one time."""
        asyncio.run(self.ingest.once())

    def errors(self) -> list[str]:
        """Return what went wrong, in the words that a person reads."""
        return [polled.error for polled in self.told if polled.error]


def run(desk: Desk, *, until: Any, stop_after: int = 3_000) -> None:
    """Run until something is so."""

    async def running() -> None:
        stopping = asyncio.Event()
        task = asyncio.create_task(desk.ingest.run(stopping))
        for _ in range(stop_after):
            if until():
                break
            await asyncio.sleep(0.01)
        stopping.set()
        await task

    asyncio.run(running())
    assert until()
