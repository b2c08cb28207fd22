"""Tokens: what is kept whole, how it is folded, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.numbers import marks_of
from pipeline.language.tokens import STEMMERS, _Stems, analyze, first_stems, fold, stem, tokens_of, written


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, World.", ["hello", "world"]),
        ("C++ and C# code", ["c++", "and", "c#", "code"]),
        ("C#1 C++x", ["c", "1", "c", "x"]),
        ("AT&T's", ["at&t", "s"]),
        ("covid-19", ["covid", "19"]),
        ("the U.S. said", ["the", "us", "said"]),
        ("1,800 or 4.25 at 12:30.", ["1800", "or", "4.25", "at", "12:30"]),
        ("U.S.-led e.g. J.K. Rowling U.S", ["us", "led", "eg", "jk", "rowling", "us"]),
        ("U.S.Army t.me", ["us", "army", "t", "me"]),
        ("Marks & Spencer, R&D & more", ["marks", "and", "spencer", "r&d", "and", "more"]),
        ("1,800,000.50 12,34,567 0,500 1,80 2022,2023", ["1800000.50", "1234567", "0,500", "1,80", "2022,2023"]),
        ("\u0661\u066c\u0668\u0660\u0660 \u06f2\u06f0\u06f2\u06f6", ["1800", "2026"]),
        ("الحكومة الحكومه ایران كتـــاب", ["الحكومه", "الحكومه", "ايران", "كتاب"]),
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
    assert tokens == analyze(text).tokens


@pytest.mark.parametrize(
    ("language", "tokens"),
    [
        ("en", ["1800", "1.800", "1800.50", "1800,50"]),
        ("de", ["1,800", "1800", "1800.50", "1800,50"]),
        ("es", ["1800", "1800", "1800.50", "1800,50"]),
        (None, ["1800", "1.800", "1800.50", "1800,50"]),
    ],
)
def test_mark_that_only_groups_digits_is_left_out_by_the_language(language: str | None, tokens: list[str]) -> None:
    assert tokens == analyze("1,800 1.800 1,800.50 1.800,50", language).tokens


_TEXT = st.text(alphabet=st.sampled_from("abcABC1230.,:&+#@-'’\"() \n\téßЙйї東京ไทयि_½ﬁ\u00a0ى٬٣"), max_size=60)


@given(_TEXT, st.sampled_from([None, "en", "de", "es"]))
def test_each_token_is_what_its_span_is_read_as(text: str, language: str | None) -> None:
    analysis = analyze(text, language)
    words = [text[start:end] for start, end in zip(analysis.starts, analysis.ends, strict=True)]
    assert analysis.tokens == [written(word, marks_of(language)) for word in words]


@given(
    st.lists(
        st.one_of(st.text(max_size=30), st.sampled_from(["U.S.", "-", "1,800", "東京都", "winning the war", "\u2028"]))
    ),
    st.sampled_from([" ", "\n", ", ", "\u00a0", "\t", ""]),
    st.sampled_from([None, "en", "de", "ja"]),
    st.integers(1, 8),
)
def test_first_stems_of_a_text_are_those_of_its_whole_analysis(
    words: list[str], between: str, language: str | None, count: int
) -> None:
    text = between.join(words * 3)
    assert first_stems(text, language, count) == analyze(text, language).stems[:count]


@given(st.integers(1000, 10**12), st.sampled_from(["en", "de", "es", "fr", "zh", None]))
def test_number_is_one_token_however_its_digits_are_grouped(number: int, language: str | None) -> None:
    plain = f"{number}"
    ways = [f"{number:,}".replace(",", mark) for mark in marks_of(language)]
    assert [[plain]] * len(ways) == [analyze(f"({way})", language).tokens for way in ways]


@given(st.text(alphabet=st.sampled_from("ABCXYZÉЖ"), min_size=2, max_size=6))
def test_acronym_is_one_token_with_and_without_its_points(letters: str) -> None:
    pointed = ".".join(letters)
    assert tokens_of(letters) == tokens_of(pointed) == tokens_of(f"the ({pointed}.)".removeprefix("the "))
    assert len(tokens_of(letters)) == 1


@given(st.text(max_size=200))
def test_any_text_is_tokenised_with_spans_in_order(text: str) -> None:
    analysis = analyze(text, "en")
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
    analysis = analyze("One here. Two there.\n\nThree.", "en")
    assert [analysis.sentence(n) for n in range(len(analysis))] == [0, 0, 1, 1, 2]


_WORD = st.one_of(
    st.text(alphabet="abcdeilmnoprstuyéñßочнияاتةل0123456789", min_size=1, max_size=9),
    st.sampled_from(
        "business businesses labour unlabelled organised f16s 737s men women people yemen mans criteria important "
        "manoeuvring metres programmes bought analyses c++ at&t 1,800 hamburger serien".split()
    ),
)


@given(st.lists(_WORD, max_size=20), st.sampled_from(sorted(STEMMERS)), st.integers(0, 5))
def test_stems_of_many_words_are_those_of_each(words: list[str], language: str, known: int) -> None:
    tokens = [fold(word) for word in words]
    asked, alone = _Stems(language), _Stems(language)
    for token in tokens[:known]:
        _ = asked[token]
    assert asked.of(tokens) == {token: alone[token] for token in tokens} == {token: asked[token] for token in tokens}
