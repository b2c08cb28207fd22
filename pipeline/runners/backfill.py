"""Many old articles at once: an archive, or the lines of a large file. They are found before anything else is done.

What is older than anyone is alerted to need not be decided on before it is found. It waits in news.history, where
whatever is newer passes it, and is indexed as it is, a large slice at a time. What takes most of that, from normalizing
to compressing, is made of each slice by others while the one before is written. Nothing depends on them: of what they
did not make, the same is worked out here; what is in the log and not found yet when the process ends is found later.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime
from itertools import islice

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Article
from pipeline.ports.log import Log, Message
from pipeline.ports.prepared import Prepared
from pipeline.ports.table import Transaction
from pipeline.runners.finding import Finding
from pipeline.stages.decision import Memory
from pipeline.topics import ARTICLES, HISTORY

# So many are written at a time: the index merges less of larger slices. Of so many more much is made meanwhile.
SLICE = 1_024
AHEAD = 2

_log = logging.getLogger(__name__)


class Backfill:
    """Publish articles, those of before a moment as what waits for anything newer, and have these found at once.

    ``make`` works out of records what ``prepared`` is to hold of them. ``memory`` is that of the first stage.
    """

    def __init__(
        self,
        log: Log,
        finding: Finding,
        memory: Memory,
        *,
        transaction: Transaction,
        prepared: Prepared,
        make: Callable[[Sequence[bytes]], Future[list[bytes]]],
        before: datetime,
    ) -> None:
        self._log = log
        self._finding = finding
        self._memory = memory
        self._transaction = transaction
        self._prepared = prepared
        self._make = make
        self._before = before
        self._waiting: deque[tuple[Sequence[Message], Future[list[bytes]] | None]] = deque()

    def publish(self, articles: Iterable[Article], most: int | None = None) -> int:
        """Publish all; return how many. What stands before an article that cannot be read is published.

        With ``most``, about so many are found here, and the others when their turn comes.
        """
        count, source = 0, iter(articles)
        error: UsageError | None = None
        while error is None:
            found: list[Message] = []
            try:
                for article in islice(source, SLICE):
                    found.append(self._message(article))  # noqa: PERF401 - what stands before an error is kept
            except UsageError as exc:
                error = exc
            if not found:
                break
            is_found = most is None or count < most
            count += len(found)
            old = [each.value for each in found if each.topic == HISTORY.name] if is_found else []
            self._waiting.append((found, self._make(old) if old else None))
            if len(self._waiting) > AHEAD:
                self._write()
        while self._waiting:
            self._write()
        if error is not None:
            raise error
        return count

    def _message(self, article: Article) -> Message:
        is_old = article.history or (article.published is not None and article.published < self._before)
        topic = (HISTORY if is_old else ARTICLES).name
        return Message(topic=topic, key=article.id, value=msgspec.json.encode(article))

    def _write(self) -> None:
        messages, future = self._waiting.popleft()
        if future is None:
            self._log.append(messages)
            return
        try:
            self._prepared.keep(future.result())
        except Exception as exc:  # noqa: BLE001 - whatever became of who makes it, the same is worked out here
            _log.debug("nothing was made of older articles beforehand error=%r", exc)
        with self._transaction():
            self._log.append(messages)
            while self._finding.step(self._memory):
                pass
