"""Open feeds say what was written from their sources by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.bench.golden import FIELDS, OURS_ALONE, _feedparser, compared


def test_every_judged_value_comes_out_right(shared_data: Path) -> None:
    judged = list(compared(shared_data / "feeds"))
    assert {field for _, field, _, _ in judged} == set(FIELDS)
    assert [(place, field, found) for place, field, wanted, found in judged if wanted != found] == []


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in OURS_ALONE])
def test_no_field_is_right_less_often_than_feedparser_has_it(shared_data: Path, field: str) -> None:
    right = Counter[str]()
    for name, parser in (("ours", None), ("theirs", _feedparser)):
        for _, judged, wanted, found in compared(shared_data / "feeds", parser):
            right[name] += judged == field and wanted == found
    assert right["ours"] >= right["theirs"] > 0
