"""A store that is bounded stays as it is for as long as it runs: size, memory, files and threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.config import Deduplicate, Keep, Settings
from pipeline.model import Article
from pipeline.ports.search import SearchRequest
from pipeline.runners.polling.publishing import publish
from pipeline.runners.upkeep import Chore, UpkeepLoop
from pipeline.services.retention import Pruner
from pipeline.wiring import runners, services, stores, upkeep
from tests.bench.corpus import Corpus

BOUND = 12_000_000
PER_SECOND = 20.0
SECONDS = 180
# What pruning leaves alone, which would be everything here.
LEAST = timedelta(seconds=5)


def articles() -> Iterator[Article]:
    corpus = Corpus()
    fields = [name for name in Article.__struct_fields__ if name != "revision"]
    number = 0
    while True:
        made = corpus.article(number)
        article = Article(**{name: getattr(made, name) for name in fields})
        yield msgspec.structs.replace(article, seen=stores.clock(), published=stores.clock(), revision=0)
        number += 1


def memory() -> int:
    """Return the resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 4)
def test_bounded_store_stays_flat_under_load(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), keep=Keep(disk="12MB"), deduplicate=Deduplicate(window_days=30 / 86_400))
    taken: list[tuple[int, int, int, int]] = []
    with stores.store(settings) as opened:
        assert opened.upkeep is not None
        pruner = Pruner(msgspec.structs.replace(services.kept(settings), least=LEAST), opened.upkeep, stores.clock)
        embedded = runners.embedded(opened, upkeep.facts_before(settings, pruner))
        stop = threading.Event()
        chores = [Chore("pruning", pruner.step, pruner.is_too_large), Chore("tidying", opened.upkeep.tidy)]
        tending = threading.Thread(target=UpkeepLoop(chores, rest_s=0.5).run, args=(stop,))
        tending.start()
        source, started, given = articles(), time.monotonic(), 0
        newest: datetime | None = None
        try:
            while (elapsed := time.monotonic() - started) < SECONDS:
                due = int(elapsed * PER_SECOND) - given
                if due:
                    publish([next(source) for _ in range(due)], opened.log)
                    given += due
                embedded.step(0.05)
                if len(taken) < elapsed / (SECONDS / 12):
                    files = len(list(Path("/proc/self/fd").iterdir()))
                    taken.append((opened.upkeep.space().used, memory(), files, threading.active_count()))
                    newest = stores.clock()
        finally:
            stop.set()
            tending.join()
        found = opened.index.search(SearchRequest(query=None, now=stores.clock(), limit=1))
    assert newest is not None
    assert given > SECONDS * PER_SECOND / 2
    assert found.total > 0, "what is new stays"
    half = taken[len(taken) // 2 :]
    assert max(used for used, *_ in half) < 1.5 * BOUND, taken
    assert max(memory for _, memory, *_ in half) < 1.15 * min(memory for _, memory, *_ in half) + 20_000_000, taken
    assert len({(files, threads) for *_, files, threads in half}) <= 3, taken
