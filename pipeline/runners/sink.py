"""The sink: from news.enriched into the search index. Offsets are committed after the index answered, never before."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from pipeline.errors import TransientError
from pipeline.model import Document
from pipeline.ports.log import Log, Message
from pipeline.ports.search import Renewal, SearchIndex
from pipeline.runners.advance import DEAD_LETTERED, bury, count_indexed
from pipeline.runners.renewing import Renewing
from pipeline.topics import INDEX

log = logging.getLogger(__name__)

BATCH = 500
WAIT_S = 0.2
LONGEST_WAIT_S = 30.0


class Sink:
    """Move documents from the log to the index: each is indexed, refused into news.dead, or tried again in place."""

    def __init__(
        self, log: Log, index: SearchIndex, sleep: Callable[[float], object], renewal: Renewal | None = None
    ) -> None:
        self._log = log
        self._index = index
        self._sleep = sleep
        self._renewing = Renewing(renewal) if renewal is not None else None
        self.counts: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                busy = self.step(WAIT_S, stop) > 0
                if self._renewing is not None and not stop.is_set():
                    self._renewing.step(busy=busy)
            except TransientError as exc:
                log.warning("waiting error=%s", exc)
                self._sleep(exc.retry_after)

    def step(self, timeout: float, stop: threading.Event) -> int:
        """Index one batch; return how many records it had. Nothing is committed when told to stop half-way."""
        messages = self._log.read(INDEX.reads.name, INDEX.name, BATCH, timeout)
        if not messages:
            return 0
        read, dead = _decoded(messages)
        refused = self._upsert([document for document, _ in read], stop)
        if refused is None:
            return 0
        by_id = {message.key: message for message in messages}
        dead += [
            bury(by_id[article_id], stage=INDEX.name, error=reason)
            for article_id, reason in refused
            if article_id in by_id
        ]
        if dead:
            self._log.append(dead)
        self._log.commit(INDEX.reads.name, INDEX.name)
        self.counts += count_indexed(read, [article_id for article_id, _ in refused])
        self.counts[DEAD_LETTERED] += len(messages) - len(read)
        return len(messages)

    def _upsert(self, documents: Sequence[Document], stop: threading.Event) -> Sequence[tuple[str, str]] | None:
        """Repeat until the index has taken the batch, backing off; ``None`` when told to stop before that."""
        wait = 0.0
        while not stop.is_set():
            try:
                return self._index.upsert(documents)
            except TransientError as exc:
                wait = min(max(exc.retry_after, wait * 2), LONGEST_WAIT_S)
                log.warning("waiting seconds=%.1f error=%s", wait, exc)
                self._sleep(wait)
        return None


def _decoded(messages: Sequence[Message]) -> tuple[list[tuple[Document, Mapping[str, str]]], list[Message]]:
    """Return documents with their headers, and the dead letters of what is none."""
    read: list[tuple[Document, Mapping[str, str]]] = []
    dead: list[Message] = []
    for message in messages:
        try:
            read.append((msgspec.json.decode(message.value, type=Document), message.headers))
        except msgspec.DecodeError as exc:
            dead.append(bury(message, stage=INDEX.name, error=f"no document: {exc}"))
    return read, dead
