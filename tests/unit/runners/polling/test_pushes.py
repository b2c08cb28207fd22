"""Subscriptions at hubs, with a hub in memory: asked for, answered, renewed, given up, and their pings handed on."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, FetchError
from connectors.websub import Offer, Push
from pipeline.errors import UnavailableError
from pipeline.runners.polling import pushes as pushing
from pipeline.runners.polling.pushes import Pushes
from tests.fakes.flaky import Faults, flaky
from tests.fakes.sites import Sites
from tests.fakes.table import MemoryTable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FEED, HUB, NAME = "https://wire.example/feed", "https://hub.example/", "secret-name"
BASE = "https://me.example/websub"


class Feeds:
    """Be the polls: offer hubs, and keep what was handed on."""

    def __init__(self) -> None:
        self.offered: dict[str, Offer] = {FEED: Offer((HUB,), FEED)}
        self.taken: list[bytes | None] = []
        self.hastened: list[str] = []
        self.owned = True
        self.go_on = asyncio.Event()
        self.go_on.set()

    def offers(self) -> Mapping[str, Offer]:
        return dict(self.offered)

    def owns(self, url: str) -> bool:
        return self.owned

    async def take(self, url: str, pushed: Fetched | None) -> None:
        await self.go_on.wait()
        self.taken.append(pushed.body if pushed is not None else None)
        if self.taken[-1] == b"poison":
            raise ValueError("a bug")

    def hasten(self, url: str, within_s: float | None = None) -> None:
        self.hastened.append(url)


class Scene:
    """Hold the subscriptions over a table and sites in memory, and the time."""

    def __init__(self, table: MemoryTable | None = None, faults: Faults | None = None) -> None:
        self.now = NOON
        self.table = table or MemoryTable()
        self.sites = Sites()
        self.feeds = Feeds()
        self.told: list[tuple[str, str]] = []
        self.pushes = Pushes(
            table=flaky(self.table, faults or Faults()),
            transaction=nullcontext,
            fetcher=self.sites.fetcher,
            limits=HostLimits(2),
            clock=lambda: self.now,
            base=BASE,
            listen=_quiet,
            fewer_polls=10.0,
            report=lambda about, words: self.told.append((about, words)),
            jitter=lambda: 0.0,
        )

    def keep(self, **values: Any) -> Push:
        """Let a subscription have been made before."""
        made: dict[str, Any] = {
            "feed": FEED, "topic": FEED, "hub": HUB, "callback": f"{BASE}/{NAME}", "secret": "s",
            "since": NOON - DAY, "next_ask": NOON + DAY, "until": NOON + 2 * DAY,
        }  # fmt: skip
        push = Push(**made | values)
        self.table.put(push.id, msgspec.json.encode(push))
        return push

    def kept(self) -> list[Push]:
        """Return what the table holds."""
        return [msgspec.json.decode(value, type=Push) for value in self.table.values.values()]

    def run(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do something while subscriptions are kept."""

        async def whole() -> None:
            async with self.pushes.serving(self.feeds):
                await work()

        asyncio.run(whole())


@asynccontextmanager
async def _quiet(pushes: Pushes) -> AsyncIterator[None]:
    yield


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "LOOK_S", 0.005)
    monkeypatch.setattr(pushing, "SETTLE_S", 0.1)
    monkeypatch.setattr(pushing, "THIN_PAUSE_S", 0.001)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(3_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never was so")


def signed(body: bytes) -> str:
    return "sha256=" + hmac.new(b"s", body, hashlib.sha256).hexdigest()


def test_hub_of_a_feed_is_asked_and_answered() -> None:
    scene = Scene()

    async def work() -> None:
        await until(lambda: scene.sites.posted)
        (hub, form) = scene.sites.posted[0]
        assert (hub, form["hub.mode"], form["hub.topic"]) == (HUB, "subscribe", FEED)
        name = form["hub.callback"].rpartition("/")[2]
        query = {"hub.mode": "subscribe", "hub.topic": FEED, "hub.challenge": "c", "hub.lease_seconds": "864000"}
        assert await scene.pushes.verify("another-name", query) == (404, "")
        assert await scene.pushes.verify(name, query) == (200, "c")
        assert await scene.pushes.verify(name, query) == (404, "")  # it is not pending any more

    scene.run(work)
    (push,) = scene.kept()
    assert (push.until, push.next_ask) == (NOON + 10 * DAY, NOON + 6 * DAY)


def test_denial_is_told_in_the_hubs_words() -> None:
    scene = Scene()
    scene.keep(pending="subscribe", until=None)

    async def work() -> None:
        query = {"hub.mode": "denied", "hub.topic": FEED, "hub.reason": "too many"}
        assert await scene.pushes.verify(NAME, query) == (200, "")

    scene.run(work)
    assert scene.told == [(FEED, f"{HUB} denied the subscription: too many")]
    assert scene.pushes.sparseness(FEED) == 1.0


class Refusing(MemoryTable):
    """Keep nothing for as long as there is an error to raise."""

    error: Exception | None = None

    def put(self, key: str, value: bytes | None) -> None:
        if self.error is not None:
            raise self.error
        super().put(key, value)


def test_answer_that_could_not_be_kept_is_not_given() -> None:
    table = Refusing()
    scene = Scene(table)
    scene.keep(pending="subscribe", until=None)

    async def work() -> None:
        query = {"hub.mode": "subscribe", "hub.topic": FEED, "hub.challenge": "c"}
        table.error = UnavailableError("the store is away")
        with pytest.raises(UnavailableError):
            await scene.pushes.verify(NAME, query)
        table.error = None
        assert await scene.pushes.verify(NAME, query) == (200, "c")

    asyncio.run(work())


def test_hub_that_refuses_is_told_of_and_noted() -> None:
    scene = Scene()
    scene.sites.fail(HUB, FetchError("status", f"{HUB} answered 500: out of order", 500))

    async def work() -> None:
        await until(lambda: scene.told and any(push.note for push in scene.kept()))

    scene.run(work)
    assert scene.told == [(FEED, f"its hub cannot be used: {HUB} answered 500: out of order")]
    assert [push.note for push in scene.kept()] == [f"{HUB} answered 500: out of order"]


def test_feed_without_its_hub_is_unsubscribed_and_in_the_end_forgotten() -> None:
    scene = Scene()
    scene.keep()
    scene.feeds.offered = {}

    async def work() -> None:
        await until(lambda: scene.sites.posted)
        assert scene.sites.posted[0][1]["hub.mode"] == "unsubscribe"
        query = {"hub.mode": "unsubscribe", "hub.topic": FEED, "hub.challenge": "c"}
        await until(lambda: not scene.pushes._asked)
        assert await scene.pushes.verify(NAME, query) == (200, "c")
        scene.now += 4 * DAY
        await until(lambda: not scene.table.values)

    scene.run(work)


def test_subscription_of_another_process_is_left_to_it() -> None:
    scene = Scene()
    scene.keep(next_ask=NOON - DAY)
    scene.feeds.owned = False
    scene.feeds.offered["https://second.example/feed"] = Offer((HUB,), "https://second.example/feed")

    async def work() -> None:
        await asyncio.sleep(0.03)
        assert await scene.pushes.find(NAME) is not None
        assert await scene.pushes.find("nobody") is None

    scene.run(work)
    assert scene.sites.posted == []


def test_feed_whose_pushes_ended_is_hastened_and_one_that_is_pushed_is_polled_less() -> None:
    scene = Scene()
    scene.keep(last_ping=NOON - timedelta(hours=1))

    async def work() -> None:
        assert scene.pushes.sparseness(FEED) == 10.0
        await until(lambda: scene.pushes._proved)
        scene.now += 3 * DAY
        await until(lambda: scene.feeds.hastened)

    scene.run(work)
    assert scene.feeds.hastened == [FEED]


def test_poll_that_finds_what_the_hub_had_not_told_of_has_the_hub_asked_anew() -> None:
    scene = Scene()
    scene.keep(last_ping=NOON - timedelta(hours=1))

    async def work() -> None:
        scene.pushes.polled("https://nobody.example/", 3)
        scene.pushes.polled(FEED, 0)
        assert scene.pushes.sparseness(FEED) == 10.0
        scene.pushes.polled(FEED, 3)
        assert scene.pushes.sparseness(FEED) == 1.0
        await until(lambda: scene.sites.posted)

    scene.run(work)
    assert scene.sites.posted[0][1]["hub.mode"] == "subscribe"


def test_pings_are_taken_in_one_by_one_and_what_goes_wrong_with_one_stops_no_other() -> None:
    scene = Scene()
    push = scene.keep()

    async def work() -> None:
        for body in (b"poison", b"<rss/>", b"", b"", b"<rss>2</rss>"):
            assert scene.pushes.receive(push, body, signed(body), "text/xml") == 202
        assert scene.pushes.receive(push, b"forged", "sha256=00", None) == 202
        await until(lambda: len(scene.feeds.taken) == 4)

    scene.run(work)
    assert scene.feeds.taken == [b"poison", b"<rss/>", None, b"<rss>2</rss>"]
    assert (FEED, "a ping could not be taken in: ValueError('a bug')") in scene.told
    (kept,) = scene.kept()
    assert (kept.pings, kept.forged) == (5, 1)


def test_more_than_can_be_held_is_polled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "MAX_HELD_BYTES", 10)
    scene = Scene()
    push = scene.keep()

    async def work() -> None:
        for body in (b"12345678", b"123456789012"):
            scene.pushes.receive(push, body, signed(body), None)
        await until(lambda: len(scene.feeds.taken) == 2)
        scene.pushes.receive(push, b"123456789", signed(b"123456789"), None)
        await until(lambda: len(scene.feeds.taken) == 3)

    scene.run(work)
    assert scene.feeds.taken == [b"12345678", None, b"123456789"]


def test_ended_subscription_answers_that_it_is_gone() -> None:
    scene = Scene()
    push = scene.keep(ended=NOON + DAY)

    async def work() -> None:
        assert scene.pushes.receive(push, b"x", signed(b"x"), None) == 410

    scene.run(work)
    assert scene.feeds.taken == []


def test_store_that_is_away_is_told_and_a_bug_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(faults=Faults(1, 2))
    offers, scene.feeds.offered = scene.feeds.offered, {}
    broken = iter([True])

    def offered() -> Mapping[str, Offer]:
        if next(broken, False):
            raise ValueError("a bug")
        return offers

    scene.feeds.offers = offered  # type: ignore[method-assign]
    scene.run(lambda: until(lambda: scene.sites.posted))
    assert scene.told == [("WebSub", "busy")]
    assert "subscriptions at hubs could not be looked after" in caplog.text


@pytest.mark.parametrize(
    ("error", "told"), [(UnavailableError("the store is away"), "the store is away"), (ValueError("a bug"), None)]
)
def test_what_fails_beside_the_watch_is_told(
    error: Exception, told: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    table = Refusing()
    table.error = error
    scene = Scene(table)
    scene.run(lambda: until(lambda: scene.told or "something about a hub failed" in caplog.text))
    assert scene.told[:1] == ([("WebSub", told)] if told else [])
    assert scene.sites.posted == []


def test_stop_does_not_wait_for_ever_for_a_ping_that_hangs() -> None:
    scene = Scene()
    push = scene.keep()
    scene.feeds.go_on.clear()

    async def work() -> None:
        scene.pushes.receive(push, b"x", signed(b"x"), None)
        await asyncio.sleep(0)

    scene.run(work)
    assert scene.feeds.taken == []
