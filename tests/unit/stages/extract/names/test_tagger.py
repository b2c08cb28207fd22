"""The tagger looks words up as they are usually written, and at known bodies, in time linear in the sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names import tagger

MODEL = tagger.Model(
    version="t",
    weights={},
    first=frozenset(),
    last=frozenset(),
    common=frozenset(),
    usage={"15": "delaware lisa", "00": "the went"},
    bodies=("Bank of Nowhere", "Bank", "Acme"),
)
LISTS = tagger.lists_of(MODEL)


def test_words_that_others_write_with_a_capital_get_one() -> None:
    assert tagger.capitalised("lisa went to the".split(), LISTS) == "Lisa went to the".split()
    assert tagger.capitalised(["delaware", "unheard"], LISTS) == ["Delaware", "unheard"]


def test_the_longest_known_body_is_seen_and_the_gazetteer_comes_first() -> None:
    words = "The Bank of Nowhere and Acme".split()
    assert tagger.row_of(words, [""] * 6, LISTS).kinds == ["", "bm", "b+", "b+", "", "b"]
    assert tagger.row_of(words, ["", "city", "", "", "", "org"], LISTS).kinds == ["", "city", "b+", "b+", "", "org"]


@given(st.lists(st.sampled_from(["Big", "small", "X", "9", "of"]), min_size=1, max_size=12))
def test_runs_reach_as_far_as_the_capitals_do(words: list[str]) -> None:
    row = tagger.row_of(words, [""] * len(words), LISTS)
    for at, (begin, end) in enumerate(row.runs):
        assert begin <= at <= end
        assert all(row.capital[begin:at]) and all(row.capital[at + 1 : end + 1])
        assert begin == 0 or not row.capital[begin - 1]
        assert end == len(words) - 1 or not row.capital[end + 1]


def test_a_model_without_weights_names_nothing() -> None:
    context = tagger.context_of([["Acme", "won"]])
    assert tagger.tag(["Acme", "won"], ["", ""], MODEL, LISTS, context) == ["O", "O"]


def test_the_shipped_lists_hold_usual_words_and_bodies() -> None:
    lists = tagger.shipped_lists()
    assert lists.usage["the"][1] in "012"
    assert lists.usage["delaware"][1] in "45"
    assert ("Coalition", "Provisional", "Authority") in lists.bodies["Coalition"]
