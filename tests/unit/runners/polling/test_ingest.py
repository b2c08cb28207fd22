"""Polling over time: what is due, what is published, and what becomes of feeds that fail, rest, move or go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Any, cast

import msgspec
import pytest

from connectors.fetch.http import Fetched, FetchError
from connectors.polling.subscription import Subscription
from pipeline.runners.polling import ingest as ingesting
from pipeline.runners.polling.fulltext import EXTRA_MISSING, FullText
from pipeline.runners.polling.ingest import UNWRITTEN_S, Polled
from pipeline.topics import DEAD, HISTORY
from tests.fakes.flaky import Faults, flaky
from tests.fakes.log import MemoryLog
from tests.fakes.sites import HereParser, rss
from tests.fakes.table import MemoryTable
from tests.unit.runners.polling.desks import FEED, NOON, OTHER, Desk, run


def test_new_feed_brings_what_is_new_and_the_rest_as_history(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.sites.put(FEED, rss("A", "B"))
    desk.once()
    assert (desk.titles(), desk.titles(HISTORY.name)) == (["A"], ["B"])
    assert desk.told == [Polled(url=FEED, entries=2, published=2)]


def test_unchanged_feed_publishes_nothing_again(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.sites.put(FEED, rss("A"), etag='"1"')
    desk.once()
    desk.once()
    assert desk.titles() == ["A"]
    assert desk.sites.asked[-1][1] == {"If-None-Match": '"1"'}
    assert desk.poll_of().unchanged == 1


def test_paused_feed_is_not_asked(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow(paused=True)
    desk.once()
    assert desk.sites.asked == []


def test_failing_feed_is_told_and_costs_the_others_nothing(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.follow(OTHER)
    desk.sites.put(OTHER, rss("A"))
    desk.once()
    assert desk.titles() == ["A"]
    assert desk.errors() == [f"{FEED} answered 404 (not found)."]
    assert (desk.poll_of().failures, desk.poll_of(OTHER).failures) == (1, 0)


def test_page_in_place_of_a_feed_is_a_failure_with_the_reason(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.sites.put(FEED, b"<html><body>Closed.</body></html>", "text/html")
    desk.once()
    assert desk.titles() == []
    assert desk.poll_of().error is not None and FEED in desk.errors()[0]


def test_bug_over_one_feed_is_that_feeds_failure(parser: HereParser, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.sites.put(FEED, rss("A"))
    desk.follow(OTHER)
    desk.sites.put(OTHER, rss("B"))

    def broken(key: str) -> bytes | None:
        if key == FEED:
            raise KeyError(key)
        return None

    desk.recent.get = broken  # type: ignore[method-assign]
    desk.once()
    assert desk.titles() == ["B"]
    assert desk.errors() == [f"{FEED} could not be read: KeyError: '{FEED}'"]
    assert "a poll failed" in caplog.text


def test_host_that_asks_for_rest_is_left_alone_also_by_its_other_feeds(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.sites.fail(FEED, FetchError("status", "busy", 429, 600.0, FEED))
    desk.once()
    assert desk.poll_of().held_until == NOON + timedelta(minutes=10)
    second = "https://wire.example/second"
    desk.follow(second)
    desk.once()
    assert [url for url, _ in desk.sites.asked] == [FEED]
    held = desk.poll_of(second)
    assert (held.failures, held.error) == (0, None)
    assert held.held_until is not None and held.held_until > NOON + timedelta(minutes=9)


def test_rest_that_a_host_asked_for_outlives_the_process(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(held_until=NOON + timedelta(hours=1), held_at=FEED)
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.sites.asked == []


def test_muted_entries_are_counted_and_not_published(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow(mute=("advert",))
    desk.remember()
    desk.sites.put(FEED, rss("Advert", "B"))
    desk.once()
    assert desk.titles() == ["B"]
    assert desk.poll_of().muted == 1


def test_feed_whose_pages_cannot_be_read_here_keeps_its_own_text_and_says_why(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow(fulltext=True)
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.titles() == ["A"]
    assert desk.poll_of().full_text_note == EXTRA_MISSING
    assert desk.errors() == [EXTRA_MISSING]


def test_unreadable_entry_is_a_dead_letter_and_the_others_are_published(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember()
    desk.sites.put(FEED, b'{"version": "https://jsonfeed.org/version/1.1", "title": "W", "items": '
                         b'[{"id": "1", "content_text": "A"}, 7]}', "application/feed+json")  # fmt: skip
    desk.once()
    (letter,) = desk.log.replay(DEAD.name)
    assert (letter.key, letter.headers["stage"]) == (FEED, "parse")
    assert letter.value.startswith(b"entry 2: ")
    assert len(desk.titles()) == 1


def test_what_could_not_be_written_counts_as_not_polled_and_is_polled_again(parser: HereParser) -> None:
    log = MemoryLog()
    desk = Desk(parser, flaky(log, Faults(1)))
    desk.log = log
    desk.follow()
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.titles() == [] and desk.poll_of().last_check is None
    assert desk.errors() == [f"{FEED} was read but could not be published: busy"]
    desk.once()
    assert desk.titles() == ["A"]


def test_feed_that_moved_to_one_that_is_followed_is_folded_into_it_once(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow(tags=("world",))
    desk.follow(OTHER, tags=("wire",))
    desk.remember(moved_to=OTHER, moves=3)
    desk.remember(OTHER)
    desk.sites.put(OTHER, rss("A"))
    desk.once()
    kept = msgspec.json.decode(desk.feeds.values[OTHER], type=Subscription)
    assert kept.tags == ("wire", "world")
    assert desk.poll_of().retired
    assert desk.errors() == [f"{FEED} has moved to {OTHER}, which is followed already; it is folded into that."]
    desk.once()
    assert len(desk.errors()) == 1 and FEED not in [url for url, _ in desk.sites.asked]


@pytest.mark.parametrize("target", [{"paused": True}, {}])
def test_feed_that_moved_where_nothing_works_is_polled_on(parser: HereParser, target: dict[str, Any]) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.follow(OTHER, **target)
    desk.remember(moved_to=OTHER, moves=3)
    if target:
        desk.remember(OTHER)
    desk.sites.put(OTHER, rss("A"))
    desk.once()
    assert not desk.poll_of().retired


def test_memory_that_cannot_be_read_starts_over_and_a_feed_that_cannot_stays_as_it_was(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.polls.put(FEED, b"{")
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.titles() == ["A"]
    desk.feeds.put(FEED, b"{")
    desk.sites.put(FEED, rss("B", link="https://wire.example/b/"))
    desk.once()
    assert desk.titles()[-1] == "B"


def test_feeds_are_polled_when_due_and_new_ones_found_while_running(
    parser: HereParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "LOOK_S", 0.01)
    desk = Desk(parser)
    desk.follow()
    desk.follow(OTHER)
    desk.remember(OTHER, next_check=NOON + timedelta(hours=1))
    desk.sites.put(FEED, rss("A"))
    third = "https://third.example/feed"
    desk.sites.put(third, rss("C", link="https://third.example/"))

    def is_done() -> bool:
        if desk.titles() == ["A"]:
            desk.follow(third)
            desk.feeds.put(FEED, None)
        return desk.titles() == ["A", "C"]

    run(desk, until=is_done)
    assert OTHER not in [url for url, _ in desk.sites.asked]
    assert FEED not in desk.ingest.offers()


def test_store_that_is_away_is_waited_for(parser: HereParser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingesting, "LOOK_S", 0.01)
    monkeypatch.setattr("pipeline.runners.trouble.FIRST_WAIT_S", 0.01)
    feeds = MemoryTable()
    desk = Desk(parser, feeds=flaky(feeds, Faults(1, 2, 4)))
    desk.feeds = feeds
    desk.follow()
    desk.sites.put(FEED, rss("A"))
    run(desk, until=lambda: desk.titles() == ["A"])


def test_stop_ends_the_polls_under_way(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    begun = []

    async def hang(url: str, *_: Any, **__: Any) -> Fetched:
        begun.append(url)
        await asyncio.sleep(60)
        raise AssertionError("it was not ended")

    desk.sites.fetch = hang  # type: ignore[method-assign]
    run(desk, until=lambda: begun == [FEED])
    assert desk.titles() == [] and desk.told == []


def test_feed_of_another_process_is_left_to_it_until_it_is_taken_over(parser: HereParser) -> None:
    owned: set[str] = set()
    desk = Desk(parser, mine=lambda url: url in owned)
    desk.follow()
    desk.sites.put(FEED, rss("A"), etag='"2"')
    run(desk, until=lambda: True)
    assert desk.sites.asked == [] and not desk.ingest.owns(FEED)
    desk.remember(etag='"1"')  # by the other process
    owned.add(FEED)
    run(desk, until=lambda: desk.titles() == ["A"])
    assert desk.sites.asked[0][1] == {"If-None-Match": '"1"'}


class Pages:
    """Fill articles apart from their polls."""

    def __init__(self, better: Any) -> None:
        self.better = better
        self.done: list[bool] = []

    async def fill(self, subscription: Subscription, reading: Any, publish: Any) -> Any:
        for article in reading.articles:
            self.done.append(await publish(self.better(article)))
        return reading

    async def settle(self) -> None:
        self.done.append(True)

    close = settle


def test_page_that_was_read_is_published_apart_and_counted(parser: HereParser) -> None:
    pages = Pages(lambda article: msgspec.structs.replace(article, title="Whole", full_text=True))
    desk = Desk(parser, full_text=cast(FullText, pages))
    desk.follow(fulltext=True)
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.titles() == ["Whole", "A"]
    assert desk.poll_of().full_texts == 1 and pages.done == [True, True]


def test_page_of_a_feed_that_is_not_followed_any_more_is_not_published(parser: HereParser) -> None:
    pages = Pages(lambda article: msgspec.structs.replace(article, feed=OTHER))
    desk = Desk(parser, full_text=cast(FullText, pages))
    desk.follow(fulltext=True)
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.titles() == ["A"] and pages.done == [False, True]


def test_page_that_cannot_be_published_leaves_the_text_of_the_feed(parser: HereParser) -> None:
    log = MemoryLog()
    pages = Pages(lambda article: msgspec.structs.replace(article, title="Whole"))
    desk = Desk(parser, flaky(log, Faults(1)), full_text=cast(FullText, pages))
    desk.log = log
    desk.follow(fulltext=True)
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.titles() == ["A"] and pages.done == [False, True]
    assert desk.errors() == ["https://wire.example/0 was read but could not be published: busy"]


def change_when(desk: Desk, of: Any, name: str, change: Callable[[], None]) -> None:
    """Change something of the feeds just before something is called."""
    found = getattr(of, name)

    async def changed(*arguments: Any, **options: Any) -> Any:
        change()
        desk.ingest._roster.learn()
        return await found(*arguments, **options)

    setattr(of, name, changed)


@pytest.mark.parametrize(("stands", "when"), [(True, "fetched"), (False, "fetched"), (True, "read")])
def test_feed_removed_while_it_is_polled_leaves_nothing_and_is_no_failure(
    parser: HereParser, stands: bool, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(parser)
    desk.follow()
    if stands:
        desk.sites.put(FEED, rss("A"))
    of, name = (desk.sites, "fetch") if when == "fetched" else (parser, "read_beside")
    change_when(desk, of, name, lambda: desk.feeds.put(FEED, None))
    desk.once()
    assert desk.titles() == [] and desk.polls.values == {}
    assert desk.told == [] and caplog.text == ""


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("paused", [True, False])
def test_feed_paused_or_removed_while_it_is_polled_stays_so(parser: HereParser, paused: bool, written: bool) -> None:
    desk = Desk(parser, flaky(MemoryLog(), Faults(*([] if written else [1]))))
    desk.follow()
    desk.sites.put(FEED, rss("A", extra='<atom:link rel="hub" href="https://hub.example/"/>'))

    async def taken() -> None:
        # While the articles are written, the last moment there is.
        change = partial(desk.follow, paused=True) if paused else partial(desk.feeds.put, FEED, None)
        change_when(desk, desk.ingest._outbox, "put", change)
        await desk.ingest.once()

    asyncio.run(taken())
    assert FEED not in desk.ingest.offers() and FEED not in desk.ingest._roster.take_over(())
    desk.now += timedelta(days=30)
    assert FEED not in desk.ingest._roster.take_over(())


def test_unwritten_poll_is_due_again_soon(parser: HereParser) -> None:
    log = MemoryLog()
    desk = Desk(parser, flaky(log, Faults(1)))
    desk.follow()
    desk.sites.put(FEED, rss("A"))
    desk.once()
    assert desk.ingest._roster.due[FEED] == NOON + timedelta(seconds=UNWRITTEN_S)


def test_feed_that_is_gone_for_good_is_polled_no_more(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(gone=2, gone_since=NOON - timedelta(days=2))
    desk.sites.fail(FEED, FetchError("gone", f"{FEED} is gone (410).", 410))
    desk.once()
    assert desk.poll_of().retired
    run(desk, until=lambda: True)
    assert len(desk.sites.asked) == 1


def test_overlong_feed_says_how_much_is_left_out_when_it_is_new(
    parser: HereParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("connectors.polling.splitting", "connectors.formats.bounds"):
        monkeypatch.setattr(f"{module}.MAX_ENTRIES", 2)
    desk = Desk(parser)
    desk.follow()
    desk.sites.put(FEED, rss("A", "B", "C", "D"))
    desk.once()
    assert desk.errors() == [f"2 older entries of {FEED} were left out; it has too many to be read whole."]
    assert desk.told[-1].published == 2


def test_polls_that_brought_nothing_wait_for_no_disk_and_those_that_did_do(parser: HereParser) -> None:
    entered: list[str] = []

    def noted(name: str) -> Callable[[], AbstractContextManager[None]]:
        def transaction() -> AbstractContextManager[None]:
            entered.append(name)
            return nullcontext()

        return transaction

    desk = Desk(parser, transaction=noted("durable"), repeatable=noted("repeatable"))
    desk.follow()
    desk.sites.put(FEED, rss("A"), etag='"1"')
    desk.once()
    assert ["durable"] == entered
    desk.once()
    assert ["durable", "repeatable"] == entered
    assert desk.poll_of().last_success == desk.now
