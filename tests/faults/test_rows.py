"""The seeded part of the table of faults that every change goes through; the whole is ``python -m tests.faults``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.rows import run

pytestmark = pytest.mark.timeout(240)
SEED = 12
ON_SERVERS = [pytest.mark.kafka, pytest.mark.elasticsearch]


@pytest.mark.parametrize(("row", "times"), [("up killed", 3), ("store poisoned", 1), ("store locked", 1)])
def test_fault_of_the_embedded_runtime_loses_and_doubles_nothing(row: str, times: int, tmp_path: Path) -> None:
    judgement = run(row, times, tmp_path, None, "", SEED)
    assert judgement.holds, judgement


@pytest.mark.parametrize(
    ("row", "times"),
    [pytest.param("topics poisoned", 1, marks=ON_SERVERS), pytest.param("index write-blocked", 1, marks=ON_SERVERS)],
)
def test_fault_of_the_distributed_runtime_loses_and_doubles_nothing(
    row: str, times: int, tmp_path: Path, servers: dict[str, str], elasticsearch_prefix: str
) -> None:
    judgement = run(row, times, tmp_path, servers, elasticsearch_prefix, SEED)
    assert judgement.holds, judgement
