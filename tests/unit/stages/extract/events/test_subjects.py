"""What an article is about, by its words, title, tags and address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.stages.extract.events.subjects import manner_of, subject_of

TESTS = next(folder for folder in Path(__file__).parents if folder.name == "tests")
HONEST = json.loads((TESTS / "data" / "extract" / "honest" / "open.json").read_text("utf-8"))
EVENTLESS = ("sport", "markets", "weather", "culture")


def test_no_article_with_events_is_taken_for_one_without() -> None:
    eventful = [article for article in HONEST if article["kind"] not in EVENTLESS]
    assert [article["id"] for article in eventful if subject_of(article["text"]).eventless] == []


def test_most_articles_without_events_are_told_by_their_words() -> None:
    plain = [article for article in HONEST if article["kind"] in EVENTLESS]
    assert sum(subject_of(article["text"]).eventless is not None for article in plain) >= 0.75 * len(plain)


@pytest.mark.parametrize(
    "more", [{"tags": ("Sports",)}, {"url": "https://example.org/sport/2022/1.html"}, {"tags": ("football", "News")}]
)
def test_section_settles_what_few_words_leave_open(more: dict[str, object]) -> None:
    assert subject_of("England attacked early.", **more).eventless == "sport"  # type: ignore[arg-type]
    assert subject_of("England attacked early.").eventless is None


def test_quoted_words_do_not_make_a_report_personal() -> None:
    assert manner_of('The minister said: "We will do what we can, and you know it."').personal == 0.0
    assert manner_of("We went there and I loved it.").personal > 0.0


@pytest.mark.parametrize("text", ["", "a" * 100_000, "goal " * 50_000, "//" * 9_000, "\x00é"])
def test_any_text_has_a_subject(text: str) -> None:
    assert 0.0 <= subject_of(text, text, (text,), text).share("sport") <= 1.0
