"""A store that is bounded stays as it is for as long as it runs: size, memory, files and threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.soak import PER_SECOND, soak

BOUND = 12_000_000
SECONDS = 180


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 4)
def test_bounded_store_stays_flat_under_load(tmp_path: Path) -> None:
    taken = list(soak(tmp_path, seconds=SECONDS, rows=12, bound=BOUND))
    assert len(taken) == 12
    assert taken[-1].given > taken[-1].seconds * PER_SECOND / 2
    half = taken[len(taken) // 2 :]
    assert max(row.used for row in half) < 1.5 * BOUND, taken
    assert max(row.memory for row in half) < 1.15 * min(row.memory for row in half) + 20_000_000, taken
    assert len({(row.files, row.threads) for row in half}) <= 3, taken
