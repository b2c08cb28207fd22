"""Each role is told to stop, and each is killed, under load; workers join, leave and die among themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import roles
from tests.faults.rows import bring_about

SEED = 12
pytestmark = [pytest.mark.kafka, pytest.mark.elasticsearch, pytest.mark.timeout(240)]

# Each role killed and the rehearsal of an upgrade take long.
SELDOM = [pytest.param(row, marks=pytest.mark.slow) for row in ("each killed", "rolling restart")]


@pytest.mark.parametrize("row", ["each terminated", "workers join and leave", *SELDOM])
def test_role_that_goes_loses_and_doubles_nothing(
    row: str, tmp_path: Path, servers: dict[str, str], elasticsearch_prefix: str
) -> None:
    judgement = bring_about(roles.ROWS[row], 1, tmp_path, servers, elasticsearch_prefix, SEED, roles.PARTITIONS)
    assert judgement.holds, judgement
