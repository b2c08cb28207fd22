"""The worker's watchdog on real Kafka: idle is not stuck; what is stuck is read again, or the process ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import Article, derive_id
from pipeline.topics import ENRICHED
from pipeline.wiring import stores
from tests.integration.distributed import Cluster, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(180)]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STALLED_S = 6
# A worker whose partitions are paused as a stalled consumer's are, once they can be read; and stay so if ``for_good``.
WORKER = """
from pipeline import config
from pipeline.runners import agents, watchdog
from pipeline.wiring import runners

watchdog.WATCH_S, watchdog.STALLED_S = 1.0, {stalled}
app, left = runners.worker_app(config.load()), [{pauses}]

@app.timer(0.2)
async def pause():
    active = {{tp for tp in app.consumer.assignment() if "changelog" not in tp.topic}}
    if left[0] and active and not app.rebalancing and not active & app.consumer._paused_partitions:
        left[0] -= 1
        app.consumer.pause_partitions(active)
        if {for_good}:
            app.consumer.resume_partitions = lambda partitions: None

agents.run(app)
"""


@pytest.fixture
def cluster(servers: dict[str, str], prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(servers, prefix, tmp_path, partitions=2)
    yield made
    made.stop()


def start(cluster: Cluster, *, pauses: int = 0, for_good: bool = False) -> subprocess.Popen[bytes]:
    program = WORKER.format(stalled=STALLED_S, pauses=pauses, for_good=for_good)
    return cluster._start("worker", [sys.executable, "-c", program], {})


def publish(cluster: Cluster, *numbers: int) -> set[str]:
    made = [
        Article(id=derive_id("watch", str(n)), source="s", seen=NOW + timedelta(seconds=n), title=f"Report {n}")
        for n in numbers
    ]
    cluster.publish(made)
    return {article.id for article in made}


def enriched(cluster: Cluster) -> list[str]:
    with stores.store(cluster.settings) as store:
        return [message.key for message in store.log.replay(ENRICHED.name)]


def test_idle_worker_goes_on(cluster: Cluster) -> None:
    worker = start(cluster)
    ids = publish(cluster, *range(20))
    assert wait_until(lambda: set(enriched(cluster)) == ids, 60), cluster.logs()
    time.sleep(STALLED_S * 3)
    assert worker.poll() is None, cluster.logs()
    assert "stalled" not in cluster.logs()
    later = publish(cluster, 20)
    assert wait_until(lambda: set(enriched(cluster)) == ids | later, 60), cluster.logs()


def test_stuck_streams_are_read_again_without_a_new_process(cluster: Cluster) -> None:
    worker = start(cluster, pauses=1)
    time.sleep(5)
    ids = publish(cluster, *range(20))
    assert wait_until(lambda: set(enriched(cluster)) == ids, 60), cluster.logs()
    assert (worker.poll(), "stalled, restarting" in cluster.logs()) == (None, True), cluster.logs()


def test_worker_that_stays_stuck_ends_with_an_error(cluster: Cluster) -> None:
    worker = start(cluster, pauses=1, for_good=True)
    time.sleep(5)
    publish(cluster, *range(20))
    assert worker.wait(90) != 0, cluster.logs()
    assert "stalled, stopping" in cluster.logs()
