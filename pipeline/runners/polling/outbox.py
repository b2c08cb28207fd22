"""Group commit: what many tasks want written is written together, and each learns whether its part is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

# More is not read while so much is not written yet.
PENDING_MAX = 64
Item = TypeVar("Item")


class Outbox(Generic[Item]):
    """Pass items to ``write``, in a thread, as many at a time as have gathered while it was busy."""

    def __init__(self, write: Callable[[Sequence[Item]], None]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._pending = 0
        self._written = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Tell whether more waits than should be added to."""
        return self._pending >= PENDING_MAX

    async def room(self) -> None:
        """Return when more may be added."""
        while self.is_full:
            self._written.clear()
            await self._written.wait()

    async def put(self, item: Item) -> None:
        """Return when the item is written. Raises what ``write`` raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        self._pending += 1
        try:
            await done
        finally:
            self._pending -= 1
            self._written.set()

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._write, [item for item, _ in batch])
            except Exception as exc:  # noqa: BLE001 - each writer is told, and decides
                error = exc
            for _, done in batch:
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
