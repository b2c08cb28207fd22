"""Tokens: what is kept whole, how it is folded, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.tokens import STEMMERS, analyse, fold, stem, tokens_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, World.", ["hello", "world"]),
        ("C++ and C# code", ["c++", "and", "c#", "code"]),
        ("C#1 C++x", ["c", "1", "c", "x"]),
        ("AT&T's", ["at&t", "s"]),
        ("covid-19", ["covid", "19"]),
        ("the U.S. said", ["the", "u.s.", "said"]),
        ("1,800 or 4.25 at 12:30.", ["1,800", "or", "4.25", "at", "12:30"]),
        ("#tag @handle", ["tag", "handle"]),
        ("https://example.org/a?b=1", ["https", "example", "org", "a", "b", "1"]),
        ("don’t don't", ["don", "t", "don", "t"]),
        ("Straße Łódź Ærø naïve", ["strasse", "lodz", "aero", "naive"]),
        ("ＡＢＣ１２", ["abc12"]),
        ("東京都", ["東京", "京都"]),
        ("米", ["米"]),
        ("ไทย", ["ไท", "ทย"]),
        ("новый Київ", ["новый", "київ"]),
        ("Tokyo東京x", ["tokyo", "東京", "x"]),
        ("", []),
        (" .,;- ", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokens == analyse(text).tokens


_TEXT = st.text(alphabet=st.sampled_from("abcABC123.,:&+#@-'’\"() \n\téßЙйї東京ไทयि_½ﬁ"), max_size=60)


@given(_TEXT)
def test_each_token_is_the_folded_text_of_its_span(text: str) -> None:
    analysis = analyse(text)
    assert analysis.tokens == [fold(text[start:end]) for start, end in zip(analysis.starts, analysis.ends, strict=True)]


@given(st.text(max_size=200))
def test_any_text_is_tokenised_with_spans_in_order(text: str) -> None:
    analysis = analyse(text, "en")
    assert len(analysis) == len(analysis.starts) == len(analysis.ends) == len(analysis.stems)
    assert analysis.starts == sorted(analysis.starts)
    assert all(" " not in token for token in analysis.tokens)


@given(_TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    for token in tokens_of(text):
        assert token == fold(token)


@pytest.mark.parametrize("language", sorted(STEMMERS))
def test_every_snowball_language_has_a_stemmer(language: str) -> None:
    assert isinstance(stem("information", language), str)


def test_forms_of_a_word_share_a_stem() -> None:
    assert stem("running", "en") == stem("runs", "en")
    assert stem("новый", "ru") == stem("новые", "ru")
    assert stem("running", None) == "running"


def test_sentences_are_numbered() -> None:
    analysis = analyse("One here. Two there.\n\nThree.", "en")
    assert [analysis.sentence(n) for n in range(len(analysis))] == [0, 0, 1, 1, 2]
