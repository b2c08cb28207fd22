"""The same articles through both runtimes give the same documents, search results and alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline import config, demo
from pipeline.model import Alert, AlertRule, Article, Document, derive_id
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.runners.polling.publishing import publish
from pipeline.topics import ALERTS
from pipeline.wiring import runners, stores
from pipeline.wiring.stores import Store
from tests.integration.distributed import Cluster, is_settled, wait_until

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = {
    "truce": "ceasefire OR truce",
    "banks": '"central bank" OR "interest rates"',
    "council": '"security council" putin',
    "feldkirch": "said:feldkirch",
    "peskov": "council said:peskov",
}
QUERIES = (
    "ceasefire",
    "meetings OR talks",
    '"central bank" -norway',
    "flood* source:ledger",
    "lang:de",
    "title:strike",
    "said:feldkirch",
    '"prisoners ceasefire"~30',
    "tag:world",
    "published:2026-11-19..2026-11-20 government",
    "ATLEAST2(flood)",
    "wo?ld*",
    "SENTENCE(army convoy)",
    "revision:>1",
    "corrected:yes",
)


def waves() -> list[list[Article]]:
    """Return the demo's articles and awkward ones, then copies, revisions and a redelivery."""
    items = demo.articles(NOW)
    revised = [
        msgspec.structs.replace(article, text=f"{article.text}\n\nCorrection: an earlier version named another town.")
        for article in items[5:8]
    ]
    copy = msgspec.structs.replace(items[9], id=derive_id("copy"), source="Mirror", seen=NOW + timedelta(minutes=5))
    awkward = Article(
        id=derive_id("awkward"), source="☃", seen=NOW, title="AT&T's C++ in the U.S.: covid-19 日本とフィリピン"
    )
    seed = Article(
        id=derive_id("seed"),
        source="seed",
        seen=NOW,
        published=datetime(2022, 2, 21, 12, tzinfo=UTC),
        title="Putin to meet his Security Council",
        text='Putin will convene the Security Council on Monday.\n\n"It is a big council," Peskov told reporters.',
    )
    history = Article(
        id=derive_id("history"),
        source="Archive",
        seen=NOW,
        published=NOW - timedelta(days=9),
        title="The lighthouse of Oberon is painted",
        text="Painters gave the lighthouse of Oberon a coat of red, and a truce with the gulls was not in sight.",
        history=True,
    )
    originals, copies = [items[0], *items[3:]], items[1:3]
    return [[*originals, awkward, seed, history], [*copies, *revised, copy, items[0]]]


def add_rules(store: Store) -> None:
    for name, query in RULES.items():
        rule = AlertRule(id=derive_id("rule", name), name=name, query=query, created=NOW)
        store.rules.put(rule.id, msgspec.json.encode(rule))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = config.Settings(data=str(tmp_path_factory.mktemp("embedded")))
    with stores.store(settings) as store:
        add_rules(store)
        for wave in waves():
            publish(wave, store.log)
        pipeline = runners.embedded(store)
        while pipeline.step():
            pass
        yield store


@pytest.fixture(scope="module")
def distributed(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    # One partition: which article opens a story depends on the order, and Kafka keeps it only within a partition.
    directory = tmp_path_factory.mktemp("distributed")
    cluster = Cluster(servers, f"conf{datetime.now(UTC):%H%M%S%f}-", directory, partitions=1)
    try:
        with stores.store(cluster.settings) as store:
            add_rules(store)
            cluster.start("worker")
            cluster.start("index")
            first, second = waves()
            for wave, count in ((first, len(first)), (second, len({article.id for article in first + second}))):
                cluster.publish(wave)
                assert wait_until(lambda count=count: len(everything(store)) == count, 60), cluster.logs()  # type: ignore[misc]
            revised = wait_until(lambda: sum(d.revision == 2 for d in everything(store).values()) == 3, 60)
            assert revised, cluster.logs()
            # What is found already may still be on its way to be read for events.
            assert wait_until(lambda: is_settled(store), 60), cluster.logs()
            yield store
    finally:
        cluster.stop()


def everything(store: Store) -> dict[str, Document]:
    store.index.refresh()
    page = store.index.search(SearchRequest(query=None, now=NOW, limit=1000, copies=True))
    return {document.id: document for document in page.documents}


def find(store: Store, query: str) -> list[str]:
    page = store.index.search(SearchRequest(query=parse(query), now=NOW, limit=1000))
    return [document.id for document in page.documents]


def alerts(store: Store) -> set[tuple[str, str | None, tuple[str, ...]]]:
    found = [msgspec.json.decode(message.value, type=Alert) for message in store.log.replay(ALERTS.name)]
    return {
        (alert.rule, alert.article.id if alert.article else None, tuple(s.text for s in alert.spans)) for alert in found
    }


@pytest.mark.kafka
@pytest.mark.elasticsearch
def test_both_runtimes_make_the_same_documents(embedded: Store, distributed: Store) -> None:
    here, there = everything(embedded), everything(distributed)
    assert here.keys() == there.keys()
    different = [key for key in here if here[key] != there[key]]
    assert different == []


@pytest.mark.kafka
@pytest.mark.elasticsearch
@pytest.mark.parametrize("query", QUERIES)
def test_both_runtimes_find_the_same_in_the_same_order(embedded: Store, distributed: Store, query: str) -> None:
    assert find(embedded, query) == find(distributed, query)


@pytest.mark.kafka
@pytest.mark.elasticsearch
def test_both_runtimes_raise_the_same_alerts(embedded: Store, distributed: Store) -> None:
    raised = alerts(embedded)
    assert RULES.keys() == {rule for rule, _, _ in raised}
    assert wait_until(lambda: alerts(distributed) == raised, 60)
