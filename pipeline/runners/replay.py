"""Run every article still in the log through the stages again, into an index, without paging anyone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from pipeline.flow import ARTICLES, MATCH, Stage
from pipeline.model import Document, Record
from pipeline.ports.clock import Clock
from pipeline.ports.log import Message
from pipeline.ports.search import SearchIndex
from pipeline.stages.decision import Memory

BATCH = 500


def replay(
    messages: Iterable[Message],
    flow: Sequence[Stage],
    index: SearchIndex,
    clock: Clock,
    progress: Callable[[int], None] = lambda count: None,
) -> tuple[int, list[str]]:
    """Rebuild documents from news.articles with fresh memories and upsert them.

    Return how many documents were written and a sentence for each record that could not be.
    The stages' stored facts stay as they are: the same log gives the same facts. ``match`` is left out, so nothing
    is sent.
    """
    stages = [(stage, stage.memory()) for stage in flow if stage.name != MATCH.name]
    written, failures, batch = 0, [], []
    for message in messages:
        try:
            document = _take(message, stages, clock)
        except Exception as exc:  # noqa: BLE001 - one bad record must not stop a rebuild; it is told at the end
            failures.append(f"{message.key}: {exc!r}")
            continue
        if document is None:
            continue
        batch.append(document)
        if len(batch) >= BATCH:
            failures += _write(index, batch)
            written += len(batch)
            batch = []
            progress(written)
    failures += _write(index, batch)
    index.refresh()
    return written + len(batch), failures


def _take(message: Message, stages: Sequence[tuple[Stage, Memory]], clock: Clock) -> Document | None:
    article = msgspec.json.decode(message.value, type=ARTICLES.type)
    value: Record = msgspec.structs.replace(article, backfill=True)
    for stage, memory in stages:
        decision = stage.decide(value, memory, clock())
        for fact in decision.facts:
            memory.learn(fact.key, fact.value)
        if not decision.emit:
            return None
        (value,) = decision.emit
    assert isinstance(value, Document)
    return value


def _write(index: SearchIndex, batch: Sequence[Document]) -> list[str]:
    return [f"{article_id}: {reason}" for article_id, reason in index.upsert(batch)]
