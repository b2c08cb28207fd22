"""Articles per second through each runtime, whole: log, all stages, index."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline import config
from pipeline.errors import TransientError, UnavailableError
from pipeline.model import Article
from pipeline.ports.search import SearchRequest
from pipeline.runners.polling.publishing import publish
from pipeline.wiring import runners, stores
from pipeline.wiring.reading import readers_beside_up, reading
from tests.bench.corpus import Corpus

COUNT = 3_000
WORKER_COUNT = 2_000
ROOT = Path(__file__).resolve().parents[2]


def run() -> dict[str, float]:
    """Measure both runtimes; the worker's figure is left out where Kafka and Elasticsearch cannot be started."""
    figures = embedded()
    worker = distributed()
    if worker is not None:
        figures["worker_articles_per_s"] = worker
    return figures


def embedded(rounds: int = 3) -> dict[str, float]:
    """Return the medians of some rounds: one process alone, then with others that read for events, in turn."""
    figures: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        alone, together = _embedded(0), _embedded(max(1, readers_beside_up()))
        figures["embedded_articles_per_s"].append(together["articles_per_s"])
        figures["embedded_alone_articles_per_s"].append(alone["articles_per_s"])
        figures["embedded_ratio_vs_alone"].append(together["articles_per_s"] / alone["articles_per_s"])
        figures["embedded_processor_ms"].append(together["processor_ms"])
        figures["embedded_alone_processor_ms"].append(alone["processor_ms"])
        figures["embedded_mb"].append(together["mb"])
        figures["embedded_alone_mb"].append(alone["mb"])
    return {name: round(statistics.median(values), 2) for name, values in figures.items()}


def _embedded(processes: int) -> dict[str, float]:
    """Take articles through one store file, in a process of its own, whose readers have begun as in `newswire up`."""
    command = [sys.executable, "-c", f"from tests.bench import end_to_end; end_to_end.measure({processes})"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(processes: int, count: int = COUNT) -> None:
    """Print articles/s, and what an article costs all processes; and the memory of these, while they are there."""
    with tempfile.TemporaryDirectory() as directory:
        settings = config.load(None, {"data": directory}, {"NEWSWIRE_EXTRACT_PROCESSES": str(processes)})
        readers = reading(settings, usual=readers_beside_up())
        with stores.store(settings) as store, closing(readers) if readers is not None else nullcontext():
            publish(articles(count), store.log)
            runtime = runners.embedded(store, readers=readers)
            sys.setswitchinterval(runners.SWITCH_S)
            runtime.loading.start(lambda: False).join()
            while readers is not None and not readers.is_ready:
                time.sleep(0.01)
            before, started = processor_s(), time.perf_counter()
            while runtime.step():
                pass
            seconds, used = time.perf_counter() - started, processor_s() - before
            mb = memory_mb()
    print(json.dumps({"articles_per_s": count / seconds, "processor_ms": 1000 * used / count, "mb": mb}))


def _processes() -> list[Path]:
    """Return the directories in /proc of this process and of its children."""
    children: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            children += (task / "children").read_text().split()
    return [Path("/proc/self"), *(Path("/proc") / child for child in children)]


def processor_s() -> float:
    """Return the processor time of this process and of those of its children that are alive."""
    fields = [(each / "stat").read_text().rpartition(")")[2].split() for each in _processes()]
    return sum(int(user) + int(system) for *_, user, system in (each[:13] for each in fields)) / os.sysconf(
        "SC_CLK_TCK"
    )


def memory_mb() -> float:
    """Return the memory of all, with what they share counted once."""
    lines = [line for each in _processes() for line in (each / "smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def distributed() -> float | None:
    """Return articles/s of one Faust worker and one sink, from news.articles to searchable."""
    directory = Path("/var/tmp") / f"newswire-bench-{os.getpid()}"
    command = [sys.executable, str(ROOT / "deploy" / "servers")]
    start = [*command, "start", "--data", str(directory)]
    try:
        started = subprocess.run(start, capture_output=True, text=True, check=False)
        if started.returncode:
            print(f"worker: {started.stderr}", file=sys.stderr)
            return None
        exports = dict(line.removeprefix("export NEWSWIRE_").split("=", 1) for line in started.stdout.splitlines())
        return _worker({name.lower(): address for name, address in exports.items()})
    finally:  # also where it was stopped while they start
        subprocess.run([*command, "stop", "--data", str(directory)], check=False, capture_output=True)
        shutil.rmtree(directory, ignore_errors=True)


def _worker(servers: dict[str, str]) -> float:
    from tests.integration.distributed import Cluster, wait_until

    with tempfile.TemporaryDirectory() as data:
        cluster = Cluster(servers, "bench-", Path(data))
        try:
            cluster.publish(articles(WORKER_COUNT))
            with stores.store(cluster.settings) as store:

                def found() -> int:
                    request = SearchRequest(query=None, now=datetime.now(UTC), limit=1, copies=True)
                    try:
                        store.index.refresh()
                        return store.index.search(request).total
                    except (TransientError, UnavailableError):
                        return 0  # an index that was just made answers 503 until its parts are there

                cluster.start("worker")
                cluster.start("index")
                assert wait_until(lambda: found() > 0, 60), cluster.logs()
                begun, first = time.perf_counter(), found()
                assert wait_until(lambda: found() >= WORKER_COUNT, 300), cluster.logs()
                return (WORKER_COUNT - first) / (time.perf_counter() - begun)
        finally:
            cluster.stop()


def articles(count: int) -> list[Article]:
    """Make articles of 300 words each."""
    corpus = Corpus()
    fields = [name for name in Article.__struct_fields__ if name != "revision"]
    documents = [corpus.article(number) for number in range(count)]
    return [Article(**{name: getattr(document, name) for name in fields}) for document in documents]
