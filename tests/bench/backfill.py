"""Backfill of an archive: old articles of 300 words in a file of lines, until a search finds them and until fully read.

Both beside ``end_to_end``, which takes articles as they come, in the same run and in turn. Found is from the first line
that is read to the last article in the index; fully read is until nothing waits to be compared or read for events, with
the processes that read as in ``newswire up``. NEWSWIRE_BENCH_ARTICLES sets another number of articles to be found.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from connectors.files.files import read_files
from pipeline import config
from pipeline.ports.search import SearchRequest
from pipeline.wiring import runners, session, stores
from pipeline.wiring.reading import readers_beside_up, reading
from tests.bench import end_to_end

ARTICLES = int(os.environ.get("NEWSWIRE_BENCH_ARTICLES", "10000"))
READ = 1_000
ROUNDS = 3
DAYS_OLD = 100
ROOT = Path(__file__).resolve().parents[2]


def run() -> dict[str, float]:
    """Return the medians of some rounds: what comes is measured first, then what is old is found and fully read."""
    figures: defaultdict[str, list[float]] = defaultdict(list)
    readers = max(1, readers_beside_up())
    with tempfile.TemporaryDirectory() as directory:
        for name, count in (("found", ARTICLES), ("read", READ)):
            write_lines(Path(directory) / f"{name}.jsonl", count)
        for _ in range(ROUNDS):
            before = _in_a_process(f"end_to_end.measure({readers}, {READ})")
            found = _in_a_process(f"backfill.measure({directory + '/found.jsonl'!r}, 0)")
            read = _in_a_process(f"backfill.measure({directory + '/read.jsonl'!r}, {readers})")
            for name, figure in (("end_to_end", before), ("found", found), ("read", read)):
                figures[f"{name}_articles_per_s"].append(figure["articles_per_s"])
                figures[f"{name}_processor_ms"].append(figure["processor_ms"])
                figures[f"{name}_mb"].append(figure["mb"])
            for name, figure in (("found", found), ("read", read)):
                figures[f"{name}_ratio"].append(figure["articles_per_s"] / before["articles_per_s"])
                figures[f"{name}_processor_ratio"].append(before["processor_ms"] / figure["processor_ms"])
    return {name: round(statistics.median(values), 2) for name, values in figures.items()} | {
        "articles": ARTICLES,
        "load": round(os.getloadavg()[0], 1),
    }


def write_lines(path: Path, count: int) -> None:
    """Write articles to a file, one a line, dated one after the other in the past."""
    since = datetime.now(UTC) - timedelta(days=DAYS_OLD)
    with path.open("wb") as file:
        for number, article in enumerate(end_to_end.articles(count)):
            line = {
                "url": f"https://example.org/{number}",
                "source": article.source,
                "title": article.title,
                "text": article.text,
                "published": since + timedelta(minutes=number),
                "tags": article.tags,
            }
            file.write(msgspec.json.encode(line) + b"\n")


def _in_a_process(call: str) -> dict[str, float]:
    """Call a measurement in a process of its own; return what it printed."""
    command = [sys.executable, "-c", f"from tests.bench import backfill, end_to_end; {call}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(path: str, processes: int) -> None:
    """Print articles/s of a file until they are found, or with processes until they are read; and what that costs."""
    with tempfile.TemporaryDirectory() as directory:
        settings = config.load(None, {"data": directory}, {"NEWSWIRE_EXTRACT_PROCESSES": str(processes)})
        readers = reading(settings, usual=0)
        with stores.store(settings) as store, closing(readers) if readers is not None else nullcontext():
            runtime = runners.embedded(store, readers=readers)
            sys.setswitchinterval(runners.SWITCH_S)
            if readers is not None:
                runtime.loading.start(lambda: False).join()
                while not readers.is_ready:
                    time.sleep(0.01)
            before, started = _processor_s(), time.perf_counter()
            count = session.publish(store, read_files(Path(path), stores.clock()))
            while (readers is not None and runtime.step()) or _found(store) < count:
                if readers is None:
                    runtime.step()
            seconds, used = time.perf_counter() - started, _processor_s() - before
            mb = end_to_end.memory_mb()
    print(json.dumps({"articles_per_s": count / seconds, "processor_ms": 1000 * used / count, "mb": mb}))


def _processor_s() -> float:
    """Return the processor time of this process and its children, those that have ended too."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end_to_end.processor_s() + ended.ru_utime + ended.ru_stime


def _found(store: stores.Store) -> int:
    return store.index.search(SearchRequest(query=None, now=stores.clock(), limit=1, copies=True)).total
