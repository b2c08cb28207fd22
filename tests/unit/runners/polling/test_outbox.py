"""Group commit: everything is written once, in order, and every writer learns how it went."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from pipeline.runners.polling.outbox import Outbox


def test_items_that_gather_during_a_write_go_together() -> None:
    go_on, written = threading.Event(), []

    def write(items: Sequence[int]) -> None:
        go_on.wait(5)
        written.append(list(items))

    async def work() -> None:
        outbox = Outbox(write)
        tasks = [asyncio.create_task(outbox.put(0))]
        await asyncio.sleep(0.01)
        tasks += [asyncio.create_task(outbox.put(number)) for number in (1, 2, 3)]
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in tasks)
        go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(work())
    assert written == [[0], [1, 2, 3]]


def test_failed_write_is_told_to_those_it_concerns_only() -> None:
    def write(items: Sequence[str]) -> None:
        if "bad" in items:
            raise OSError("disk full")

    async def work() -> None:
        outbox = Outbox(write)
        with pytest.raises(OSError, match="disk full"):
            await outbox.put("bad")
        await outbox.put("good")

    asyncio.run(work())


def test_writer_that_gave_up_does_not_hinder_the_others() -> None:
    async def work() -> None:
        outbox: Outbox[int] = Outbox(lambda items: None)
        impatient, patient = (asyncio.create_task(outbox.put(number)) for number in (1, 2))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient

    asyncio.run(work())
