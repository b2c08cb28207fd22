"""Each role is told to stop, and each is killed, under load; workers join, leave and die among themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import roles
from tests.faults.rows import bring_about

SEED = 12
pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    "row", ["each terminated", "workers join and leave", pytest.param("each killed", marks=pytest.mark.slow)]
)
def test_role_that_goes_loses_and_doubles_nothing(
    row: str, tmp_path: Path, servers: dict[str, str], elasticsearch_prefix: str
) -> None:
    judgement = bring_about(roles.ROWS[row], 1, tmp_path, servers, elasticsearch_prefix, SEED, roles.PARTITIONS)
    assert judgement.holds, judgement
