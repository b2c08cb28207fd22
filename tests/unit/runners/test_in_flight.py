"""What is decided and not yet acknowledged stays in order, and there is never too much of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from pipeline.model import Article
from pipeline.runners.advance import Decided, Given
from pipeline.runners.in_flight import IN_FLIGHT, Handled, InFlight
from pipeline.stages.decision import Fact


def handled(name: str) -> Handled:
    facts = (Fact(key=name, value=b"1"),)
    article = Article(id=name, source="s", seen=datetime(2026, 11, 20, tzinfo=UTC))
    given = Given(key=name, value=article)
    return Handled(name, Decided(given=given, value=article, outcome="new", emit=(), facts=facts))


def test_events_are_done_in_the_order_in_which_they_came() -> None:
    async def whole() -> None:
        events = InFlight()
        waiting = asyncio.create_task(events.first())
        await asyncio.sleep(0)
        assert not waiting.done()
        events.add([handled("a"), handled("b")])
        assert (await waiting).event == "a"
        events.done()
        assert (await events.first()).event == "b"
        assert [[fact.key for fact in each.facts] for each in events] == [["b"]]

    asyncio.run(whole())


def test_no_more_are_taken_than_there_is_room_for() -> None:
    async def whole() -> None:
        events = InFlight()
        events.add([handled(str(n)) for n in range(IN_FLIGHT)])
        waiting = asyncio.create_task(events.room(2))
        for _ in range(2):
            await asyncio.sleep(0)
            assert not waiting.done()
            events.done()
        await asyncio.wait_for(waiting, 30)

    asyncio.run(whole())


@pytest.mark.parametrize("count", [0, 3])
def test_cleared_events_are_told_of_and_leave_room(count: int) -> None:
    async def whole() -> None:
        events = InFlight()
        events.add([handled(str(n)) for n in range(count)])
        assert events.clear() is (count > 0)
        assert list(events) == []
        await asyncio.wait_for(events.room(IN_FLIGHT), 30)

    asyncio.run(whole())
