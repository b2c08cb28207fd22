"""The reports that the re-ranker learns news from are labelled where they say."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stages.extract.test_honest_sets import EVENTFUL, MODES

FOLDER = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data" / "extract"
REPORTS: list[dict[str, Any]] = json.loads((FOLDER / "negatives" / "reports.json").read_text("utf-8"))


@pytest.mark.parametrize("article", REPORTS, ids=[article["id"] for article in REPORTS])
def test_every_label_stands_at_its_trigger(article: dict[str, Any]) -> None:
    assert datetime.fromisoformat(article["published"]).tzinfo is not None
    seen = set()
    for row in article["events"]:
        assert article["text"].startswith(row["trigger"], row["start"])
        assert row["type"] in MODES
        assert row["label"] in ("right", "wrong", "open")
        seen.add((row["start"], row["type"]))
    assert len(seen) == len(article["events"])


def test_all_kinds_of_news_are_labelled() -> None:
    assert set(Counter(article["kind"] for article in REPORTS)) == set(EVENTFUL)


def test_no_report_is_one_of_the_articles_that_rules_are_judged_on() -> None:
    lines = {line for article in REPORTS for line in article["text"].splitlines() if line}
    theirs = json.loads((FOLDER / "honest" / "open.json").read_text("utf-8"))
    assert lines.isdisjoint(line for article in theirs for line in article["text"].splitlines())
