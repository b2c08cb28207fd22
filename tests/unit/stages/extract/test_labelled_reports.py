"""The reports that the re-ranker learns news from are labelled where they say."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bench.extraction.honest import counts, document_of, given, judge
from tests.unit.stages.extract.test_honest_sets import EVENTFUL, MODES

FOLDER = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data" / "extract"
REPORTS: list[dict[str, Any]] = json.loads((FOLDER / "negatives" / "reports.json").read_text("utf-8"))
NEWS: list[dict[str, Any]] = json.loads((FOLDER / "negatives" / "news.json").read_text("utf-8"))
GOLD: list[dict[str, Any]] = [
    article
    for name in ("news", "wire", "briefs", "unread")
    for article in json.loads((FOLDER / "negatives" / f"{name}.json").read_text("utf-8"))
]


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


@pytest.mark.parametrize("article", GOLD, ids=[article["id"] for article in GOLD])
def test_every_event_of_the_gold_stands_in_its_sentence(article: dict[str, Any]) -> None:
    assert datetime.fromisoformat(article["published"]).tzinfo is not None
    for event in article["events"]:
        assert {event["type"], *event.get("also_types", ())} <= MODES.keys()
        trigger, sentence = event["trigger"], event["sentence"]
        assert article["text"][trigger["start"] : trigger["end"]] == trigger["text"]
        assert sentence["start"] <= trigger["start"] < trigger["end"] <= sentence["end"]


@pytest.mark.parametrize("articles", [REPORTS, NEWS], ids=["labelled", "gold"])
def test_all_kinds_of_news_are_labelled(articles: list[dict[str, Any]]) -> None:
    assert set(Counter(article["kind"] for article in articles)) == set(EVENTFUL)


def test_no_report_is_one_of_the_articles_that_rules_are_judged_on() -> None:
    lines = {line for article in (*REPORTS, *GOLD) for line in article["text"].splitlines() if line}
    theirs = json.loads((FOLDER / "honest" / "open.json").read_text("utf-8"))
    assert lines.isdisjoint(line for article in theirs for line in article["text"].splitlines())


def test_rules_read_the_news_that_they_were_made_on() -> None:
    wire = [{"kind": "", **article} for article in GOLD if article["id"].startswith("wire-")]
    for article in wire:
        article["events"] = [{"actors": [], "recipients": [], **event} for event in article["events"]]
    judged = [judge(article, given(document_of(article))) for article in wire if article["events"]]
    total = counts(judged)
    assert total.right / (total.right + total.false) > 0.9
    assert total.found / total.wanted > 0.55
