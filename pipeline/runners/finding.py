"""History is found before its turn: it is indexed as it is as soon as nothing newer waits.

A feed's first poll or an archive brings thousands of articles. To compare them with one another and to read them for
events takes minutes, during which each would be missing from every search. Nothing is decided here: they stay in
news.history, are decided on in the order of the log, and are indexed again then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec

from pipeline.flow import Stage
from pipeline.model import Article, Document, as_document
from pipeline.ports.log import Log
from pipeline.ports.prepared import Prepared
from pipeline.ports.search import SearchIndex
from pipeline.ports.table import Transaction
from pipeline.runners.advance import prepare
from pipeline.stages.decision import Memory
from pipeline.topics import HISTORY

GROUP = "finder"
AT_ONCE = 512
Given = TypeVar("Given")
Made = TypeVar("Made")

_log = logging.getLogger(__name__)


class Finding:
    """Index what waits in news.history and is not known yet, a slice at a time, as ``first`` would take it in.

    What was ``prepared`` of it need not be worked out here.
    """

    def __init__(
        self,
        log: Log,
        *,
        index: SearchIndex,
        transaction: Transaction,
        first: Stage,
        prepared: Prepared | None = None,
    ) -> None:
        self._log = log
        self._index = index
        self._transaction = transaction
        self._first = first
        self._prepared = prepared

    def step(self, memory: Memory) -> int:
        """Index one slice, given the memory of the first stage; return how many records were read."""
        messages = self._log.read(HISTORY.name, GROUP, AT_ONCE)
        if not messages:
            return 0
        articles = _made(self._article, (message.value for message in messages))
        prepare(self._first, memory, articles)
        documents = _made(partial(self._preview, memory), articles)
        try:
            with self._transaction():
                self._index.upsert(documents)  # what is refused becomes a dead letter in its turn
                self._log.commit(HISTORY.name, GROUP)
        except BaseException:
            self._log.rewind(HISTORY.name, GROUP)
            raise
        return len(messages)

    def _article(self, raw: bytes) -> Article:
        """Read a record, as the document that was made of it beforehand where there is one."""
        if self._prepared is not None and (document := self._prepared.document(raw)) is not None:
            return document
        return msgspec.json.decode(raw, type=Article)

    def _preview(self, memory: Memory, article: Article) -> Document | None:
        if self._first.preview is None or not self._first.is_new(article, memory):
            return None
        return article if isinstance(article, Document) else as_document(self._first.preview(article))


def _made(make: Callable[[Given], Made | None], given: Iterable[Given]) -> list[Made]:
    """Return what is made of each, without what is nothing or cannot be made."""
    made = []
    for each in given:
        try:
            found = make(each)
        except Exception as exc:  # noqa: BLE001 - it becomes a dead letter in its turn, and is told of then
            _log.debug("cannot be found before its turn error=%r", exc)
            continue
        if found is not None:
            made.append(found)
    return made
