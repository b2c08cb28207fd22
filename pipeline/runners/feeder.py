"""The feeder of history: slices of news.history go into news.articles while little waits there.

So fresh articles never queue behind old ones for longer than a slice takes, and the order of news.articles stays the
order in which articles are decided on. At least once: a slice that was not moved, or moved and not committed, is read
again and moved again, and ``identify`` finds it unchanged.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence

import msgspec

from pipeline.ports.clock import Clock
from pipeline.ports.log import CountingLog
from pipeline.ports.table import Transaction
from pipeline.runners.trouble import Trouble
from pipeline.topics import ARTICLES, HISTORY

GROUP = "feeder"
SLICE = 64
LOOK_S = 0.5

_log = logging.getLogger("newswire.feeder")


class Feeder:
    """Move history on, ``slice_size`` records at a time, while at most so many wait for the ``readers``.

    ``readers`` are the topics that articles pass, each with the group that reads it.
    """

    def __init__(
        self,
        log: CountingLog,
        readers: Sequence[tuple[str, str]] = (),
        *,
        slice_size: int = SLICE,
        transaction: Transaction = contextlib.nullcontext,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._log = log
        self._readers = readers
        self._slice = slice_size
        self._transaction = transaction

    @property
    def waiting(self) -> int:
        """Return how many records wait to be moved."""
        return self._log.backlog(HISTORY.name, GROUP)

    def step(self, timeout: float = 0.0) -> int:
        """Move a slice that comes within ``timeout`` seconds if little waits; return how many records were moved."""
        if sum(self._log.backlog(topic, group) for topic, group in self._readers) > self._slice:
            return 0
        try:
            messages = self._log.read(HISTORY.name, GROUP, self._slice, timeout)
            if not messages:
                return 0
            with self._transaction():
                self._log.append(msgspec.structs.replace(message, topic=ARTICLES.name) for message in messages)
                self._log.commit(HISTORY.name, GROUP)
                self._log.expire(HISTORY.name, self._clock())
        except BaseException:
            self._log.rewind(HISTORY.name, GROUP)
            raise
        return len(messages)

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
