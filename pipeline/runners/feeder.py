"""The feeder of history: slices of news.history go into news.articles while little waits there.

So fresh articles never queue behind old ones for longer than slices take, and the order of news.articles stays the
order in which articles are decided on. How large a slice is depends on how fast the last ones were worked off: machines
differ by more than ten times. At least once: a slice that was not moved, or moved and not committed, is read
again and moved again, and ``identify`` finds it unchanged.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.ports.clock import Clock
from pipeline.ports.log import CountingLog, Message
from pipeline.ports.table import Transaction
from pipeline.runners.trouble import Trouble
from pipeline.topics import ARTICLES, HISTORY

GROUP = "feeder"
SLICE = 64
LOOK_S = 0.5
# A fresh article waits for one slice and half of another. What is seen of them is a second late: workers commit then.
SOON_S = 2.0
LATE_S = 3.0
LEAST = 8
HELD_S = 60.0

_log = logging.getLogger("newswire.feeder")


class Feeder:
    """Move history on, a slice at a time, while at most half of one waits for the ``readers``.

    ``readers`` are the topics that articles pass, each with the group that reads it. Slices are of ``slice_size``
    records first, then of ``LEAST`` to ``most``: as many as the readers work off within ``SOON_S`` to ``LATE_S``.
    """

    def __init__(
        self,
        log: CountingLog,
        readers: Sequence[tuple[str, str]] = (),
        *,
        slice_size: int = SLICE,
        most: int = SLICE,
        transaction: Transaction = contextlib.nullcontext,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._log = log
        self._readers = readers
        self._slice = slice_size
        self._most = max(most, slice_size)
        self._moved_at: datetime | None = None
        self._held: Sequence[Message] = ()
        self._moved = 0
        self._read_at = clock()
        self._transaction = transaction

    @property
    def waiting(self) -> int:
        """Return how many records wait to be moved."""
        return self._log.backlog(HISTORY.name, GROUP)

    def step(self, timeout: float = 0.0) -> int:
        """Move a slice that comes within ``timeout`` seconds if little waits; return how many records were moved."""
        moved_before = self._moved_at is not None
        if moved_before and self._is_behind():
            return 0
        self._adapt()
        try:
            messages = self._in_hand(timeout)
            # Only where there is history: to tell what waits takes a server many answers.
            if not messages or (not moved_before and self._is_behind()):
                return 0
            with self._transaction():
                self._log.append(msgspec.structs.replace(message, topic=ARTICLES.name) for message in messages)
                self._log.commit(HISTORY.name, GROUP)
                self._log.expire(HISTORY.name, self._clock())
        except BaseException:
            self._give_back()
            raise
        self._held = ()
        self._moved_at, self._moved = (self._clock() if self._readers else None), len(messages)
        return len(messages)

    def _is_behind(self) -> bool:
        return sum(self._log.backlog(topic, group) for topic, group in self._readers) > self._slice // 2

    def _in_hand(self, timeout: float) -> Sequence[Message]:
        """Return the slice that is to be moved next, read if it was not yet."""
        # A reader that does not ask for long is taken for dead.
        if self._held and (self._clock() - self._read_at).total_seconds() > HELD_S:
            self._give_back()
        if not self._held:
            self._held = self._log.read(HISTORY.name, GROUP, self._slice, timeout)
            self._read_at = self._clock()
        return self._held

    def _give_back(self) -> None:
        self._held = ()
        self._log.rewind(HISTORY.name, GROUP)

    def _adapt(self) -> None:
        """Make slices so large that they are worked off in time, once the last one was."""
        if self._moved_at is None:
            return
        seconds = (self._clock() - self._moved_at).total_seconds()
        self._moved_at = None
        if self._moved < self._slice:
            return  # says nothing of how fast a whole one is worked off
        if seconds < SOON_S:
            self._slice = min(self._most, self._slice + self._slice // 2)
        elif seconds > LATE_S:
            self._slice = max(LEAST, int(self._slice * max(0.25, SOON_S / seconds)))

    def run(self, stop: threading.Event) -> None:
        """Move slices until told to stop; whatever fails is tried again."""
        trouble = Trouble(_log, "the feeder of older articles")
        while not stop.is_set():
            try:
                moved = self.step(LOOK_S)
                left = self.waiting if moved else 0
            except Exception as exc:  # noqa: BLE001 - without it no older article would ever be found; told with its trace
                trouble.wait(exc, stop)
                continue
            trouble.over()
            if not moved:
                stop.wait(LOOK_S)
            elif left >= self._slice:
                _log.info("older articles wait count=%d", left)
