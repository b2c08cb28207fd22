"""A full disk is waited for; a damaged store is told in one sentence, and what that says puts everything right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import disk
from tests.faults.rows import bring_about

SEED = 12
pytestmark = pytest.mark.timeout(240)


def test_disk_that_is_full_for_a_while_loses_and_doubles_nothing(tmp_path: Path) -> None:
    judgement = bring_about(disk.full, 1, tmp_path, seed=SEED)
    assert judgement.holds, judgement


def test_damaged_store_is_told_and_its_backup_loses_and_doubles_nothing(tmp_path: Path) -> None:
    judgement = bring_about(disk.damaged, 1, tmp_path, seed=SEED)
    assert judgement.holds, judgement
