"""What an agent has decided and not yet acknowledged, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.runners.advance import Buried, Decided
from pipeline.stages.decision import Fact

IN_FLIGHT = 100


class Handled:
    """Hold a decided event: the facts to keep, and the sends under way once they were handed over."""

    def __init__(self, event: Any, result: Decided | Buried) -> None:
        self.event = event
        self.result = result
        self.facts: Sequence[Fact] = result.facts if isinstance(result, Decided) else ()
        self.sent: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()


class InFlight:
    """Hold handled events in order, a bounded number of them."""

    def __init__(self) -> None:
        self._events: deque[Handled] = deque()
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[Handled]:
        return iter(self._events)

    def add(self, handled: Sequence[Handled]) -> None:
        """Add events at once: what the memory learned of them is then never missing from here."""
        self._events.extend(handled)
        self._changed.set()

    async def room(self, count: int) -> None:
        """Return when there is room for ``count`` events."""
        await self._until(lambda: len(self._events) + count <= IN_FLIGHT)

    async def first(self) -> Handled:
        """Return the oldest event, once there is one."""
        await self._until(lambda: bool(self._events))
        return self._events[0]

    def done(self) -> None:
        """Forget the oldest event."""
        self._events.popleft()
        self._changed.set()

    def clear(self) -> bool:
        """Forget all events: not acknowledged, they are read again. Tell whether there were any."""
        had = bool(self._events)
        self._events.clear()
        self._changed.set()
        return had

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
