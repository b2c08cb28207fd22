"""Polling, commands and hubs in any order: between any two steps of a poll anything else may happen.

Threads are steps of the one loop here, and sites answer when they are told to, so that a run is repeated exactly.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.fetch.http import Fetched, FetchError
from connectors.polling.reading import FeedReading, read
from connectors.polling.subscription import Subscription
from pipeline.errors import UsageError
from pipeline.runners.polling import ingest as ingesting
from pipeline.runners.polling.gathering import forget
from pipeline.services.feed_settings import FeedOptions
from pipeline.services.feeds import Feeds
from pipeline.topics import HISTORY
from tests.fakes.sites import rss
from tests.fakes.table import MemoryTable
from tests.unit.runners.polling.desks import FEED, OTHER, Desk

URLS = (FEED, OTHER)
FAST_S, SLOW_S = 600, 7_200
OPERATIONS = [
    *("answer", "answer", "same", "fail", "news", "spin", "spin", "minutes", "hours", "ping", "push"),
    *("pause", "resume", "remove", "follow", "refresh", "fast", "slow", "title"),
]


class HereReader:
    """Read at once."""

    async def read_beside(self, *arguments: Any) -> FeedReading:
        await asyncio.sleep(0)
        return read(*(*arguments[:5], arguments[5](), *arguments[6:]))


class World:
    """Hold a poller, sites that answer when told to, and what a person has asked for."""

    def __init__(self) -> None:
        self.desk = Desk(HereReader())  # type: ignore[arg-type]
        self.desk.sites.fetch = self.fetch  # type: ignore[method-assign]
        self.commands = Feeds(
            feeds=self.desk.feeds, polls=self.desk.polls, pushes=MemoryTable(), transaction=nullcontext,
            clock=lambda: self.desk.now, forget=lambda url: forget(self.desk.recent, url), check_full_text=lambda: None,
        )  # fmt: skip
        self.waiting: dict[str, list[asyncio.Future[str]]] = {url: [] for url in URLS}
        self.at_once: Counter[str] = Counter()
        self.most_at_once = 0
        self.titles: dict[str, list[str]] = {url: [f"{url} first"] for url in URLS}
        self.wanted: dict[str, Subscription] = {}
        self.whole: dict[str, bool] = {}
        self.is_asked_whole = dict.fromkeys(URLS, False)
        self.pings: list[asyncio.Task[None]] = []
        self.wrong: list[str] = []

    async def fetch(self, url: str, headers: Any = None, **_: Any) -> Fetched:
        """Answer as told: with what is there, with nothing new, or not at all."""
        known = self.desk.ingest._roster.subscriptions.get(url)
        if known is None or known.paused:
            self.wrong.append(f"{url} was asked though it is {known}")
        self.is_asked_whole[url] = not headers
        self.whole[url] = self.whole.get(url, True) or not headers
        self.at_once[url] += 1
        self.most_at_once = max(self.most_at_once, *self.at_once.values())
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting[url].append(answer)
        try:
            told = await answer
        finally:
            self.at_once[url] -= 1
            self.is_asked_whole[url] = False
        if told == "fail":
            raise FetchError("status", f"{url} answered 500.", 500)
        body, etag = self.document(url), f'"{len(self.titles[url])}"'
        if told == "same" and headers:
            return Fetched(url=url, status=304, body=None, headers={"etag": headers["If-None-Match"]})
        return Fetched(url=url, status=200, body=body, headers={"content-type": "text/xml", "etag": etag})

    def document(self, url: str) -> bytes:
        """Return a feed as it is now: its newest entries, each with an address of its own."""
        link = url.removesuffix("feed")
        items = [rss(title, link=f"{link}{number}/") for number, title in enumerate(self.titles[url])]
        inner = b"".join(item[item.index(b"<item>") : item.index(b"</item>") + 7] for item in items)
        return items[0][: items[0].index(b"<item>")] + inner + b"</channel></rss>"

    def happen(self, what: str, url: str) -> None:
        """Let something happen."""
        if what in ("answer", "same", "fail"):
            for answer in self.waiting[url]:
                if not answer.done():
                    answer.set_result(what)
            self.waiting[url].clear()
        elif what == "news":
            self.titles[url].append(f"{url} {len(self.titles[url])}")
        elif what in ("minutes", "hours"):
            self.desk.now += timedelta(minutes=7) if what == "minutes" else timedelta(hours=3)
        elif what in ("ping", "push"):
            body = self.document(url) if what == "push" else b""
            pushed = Fetched(url=url, status=200, body=body, headers={}) if body else None
            self.pings.append(asyncio.get_running_loop().create_task(self.desk.ingest.take(url, pushed)))
        elif what != "spin":
            with suppress(UsageError):
                self.command(what, url)

    def command(self, what: str, url: str) -> None:
        """Do what a person asks for, and remember how it has to be then."""
        commands: dict[str, Callable[[], object]] = {
            "follow": lambda: self.commands.subscribe(url),
            "pause": lambda: self.commands.pause(url),
            "resume": lambda: self.commands.pause(url, paused=False),
            "remove": lambda: self.commands.remove(url),
            "refresh": lambda: self.commands.refresh(url),
            "fast": lambda: self.commands.edit(url, FeedOptions(interval=FAST_S)),
            "slow": lambda: self.commands.edit(url, FeedOptions(interval=SLOW_S)),
            "title": lambda: self.commands.edit(url, FeedOptions(title="Named")),
        }
        self.desk.now += timedelta(seconds=1)
        was_polled = url in self.desk.polls.values
        commands[what]()
        if what == "refresh" and was_polled and not self.is_asked_whole[url]:
            self.whole[url] = False
        kept = self.desk.feeds.values.get(url)
        if kept is None:
            self.wanted.pop(url, None)
            self.whole.pop(url, None)
        else:
            self.wanted[url] = msgspec.json.decode(kept, type=Subscription)

    async def spin(self, rounds: int = 12) -> None:
        """Let what can go on go on."""
        for _ in range(rounds):
            await asyncio.sleep(0)

    async def come_to_rest(self) -> None:
        """Answer everything until nothing is under way."""
        for _ in range(4):
            for url in URLS:
                self.happen("answer", url)
            await self.spin(60)


async def run(world: World, steps: list[tuple[str, str]]) -> None:
    """Run the steps, then let everything come to rest, and once more a day later; check what holds by then."""
    stopping = asyncio.Event()
    polling = asyncio.create_task(world.desk.ingest.run(stopping))
    for url in URLS:
        world.happen("follow", url)
    for what, url in steps:
        world.happen(what, url)
        await world.spin()
    await world.come_to_rest()
    now, due = world.desk.now, dict(world.desk.ingest._roster.due)
    for url, subscription in world.wanted.items():
        if not subscription.paused:
            assert due[url] > now, f"{url} was due and not polled"
            is_failing = world.desk.poll_of(url).failures > 0
            limit = timedelta(seconds=1.2 * ((not is_failing and subscription.interval_s) or 86_400))
            assert due[url] <= now + limit, f"{url} is due at {due[url]} for an interval of {subscription.interval_s}"
            assert world.whole.get(url, True), f"{url} was refreshed and not asked for the whole"
    world.desk.now += timedelta(days=30)
    await world.spin(60)
    await world.come_to_rest()
    stopping.set()
    await polling
    await asyncio.gather(*world.pings)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("answer", FEED), ("ping", FEED), ("refresh", FEED), ("fast", FEED)])
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(URLS)), min_size=8, max_size=40))
def test_whatever_comes_between_what_a_person_asked_for_holds_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, str]]
) -> None:
    async def in_turn(function: Any, *arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0)
        result = function(*arguments, **options)
        await asyncio.sleep(0)
        return result

    monkeypatch.setattr(asyncio, "to_thread", in_turn)
    monkeypatch.setattr(ingesting, "LOOK_S", 0.0)
    world = World()
    asyncio.run(run(world, steps))
    desk = world.desk
    assert world.wrong == [] and world.most_at_once <= 1
    kept = {url: msgspec.json.decode(value, type=Subscription) for url, value in desk.feeds.values.items()}
    assert kept == world.wanted
    assert set(desk.polls.values) <= set(kept) and {key.partition("\n")[0] for key in desk.recent.values} <= set(kept)
    published = {*desk.titles(), *desk.titles(HISTORY.name)}
    for url, subscription in kept.items():
        assert subscription.paused or published >= set(world.titles[url])
    assert [told.error for told in desk.told if told.error and "answered 500" not in told.error] == []
