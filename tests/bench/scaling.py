"""How the cluster scales: workers and partitions, the sink beside a bare client, and the lag at a steady pace.

An article is counted once it is read for events, which is most of the work, and by every stage before. On one machine
workers share its cores, so the processor time of an article says more than articles a second do: it must stay the
same. The sink writes articles of 300 words, and a bare client, in turn with it, the same bodies, made before, to an
index like the sink's. NEWSWIRE_BENCH_SECONDS is how long the pace is held, a minute if not set.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from elasticsearch import Elasticsearch

from pipeline.adapters.elasticsearch.template import entry_of
from pipeline.model import Article, Document
from pipeline.ports.log import Message
from pipeline.runners.polling.publishing import publish
from pipeline.runners.sink import BATCH, Sink
from pipeline.topics import INDEX
from pipeline.wiring import stores
from pipeline.wiring.stores import Store
from tests.bench.cluster import started
from tests.bench.end_to_end import articles
from tests.bench.processor import Processor, listening
from tests.integration.distributed import Cluster, is_settled, unread, wait_until

WAYS = ((1, 6), (2, 6), (4, 6), (2, 3), (2, 1))
WARM_UP, COUNT = 100, 400
# A part of the articles is indexed by the one, then by the other.
SLICE = 2 * BATCH
SINK_WARM_UP, SINK_COUNT = SLICE, 3 * SLICE
PER_SECOND = 60
SECONDS = float(os.environ.get("NEWSWIRE_BENCH_SECONDS", "60"))
LOOK_S = 2.0
# What Elasticsearch says of an index and does not let others say.
_OWN = ("uuid", "creation_date", "provided_name", "version")
GIVE_UP_S = 300.0


def run() -> dict[str, float]:
    """Measure on the servers that the environment names, or on a pair that is started."""
    with started() as servers:
        figures: dict[str, float] = {}
        for workers, partitions in WAYS:
            found = scaled(servers, workers, partitions)
            figures |= {f"workers_{workers}_partitions_{partitions}_{name}": value for name, value in found.items()}
        return figures | sink(servers) | lag(servers)


def scaled(servers: dict[str, str], workers: int, partitions: int) -> dict[str, float]:
    """Take a backlog through so many workers; return articles/s, and milliseconds of processor time an article."""
    with _cluster(servers, partitions) as cluster, stores.store(cluster.settings) as store:
        roles = [cluster.start("worker") for _ in range(workers)]
        made = articles(WARM_UP + COUNT)
        _finish(store, cluster, made[:WARM_UP])
        pids = {f"worker {number}": role.pid for number, role in enumerate(roles)}
        processor = Processor(pids | {"kafka": listening(servers["kafka"])})
        began = time.perf_counter()
        _finish(store, cluster, made[WARM_UP:])
        seconds, spent = time.perf_counter() - began, processor.spent_ms()
    ours = sum(ms for name, ms in spent.items() if name.startswith("worker"))
    return {
        "articles_per_s": round(COUNT / seconds, 1),
        "worker_ms": round(ours / COUNT, 1),
        "kafka_ms": round(spent.get("kafka", 0.0) / COUNT, 1),
    }


def sink(servers: dict[str, str]) -> dict[str, float]:
    """Index what a worker would have read, and the same bodies by the bulk API alone, some of each in turn."""
    fields = [name for name in Article.__struct_fields__ if name in Document.__struct_fields__]
    made = articles(SINK_WARM_UP + SINK_COUNT)
    documents = [Document(**{name: getattr(each, name) for name in fields}) for each in made]
    topic = INDEX.reads
    with _cluster(servers, 3) as cluster, stores.store(cluster.settings) as store:
        store.log.append(
            Message(topic=topic.name, key=topic.key(each), value=msgspec.json.encode(each)) for each in documents
        )
        looped, shares = Sink(store.log, store.index), list[tuple[float, float, float]]()
        with Elasticsearch(servers["elasticsearch"], request_timeout=300) as client:
            alias, bare = f"{cluster.settings.prefix}newswire", f"{cluster.settings.prefix}bare"
            for start in range(0, len(documents), SLICE):
                slice_ = documents[start : start + SLICE]
                bodies = [
                    (each.id, entry_of(each, each.seen, each.seen, start + number))
                    for number, each in enumerate(slice_, 1)
                ]
                before, began = time.process_time(), time.perf_counter()
                done = 0
                while done < len(slice_):
                    done += looped.step(5.0)
                spent, seconds = time.process_time() - before, time.perf_counter() - began
                if not start:
                    _make_alike(client, alias, bare)
                began = time.perf_counter()
                _write(client, bare, bodies)
                shares.append((spent, seconds, time.perf_counter() - began))
    measured = shares[SINK_WARM_UP // SLICE :]
    ours_cpu, ours, alone = (sum(each[place] for each in measured) for place in range(3))
    count = len(measured) * SLICE
    return {
        "sink_articles_per_s": round(count / ours, 1),
        "sink_processor_ms": round(1000 * ours_cpu / count, 2),
        "bare_articles_per_s": round(count / alone, 1),
        "sink_ratio_vs_bare": round(alone / ours, 2),
    }


def _make_alike(client: Elasticsearch, alias: str, name: str) -> None:
    """Make an index with the settings and mappings of the one behind an alias."""
    (found,) = client.indices.get(index=alias).body.values()
    settings = {key: value for key, value in found["settings"]["index"].items() if key not in _OWN}
    client.indices.create(index=name, settings=settings, mappings=found["mappings"])


def _write(client: Elasticsearch, index: str, bodies: Sequence[tuple[str, bytes]]) -> None:
    for start in range(0, len(bodies), BATCH):
        lines: list[Any] = []
        for key, body in bodies[start : start + BATCH]:
            lines += [json.dumps({"index": {"_index": index, "_id": key}}).encode(), body]
        answer = client.bulk(operations=lines)
        assert not answer["errors"], answer["items"][0]


def lag(servers: dict[str, str]) -> dict[str, float]:
    """Publish at a steady pace to one worker and one sink; return what waits in the middle of the time and at its end.

    It counts records in front of every stage and of both sinks, those under way included.
    """
    with _cluster(servers, 6) as cluster, stores.store(cluster.settings) as store:
        for role in ("worker", "index"):
            cluster.start(role)
        made = articles(WARM_UP + int(SECONDS * PER_SECOND))
        _finish(store, cluster, made[:WARM_UP])
        waiting: list[tuple[float, int]] = []
        began, given = time.monotonic(), WARM_UP
        while given < len(made):
            due = min(len(made), WARM_UP + int((time.monotonic() - began) * PER_SECOND))
            publish(made[given:due], store.log)
            given = due
            if not waiting or time.monotonic() - began - waiting[-1][0] > LOOK_S:
                waiting.append((time.monotonic() - began, sum(unread(store).values())))
            time.sleep(0.02)
    halves = [[count for moment, count in waiting if low <= moment / SECONDS < high] for low, high in _PARTS]
    middle, end = (statistics.median(part) if part else float("nan") for part in halves)
    return {"lag_middle": middle, "lag_end": end}


_PARTS = ((0.4, 0.6), (0.8, 1.1))


def _finish(store: Store, cluster: Cluster, made: Sequence[Article]) -> None:
    """Publish, and wait until every stage is done with it."""
    publish(made, store.log)
    assert wait_until(lambda: is_settled(store, sinks=False), GIVE_UP_S, 0.05), cluster.logs()


@contextmanager
def _cluster(servers: Mapping[str, str], partitions: int) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory() as data:
        cluster = Cluster(dict(servers), f"scale{uuid.uuid4().hex[:8]}-", Path(data), partitions)
        try:
            yield cluster
        finally:
            cluster.stop()
