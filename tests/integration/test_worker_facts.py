"""Workers forget facts that are too old to matter, in Kafka too, and keep the others over a restart."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.flow import DEDUPLICATE, IDENTIFY, changelogs
from pipeline.model import Article, derive_id
from pipeline.topics import ENRICHED, REVISIONS
from pipeline.wiring import stores
from tests.integration.distributed import Cluster, wait_until
from tests.integration.topics import dump_topics

pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(420)]

FACTS_DAYS = 7


@pytest.fixture
def cluster(servers: dict[str, str], prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(servers, prefix, tmp_path, 2, {"NEWSWIRE_KEEP_FACTS_DAYS": str(FACTS_DAYS)})
    yield made
    made.stop()


def articles(word: str, seen: datetime) -> list[Article]:
    return [
        Article(
            id=derive_id(word, str(number)),
            source="test",
            seen=seen,
            published=seen,
            title=f"{word} {number} opened in the harbour",
            text=" ".join(f"{word}{number}x{n}" for n in range(60)),
            language="en",
        )
        for number in range(12)
    ]


def read(cluster: Cluster, topic: str) -> list[str]:
    with stores.store(cluster.settings) as store:
        return [message.key for message in store.log.replay(topic)]


def facts(cluster: Cluster, stage: str) -> set[str]:
    """Return the ids of the articles that a worker would know if it started now."""
    latest: dict[bytes, bytes | None] = {}
    for record in dump_topics(cluster.settings.kafka, cluster.settings.prefix).records:
        if record.topic.endswith(f"{stage}-facts-changelog"):
            assert record.key is not None
            latest[record.key] = record.value
    return {key.decode().rpartition(" ")[2] for key, value in latest.items() if value is not None}


def test_old_facts_go_from_kafka_and_new_ones_outlive_a_restart(cluster: Cluster) -> None:
    now = datetime.now(UTC)
    old, new = articles("regatta", now - timedelta(days=FACTS_DAYS + 3)), articles("quarry", now)
    worker = cluster.start("worker")
    cluster.publish([*old, *new])
    ids = {article.id for article in new}
    assert wait_until(lambda: len(read(cluster, ENRICHED.name)) >= len(old) + len(new), 150, 1), cluster.logs()
    assert wait_until(lambda: facts(cluster, IDENTIFY.name) == ids, 60, 1), cluster.logs()
    assert wait_until(lambda: ids <= facts(cluster, DEDUPLICATE.name), 60, 1), cluster.logs()
    gone = {article.id for article in old}
    assert wait_until(lambda: not gone & facts(cluster, DEDUPLICATE.name), 60, 1), cluster.logs()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    before = len(read(cluster, REVISIONS.name))
    cluster.start("worker")
    further = articles("viaduct", now)
    cluster.publish([*new, *further])
    whole = len(old) + len(new) + len(further)
    assert wait_until(lambda: len(read(cluster, ENRICHED.name)) >= whole, 150, 1), cluster.logs()
    assert len(read(cluster, REVISIONS.name)) == before + len(further), "what is known is not new again"


def test_changelogs_that_setup_makes_are_those_that_workers_use(cluster: Cluster) -> None:
    made = {cluster.settings.prefix + topic.name for topic in changelogs()}
    cluster.start("worker")
    cluster.publish(articles("lantern", datetime.now(UTC)))

    def used() -> set[str]:
        records = dump_topics(cluster.settings.kafka, cluster.settings.prefix).records
        return {cluster.settings.prefix + record.topic for record in records if record.topic.endswith("-changelog")}

    assert wait_until(lambda: used() == made, 150, 1), (used(), cluster.logs())
