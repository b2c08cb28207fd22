"""Bytes that an article takes on the servers of the distributed runtime: each topic, the facts, the search index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from kafka import KafkaAdminClient

from pipeline.flow import changelogs
from pipeline.ports.search import SearchRequest
from pipeline.topics import ARTICLES, DOCUMENTS, ENRICHED, REVISIONS
from pipeline.wiring import stores
from tests.bench.end_to_end import ROOT, articles
from tests.integration.distributed import Cluster, wait_until

COUNT = 3_000
SECONDS = 600.0


def run() -> dict[str, float]:
    """Take articles of 300 words through a worker and a sink; return bytes an article, one copy of everything."""
    with started() as servers, tempfile.TemporaryDirectory() as data:
        cluster = Cluster(servers, f"bytes{uuid.uuid4().hex[:8]}-", Path(data))
        try:
            cluster.start("worker")
            cluster.start("index")
            cluster.publish(articles(COUNT))
            with stores.store(cluster.settings) as store:

                def found() -> int:
                    store.index.refresh()
                    request = SearchRequest(query=None, now=datetime.now(UTC), limit=1, copies=True)
                    return store.index.search(request).total

                assert wait_until(lambda: found() >= COUNT, SECONDS, 2), cluster.logs()
            return _topics(cluster) | _index(cluster)
        finally:
            cluster.stop()


def _topics(cluster: Cluster) -> dict[str, float]:
    prefix = cluster.settings.prefix
    admin = KafkaAdminClient(bootstrap_servers=cluster.settings.kafka)
    try:
        sizes = _sizes(admin.describe_log_dirs(), prefix)
    finally:
        admin.close()
    names = {topic.name: topic.name.removeprefix("news.") for topic in (ARTICLES, REVISIONS, DOCUMENTS, ENRICHED)}
    names |= {topic.name: topic.name.removeprefix("newswire-worker-") for topic in changelogs()}
    return {f"kafka_{short}_bytes": sizes[name] / COUNT for name, short in names.items()}


def _sizes(brokers: Any, prefix: str) -> dict[str, int]:
    """Add up the partitions of each topic under a prefix."""
    topics = [topic for broker in brokers for each in broker["log_dirs"] for topic in each["topics"]]
    return {
        topic["name"].removeprefix(prefix): sum(each["partition_size"] for each in topic["partitions"])
        for topic in topics
        if topic["name"].startswith(prefix)
    }


def _index(cluster: Cluster) -> dict[str, float]:
    """Measure what the sink filled, merged into one segment."""
    names = f"{cluster.settings.prefix}newswire*"
    with Elasticsearch(cluster.settings.elasticsearch, request_timeout=300) as client:
        client.indices.forcemerge(index=names, max_num_segments=1)
        client.indices.flush(index=names)
        stats = client.indices.stats(index=names, metric=["store"]).body["indices"]
    sizes = {name: each["primaries"]["store"]["size_in_bytes"] for name, each in stats.items()}
    return {"elasticsearch_bytes": sum(sizes.values()) / COUNT}


@contextmanager
def started() -> Iterator[dict[str, str]]:
    """Use the servers that the environment names, or start a pair."""
    named = {name.lower(): os.environ.get(f"NEWSWIRE_{name}", "") for name in ("KAFKA", "ELASTICSEARCH")}
    if all(named.values()):
        yield named
        return
    directory = Path("/var/tmp") / f"newswire-bench-{os.getpid()}"
    command = [sys.executable, str(ROOT / "deploy" / "servers")]
    try:
        started = subprocess.run(
            [*command, "start", "--data", str(directory)], check=True, capture_output=True, text=True
        )
        exports = dict(line.removeprefix("export NEWSWIRE_").split("=", 1) for line in started.stdout.splitlines())
        yield {name.lower(): address for name, address in exports.items()}
    finally:
        subprocess.run([*command, "stop", "--data", str(directory)], check=False, capture_output=True)
        shutil.rmtree(directory, ignore_errors=True)
