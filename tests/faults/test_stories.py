"""The same log of news.revisions gives the same originals and stories: whatever the partitions, workers and deaths.

Which revision comes first is decided where identify's partitions meet in news.revisions; from there on a language is
one partition and one order. So this begins there: the order is the log's, the decisions must be the order's alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaAdminClient

from pipeline.model import Article, Document, derive_id
from pipeline.ports.log import Message
from pipeline.runners.agents import COMMIT_S
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.topics import DEAD, DOCUMENTS, REVISIONS
from pipeline.wiring import stores
from pipeline.wiring.stores import Store
from tests.bench.stories import read
from tests.integration.distributed import Cluster, wait_until
from tests.unit.stages.deduplicate.test_one_event import reports

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
LANGUAGES = ("en", "pl", "it", "nl", "sv")
# Few enough to be decided while nothing is acknowledged.
UNACKNOWLEDGED = 150
# Facts are handed over and do not arrive while this worker lives.
WORKER = """
import asyncio
from faust.transport.drivers.aiokafka import Producer
from pipeline import config
from pipeline.runners import agents
from pipeline.wiring import runners

send = Producer.send

async def send_facts_late(self, topic, *given, **named):
    if not topic.endswith("-changelog"):
        return await send(self, topic, *given, **named)
    return asyncio.ensure_future(asyncio.sleep(600))

Producer.send = send_facts_late
agents.run(runners.worker_app(config.load()))
"""
Told = tuple[str | None, str | None, tuple[str, ...]]


def revisions() -> list[Article]:
    """Return reports in nine languages, in the order of the log: five of them tell the same in other order."""
    found = [report.article for half in ("dev", "test") for report in read(half)]
    for number, language in enumerate(LANGUAGES):
        found += [
            msgspec.structs.replace(report, id=derive_id(language, report.id), language=language)
            for report in reports()[number::4]
        ]
    return sorted(found, key=lambda article: (article.seen, article.id))


def expected() -> dict[str, Told]:
    """Return what one memory decides in the order of the log."""
    remembered = Remembered()
    decided = {}
    for article in revisions():
        decision = deduplicate(article, remembered, article.seen)
        for fact in decision.facts:
            remembered.learn(fact.key, fact.value)
        (document,) = decision.emit
        assert isinstance(document, Document)
        decided[document.id] = told(document)
    return decided


def told(document: Document) -> Told:
    return document.duplicate_of, document.story_id, document.merged


def append(store: Store, articles: list[Article]) -> None:
    store.log.append(
        Message(topic=REVISIONS.name, key=REVISIONS.key(article), value=msgspec.json.encode(article))
        for article in articles
    )


def documents(store: Store) -> dict[str, set[Told]]:
    """Return everything that was ever published of each article."""
    found: dict[str, set[Told]] = defaultdict(set)
    for message in store.log.replay(DOCUMENTS.name):
        document = msgspec.json.decode(message.value, type=Document)
        found[document.id].add(told(document))
    return found


def committed(cluster: Cluster, topic: str) -> int:
    """Return how many records of a topic the workers will not read again."""
    settings = cluster.settings
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        offsets = admin.list_group_offsets(f"{settings.prefix}newswire-worker")[f"{settings.prefix}newswire-worker"]
        return sum(kept.offset for partition, kept in offsets.items() if partition.topic == settings.prefix + topic)
    finally:
        admin.close()


def check(cluster: Cluster, store: Store) -> None:
    wanted = {key: {value} for key, value in expected().items()}

    def done() -> bool:
        cluster.revive()  # Faust may stall after a rebalance; the watchdog then ends the worker
        return len(documents(store)) == len(wanted)

    assert wait_until(done, 150, every=1.0), cluster.logs()
    found = documents(store)
    assert [] == [(key, wanted[key], found[key]) for key in wanted if found[key] != wanted[key]][:5]
    assert [] == [letter.headers for letter in store.log.replay(DEAD.name)]


@pytest.mark.parametrize(("partitions", "workers"), [(1, 1), (3, 1), (8, 3)])
def test_partitions_and_workers_change_no_decision(
    servers: dict[str, str], prefix: str, tmp_path: Path, partitions: int, workers: int
) -> None:
    cluster = Cluster(servers, prefix, tmp_path, partitions)
    try:
        with stores.store(cluster.settings) as store:
            append(store, revisions())
            for _ in range(workers):
                cluster.start("worker")
            check(cluster, store)
    finally:
        cluster.stop()


def test_workers_that_join_leave_and_die_change_no_decision(
    servers: dict[str, str], prefix: str, tmp_path: Path
) -> None:
    cluster = Cluster(servers, prefix, tmp_path, partitions=8)
    articles = revisions()
    try:
        with stores.store(cluster.settings) as store:
            first = cluster.start("worker")
            for number, at in enumerate(range(0, len(articles), 80)):
                append(store, articles[at : at + 80])
                time.sleep(1.5)
                if number == 1:
                    second = cluster.start("worker")
                elif number == 4:
                    first.kill()  # its memory dies with it; the facts in Kafka are what there is
                    cluster.start("worker")
                elif number == 6:
                    second.terminate()
            check(cluster, store)
    finally:
        cluster.stop()


def test_worker_begun_anew_with_nothing_of_its_own_goes_on_as_the_one_before(
    servers: dict[str, str], prefix: str, tmp_path: Path
) -> None:
    cluster = Cluster(servers, prefix, tmp_path, partitions=3)
    articles = revisions()
    half = len(articles) // 2
    try:
        with stores.store(cluster.settings) as store:
            worker = cluster.start("worker")
            append(store, articles[:half])
            assert wait_until(lambda: len(documents(store)) == half, 60), cluster.logs()
            worker.terminate()
            worker.wait(20)
            cluster.environment["NEWSWIRE_DATA"] = str(tmp_path / "another machine")
            cluster.start("worker")
            append(store, articles[half:])
            check(cluster, store)
    finally:
        cluster.stop()


def test_worker_that_dies_with_facts_on_their_way_has_acknowledged_none_of_their_revisions(
    servers: dict[str, str], prefix: str, tmp_path: Path
) -> None:
    cluster = Cluster(servers, prefix, tmp_path, partitions=3)
    articles = revisions()
    try:
        with stores.store(cluster.settings) as store:
            worker = subprocess.Popen([sys.executable, "-c", WORKER], env=os.environ | cluster.environment)
            append(store, articles[:UNACKNOWLEDGED])
            # The next stage keeps no facts: what it has committed the worker has had time to commit of this one.
            assert wait_until(lambda: committed(cluster, DOCUMENTS.name) == UNACKNOWLEDGED, 90), cluster.logs()
            time.sleep(3 * COMMIT_S)
            assert committed(cluster, REVISIONS.name) == 0
            worker.kill()
            worker.wait(20)
            cluster.start("worker")
            append(store, articles[UNACKNOWLEDGED:])
            check(cluster, store)
    finally:
        cluster.stop()
