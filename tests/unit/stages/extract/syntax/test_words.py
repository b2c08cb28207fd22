"""Sentences fall into words as in the treebanks that the model was trained on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.syntax.words import _CLITICS, _INFIX, _PREFIX, _SUFFIX, split_words

SPLIT = (
    'The|minister|did|n\'t|say|"|yes|"|.',
    "Gen.|Smith|of|the|U.S.|Army|left|at|5|p.m.|on|Jan.|3|,|2021|.",
    "They|'ve|gone|(|we|'ll|see|)|...",
    "France|'s|pro|-|war|camp|paid|$|3.5|million|,|or|€|3|m|.",
    "He|can|not|and|wo|n’t|reply|to|press@example.org|or|https://example.org/a,b|.",
    "Acme|Inc.|and|the|AT&T|group|test|-|fired|10|%|;|see|p.|4|—|at|once|!",
)


@pytest.mark.parametrize("parts", SPLIT)
def test_marks_clitics_and_hyphens_stand_apart_and_abbreviations_stay_whole(parts: str) -> None:
    wanted = parts.split("|")
    sentence, at = "", 0
    text = _written(wanted)
    found = [word.text for word, _ in split_words(text)]
    assert (found, sentence, at) == (wanted, "", 0)


def _written(words: list[str]) -> str:
    """Return words as they would be written, marks without spaces."""
    text = " ".join(words)
    for apart, joined in (
        (" n't", "n't"), (" n’t", "n’t"), (" 've", "'ve"), (" 'll", "'ll"), (" 's", "'s"), (" .", "."), (" ,", ","),
        (" ;", ";"), ("( ", "("), (" )", ")"), (") ...", ")..."), ("$ ", "$"), ("€ ", "€"), ("3 m", "3m"),
        (" - ", "-"), (" %", "%"), (" — ", "—"), (" !", "!"), ('" yes "', '"yes"'), ("can not", "cannot"),
    ):  # fmt: skip
        text = text.replace(apart, joined)
    return text


@given(st.text(st.sampled_from("ab’'\".,-–— \t()$%3U.S:/@…")))
def test_words_cover_all_but_white_space_in_order(text: str) -> None:
    words = split_words(text)
    assert "".join(word.text for word, _ in words) == "".join(text.split())
    assert all(text[at : at + len(word.text)] == word.text for word, at in words)


def test_a_word_is_known_by_what_it_stands_for() -> None:
    norms = {word.text: word.norm for word, _ in split_words("“It isn’t,” he’d said in Sept. – £5")}
    assert norms == {
        "“": '"', "It": "it", "is": "is", "n’t": "not", ",": ",", "”": '"', "he": "he", "’d": "would", "said": "said",
        "in": "in", "Sept.": "September", "–": "-", "£": "$", "5": "5",
    }  # fmt: skip


@given(st.text(st.sampled_from("aeimnsStTUkgbCV"), min_size=1, max_size=8))
def test_nothing_is_split_off_letters_alone(word: str) -> None:
    assert not any(rule.search(word) for rule in (_PREFIX, _SUFFIX, _INFIX, _CLITICS))
    assert [found.text for found, _ in split_words(f"{word}, {word}")] == [word, ",", word]
