"""The process that reads for a worker is killed in mid-stream: every article is found once, with its events."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model import Article, Document, derive_id
from pipeline.ports.search import SearchRequest
from pipeline.topics import DEAD
from pipeline.wiring import stores
from tests.faults.test_readers import TEXT, children, is_there, readers
from tests.integration.distributed import Cluster, wait_until

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARTICLES = 150
pytestmark = [
    pytest.mark.kafka,
    pytest.mark.elasticsearch,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc"),
]


def article(number: int) -> Article:
    words = " ".join(f"word{(number * 7919 + n * 104729) % 99991}" for n in range(40))
    return Article(
        id=derive_id("reader", str(number)),
        source="reader test",
        seen=NOW + timedelta(seconds=number),
        title=f"Meeting number {number}",
        text=f"{TEXT.format(number=number)}{words}.",
        language="en",
    )


def test_killed_reader_of_a_worker_loses_nothing_and_none_is_left(
    servers: dict[str, str], prefix: str, tmp_path: Path
) -> None:
    cluster = Cluster(servers, prefix, tmp_path)
    try:
        worker = cluster.start("worker")
        cluster.start("index")
        assert wait_until(lambda: bool(readers(worker.pid)), 90), cluster.logs()
        cluster.publish(article(n) for n in range(ARTICLES))
        with stores.store(cluster.settings) as store:

            def read() -> list[Document]:
                store.index.refresh()
                request = SearchRequest(query=None, now=NOW, limit=500, copies=True)
                return [document for document in store.index.search(request).documents if document.events]

            assert wait_until(lambda: bool(read()), 90), cluster.logs()
            for child in readers(worker.pid):
                os.kill(child, signal.SIGKILL)
            assert wait_until(lambda: len(read()) == ARTICLES, 120, every=1.0), cluster.logs()
            assert {article(n).id for n in range(ARTICLES)} == {document.id for document in read()}
            assert [] == [letter.headers for letter in store.log.replay(DEAD.name)]
        left = children(worker.pid)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0, cluster.logs()
        assert wait_until(lambda: not [child for child in left if is_there(child)], 20)
    finally:
        cluster.stop()
