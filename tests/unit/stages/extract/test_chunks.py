"""A text is split the same whether all of it is read at once or by what stands between white space."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.chunks import WORD, split_tokens, split_words
from pipeline.stages.extract.remembered import LONGEST_CHARS, REMEMBERED, Remembered

_TEXTS = st.text() | st.text(st.sampled_from("Ab .’'sS_-,\n\t\u00a0\u3000é中9٣"))


@given(_TEXTS)
def test_words_are_those_of_the_whole_text(text: str) -> None:
    assert split_words(text) == tuple(WORD.findall(text))


@given(_TEXTS, _TEXTS)
def test_tokens_do_not_reach_across_white_space(first: str, second: str) -> None:
    assert split_tokens(f"{first}\n{second}") == split_tokens(first) + split_tokens(second)
    assert "".join(split_tokens(first)) == "".join(first.split())


def test_possessives_and_acronyms_are_tokens() -> None:
    assert split_tokens("The U.S. isn't France’s, A. said") == [
        "The",
        "U.S.",
        "isn't",
        "France",
        "’s",
        ",",
        "A",
        ".",
        "said",
    ]


def test_what_is_remembered_is_bounded() -> None:
    asked: list[str] = []

    def size(word: str) -> int:
        asked.append(word)
        return len(word)

    sizes = Remembered(size)
    assert [sizes["one"], sizes["one"], sizes["x" * (LONGEST_CHARS + 1)]] == [3, 3, LONGEST_CHARS + 1]
    assert asked.count("one") == 1 and list(sizes) == ["one"]
    for number in range(REMEMBERED + 1):
        assert sizes[str(number)] == len(str(number))
    assert len(sizes) <= REMEMBERED
