"""Open feeds say what was written from their sources by hand."""

from __future__ import annotations

from pathlib import Path

from tests.bench.golden import FIELDS, compared


def test_every_judged_value_comes_out_right(shared_data: Path) -> None:
    judged = list(compared(shared_data / "feeds"))
    assert {field for _, field, _, _ in judged} == set(FIELDS)
    assert [(place, field, found) for place, field, wanted, found in judged if wanted != found] == []
