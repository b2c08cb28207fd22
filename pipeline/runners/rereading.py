"""The consumer of a worker: Faust's own, except that whatever it drops when the flow resumes is read again.

When a rebalance is over, Faust seeks the partitions to what is committed, clears the queues of the streams, and lets
the flow resume, in this order. What the fetcher had handed over meanwhile is gone, its positions are beyond it, and the
gap counts as acknowledged. A partition without a committed offset is not sought at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from faust.transport.drivers import aiokafka

log = logging.getLogger(__name__)

RETRY_S = 0.2


class RereadingConsumer(aiokafka.Consumer):
    """Read on from what is committed each time the flow resumes, and hand over nothing that was fetched before."""

    _resumed = 0
    _reread = 0

    def resume_flow(self) -> None:
        """Let records flow, from the committed offsets."""
        super().resume_flow()
        self._resumed += 1

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:
        """Yield what one fetch brings: (partition, message).

        A batch that was begun before the flow resumed ends there: its partitions are sought before the next one.
        Changelogs are read from where the recovery of their tables wants them.
        """
        if self.flow_active and self._reread != self._resumed and not await self._read_again():
            return
        resumed = self._resumed
        async for partition, message in super().getmany(timeout):
            if resumed == self._resumed or self._is_changelog_tp(partition):
                yield partition, message

    async def _read_again(self) -> bool:
        """Seek what the stages read to what is committed, or to its beginning; tell whether that is done."""
        resumed = self._resumed
        read = {partition for partition in self.assignment() if not self._is_changelog_tp(partition)}
        if read:
            try:
                await self.perform_seek()
                if new := [partition for partition in read if not self._committed_offset.get(partition)]:
                    await self.seek_wait(await self.earliest_offsets(*new))
            except Exception as exc:  # noqa: BLE001 - aiokafka raises many kinds while partitions come and go
                log.warning("not sought error=%r", exc)
                await asyncio.sleep(RETRY_S)
                return False
        self._reread = resumed
        return True
