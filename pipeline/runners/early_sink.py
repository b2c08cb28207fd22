"""The sink of what is not yet read for events: found as soon as the rules of words are asked, and renewed once read.

It may lag behind the sink of what was read, or run ahead of it: the index keeps what was read of the same revision. So
nothing depends on it but how soon an article is found: what it cannot store is left to the other, which says why.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import msgspec

from pipeline.errors import TransientError, UnavailableError
from pipeline.model import Document
from pipeline.ports.log import Log, Message
from pipeline.ports.search import EarlyIndex
from pipeline.runners.trouble import Trouble
from pipeline.topics import EARLY_INDEX

log = logging.getLogger(__name__)

BATCH = 200
WAIT_S = 0.2
_TOPIC, _GROUP = EARLY_INDEX.reads.name, EARLY_INDEX.name


class EarlySink:
    """Move documents from the log to the index, but those that no alert tells of: they are found once they are read."""

    def __init__(self, log: Log, index: EarlyIndex) -> None:
        self._log = log
        self._index = index

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a log or an index that is away is waited for."""
        trouble = Trouble(log, "early indexing")
        while not stop.is_set():
            try:
                self.step(WAIT_S)
            except Exception as exc:  # noqa: BLE001 - a bug is told with its trace, and ends nothing
                self._log.rewind(_TOPIC, _GROUP)
                trouble.wait(exc, stop)
            else:
                trouble.over()

    def step(self, timeout: float) -> int:
        """Index one batch; return how many records it had. After a failure the same records are read again."""
        messages = self._log.read(_TOPIC, _GROUP, BATCH, timeout)
        if messages:
            try:
                self._index.add_new(_told_of(messages))
            except (TransientError, UnavailableError, OSError, MemoryError):
                raise
            except Exception as exc:
                log.exception("left to the later sink records=%d error=%r", len(messages), exc)
            self._log.commit(_TOPIC, _GROUP)
        return len(messages)


def _told_of(messages: Sequence[Message]) -> list[Document]:
    documents = []
    for message in messages:
        try:
            document = msgspec.json.decode(message.value, type=Document)
        except Exception as exc:  # noqa: BLE001 - deep nesting raises RecursionError, bad text UnicodeDecodeError
            log.warning("no document key=%s error=%r", message.key, exc)
            continue
        if not document.backfill and not document.history:
            documents.append(document)
    return documents
