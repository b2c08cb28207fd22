"""A worker whose broker is slow to say what is committed reads everything, whatever was fetched meanwhile."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.topics import ENRICHED
from pipeline.wiring import stores
from tests.faults.test_watchdog import publish
from tests.integration.distributed import Cluster, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(300)]

FEW, MANY = 6, 400
# What is committed is known late, and the first stage is slow: much is fetched and waits when the flow resumes.
WORKER = """
import asyncio
import time
from faust.transport.consumer import Consumer
from pipeline import config
from pipeline.runners import agents
from pipeline.wiring import runners

seek, advance = Consumer.perform_seek, agents.advance

async def slow_seek(self):
    await seek(self)
    await asyncio.sleep(2)

def slow_advance(stage, memory, batch, now):
    if stage.name == "identify":
        time.sleep(0.03)
        for each in batch:
            print("decided", each.key, flush=True)
    return advance(stage, memory, batch, now)

Consumer.perform_seek, agents.advance = slow_seek, slow_advance
agents.run(runners.worker_app(config.load()))
"""


@pytest.fixture
def cluster(servers: dict[str, str], prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(servers, prefix, tmp_path, partitions=2)
    yield made
    made.stop()


def enriched(cluster: Cluster) -> set[str]:
    with stores.store(cluster.settings) as store:
        return {message.key for message in store.log.replay(ENRICHED.name)}


def test_what_was_fetched_before_the_flow_resumed_is_read_again_and_decided_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    first = cluster.start("worker")
    few = publish(cluster, *range(FEW))
    assert wait_until(lambda: enriched(cluster) == few, 60), cluster.logs()
    first.send_signal(signal.SIGTERM)
    first.wait(20)
    many = publish(cluster, *range(FEW, MANY))
    cluster._start("slow", [sys.executable, "-c", WORKER], {})
    (log,) = tmp_path.glob("slow-*.log")
    assert wait_until(lambda: enriched(cluster) == few | many, 180), (len(many - enriched(cluster)), cluster.logs())

    # What is handed over early is decided before what precedes it, and again when the flow resumes.
    decided = Counter(line for line in log.read_text().splitlines() if line.startswith("decided"))
    assert [] == [(line, times) for line, times in decided.items() if times > 1]
    assert len(decided) == len(many)
