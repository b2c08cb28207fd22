"""The sink: from news.enriched into the search index. Offsets are committed after the index answered, never before."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.errors import TransientError, UnavailableError
from pipeline.model import Document
from pipeline.ports.log import Log, Message
from pipeline.ports.search import Renewal, SearchIndex
from pipeline.runners.advance import DEAD_LETTERED, bury, count_indexed
from pipeline.runners.measures import Measures
from pipeline.runners.renewing import Renewing
from pipeline.runners.trouble import Trouble
from pipeline.topics import INDEX

log = logging.getLogger(__name__)

BATCH = 500
WAIT_S = 0.2
# How long a record that was handed out before may take to be handed out again.
AGAIN_S = 5.0


class Sink:
    """Move documents from the log to the index: each is indexed, refused into news.dead, or tried again."""

    def __init__(
        self, log: Log, index: SearchIndex, renewal: Renewal | None = None, measures: Measures | None = None
    ) -> None:
        self._log = log
        self._index = index
        self._renewing = Renewing(renewal) if renewal is not None else None
        self.counts: Counter[str] = Counter()
        self._measures = measures or Measures()
        self._measures.outcomes = lambda: self.counts

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a log or an index that is away is waited for."""
        trouble = Trouble(log, "indexing")
        while not stop.is_set():
            try:
                busy = self.step(WAIT_S) > 0
                if self._renewing is not None and not stop.is_set():
                    self._renewing.step(busy=busy)
            except Exception as exc:  # noqa: BLE001 - a bug is told with its trace, and ends nothing
                self._log.rewind(INDEX.reads.name, INDEX.name)
                trouble.wait(exc, stop)
            else:
                trouble.over()

    def step(self, timeout: float) -> int:
        """Index one batch; return how many records it had. After a failure the same records are read again."""
        messages = self._log.read(INDEX.reads.name, INDEX.name, BATCH, timeout)
        if messages:
            self._take(messages)
        return len(messages)

    def _take(self, messages: Sequence[Message]) -> None:
        """Index a batch, or if something in it brings out a bug, each record alone."""
        try:
            self._index_all(messages)
        except (TransientError, UnavailableError, OSError, MemoryError):
            self._log.rewind(INDEX.reads.name, INDEX.name)
            raise
        except Exception as exc:  # noqa: BLE001 - one record's bug must not stop the others
            self._log.rewind(INDEX.reads.name, INDEX.name)
            if len(messages) == 1:
                self._give_up(exc)
                return
            for _ in messages:
                alone = self._again()
                if not alone:
                    return
                self._take(alone)

    def _again(self) -> Sequence[Message]:
        return self._log.read(INDEX.reads.name, INDEX.name, 1, AGAIN_S)

    def _give_up(self, error: Exception) -> None:
        """Make the record that comes next a dead letter."""
        try:
            messages = self._again()
            self._log.append([bury(message, stage=INDEX.name, error=error) for message in messages])
            self._log.commit(INDEX.reads.name, INDEX.name)
        except Exception:
            self._log.rewind(INDEX.reads.name, INDEX.name)
            raise
        self.counts[DEAD_LETTERED] += len(messages)
        for message in messages:
            log.error("dead letter stage=%s key=%s error=%r", INDEX.name, message.key, error)

    def _index_all(self, messages: Sequence[Message]) -> None:
        read, dead = _decoded(messages)
        started = time.perf_counter()
        refused = self._index.upsert([document for document, _ in read])
        seconds = time.perf_counter() - started
        self._measures.handled(INDEX.name, len(messages), len(dead) + len(refused), seconds)
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
        for letter in dead:
            log.error("dead letter stage=%s key=%s error=%s", INDEX.name, letter.key, letter.headers["error"])


def _decoded(messages: Sequence[Message]) -> tuple[list[tuple[Document, Mapping[str, str]]], list[Message]]:
    """Return documents with their headers, and the dead letters of what is none."""
    read: list[tuple[Document, Mapping[str, str]]] = []
    dead: list[Message] = []
    for message in messages:
        try:
            read.append((msgspec.json.decode(message.value, type=Document), message.headers))
        except Exception as exc:  # noqa: BLE001 - deep nesting raises RecursionError, bad text UnicodeDecodeError
            dead.append(bury(message, stage=INDEX.name, error=f"no document: {exc}"))
    return read, dead
