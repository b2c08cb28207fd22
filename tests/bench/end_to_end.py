"""Articles per second through each runtime, whole: log, all stages, index."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from pipeline import config
from pipeline.errors import TransientError, UnavailableError
from pipeline.model import Article
from pipeline.ports.search import SearchRequest
from pipeline.runners.polling.publishing import publish
from pipeline.wiring import runners, stores
from tests.bench.corpus import Corpus

COUNT = 3_000
WORKER_COUNT = 2_000
ROOT = Path(__file__).resolve().parents[2]


def run() -> dict[str, float]:
    """Measure both runtimes; the worker's figure is left out where Kafka and Elasticsearch cannot be started."""
    figures = {"embedded_articles_per_s": embedded()}
    worker = distributed()
    if worker is not None:
        figures["worker_articles_per_s"] = worker
    return figures


def embedded() -> float:
    """Return articles/s of one process and one store file."""
    with tempfile.TemporaryDirectory() as directory:
        settings = config.Settings(data=directory)
        with stores.store(settings) as store:
            publish(articles(COUNT), store.log)
            runtime = runners.embedded(store)
            started = time.perf_counter()
            while runtime.step():
                pass
            return COUNT / (time.perf_counter() - started)


def distributed() -> float | None:
    """Return articles/s of one Faust worker and one sink, from news.articles to searchable."""
    from tests.integration.distributed import Cluster, wait_until

    directory = Path("/var/tmp") / f"newswire-bench-{os.getpid()}"
    command = [sys.executable, str(ROOT / "deploy" / "servers")]
    started = subprocess.run([*command, "start", "--data", str(directory)], capture_output=True, text=True, check=False)
    if started.returncode:
        print(started.stderr, file=sys.stderr)
        return None
    exports = dict(line.removeprefix("export NEWSWIRE_").split("=", 1) for line in started.stdout.splitlines())
    with tempfile.TemporaryDirectory() as data:
        cluster = Cluster({name.lower(): address for name, address in exports.items()}, "bench-", Path(data))
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
            subprocess.run([*command, "stop", "--data", str(directory)], check=False, capture_output=True)


def articles(count: int) -> list[Article]:
    """Make articles of 300 words each."""
    corpus = Corpus()
    fields = [name for name in Article.__struct_fields__ if name != "revision"]
    documents = [corpus.article(number) for number in range(count)]
    return [Article(**{name: getattr(document, name) for name in fields}) for document in documents]
