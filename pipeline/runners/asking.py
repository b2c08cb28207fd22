"""What an agent has others read: asked for as soon as an event comes, answered when it is its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from pipeline.flow import Stage
from pipeline.ports.clock import Clock
from pipeline.ports.readers import Readers
from pipeline.runners.advance import Advanced, Given
from pipeline.runners.apart import answered, question


class Asking:
    """Hold the answers to come to the events in hand.

    One record may be in hand twice: it is fetched again after a rebalance or a pause.
    """

    def __init__(self, readers: Readers, stage: Stage, clock: Clock) -> None:
        self._readers = readers
        self._stage = stage
        self._clock = clock
        self._asked: dict[Any, Future[bytes]] = {}

    def ask(self, event: Any, given: Given) -> None:
        """Have an event read, which is handed in again when it is its turn."""
        self._asked[event] = self._readers.read(question(self._stage, given, self._clock()))

    async def answered(self, events: Sequence[Any], batch: Sequence[Given]) -> Advanced:
        """Return what ``advance`` would of events; what was not asked for, or has to wait, is asked for again."""
        for event, given in zip(events, batch, strict=True):
            if event not in self._asked:
                self.ask(event, given)
        answers = [self._asked.pop(event) for event in events]
        # What failed is told by the answer; whoever is cancelled meanwhile cancels them.
        await asyncio.gather(*map(asyncio.wrap_future, answers), return_exceptions=True)
        return answered(self._stage, batch, answers)

    def drop(self) -> None:
        """Let go of all: the events will come again."""
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()
