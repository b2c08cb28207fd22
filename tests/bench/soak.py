"""Hold a bounded store under load for long: its size, and the memory, files and threads of the process.

`python -m tests.bench soak` runs for 45 minutes and prints a row every three; SOAK_PER_SECOND is for a machine
that does not hold 20 articles a second. The tests run it for three minutes.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from pipeline.config import Deduplicate, Keep, Settings
from pipeline.model import Article
from pipeline.ports.search import SearchRequest
from pipeline.runners.polling.publishing import publish
from pipeline.runners.upkeep import Chore, UpkeepLoop
from pipeline.services.retention import Pruner
from pipeline.wiring import runners, services, stores, upkeep
from tests.bench.corpus import Corpus

PER_SECOND = float(os.environ.get("SOAK_PER_SECOND", "20"))
MINUTES = 45
ROWS = 15
BOUND = 40_000_000
# What pruning leaves alone in a store of people would be everything here.
LEAST = timedelta(seconds=5)
WINDOW = timedelta(seconds=30)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a moment of the soak looked like; ``file`` is the store with its journal as the disk has them."""

    seconds: float
    given: int
    used: int
    file: int
    memory: int
    files: int
    threads: int


def soak(
    directory: Path, *, seconds: float, rows: int, bound: int = BOUND, per_second: float = PER_SECOND
) -> Iterator[Taken]:
    """Give articles at a steady rate to a store of at most ``bound`` bytes; tell of evenly spread moments.

    Ends with an error where what is new is not kept.
    """
    settings = Settings(
        data=str(directory),
        keep=Keep(disk=f"{bound // 1_000_000}MB"),
        deduplicate=Deduplicate(window_days=WINDOW / timedelta(days=1)),
    )
    with stores.store(settings) as opened:
        assert opened.upkeep is not None
        pruner = Pruner(msgspec.structs.replace(services.kept(settings), least=LEAST), opened.upkeep, stores.clock)
        embedded = runners.embedded(opened, upkeep.facts_before(settings, pruner))
        stop = threading.Event()
        chores = [
            Chore("pruning", pruner.step, pruner.is_too_large),
            Chore("tidying", opened.upkeep.tidy, pruner.is_too_large),
        ]
        tending = threading.Thread(target=UpkeepLoop(chores, rest_s=0.5).run, args=(stop,))
        tending.start()
        source, started, given, told = _articles(), time.monotonic(), 0, 0
        try:
            while (elapsed := time.monotonic() - started) < seconds:
                due = int(elapsed * per_second) - given
                if due:
                    publish([next(source) for _ in range(due)], opened.log)
                    given += due
                embedded.step(0.05)
                if elapsed >= (told + 1) * seconds / (rows + 1):
                    told += 1
                    yield Taken(
                        seconds=elapsed,
                        given=given,
                        used=opened.upkeep.space().used,
                        file=sum(path.stat().st_size for path in directory.glob("newswire.db*")),
                        memory=_memory(),
                        files=len(list(Path("/proc/self/fd").iterdir())),
                        threads=threading.active_count(),
                    )
        finally:
            stop.set()
            tending.join()
        found = opened.index.search(SearchRequest(query=None, now=stores.clock(), limit=1))
        assert found.total > 0, "nothing of what is new was kept"


def run() -> dict[str, float]:
    """Run for 45 minutes; return the spread of what should be flat, over the second half."""
    with TemporaryDirectory() as directory:
        seconds = 60.0 * MINUTES
        rows = []
        print("minutes  articles  used MB  file MB  memory MB  files  threads", file=sys.stderr)
        for row in soak(Path(directory), seconds=seconds * (ROWS + 1) / ROWS, rows=ROWS):
            rows.append(row)
            print(
                f"{row.seconds / 60:7.1f}  {row.given:8,}  {row.used / 1e6:7.1f}  {row.file / 1e6:7.1f}  "
                f"{row.memory / 1e6:9.1f}  {row.files:5}  {row.threads:7}",
                file=sys.stderr,
                flush=True,
            )
    half = rows[len(rows) // 2 :]
    return {
        "articles_per_s": rows[-1].given / rows[-1].seconds,
        "bound_mb": BOUND / 1e6,
        "used_mb_max": max(row.used for row in half) / 1e6,
        "file_mb_max": max(row.file for row in half) / 1e6,
        "memory_mb_min": min(row.memory for row in half) / 1e6,
        "memory_mb_max": max(row.memory for row in half) / 1e6,
        "files_max": max(row.files for row in half),
        "threads_max": max(row.threads for row in half),
    }


def _articles() -> Iterator[Article]:
    corpus = Corpus()
    fields = [name for name in Article.__struct_fields__ if name != "revision"]
    number = 0
    while True:
        made = corpus.article(number)
        article = Article(**{name: getattr(made, name) for name in fields})
        yield msgspec.structs.replace(article, seen=stores.clock(), published=stores.clock(), revision=0)
        number += 1


def _memory() -> int:
    """Return the resident memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
