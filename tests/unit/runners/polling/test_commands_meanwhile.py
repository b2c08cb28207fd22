"""What a person asks for while a feed is polled holds: the poll under way changes nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any, cast

import msgspec
import pytest

from connectors.fetch.http import Fetched, FetchError
from connectors.polling.subscription import Subscription
from pipeline.runners.polling import ingest as ingesting
from pipeline.runners.polling.fulltext import FullText
from pipeline.runners.polling.gathering import forget
from pipeline.services.feed_settings import FeedOptions
from pipeline.services.feeds import Feeds
from tests.fakes.sites import HereParser, rss
from tests.fakes.table import MemoryTable
from tests.unit.runners.polling.desks import FEED, NOON, OTHER, Desk, run


def commands(desk: Desk) -> Feeds:
    """Return the commands over the tables of a poller."""
    return Feeds(
        feeds=desk.feeds,
        polls=desk.polls,
        pushes=MemoryTable(),
        transaction=nullcontext,
        clock=lambda: desk.now,
        forget=lambda url: forget(desk.recent, url),
        check_full_text=lambda: None,
    )


def before(of: Any, name: str, change: Callable[[], object]) -> None:
    """Change something once, just before something is called the first time."""
    found, left = getattr(of, name), [change]

    async def changed(*arguments: Any, **options: Any) -> Any:
        if left:
            left.pop()()
        return await found(*arguments, **options)

    setattr(of, name, changed)


def kept(desk: Desk, url: str = FEED) -> Subscription | None:
    value = desk.feeds.values.get(url)
    return msgspec.json.decode(value, type=Subscription) if value is not None else None


@pytest.mark.parametrize("stands", [True, False])
def test_feed_refreshed_while_it_is_polled_is_due_again_and_asked_for_the_whole(
    parser: HereParser, stands: bool
) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(etag='"1"')
    if stands:
        desk.sites.put(FEED, rss("A"), etag='"1"')
    before(desk.sites, "fetch", lambda: commands(desk).refresh(FEED))
    desk.once()
    assert (desk.poll_of().next_check, desk.poll_of().etag) == (NOON, None)
    desk.sites.put(FEED, rss("A"), etag='"1"')
    run(desk, until=lambda: desk.titles() == ["A"])
    assert [headers for _, headers in desk.sites.asked] == [{"If-None-Match": '"1"'}, {}]


def test_retired_feed_that_is_refreshed_while_it_is_polled_is_polled_on(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(gone=2, gone_since=NOON - timedelta(days=2), retired=True)
    desk.sites.fail(FEED, FetchError("gone", f"{FEED} is gone (410).", 410))
    before(desk.sites, "fetch", lambda: commands(desk).refresh(FEED))
    desk.once()
    assert not desk.poll_of().retired


def test_interval_given_while_a_feed_is_polled_holds_from_that_poll_on(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow(interval_s=86_400)
    desk.remember(last_check=NOON - timedelta(days=1))
    desk.sites.put(FEED, rss("A"))
    before(desk.sites, "fetch", lambda: commands(desk).edit(FEED, FeedOptions(interval=600)))
    desk.once()
    assert desk.poll_of().next_check <= NOON + timedelta(seconds=660)


def test_feed_edited_otherwise_while_it_is_polled_is_not_polled_once_more(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(next_check=NOON + timedelta(minutes=1))
    desk.sites.put(FEED, rss("A"), etag='"1"')
    before(desk.sites, "fetch", lambda: commands(desk).edit(FEED, FeedOptions(title="Wire")))
    desk.once()
    assert desk.poll_of().etag == '"1"' and desk.poll_of().next_check > NOON + timedelta(minutes=1)


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize("again", [True, False])
def test_feed_removed_while_it_is_polled_is_not_remembered(parser: HereParser, stands: bool, again: bool) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(etag='"1"')
    if stands:
        desk.sites.put(FEED, rss("A"))
    before(desk.sites, "fetch", lambda: commands(desk).remove(FEED))
    desk.once()
    assert (desk.titles(), desk.polls.values, desk.recent.values, desk.told) == ([], {}, {}, [])
    if again:
        desk.follow()
        desk.sites.put(FEED, rss("A"), etag='"1"')
        desk.once()
        assert desk.titles() == ["A"]


def test_feed_removed_just_before_its_poll_begins_is_no_failure(
    parser: HereParser, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(parser)
    desk.follow()

    def remove() -> None:
        commands(desk).remove(FEED)
        desk.ingest._roster.learn()

    before(desk.ingest, "poll", remove)
    desk.once()
    assert (desk.sites.asked, desk.told, caplog.text) == ([], [], "")


@pytest.mark.parametrize("change", ["remove", "pause", "edit"])
def test_feed_that_another_moved_to_stays_what_a_person_made_of_it_meanwhile(parser: HereParser, change: str) -> None:
    desk = Desk(parser)
    desk.follow(tags=("world",))
    desk.follow(OTHER, tags=("wire",))
    desk.remember(moved_to=OTHER, moves=3)
    desk.remember(OTHER)
    desk.sites.put(FEED, rss("A"))
    service = commands(desk)
    changes: dict[str, Callable[[], object]] = {
        "remove": lambda: service.remove(OTHER),
        "pause": lambda: service.pause(OTHER),
        "edit": lambda: service.edit(OTHER, FeedOptions(title="Other")),
    }
    before(desk.ingest, "poll", changes[change])
    desk.once()
    target = kept(desk, OTHER)
    if change == "remove":
        assert target is None
    elif change == "pause":
        assert target is not None and target.paused
    else:
        assert target is not None and (target.title, target.tags) == ("Other", ("wire", "world"))
    assert desk.poll_of().retired == (change == "edit")


class Late:
    """Bring the page of each article when told to, after its poll."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Any]] = []

    async def fill(self, subscription: Subscription, reading: Any, deliver: Any) -> Any:
        for article in reading.articles:
            whole = msgspec.structs.replace(article, title="Whole", full_text=True)
            self.waiting.append(partial(deliver, whole))
        return reading

    async def settle(self) -> None:
        """Wait for nothing."""

    close = settle


@pytest.mark.parametrize("change", ["off", "removed", "nothing"])
def test_page_that_comes_late_is_published_only_if_it_is_still_wanted(parser: HereParser, change: str) -> None:
    pages = Late()
    desk = Desk(parser, full_text=cast(FullText, pages))
    desk.follow(fulltext=True)
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    if change == "off":
        commands(desk).edit(FEED, FeedOptions(fulltext=False))
        desk.ingest._roster.learn()
    elif change == "removed":
        commands(desk).remove(FEED)
    (late,) = pages.waiting
    assert asyncio.run(late()) == (change == "nothing")
    assert desk.titles() == (["A", "Whole"] if change == "nothing" else ["A"])


def test_full_texts_that_come_late_are_counted_with_the_next_poll(parser: HereParser) -> None:
    pages = Late()
    desk = Desk(parser, full_text=cast(FullText, pages))
    desk.follow(fulltext=True)
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    late = pages.waiting.pop()
    desk.sites.put(FEED, rss("A", extra="<ttl>9</ttl>"))

    async def during() -> None:
        await late()

    def begun() -> None:
        asyncio.get_running_loop().create_task(during())

    before(desk.sites, "fetch", begun)
    desk.once()
    desk.once()
    assert desk.poll_of().full_texts == 1


def test_feed_that_a_hub_pings_as_it_falls_due_is_polled_by_one_task(
    parser: HereParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "LOOK_S", 0.01)
    desk = Desk(parser)
    desk.follow()
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    at_once: list[int] = [0, 0]
    gate, begun = asyncio.Event(), asyncio.Event()
    fetch, take_over = desk.sites.fetch, desk.ingest._roster.take_over

    async def counted(*arguments: Any, **options: Any) -> Fetched:
        at_once[0] += 1
        at_once[1] = max(at_once)
        begun.set()
        await gate.wait()
        at_once[0] -= 1
        return await fetch(*arguments, **options)

    async def polling() -> None:
        loop, stopping, pings = asyncio.get_running_loop(), asyncio.Event(), list[asyncio.Task[None]]()

        async def ping() -> None:
            pings.append(asyncio.create_task(desk.ingest.take(FEED, None)))
            await begun.wait()

        def taken_over(running: Any) -> list[str]:
            found = take_over(running)
            if found and not pings:
                asyncio.run_coroutine_threadsafe(ping(), loop).result()
            return found

        desk.ingest._roster.take_over = taken_over  # type: ignore[method-assign]
        task = asyncio.create_task(desk.ingest.run(stopping))
        await begun.wait()
        for _ in range(20):  # the round that found it due starts its polls
            await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(*pings)
        stopping.set()
        await task

    desk.sites.fetch = counted  # type: ignore[method-assign]
    asyncio.run(polling())
    assert at_once == [0, 1] and desk.titles() == ["A"]


@pytest.mark.parametrize("change", ["pause", "remove"])
def test_feed_is_not_asked_when_its_turn_comes_after_it_was_paused_or_removed(
    parser: HereParser, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(parser, concurrency=1)
    for url in (OTHER, FEED):
        desk.follow(url)
        desk.sites.put(url, rss(url, link=f"{url}/"))

    def changed() -> None:
        service = commands(desk)
        service.pause(FEED) if change == "pause" else service.remove(FEED)
        desk.ingest._roster.learn()

    before(desk.sites, "fetch", changed)
    desk.once()
    assert [url for url, _ in desk.sites.asked] == [OTHER]
    assert (desk.titles(), desk.errors(), caplog.text) == ([OTHER], [], "")


def test_what_a_hub_sends_of_a_feed_that_is_paused_is_not_taken_in(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow(paused=True)
    desk.remember()
    desk.ingest._roster.learn()
    asyncio.run(desk.ingest.take(FEED, Fetched(url=FEED, status=200, body=rss("A"), headers={})))
    asyncio.run(desk.ingest.take(FEED, None))
    assert (desk.titles(), desk.sites.asked) == ([], [])
