"""Tell a worker whose streams stand still from one that has nothing to do.

Consumers that stall after a rebalance are a known problem of Faust: partitions stay paused, or nothing is fetched.
Only the topics that the stages read are watched. The changelogs of Faust's own tables are never committed, so what
waits in them cannot be known, and an idle worker would look stuck.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

from pipeline.runners.measures import Measures

log = logging.getLogger(__name__)

WATCH_S = 10.0
STALLED_S = 40.0
# A table that is being recovered may be large; records wait meanwhile and none is handled.
RECOVERING_S = 600.0


class Partition(Hashable, Protocol):
    """Name a partition of a topic."""

    @property
    def topic(self) -> str:
        """Return the name of the topic."""


class Offsets(Protocol):
    """Answer for the ends of partitions, as the broker has them now, whoever reads them."""

    def assignment(self) -> Collection[Any]:
        """Return the partitions of this process."""

    async def highwaters(self, *partitions: Any) -> Mapping[Any, int]:
        """Return the offset that the next record of each will have."""

    async def earliest_offsets(self, *partitions: Any) -> Mapping[Any, int]:
        """Return the offset of the oldest record that each still keeps."""


class Verdict(Enum):
    """Say what to do."""

    FINE = "fine"
    RESTART = "restart"
    EXIT = "exit"


class Stall:
    """Judge by the time that records have waited without one being handled: first restart, then exit."""

    def __init__(self, stalled_s: float = STALLED_S, recovering_s: float = RECOVERING_S) -> None:
        self._stalled_s = stalled_s
        self._recovering_s = recovering_s
        self._moves = 0
        self._restarted = False
        self.still_s = 0.0

    def judge(self, waiting: int, moves: int, elapsed_s: float, *, recovering: bool = False) -> Verdict:
        """Judge ``elapsed_s`` seconds after the last time, by a count of ``moves`` that only grows."""
        if not waiting or moves != self._moves:
            self._moves, self.still_s, self._restarted = moves, 0.0, False
            return Verdict.FINE
        self.still_s += elapsed_s
        if self.still_s < (self._recovering_s if recovering else self._stalled_s):
            return Verdict.FINE
        if self._restarted:
            return Verdict.EXIT
        self._restarted, self.still_s = True, 0.0
        return Verdict.RESTART


async def waiting(
    consumer: Offsets, topics: Collection[str], committed: Callable[[Any], int | None]
) -> dict[Any, tuple[int, int]]:
    """Return where the group has come and where the log ends, for each own partition in which records wait.

    What was read and not committed waits as well. Where nothing was ever committed, everything kept waits.
    """
    own = [partition for partition in consumer.assignment() if partition.topic in topics]
    if not own:
        return {}
    ends = await consumer.highwaters(*own)
    come = {partition: committed(partition) for partition in own}
    unknown = [partition for partition, offset in come.items() if offset is None and ends.get(partition)]
    come |= await consumer.earliest_offsets(*unknown) if unknown else {}
    return {
        partition: (offset or 0, ends[partition])
        for partition, offset in come.items()
        if ends.get(partition, 0) > (offset or 0)
    }


class Progress:
    """Count what happens, for the watchdog, and what ended here, in the words of ``advance``."""

    def __init__(self, measures: Measures) -> None:
        self.moves = 0
        self.counts: Counter[str] = Counter()
        self.measures = measures
        measures.outcomes = lambda: self.counts


class Restartable(Protocol):
    """Begin anew with nothing in hand."""

    async def restart(self) -> None:
        """Begin anew; what is not acknowledged is read again."""


class Watchdog:
    """Restart streams that stand still, and end the process when that does not help: whoever runs it starts it anew."""

    def __init__(self, app: Any, topics: Collection[str], agents: Sequence[Restartable], progress: Progress) -> None:
        self._app = app
        self._topics = frozenset(topics)
        self._agents = agents
        self._progress = progress
        self._stall = Stall(STALLED_S)
        self._looked = time.monotonic()

    async def look(self) -> None:
        """Look once; a broker that does not answer, or a consumer that is being replaced, is looked at again later."""
        app = self._app
        counted = " ".join(f"{word}={count}" for word, count in sorted(self._progress.counts.items()))
        log.info("counted %s", counted or "nothing")
        try:
            behind = await waiting(app.consumer, self._topics, app.consumer._committed_offset.get)
        except Exception as exc:  # noqa: BLE001 - Faust and aiokafka raise many kinds while they reconnect
            log.warning("not watched error=%r", exc)
            return
        records = sum(end - offset for offset, end in behind.values())
        recovering = app.rebalancing or app.tables.recovery.in_recovery
        elapsed, self._looked = time.monotonic() - self._looked, time.monotonic()
        verdict = self._stall.judge(records, self._progress.moves, elapsed, recovering=recovering)
        if verdict is Verdict.RESTART:
            log.error("stalled, restarting waiting=%d", records)
            await self._restart(behind)
        elif verdict is Verdict.EXIT:
            log.critical("stalled, stopping waiting=%d", records)
            await app.crash(RuntimeError(f"{records} records wait and none is handled, also after a restart"))

    async def _restart(self, partitions: Collection[Any]) -> None:
        """Read again from where the group has come."""
        for agent in self._agents:
            await agent.restart()
        self._app.consumer.resume_partitions(set(partitions))
        self._app.flow_control.resume()
        self._app.consumer.resume_flow()
