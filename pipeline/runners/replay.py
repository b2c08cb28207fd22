"""Run every article still in the log through the stages again, into an index, without paging anyone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from pipeline.flow import Stage, replayed
from pipeline.model import Document
from pipeline.ports.clock import Clock
from pipeline.ports.log import Message
from pipeline.ports.search import SearchIndex
from pipeline.runners.advance import Buried, Given, advance_all, emitted
from pipeline.stages.decision import Memory

BATCH = 500


def replay(
    messages: Iterable[Message],
    flow: Sequence[Stage],
    index: SearchIndex,
    clock: Clock,
    progress: Callable[[int], None] = lambda count: None,
    wait: Callable[[float], object] = time.sleep,
) -> tuple[int, list[str]]:
    """Rebuild documents from news.articles with fresh memories and upsert them.

    Return how many documents were written and a sentence for each record that could not be.
    The stages' stored facts stay as they are: the same log gives the same facts. Stages that page are left out, so
    nothing is sent.
    """
    stages = [(stage, stage.memory()) for stage in replayed(flow)]
    written, failures = 0, []
    for batch in _batches(messages):
        documents, failed = _take(batch, stages, clock, wait)
        failures += failed
        failures += [f"{article_id}: {reason}" for article_id, reason in index.upsert(documents)]
        written += len(documents)
        progress(written)
    index.refresh()
    return written, failures


def _batches(messages: Iterable[Message]) -> Iterator[list[Given]]:
    given = map(Given.read, messages)
    while batch := list(islice(given, BATCH)):
        yield batch


def _take(
    batch: Sequence[Given], stages: Sequence[tuple[Stage, Memory]], clock: Clock, wait: Callable[[float], object]
) -> tuple[list[Document], list[str]]:
    failed: list[str] = []
    for stage, memory in stages:
        results = advance_all(stage, memory, batch, clock, wait).results
        failed += [result.error for result in results if isinstance(result, Buried)]
        batch = [given for result in results if not isinstance(result, Buried) for given in emitted(stage, result)]
    return [given.value for given in batch if isinstance(given.value, Document)], failed
