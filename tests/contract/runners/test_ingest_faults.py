"""Polling over ports that fail: a fault is one feed's, nothing is lost, and polling neither ends nor spins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.door import find_connectors
from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched
from connectors.polling.reading import FeedReading, read
from connectors.polling.schedule import Poll
from connectors.polling.sources import Sources
from connectors.polling.subscription import Subscription
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TransientError, UnavailableError
from pipeline.runners import trouble
from pipeline.runners.polling import ingest as module
from pipeline.runners.polling.gathering import Gathering
from pipeline.runners.polling.ingest import Ingest, Polled
from pipeline.runners.polling.outbox import PENDING_MAX
from pipeline.topics import ARTICLES, HISTORY
from tests.fakes.flaky import Faults, Flaky, flaky, flaky_transaction

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FEED = "<rss version='2.0'><channel><title>t</title>{}</channel></rss>"
ITEM = "<item><title>{0}</title><guid isPermaLink='false'>{0}</guid><link>http://x.test/{0}</link></item>"


def address(number: int) -> str:
    return f"http://h{number}.test/feed"


class Sites:
    """Answer with a feed of two items per address; ``slow`` and ``broken`` do what their names say."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.slow: dict[str, float] = {}
        self.fetched: list[str] = []

    async def fetch(self, url: str, headers: object = None, permit: object = None, proxy: object = None) -> Fetched:
        self.fetched.append(url)
        await asyncio.sleep(self.slow.get(url, 0.0))
        if url in self.broken:
            raise KeyError("a bug")
        items = "".join(ITEM.format(f"{url.removeprefix('http://')}-{n}") for n in range(2))
        return Fetched(url=url, status=200, body=FEED.format(items).encode(), headers={"content-type": "text/xml"})


class Parser:
    """Read in this process."""

    async def read_beside(self, *arguments: Any) -> FeedReading:
        return read(*(*arguments[:5], arguments[5](), *arguments[6:]))


class Desk:
    """Hold a polling loop over a store in memory, with the faults of its ports."""

    def __init__(self, database: Database, faults: Faults | None = None, feeds: int = 3, concurrency: int = 8) -> None:
        faults = faults or Faults()
        self.sites = Sites()
        self.reports: list[Polled] = []
        self.log = SqliteLog(database)
        self.feeds, self.polls = SqliteTable(database, "feeds"), SqliteTable(database, "polls")
        self.recent = SqliteTable(database, "recent")
        for number in range(feeds):
            self.feeds.put(address(number), msgspec.json.encode(Subscription(url=address(number), added=NOW)))
        self.now = NOW
        limits = HostLimits(2)
        sources = Sources(connectors=find_connectors(Path(), ()), fetcher=self.sites, limits=limits)  # type: ignore[arg-type]
        gathering = Gathering(
            sources=sources,
            parser=Parser(),  # type: ignore[arg-type]
            recent=self.recent,
            clock=lambda: self.now,
            pages=0,
        )
        self.ingest = Ingest(
            # What ``changes`` tells, it tells once: an adapter that fails has not told it.
            feeds=Flaky(self.feeds, faults, ("changes",) if faults.after else ()),
            polls=flaky(self.polls, faults),
            recent=flaky(self.recent, faults),
            log=flaky(self.log, faults),
            transaction=flaky_transaction(database.transaction, faults),
            sources=sources,
            gathering=gathering,
            limits=limits,
            clock=lambda: self.now,
            concurrency=concurrency,
            report=self.reports.append,
        )

    def run(self, until: Callable[[], bool], seconds: float = 20.0) -> None:
        """Poll until something holds, then stop; time passes quickly meanwhile."""

        async def work() -> None:
            stopping = asyncio.Event()
            task = asyncio.create_task(self.ingest.run(stopping))
            deadline = time.monotonic() + seconds
            while not until() and not task.done():
                assert time.monotonic() < deadline, "not done in time"
                self.now += timedelta(seconds=1)
                await asyncio.sleep(0.002)
            assert not task.done()
            stopping.set()
            await asyncio.wait_for(task, 5)

        asyncio.run(work())

    def published(self) -> set[str]:
        # What a feed had at its first poll, undated, is history.
        return {message.key for topic in (ARTICLES, HISTORY) for message in self.log.replay(topic.name)}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(module, "LOOK_S", 0.001)
    monkeypatch.setattr(module, "UNWRITTEN_S", 1)


def run_once(desk: Desk) -> None:
    asyncio.run(desk.ingest.once())


@pytest.mark.parametrize("error", [TransientError, UnavailableError, ValueError])
@pytest.mark.parametrize("after", [False, True])
def test_whatever_call_fails_every_article_is_published_and_polling_goes_on(error: Any, after: bool) -> None:
    for number in range(1, 8):
        with Database(":memory:") as database:
            desk = Desk(database, Faults(number, error=lambda: error("a fault"), after=after))
            desk.run(lambda desk=desk: len(desk.published()) == 6)  # type: ignore[misc]


def test_bug_over_one_feed_costs_the_round_no_other_and_is_that_feeds_failure() -> None:
    with Database(":memory:") as database:
        desk = Desk(database, feeds=6)
        desk.sites.broken.add(address(2))
        run_once(desk)
        assert len(desk.published()) == 10
        poll = msgspec.json.decode(desk.polls.get(address(2)) or b"", type=Poll)
        assert (poll.failures, "a bug" in (poll.error or ""), poll.next_check > NOW) == (1, True, True)
        assert [each.url for each in desk.reports if each.error] == [address(2)]


def test_feed_that_brings_out_a_bug_is_polled_less_and_less_often() -> None:
    with Database(":memory:") as database:
        desk = Desk(database, feeds=1)
        desk.sites.broken.add(address(0))
        desk.run(lambda: desk.now - NOW > timedelta(minutes=30))
        assert 1 <= len(desk.sites.fetched) <= 6


@pytest.mark.parametrize("value", [b"{", b'{"url": 7}', b"\xff", b"[" * 5000])
def test_unreadable_row_costs_only_its_feed(value: bytes) -> None:
    with Database(":memory:") as database:
        desk = Desk(database, feeds=2)
        desk.feeds.put("http://bad.test/feed", value)
        desk.polls.put(address(0), value)
        desk.recent.put(address(0), value)
        desk.run(lambda: len(desk.published()) == 4)
        assert msgspec.json.decode(desk.polls.get(address(0)) or b"", type=Poll).failures == 0


def test_feeds_of_a_slow_host_take_no_place_of_others() -> None:
    with Database(":memory:") as database:
        desk = Desk(database, feeds=1, concurrency=4)
        for number in range(20):
            url = f"http://slow.test/{number}"
            desk.feeds.put(url, msgspec.json.encode(Subscription(url=url, added=NOW)))
            desk.sites.slow[url] = 0.2

        async def work() -> float:
            started = time.monotonic()
            round_ = asyncio.create_task(desk.ingest.once())
            while not any(each.url == address(0) for each in desk.reports):
                await asyncio.sleep(0.005)
            took = time.monotonic() - started
            round_.cancel()
            await asyncio.gather(round_, return_exceptions=True)
            return took

        desk.feeds.put("http://a.test/feed", None)
        # The slow ones were subscribed to first by name; two at a time, they take two seconds.
        assert asyncio.run(work()) < 1.0


def test_nothing_is_fetched_while_what_was_read_cannot_be_written() -> None:
    with Database(":memory:") as database:
        desk = Desk(database, feeds=300)
        release = asyncio.Event()

        async def work() -> int:
            stopping = asyncio.Event()
            write = desk.ingest._outbox._write
            loop = asyncio.get_running_loop()

            def held(items: Any) -> None:
                asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
                write(items)

            desk.ingest._outbox._write = held
            task = asyncio.create_task(desk.ingest.run(stopping))
            await asyncio.sleep(1.0)
            first = len(desk.sites.fetched)
            desk.now += timedelta(days=2)
            await asyncio.sleep(0.3)
            again = len(desk.sites.fetched)
            release.set()
            stopping.set()
            await asyncio.wait_for(task, 10)
            assert first <= PENDING_MAX + 2 * 8
            return again - first

        assert asyncio.run(work()) == 0
