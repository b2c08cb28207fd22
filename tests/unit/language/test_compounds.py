"""Words that hyphens join: what they are found by, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.language.compounds import MAX_JOINED, compound, compounds, is_compound, is_joined
from pipeline.language.tokens import Analysis, analyze


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Two by-elections, by elected men", "en", ["by-elect"]),
        ("by\u2010elections by\u2011election by\u2013election", "en", ["by-elect"]),
        ("mother-in-law", "en", ["mother-in", "mother-in-law", "in-law"]),
        ("F-16s, A-10s and the mid-1990s", "en", ["f-16", "a-10", "mid-1990s"]),
        ("U.S.-led AT&T-backed", "en", ["us-lead", "at&t-back"]),
        ("О премьер-министре", "ru", ["премьер-министр"]),
        ("চুক্তি चुनाव-प्रक्रिया", "hi", ["चुनाव-प्रक्रिय"]),
        ("2026-11-24 - well -", "en", []),
        ("by-elections", None, []),
        ("by-elections", "pl", []),
        (None, "en", []),
    ],
)
def test_compounds_of_a_text(text: str | None, language: str | None, found: list[str]) -> None:
    assert found == compounds(text, language)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("by-election", True),
        ("U.S.-led", True),
        ("state-of-the-art", True),
        ("covid-19", True),
        ("2026-11-24", False),
        ("o'brien", False),
        ("by-election's", False),
        ("a-b/c-d", False),
        ("one-two-three-four-five-six", False),
        ("日本語-日本", False),
    ],
)
def test_word_of_a_query_is_a_compound_where_only_hyphens_join_its_few_words(text: str, is_one: bool) -> None:
    assert is_one is is_compound(text)


_TEXT = st.text(alphabet="abs15-‐–־. \n/&'Uéन्ि日本\u00a0\u2028", max_size=60)


@example("a-b-c-d-e-f-g", "en")
@example("https://example.org/" + "some-word-" * 12, "en")
@given(_TEXT, st.sampled_from(["en", "de", "hi", "ru"]))
def test_compounds_are_those_neighbours_that_a_hyphen_joins_in_the_text(text: str, language: str) -> None:
    analysis = analyze(text, language)
    joined = [is_joined(analysis, token) for token in range(len(analysis))]
    runs = (
        analysis.tokens[first:end]
        for first in range(len(analysis))
        for end in range(first + 2, min(first + MAX_JOINED, len(analysis)) + 1)
        if all(joined[first : end - 1])
    )
    expected = {compound(run, language) for run in runs if any(not t.isdecimal() and _letters(t) for t in run)}
    assert expected == set(compounds(text, language))


def _letters(token: str) -> bool:
    return any(character.isalpha() for character in token)


def test_last_token_is_joined_with_nothing() -> None:
    analysis: Analysis = analyze("by-", "en")
    assert not is_joined(analysis, 0)
