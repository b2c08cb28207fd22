"""A short report with another name in the same sentences is other news; one only written otherwise is a copy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.figure_styles import other_styles
from pipeline.model import Article
from pipeline.stages.deduplicate.replaced_names import are_names_replaced
from pipeline.stages.deduplicate.sketch import sketch
from tests.unit.stages.deduplicate.test_links import Stage

NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)
SHORT = json.loads((Path(__file__).parents[3] / "data/dedupe/short_reports.json").read_text(encoding="utf-8"))
STUB = "This is a breaking news story. More to follow shortly. Please check back for updates."
FIRE = SHORT["other news"][0][1]


def article(
    key: str, text: str, language: str = "en", minutes: int = 0, source: str = "", title: str = "Report"
) -> Article:
    seen = NOW + timedelta(minutes=minutes)
    return Article(
        id=key, source=source or key, seen=seen, published=seen, title=title, text=text, language=language, revision=1
    )


def decided(language: str, template: str, fillings: list[str | list[str]]) -> list[tuple[str | None, str | None]]:
    """Return of which article each copies, and its story."""
    stage = Stage()
    found = []
    for number, filling in enumerate(fillings):
        text = template.format(*([filling] if isinstance(filling, str) else filling))
        (document,) = stage.take(article(f"{number}", text, language, number * 10))
        found.append((document.duplicate_of, document.story_id))
    return found


@pytest.mark.parametrize(("language", "template", "names"), SHORT["other news"])
def test_same_sentences_of_another_place_or_person_are_other_news(
    language: str, template: str, names: list[str]
) -> None:
    found = decided(language, template, list(names))
    assert [original for original, _ in found] == [None] * len(names)
    assert len({story for _, story in found}) == len(names)


@pytest.mark.parametrize(("language", "template", "ways"), SHORT["copies"])
def test_same_report_written_in_another_way_is_a_copy(
    language: str, template: str, ways: list[str | list[str]]
) -> None:
    assert [original for original, _ in decided(language, template, ways)] == [None, *["0"] * (len(ways) - 1)]


def test_copy_of_the_second_of_two_alike_is_its_copy() -> None:
    found = decided("en", FIRE, ["Leeds", "Hull", "York", "Hull"])
    assert ([None, None, None, "1"], found[1][1]) == ([original for original, _ in found], found[3][1])


def test_naming_the_publisher_makes_no_other_news() -> None:
    told = (
        "A tram left the rails at Halvard Square on Wednesday, police told {}. Nobody was hurt. The line stays closed."
    )
    stage = Stage()
    stories = {
        stage.take(article(name, told.format(f"the {name}"), source=name))[0].story_id
        for name in ("National Wire", "Coast Post")
    }
    assert len(stories) == 1


def test_stubs_under_other_titles_are_no_copies_but_under_one_title_they_are() -> None:
    stage = Stage()
    first, other, again = (
        stage.take(article(key, STUB, title=title))[0]
        for key, title in (("a", "Explosion in Varlo"), ("b", "Minister resigns"), ("c", "Explosion in Varlo"))
    )
    assert (first.duplicate_of, other.duplicate_of, again.duplicate_of) == (None, None, "a")


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from([None, "en", "de", "ja", "ar"]))
def test_any_two_texts_can_be_compared(one: str, other: str, language: str | None) -> None:
    value = Article(id="a", source="s", seen=NOW, title=None, text=one, language=language)
    are_names_replaced(value, sketch(None, one), sketch(None, other))
    assert not are_names_replaced(value, sketch(None, one), sketch(None, one))
    assert one not in other_styles(one, language)


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        ("1.5 million people", ["1.5m people"]),
        ("1.5m people", ["1.5 million people"]),
        ("12% of 1200", ["12 per cent of 1,200"]),
        ("3,2 Prozent, 9 Mrd. in 2026", ["3,2%, 9 Mrd. in 2026", "3,2 Prozent, 9 milliarden. in 2026"]),
        ("nothing to count in 2026", []),
    ],
)
def test_figures_are_written_in_short_and_in_full(text: str, styles: list[str]) -> None:
    assert other_styles(text, "de" if "Prozent" in text else "en") == styles
