"""How the cluster scales: workers and partitions, the sink beside a bare client, and the lag at a steady pace.

An article is counted once it is read for events, which is most of the work, and by every stage before. On one machine
workers share its cores, so the processor time of an article says more than articles a second do: it must stay the
same. The sink writes articles of 300 words; the bare client writes the very bodies that it made, to an index of the
same template. NEWSWIRE_BENCH_SECONDS is how long the pace is held, a minute if not set.
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
SINK_WARM_UP, SINK_COUNT = 2 * BATCH, 6 * BATCH
PER_SECOND = 60
SECONDS = float(os.environ.get("NEWSWIRE_BENCH_SECONDS", "60"))
LOOK_S = 2.0
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
    """Index what a worker would have read, then the same bodies by the bulk API alone."""
    fields = [name for name in Article.__struct_fields__ if name in Document.__struct_fields__]
    made = articles(SINK_WARM_UP + SINK_COUNT)
    documents = [Document(**{name: getattr(each, name) for name in fields}) for each in made]
    topic = INDEX.reads
    with _cluster(servers, 3) as cluster, stores.store(cluster.settings) as store:
        store.log.append(
            Message(topic=topic.name, key=topic.key(each), value=msgspec.json.encode(each)) for each in documents
        )
        looped, done, began, before = Sink(store.log, store.index), 0, 0.0, 0.0
        while done < len(documents):
            if done >= SINK_WARM_UP and not began:
                began, before, first = time.perf_counter(), time.process_time(), done
            done += looped.step(5.0)
        ours = (done - first) / (time.perf_counter() - began)
        ours_ms = 1000 * (time.process_time() - before) / (done - first)
        with Elasticsearch(servers["elasticsearch"], request_timeout=300) as client:
            bare, bare_ms = _bare(client, f"{cluster.settings.prefix}newswire")
    return {
        "sink_articles_per_s": round(ours, 1),
        "sink_processor_ms": round(ours_ms, 2),
        "bare_articles_per_s": round(bare, 1),
        "bare_processor_ms": round(bare_ms, 2),
        "sink_ratio_vs_bare": round(ours / bare, 2),
    }


def _bare(client: Elasticsearch, alias: str) -> tuple[float, float]:
    """Write what an index holds to another; return documents/s, and milliseconds of processor time for one."""
    client.indices.refresh(index=f"{alias}*")
    (name,) = [each for each in client.indices.get(index=f"{alias}-*") if each.startswith(alias)]
    target = f"{name}-bare"
    client.indices.create(index=target)
    bodies = list(_bodies(client, name))
    began, before = 0.0, 0.0
    for start in range(0, len(bodies), BATCH):
        if start >= SINK_WARM_UP and not began:
            began, before = time.perf_counter(), time.process_time()
        lines: list[Any] = []
        for key, body in bodies[start : start + BATCH]:
            lines += [json.dumps({"index": {"_index": target, "_id": key}}).encode(), body]
        answer = client.bulk(operations=lines)
        assert not answer["errors"], answer
    count = len(bodies) - SINK_WARM_UP
    return count / (time.perf_counter() - began), 1000 * (time.process_time() - before) / count


def _bodies(client: Elasticsearch, name: str) -> Iterator[tuple[str, bytes]]:
    after: dict[str, Any] = {}
    order = [{"nw.order": "asc"}, {"nw.id": "asc"}]
    while hits := client.search(index=name, size=BATCH, sort=order, **after)["hits"]["hits"]:
        yield from ((hit["_id"], msgspec.json.encode(hit["_source"])) for hit in hits)
        after = {"search_after": hits[-1]["sort"]}


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
