"""Subscriptions over time: renewal, retries and ends, with a hub on loopback and a clock that runs fast."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import msgspec
import pytest

from connectors import websub
from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, Fetcher
from connectors.websub import Offer
from pipeline.runners.polling.callbacks import listening
from pipeline.runners.polling.pushes import Pushes
from tests.fakes.table import MemoryTable
from tests.integration.hub import Hub, push, sign

FEED = "http://site.example/feed"
OFFER = Offer(("http://127.0.0.1:1/hub",), FEED)
START = datetime(2022, 2, 24, tzinfo=UTC)
SPEED = 300
SECONDS = 60.0


class FastClock:
    """Let five minutes pass in a second."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return START + timedelta(seconds=(time.monotonic() - self._began) * SPEED)


class LateTable(MemoryTable):
    """Tell of some changes late, when told to: by then others have happened."""

    def __init__(self) -> None:
        super().__init__()
        self.late_s = 0.0

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        found = super().changes()
        late_s, self.late_s = self.late_s, 0.0
        time.sleep(late_s)
        return found


class Feeds:
    """Stand for the polling loop: offer what a test says, and note what it is asked to do."""

    def __init__(self, *hubs: str) -> None:
        self.offered = {FEED: Offer(hubs, FEED)}
        self.taken: list[Fetched | None] = []
        self.hastened: list[str] = []
        self.owned = True
        self.busy: asyncio.Event | None = None

    def offers(self) -> Mapping[str, Offer]:
        return self.offered

    def owns(self, url: str) -> bool:
        return self.owned

    async def take(self, url: str, pushed: Fetched | None) -> None:
        self.taken.append(pushed)
        if self.busy is not None:
            await self.busy.wait()
        if pushed is not None and pushed.body == b"poison":
            raise ValueError("a bug")

    def hasten(self, url: str, within_s: float | None = None) -> None:
        self.hastened.append(url)


class Scene:
    """Hold the parts of a test."""

    def __init__(self, pushes: Pushes, feeds: Feeds, told: list[str]) -> None:
        self.pushes = pushes
        self.feeds = feeds
        self.told = told


@asynccontextmanager
async def subscriber(table: MemoryTable, *hubs: str) -> AsyncIterator[Scene]:
    feeds, told = Feeds(*hubs), list[str]()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Fetcher(allow=["127.0.0.0/8"], timeout_s=5) as fetcher:
        pushes = Pushes(
            table=table,
            transaction=nullcontext,
            fetcher=fetcher,
            limits=HostLimits(2),
            clock=FastClock(),
            base=f"http://127.0.0.1:{port}",
            listen=partial(listening, host="127.0.0.1", port=port),
            fewer_polls=10.0,
            report=lambda url, error: told.append(error),
        )
        async with pushes.serving(feeds):
            yield Scene(pushes, feeds, told)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.05)


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub(lease_s=1_800)
    yield made
    made.close()


def test_short_lease_is_renewed_before_it_ends_with_the_same_callback_and_secret(hub: Hub) -> None:
    async def work() -> None:
        async with subscriber(MemoryTable(), hub.url) as scene:
            await until(lambda: len(hub.asked) == 1)
            for renewals in (2, 3):
                [(callback, secret)] = hub.subscribers(FEED).items()
                push_before = await scene.pushes.find(urlsplit(callback).path[1:])
                assert push_before is not None
                await until(lambda count=renewals: len(hub.asked) == count)  # type: ignore[misc]
                assert hub.subscribers(FEED) == {callback: secret}
                push_after = await scene.pushes.find(push_before.id)
                assert push_after is not None
                assert push_after.until is not None
                assert push_before.until is not None
                assert push_before.until < push_after.until < push_before.until + timedelta(seconds=1_800)
            assert scene.feeds.hastened == []

    asyncio.run(work())


def test_lease_that_a_dead_hub_does_not_renew_ends_in_polling(hub: Hub) -> None:
    async def work() -> None:
        async with subscriber(MemoryTable(), hub.url) as scene:
            await until(lambda: bool(hub.subscribers(FEED)))
            await asyncio.to_thread(hub.publish, FEED, b"<rss/>")
            await until(lambda: scene.pushes.sparseness(FEED) == 10.0)
            hub.close()
            await until(lambda: scene.feeds.hastened == [FEED])
            assert scene.pushes.sparseness(FEED) == 1.0
            assert any("cannot be used" in line for line in scene.told)

    asyncio.run(work())


def test_second_hub_is_asked_when_the_first_refuses(hub: Hub) -> None:
    other = Hub()
    hub.refusal = "not today"

    async def work() -> None:
        async with subscriber(MemoryTable(), hub.url, other.url) as scene:
            await until(lambda: bool(other.subscribers(FEED)))
            assert any("not today" in line for line in scene.told)

    try:
        asyncio.run(work())
    finally:
        other.close()


def test_feed_that_changes_its_hub_moves_there_and_leaves_the_old_one(hub: Hub) -> None:
    other = Hub()
    hub.lease_s = 864_000

    async def work() -> None:
        async with subscriber(MemoryTable(), hub.url) as scene:
            await until(lambda: bool(hub.subscribers(FEED)))
            scene.feeds.offered = {FEED: Offer((other.url,), FEED)}
            await until(lambda: bool(other.subscribers(FEED)) and not hub.subscribers(FEED))

    try:
        asyncio.run(work())
    finally:
        other.close()


def test_feed_of_another_process_is_left_to_it_but_its_hub_is_answered(hub: Hub) -> None:
    async def work() -> None:
        table = MemoryTable()
        async with subscriber(table, hub.url) as scene:
            await until(lambda: bool(hub.subscribers(FEED)))
            scene.feeds.owned = False
            scene.feeds.offered = {}
            await asyncio.to_thread(hub.publish, FEED, b"<rss/>")
            await until(lambda: len(scene.feeds.taken) == 1)
            await asyncio.sleep(2.0)
            assert [asked.mode for asked in hub.asked] == ["subscribe"]

    asyncio.run(work())


def test_pings_are_answered_at_once_and_taken_in_one_by_one(hub: Hub) -> None:
    async def work() -> None:
        async with subscriber(MemoryTable(), hub.url) as scene:
            await until(lambda: bool(hub.subscribers(FEED)))
            [(callback, secret)] = hub.subscribers(FEED).items()
            scene.feeds.busy = asyncio.Event()

            def send(body: bytes) -> int:
                return push(callback, body, sign(body, secret))

            for body in (b"poison", b"2", b"", b"", b"", b"3"):
                assert await asyncio.to_thread(send, body) == 202
            assert len(scene.feeds.taken) == 1
            scene.feeds.busy.set()
            await until(lambda: len(scene.feeds.taken) == 4)
            assert [pushed and pushed.body for pushed in scene.feeds.taken] == [b"poison", b"2", None, b"3"]
            assert any("a bug" in line for line in scene.told)

    asyncio.run(work())


def test_table_remembers_everything_for_the_next_process(hub: Hub) -> None:
    async def work() -> None:
        table = MemoryTable()
        hub.lease_s = 864_000
        async with subscriber(table, hub.url):
            await until(lambda: bool(hub.subscribers(FEED)))
            [(callback, secret)] = hub.subscribers(FEED).items()
        [(name, value)] = table.items()
        assert name == callback.rpartition("/")[2]
        assert secret.encode() in value

    asyncio.run(work())


def test_what_was_read_before_a_change_does_not_undo_it() -> None:
    async def work() -> None:
        table = LateTable()
        async with subscriber(table) as scene:
            scene.feeds.owned = False
            pending = websub.asking(websub.new_push(FEED, OFFER, "http://127.0.0.1", START), OFFER, START)
            table.put(pending.id, msgspec.json.encode(pending))
            assert (await scene.pushes.find(pending.id)) == pending
            table.put(pending.id, msgspec.json.encode(pending))
            table.late_s = 0.5
            late = asyncio.create_task(scene.pushes.find("another"))
            await asyncio.sleep(0.1)
            query = {"hub.mode": "subscribe", "hub.topic": FEED, "hub.challenge": "c", "hub.lease_seconds": "864000"}
            assert await scene.pushes.verify(pending.id, query) == (200, "c")
            await late
            known = await scene.pushes.find(pending.id)
            assert known is not None
            assert (known.pending, known.until is not None) == (None, True)

    asyncio.run(work())
