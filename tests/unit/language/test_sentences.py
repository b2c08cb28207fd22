"""Sentences end where a reader hears them end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.sentences import split_sentences


def sentences(text: str, language: str | None = "en") -> list[str]:
    """Return the text of each sentence."""
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    "expected",
    [
        ["He met Gen. Milley in Washington.", "Then he left."],
        ["J. R. R. Tolkien wrote it."],
        ["It cost $4.5 vs. 3.2 last year."],
        ["He lives in the U.S.", "The others left."],
        ["The U.S. Army moved."],
        ["“It is over.”", "She wept."],
        ["What?!", "No...", "Yes."],
        ["He said no.", "Yes, he did."],
        ["No. 10 declined to comment."],
        ["He joined Acme Inc.", "The firm grew."],
        ["(It was.)", "Next one."],
        ["See www.bbc.co.uk for more."],
    ],
)
def test_sentence_ends_where_a_reader_hears_it_end(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


def test_paragraph_ends_a_sentence() -> None:
    assert sentences("A headline\nThe text. More\n\nEnd") == ["A headline", "The text.", "More", "End"]


def test_german_ordinal_ends_none() -> None:
    assert sentences("Am 3. Mai kam er. Dann ging er.", "de") == ["Am 3. Mai kam er.", "Dann ging er."]


def test_chinese_stop_needs_no_space() -> None:
    assert sentences("中国。你好！再见", "zh") == ["中国。", "你好！", "再见"]


@given(st.text(alphabet="aB .!?\n\"“”'U.S.1。", max_size=60))
def test_sentences_cover_all_but_white_space_in_order(text: str) -> None:
    spans = split_sentences(text, "en")

    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
