"""A worker forgets its own facts in Kafka, others' in its memory only, and none that are about to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.flow import EXTRACT, IDENTIFY
from pipeline.model import Article, derive_id
from pipeline.runners.worker_facts import WorkerFacts
from pipeline.stages.decision import NoMemory
from pipeline.stages.identify.stage import Known, identify

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)


class Data(dict[bytes, bytes]):
    """Hold what Faust's table in memory holds."""

    def __init__(self) -> None:
        super().__init__()
        self._key_partition: dict[bytes, int] = {}


class FaustTable:
    """Stand for Faust's table: its data, and what it was told to write into its changelog."""

    def __init__(self) -> None:
        self.data = Data()
        self.changelog_topic = self
        self.sent: list[tuple[int, bytes, bytes | None]] = []

    def __len__(self) -> int:
        return len(self.data)

    def items(self) -> Any:
        return self.data.items()

    async def send(
        self, key: bytes, value: bytes | None, partition: int, key_serializer: str, value_serializer: str
    ) -> Awaitable[None]:
        self.sent.append((partition, key, value))
        sent = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent


async def durable(facts: WorkerFacts, key: bytes, value: bytes | None, partition: int) -> None:
    await (await facts.keep(key, value, partition))


def known_from(table: FaustTable, ages: list[int]) -> tuple[WorkerFacts, Known, list[str]]:
    """Keep one fact for each age in days, spread over four partitions."""
    facts, known, ids = WorkerFacts(table), Known(), []
    for number, age in enumerate(ages):
        article = Article(id=derive_id("a", str(number)), source="a", seen=NOW - timedelta(days=age), title="Tide")
        (fact,) = identify(article, known, NOW).facts
        known.learn(fact.key, fact.value)
        asyncio.run(durable(facts, fact.key.encode(), fact.value, number % 4))
        ids.append(fact.key)
    table.sent.clear()
    return facts, known, ids


@given(
    ages=st.lists(st.integers(0, 60), max_size=30),
    mine=st.sets(st.integers(0, 3)),
    busy=st.sets(st.integers(0, 29)),
)
def test_old_facts_of_its_own_go_for_good_and_nothing_else_is_written(
    ages: list[int], mine: set[int], busy: set[int]
) -> None:
    table = FaustTable()
    facts, known, ids = known_from(table, ages)
    waiting = {key for number, key in enumerate(ids) if number in busy}
    for _ in range(3):  # the first look only begins a scan
        asyncio.run(facts.forget(IDENTIFY, known, BEFORE, mine, waiting))
    old = {number for number, age in enumerate(ages) if age > 30 and number not in busy}
    gone = {(number % 4, ids[number].encode(), None) for number in old if number % 4 in mine}
    assert set(table.sent) == gone
    assert len(table.sent) == len(gone)
    assert set(table.data) == {key.encode() for key in ids} - {key for _, key, _ in gone}
    assert {key for key in ids if known.get(key) is None} == {ids[number] for number in old}
    assert len(facts) == len(ids) - len(gone)


def test_a_stage_that_forgets_nothing_is_left_alone() -> None:
    table = FaustTable()
    facts, *_ = known_from(table, [90])
    assert asyncio.run(facts.forget(EXTRACT, NoMemory(), BEFORE, {0, 1, 2, 3}, ())) == 0
    assert table.sent == []
