"""Labels: a story is called what happened, in a headline that one of its reports had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.model import Document, derive_id
from pipeline.services import story_labels

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
ROBBERY = (
    ("Thieves steal three paintings from Hallgrim museum", "Thieves took three paintings from the Hallgrim museum."),
    ("Director of museum in tears", "The director of the Hallgrim museum wept over the stolen paintings."),
    ("Police look for a van after museum robbery", "Police look for a van seen at Hallgrim with three paintings."),
)


def label(*reports: tuple[str | None, str], language: str = "en") -> str:
    documents = [
        Document(
            id=derive_id(str(n)), source="s", seen=NOW + timedelta(hours=n), title=title, text=text, language=language,
            story_id=derive_id("story"), revision=1,
        )
        for n, (title, text) in enumerate(reports)
    ]  # fmt: skip
    return story_labels.label(documents)


def test_label_is_the_title_that_tells_most_of_what_is_common() -> None:
    assert label(*ROBBERY) == "Thieves steal three paintings from Hallgrim museum"


@pytest.mark.parametrize(
    "voice",
    [
        "Who stole three paintings from the Hallgrim museum?",
        '"Thieves stole three paintings from Hallgrim museum"',
        "Director: “They stole three paintings from Hallgrim”",
    ],
)
def test_question_or_quotation_is_no_label_where_there_is_news(voice: str) -> None:
    assert (
        label((voice, "They stole three paintings."), *ROBBERY) == "Thieves steal three paintings from Hallgrim museum"
    )


def test_of_equal_titles_the_earlier_is_the_label() -> None:
    assert label(("Quake hits Varlo", "Quake."), ("Varlo hit: quake", "Quake.")) == "Quake hits Varlo"


def test_story_without_titles_is_called_by_its_first_words() -> None:
    assert label((None, "A strong quake hit Varlo."), (None, "More.")) == "A strong quake hit Varlo."


def test_label_in_a_language_nobody_lists_words_of_is_still_a_title() -> None:
    assert label(("Tetemeko la ardhi Varlo", "Tetemeko."), ("Varlo: tetemeko", "T."), language="sw").count("Varlo") == 1
