"""What a worker reads by: Faust's own, except that after a rebalance a partition is read only once it was sought.

When a rebalance is over, Faust lets the partitions be fetched, seeks them to what is committed, clears the queues of
the streams, and lets the flow resume, in this order. Of what the fetcher hands over meanwhile some is lost and some is
handled before what precedes it; its positions are beyond both, and the gap counts as acknowledged. At the first
assignment partitions are fetched before all this, and one without a committed offset is not sought at all.

The recovery of tables reads each changelog on from the highest offset that it was handed, so a record that was fetched
before the rebalance would make it leave out all between. Records of an earlier assignment are not handed over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

from faust.transport.drivers import aiokafka
from mode.utils.queues import ThrowableQueue

log = logging.getLogger(__name__)

RETRY_S = 0.2
# What a stage may have in front of it; it takes nothing further from four fifths on. The rest waits in Kafka.
BUFFER = 512
# No more than fits into the last fifth.
FETCHED_AT_ONCE = 100
CHANGELOG_BUFFER = 4096


class RereadingConsumer(aiokafka.Consumer):
    """Read what stages read on from what is committed, each time the flow resumes, and hand over nothing before that.

    Changelogs are read on from where the recovery of their tables has come; it starts anew with each assignment.
    """

    _resumed = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dropped: set[Any] = set()
        # Partitions that stages read: those that wait for the flow to resume, then to be sought, and those fetched now.
        self._held: set[Any] = set()
        self._due: set[Any] = set()
        self._fetched: set[Any] = set()

    def pause_partitions(self, tps: Iterable[Any]) -> None:
        """Fetch nothing of partitions."""
        paused = set(tps)
        for each in (self._held, self._due, self._fetched):
            each -= paused
        super().pause_partitions(paused)

    def resume_partitions(self, tps: Iterable[Any]) -> None:
        """Let changelogs be fetched, and what stages read once the flow has resumed."""
        resumed = set(tps)
        read = {partition for partition in resumed if not self._is_changelog_tp(partition)}
        self._held |= read
        super().resume_partitions(resumed - read)

    def resume_flow(self) -> None:
        """Let records flow, from the committed offsets."""
        super().resume_flow()
        self._resumed += 1
        self._due |= self._held
        self._held.clear()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:
        """Yield what one fetch brings: (partition, message).

        A batch that was begun before the flow resumed ends there: its partitions are sought before the next one.
        """
        if self.flow_active and not await self._caught_up():
            return
        resumed, generation = self._resumed, self.app.consumer_generation_id
        async for partition, message in super().getmany(timeout):
            if not self._is_changelog_tp(partition):
                if resumed == self._resumed and partition in self._fetched:
                    yield partition, message
            elif generation == self.app.consumer_generation_id:
                yield partition, message
            else:
                self._dropped.add(partition)

    async def _caught_up(self) -> bool:
        """Seek what is due and what was dropped; tell whether that is done."""
        try:
            if self._dropped:
                await self._seek_changelogs()
            if self._due:
                await self._read_again()
        except Exception as exc:  # noqa: BLE001 - aiokafka raises many kinds while partitions come and go
            log.warning("not sought error=%r", exc)
            await asyncio.sleep(RETRY_S)
            return False
        return True

    async def _read_again(self) -> None:
        """Seek what the stages read to what is committed, or to its beginning, and let it be fetched."""
        resumed, due = self._resumed, self._due & self.assignment()
        await self.perform_seek()
        if new := [partition for partition in due if not self._committed_offset.get(partition)]:
            await self.seek_wait(await self.earliest_offsets(*new))
        if resumed == self._resumed:
            due &= self._due  # some may have been paused meanwhile
            self._due.clear()
            self._fetched |= due
            super().resume_partitions(due)

    async def _seek_changelogs(self) -> None:
        """Seek changelogs to where the recovery has come; one that it has not begun with it seeks itself."""
        recovery = cast("Any", self.app.tables).recovery
        offsets = {partition: recovery.active_offsets.get(partition) for partition in self._dropped}
        read = self._dropped & recovery.active_tps & self.assignment()
        if begun := {partition: max(0, offsets[partition]) for partition in read if offsets[partition] is not None}:
            await self.seek_wait(begun)
        self._dropped.clear()

    def on_buffer_full(self, tp: Any) -> None:
        """Take nothing further of a topic that a stage has enough of.

        Faust stops one partition after the other, while what it has fetched of them blocks the way of all topics: what
        waits to be read for events would hold up alerts to words.
        """
        for each in [each for each in self._get_active_partitions() if each.topic == tp.topic]:
            super().on_buffer_full(each)

    def on_buffer_drop(self, tp: Any) -> None:
        """Go on with it, as far as its partitions are still this reader's."""
        mine = self.assignment()
        for each in [each for each in self._buffered_partitions if each.topic == tp.topic]:
            if each in mine:
                super().on_buffer_drop(each)
            else:
                self._buffered_partitions.discard(each)


class ChangelogQueue(ThrowableQueue[Any]):
    """Hold records of changelogs until the recovery of tables takes them; drop those of an earlier assignment.

    Faust empties its queue when the flow resumes, but what waits for room in it comes after that.
    """

    def __init__(self, app: Any) -> None:
        super().__init__(maxsize=CHANGELOG_BUFFER, flow_control=app.flow_control, clear_on_resume=True)
        self._app = app

    async def get(self) -> Any:
        """Return the next record of the current assignment."""
        while True:
            event = await super().get()
            if event.message.generation_id == self._app.consumer_generation_id:
                return event
