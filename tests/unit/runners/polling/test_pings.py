"""What hubs send is taken in at once, and what they do not send is polled for."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast

import pytest

from connectors.fetch.http import Fetched
from pipeline.runners.polling.ingest import AFTER_PING_S
from pipeline.runners.polling.pushes import Pushes
from tests.fakes.sites import HereParser, rss
from tests.unit.runners.polling.desks import FEED, NOON, Desk


def take(desk: Desk, pushed: Fetched | None, url: str = FEED) -> None:
    async def taking() -> None:
        await asyncio.to_thread(desk.ingest._roster.learn)
        await desk.ingest.take(url, pushed)

    asyncio.run(taking())


def body(content: bytes) -> Fetched:
    return Fetched(url=FEED, status=200, body=content, headers={})


def test_what_a_hub_sends_is_published_without_asking_the_feed(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(etag='"1"')
    take(desk, body(rss("A")))
    assert desk.titles() == ["A"] and desk.sites.asked == []
    assert (desk.poll_of().etag, desk.poll_of().next_check) == ('"1"', NOON)


@pytest.mark.parametrize("pushed", [None, body(b"no feed at all"), body(b"")])
def test_ping_without_a_feed_has_the_feed_polled_now_and_once_more_soon(
    parser: HereParser, pushed: Fetched | None
) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember()
    desk.sites.put(FEED, rss("A"))
    take(desk, pushed)
    assert desk.titles() == ["A"]
    assert desk.ingest._roster.due[FEED] == NOON + timedelta(seconds=AFTER_PING_S)


def test_ping_about_a_feed_that_is_not_followed_does_nothing(parser: HereParser) -> None:
    desk = Desk(parser)
    take(desk, None)
    desk.ingest.hasten(FEED)
    assert desk.sites.asked == [] and desk.told == []


def test_ping_to_a_process_that_does_not_poll_the_feed_goes_by_what_the_other_remembers(parser: HereParser) -> None:
    desk = Desk(parser, mine=lambda url: False)
    desk.follow()
    desk.remember(muted=7)
    take(desk, body(rss("A")))
    assert desk.titles() == ["A"] and desk.poll_of().muted == 7


def test_ping_waits_for_the_poll_under_way(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember()
    desk.sites.put(FEED, rss("A"))

    async def both() -> None:
        await asyncio.to_thread(desk.ingest._roster.learn)
        await asyncio.gather(
            desk.ingest.take(FEED, body(rss("A"))),
            desk.ingest.take(FEED, body(rss("B", link="https://wire.example/b/"))),
        )

    asyncio.run(both())
    assert desk.titles() == ["A", "B"]


def test_feed_whose_hub_failed_is_polled_at_its_usual_pace_again(parser: HereParser) -> None:
    desk = Desk(parser)
    desk.follow()
    desk.remember(next_check=NOON + timedelta(days=1), interval_s=900.0, hubs=("https://hub.example/",))
    desk.ingest._roster.learn()
    desk.ingest.hasten(FEED)
    assert desk.ingest._roster.due[FEED] == NOON + timedelta(minutes=15)
    assert desk.ingest.offers()[FEED].topic == FEED
    desk.ingest.hasten(FEED, 3600)
    assert desk.ingest._roster.due[FEED] == NOON + timedelta(minutes=15)


class Hubs:
    """Stand for the subscriptions at hubs."""

    def __init__(self) -> None:
        self.polls: list[tuple[str, int]] = []

    def sparseness(self, feed: str) -> float:
        return 4.0

    def polled(self, feed: str, published: int) -> None:
        self.polls.append((feed, published))


def test_pushed_feed_is_polled_less_often_and_what_polls_find_is_told(parser: HereParser) -> None:
    plain, pushed, hubs = Desk(parser), Desk(parser), Hubs()
    pushed.ingest._pushes = cast(Pushes, hubs)
    for desk in (plain, pushed):
        desk.follow()
        desk.remember()
        desk.sites.put(FEED, rss("A", "B"))
        desk.once()
    assert hubs.polls == [(FEED, 2)]
    waits = [desk.poll_of().next_check - NOON for desk in (plain, pushed)]
    assert waits[1] / waits[0] == pytest.approx(4.0)
