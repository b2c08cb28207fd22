"""The facts of one stage in a worker: a Faust table in memory, and the changelog in Kafka that it is rebuilt from."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from pipeline.flow import Stage
from pipeline.runners.forgetting import SLICE
from pipeline.stages.decision import Memory

# How often facts that are too old to matter are looked for.
FORGET_S = 1.0

log = logging.getLogger(__name__)


class WorkerFacts:
    """Keep facts in the partition of the event that each came from, and forget those that are too old to matter.

    ``table`` is a Faust table in memory. What a fact's partition is, Faust remembers for the facts it has recovered, to
    leave those out whose partition went to another worker; it is told the same of those that come now.
    """

    def __init__(self, table: Any) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over all facts."""
        return iter(self._table.items())

    async def keep(self, key: bytes, value: bytes | None, partition: int) -> Awaitable[Any]:
        """Hand a fact, or its removal, to the changelog, then to the table; return what is done when it is durable.

        What Faust's tables send themselves waits in a buffer, while the offsets of its events are committed.
        """
        sent: Awaitable[Any] = await self._table.changelog_topic.send(
            key=key, value=value, partition=partition, key_serializer="raw", value_serializer="raw"
        )
        if value is not None:
            self._table.data[key] = value
            self._partitions[key] = partition
        else:
            self._table.data.pop(key, None)
            self._partitions.pop(key, None)
        return sent

    async def forget(
        self, stage: Stage, memory: Memory, before: datetime, partitions: Collection[int], busy: Collection[str]
    ) -> int:
        """Forget a slice of what a stage knows from before a moment; return how many facts went.

        Facts of ``partitions``, those that are this worker's now, go for good; others are their reader's, and go from
        the memory only. Those that are ``busy``, being about to be written, stay for now.
        """
        if stage.forget is None:
            return 0
        old = [fact.key for fact in stage.forget(memory, before, SLICE) if fact.key not in busy]
        # At once: what is decided while the changelog takes the removals is learned after them.
        for key in old:
            memory.learn(key, None)
        own = [key for key in map(str.encode, old) if self._partitions.get(key) in partitions]
        gone = 0
        for encoded, value in [(key, self._table.data[key]) for key in own]:
            if self._table.data.get(encoded) is value:  # not written anew meanwhile
                await self.keep(encoded, None, self._partitions[encoded])
                gone += 1
        if gone:
            log.info("forgotten stage=%s facts=%d", stage.name, gone)
        return gone

    @property
    def _partitions(self) -> dict[bytes, int]:
        partitions: dict[bytes, int] = self._table.data._key_partition
        return partitions


class Forgetting:
    """Have each stage of a worker forget what is from before a moment, a slice at a time."""

    def __init__(
        self,
        app: Any,
        forget: Sequence[Callable[[datetime, Collection[Any]], Awaitable[None]]],
        before: Callable[[], datetime],
    ) -> None:
        self._app = app
        self._forget = forget
        self._before = before

    async def step(self) -> None:
        """Forget a slice, unless partitions are changing hands: whose facts they are is not known then."""
        app = self._app
        if app.rebalancing or app.tables.recovery.in_recovery:
            return
        try:
            assigned = app.consumer.assignment()
            for forget in self._forget:
                await forget(self._before(), assigned)
        except Exception as exc:  # noqa: BLE001 - upkeep ends nothing; it is tried again
            log.warning("not forgotten error=%r", exc)
