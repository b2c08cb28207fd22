"""Open feeds say what was written from their sources by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.bench.golden import FEED_FIELDS, FIELDS, _feedparser, compared


def test_every_judged_value_comes_out_right(shared_data: Path) -> None:
    judged = list(compared(shared_data / "feeds"))
    assert {field for _, field, _, _ in judged} == {*FIELDS, *FEED_FIELDS}
    assert [(place, field, found) for place, field, wanted, found in judged if wanted != found] == []


def test_no_field_is_right_less_often_than_feedparser_has_it(shared_data: Path) -> None:
    right: dict[str, Counter[str]] = {"ours": Counter(), "theirs": Counter()}
    for name, parser in (("ours", None), ("theirs", _feedparser)):
        for _, field, wanted, found in compared(shared_data / "feeds", parser):
            right[name][field] += wanted == found
    assert [field for field in (*FIELDS, *FEED_FIELDS) if right["ours"][field] < right["theirs"][field]] == []
    assert right["theirs"].total() > right["ours"].total() / 2
