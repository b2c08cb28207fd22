"""Kafka and Elasticsearch die, stand still, go away and lose their answers; what was served is found and told once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.faults.outages import OUTAGES, Footprint, Outage, outages

SEED = 12
SHORT_S, LONG_S = 20.0, 100.0
pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Outage]:
    seconds = LONG_S if request.config.getoption("--all") else SHORT_S
    with outages(tmp_path_factory.mktemp("outages"), f"f{uuid.uuid4().hex[:8]}-", seconds, SEED) as made:
        yield made


@pytest.mark.parametrize("name", list(OUTAGES))
def test_outage_loses_and_doubles_nothing_and_ends_no_process(outage: Outage, name: str) -> None:
    processes = outage.bench.system.processes
    before = {role: Footprint.of(process.pid) for role, process in processes.items()}
    OUTAGES[name](outage)
    judgement = outage.settle()
    assert judgement.holds, (judgement, outage.bench.system.logs())
    after = {role: Footprint.of(process.pid) for role, process in processes.items()}
    assert [] == [(role, before[role], after[role]) for role in after if not after[role].is_flat(before[role])]
