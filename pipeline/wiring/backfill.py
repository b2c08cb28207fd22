"""Wire what publishes many old articles at once, with the processes that make them ready to be found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from queue import SimpleQueue
from typing import TYPE_CHECKING

from pipeline.wiring.reading import readers_beside_up
from pipeline.wiring.runners import flow
from pipeline.wiring.stores import Store, clock

if TYPE_CHECKING:
    from pipeline.model import Article
    from pipeline.runners.finding import Finding
    from pipeline.stages.decision import Memory

# With fewer articles it is not worth starting processes, which takes half a second.
WORTH_IT = 500
# Where feeds wait to be polled, so many are found before that, in a quarter of a minute.
MOST_FIRST = 20_000


def backfill(opened: Store, articles: Iterable[Article], most: int | None) -> int:
    """Publish articles of which most are old, and have these found, up to ``most``; return how many there were."""
    from connectors.fetch.child import Child
    from pipeline.moments import duration
    from pipeline.runners.backfill import Backfill

    assert opened.prepared is not None and opened.finish_all is not None, "only a store of our own is prepared for"
    make, free = opened.finish_all, SimpleQueue[Child]()
    count = max(1, readers_beside_up())

    def made(records: Sequence[bytes]) -> list[bytes]:
        child = free.get()
        try:
            return child.call(make, records)
        finally:
            free.put(child)

    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(count, "backfill"))
        for _ in range(count):
            free.put(stack.enter_context(closing(Child())))
        return Backfill(
            opened.log,
            *_finding(opened),
            transaction=opened.transaction,  # what is published is safe on the disk, and found with that
            prepared=opened.prepared,
            make=lambda records: threads.submit(made, records),
            before=clock() - duration(opened.settings.alerts.max_age),
        ).publish(articles, most)


def _finding(opened: Store) -> tuple[Finding, Memory]:
    """Return what finds history, and the memory of the first stage that it asks whether an article is new."""
    from pipeline.runners.finding import Finding
    from pipeline.stages.decision import RestingMemory

    first = flow(opened.settings)[0]
    memory = first.memory()
    if isinstance(memory, RestingMemory):
        memory.rest_on(opened.table(first.facts))
    finding = Finding(
        opened.log,
        index=opened.index,
        transaction=opened.repeatable or opened.transaction,
        first=first,
        prepared=opened.prepared,
    )
    return finding, memory
