"""Workers and sinks are killed in mid-stream, on real Kafka and Elasticsearch; every article is found exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import topics
from pipeline.model import Article, derive_id
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.topics import DEAD
from pipeline.wiring import stores
from pipeline.wiring.stores import Store
from tests.integration.distributed import Cluster, wait_until

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARTICLES = 1200
ARTICLES_TOPIC = topics.ARTICLES.name
BATCHES = 6
pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(240)]


def article(number: int) -> Article:
    words = " ".join(f"word{(number * 7919 + n * 104729) % 99991}" for n in range(40))
    return Article(
        id=derive_id("kill", str(number)),
        source="kill test",
        seen=NOW + timedelta(seconds=number),
        title=f"Report number {number}",
        text=f"The report {number} says: {words}.",
        language="en",
    )


def total(store: Store) -> int:
    store.index.refresh()
    return store.index.search(SearchRequest(query=None, now=NOW, limit=1, copies=True)).total


@pytest.fixture
def cluster(servers: dict[str, str], prefix: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Cluster(servers, prefix, tmp_path)
    yield made
    made.stop()


def test_killed_worker_and_sink_lose_nothing_and_double_nothing(cluster: Cluster) -> None:
    workers, sinks = [cluster.start("worker")], [cluster.start("index")]
    time.sleep(5)  # joined: from here on they are killed while records flow
    for batch in range(BATCHES):
        size = ARTICLES // BATCHES
        cluster.publish(article(n) for n in range(batch * size, (batch + 1) * size))
        time.sleep(0.4)
        if batch % 2 == 0:
            workers[-1].kill()
            workers.append(cluster.start("worker"))
        else:
            sinks[-1].kill()
            sinks.append(cluster.start("index"))
    expected = {article(n).id for n in range(ARTICLES)}
    with stores.store(cluster.settings) as store:

        def found() -> list[str]:
            store.index.refresh()
            ids: list[str] = []
            cursor = None
            while True:
                request = SearchRequest(query=None, now=NOW, limit=500, copies=True, cursor=cursor)
                page = store.index.search(request)
                ids += [document.id for document in page.documents]
                cursor = page.cursor
                if cursor is None:
                    return ids

        assert wait_until(lambda: len(set(found())) == ARTICLES, 120, every=1.0), cluster.logs()
        ids = found()
        assert (len(ids), set(ids)) == (ARTICLES, expected)
        assert [] == [letter.headers for letter in store.log.replay(DEAD.name)]


def test_record_that_cannot_be_read_is_kept_with_its_reason_and_can_be_sent_back(cluster: Cluster) -> None:
    cluster.start("worker")
    with stores.store(cluster.settings) as store:
        store.log.append([Message(topic=ARTICLES_TOPIC, key="k", value=b"{no json")])
        assert wait_until(lambda: len(list(store.log.replay(DEAD.name))) == 1, 60), cluster.logs()
        (letter,) = store.log.replay(DEAD.name)
        assert (letter.value, letter.headers["stage"], letter.headers["attempts"]) == (b"{no json", "identify", "1")
        command = [sys.executable, "-c", "from pipeline.cli import main; main()", "admin", "dead", "--replay"]
        sent = subprocess.run(command, env=os.environ | cluster.environment, capture_output=True, text=True, check=True)
        assert sent.stdout == "1 record sent back.\n"
        assert wait_until(lambda: len(list(store.log.replay(DEAD.name))) == 2, 60), cluster.logs()
        assert {"1", "2"} == {letter.headers["attempts"] for letter in store.log.replay(DEAD.name)}


def test_faust_command_runs_the_same_worker_and_stops_on_sigterm(cluster: Cluster, tmp_path: Path) -> None:
    cluster.environment["NEWSWIRE_DATA"] = str(tmp_path / "new" / "directory")
    worker = cluster.start_program("faust", "-A", "pipeline.app", "worker", "-l", "warn")
    cluster.start("index")
    cluster.publish(article(n) for n in range(20))
    with stores.store(cluster.settings) as store:
        assert wait_until(lambda: total(store) == 20, 60), cluster.logs()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0, cluster.logs()


def test_every_role_stops_within_fifteen_seconds_of_sigterm(cluster: Cluster) -> None:
    roles = ("worker", "index", "notify", "connect")
    processes = {role: cluster.start(role) for role in roles}
    cluster.publish(article(n) for n in range(50))
    with stores.store(cluster.settings) as store:
        # As many seconds as a busy machine needs: a program that is told to stop before it listens just ends.
        assert wait_until(lambda: total(store) == 50, 60), cluster.logs()
    assert dict.fromkeys(roles) == {role: process.poll() for role, process in processes.items()}, cluster.logs()
    started = time.monotonic()
    for process in processes.values():
        process.send_signal(signal.SIGTERM)
    codes = {role: process.wait(15) for role, process in processes.items()}
    assert time.monotonic() - started < 15
    assert dict.fromkeys(roles, 0) == codes, cluster.logs()
