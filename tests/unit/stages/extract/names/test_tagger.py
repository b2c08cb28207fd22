"""The tagger looks words up as they are usually written, and at known bodies, in time linear in the sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names import features, tagger

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
VOCABULARY = features.Vocabulary(MODEL, LISTS)


def test_words_that_others_write_with_a_capital_get_one() -> None:
    assert tagger.capitalised("lisa went to the".split(), LISTS) == "Lisa went to the".split()
    assert tagger.capitalised(["delaware", "unheard"], LISTS) == ["Delaware", "unheard"]


def test_the_longest_known_body_is_seen_and_the_gazetteer_comes_first() -> None:
    words = "The Bank of Nowhere and Acme".split()
    assert features.row_of(words, [""] * 6, VOCABULARY).kinds == ["", "bm", "b+", "b+", "", "b"]
    assert features.row_of(words, ["", "city", "", "", "", "org"], VOCABULARY).kinds == [
        "",
        "city",
        "b+",
        "b+",
        "",
        "org",
    ]


@given(st.lists(st.sampled_from(["Big", "small", "X", "9", "of"]), min_size=1, max_size=12))
def test_runs_reach_as_far_as_the_capitals_do(words: list[str]) -> None:
    row = features.row_of(words, [""] * len(words), VOCABULARY)
    capital = list(map(features.is_candidate, words))
    assert row.names == [at for at, begins in enumerate(capital) if begins]
    for at, (begin, end) in enumerate(zip(row.begins, row.ends, strict=True)):
        assert begin <= at <= end
        assert all(capital[begin:at]) and all(capital[at + 1 : end + 1])
        assert begin == 0 or not capital[begin - 1]
        assert end == len(words) - 1 or not capital[end + 1]


@given(st.text(st.sampled_from("Aa b.’'sS_-,\n\u00a0é中9"), max_size=30), st.integers(0, 5))
def test_tokens_stand_where_they_are_said_to(text: str, start: int) -> None:
    tokens = tagger.tokenize(text, start)
    assert [text[token.start : token.end] for token in tokens] == [token.text for token in tokens]
    assert "".join(token.text for token in tokens) == "".join(text[start:].split())


def test_a_model_without_weights_names_nothing() -> None:
    context = features.context_of([["Acme", "won"]])
    assert tagger.Tagger(MODEL, LISTS).tag(["Acme", "won"], ["", ""], context) == ["O", "O"]


def test_the_shipped_lists_hold_usual_words_and_bodies() -> None:
    lists = tagger.shipped_lists()
    assert lists.usage["the"][1] in "012"
    assert lists.usage["delaware"][1] in "45"
    assert ("Coalition", "Provisional", "Authority") in lists.bodies["Coalition"]


_WORDS = st.sampled_from(
    ["Paris", "Lisa", "Kim", "the", "of", "said", "NATO", "U.S", "2019", "Bank", ",", "’s", "smith"]
)


@given(
    st.lists(st.tuples(_WORDS, st.sampled_from(["", "city", "org+"])), min_size=1, max_size=9),
    st.sampled_from(tagger.TAGS),
    st.sampled_from(tagger.TAGS),
)
def test_what_groups_of_features_weigh_is_the_sum_of_all(
    sentence: list[tuple[str, str]], before: str, previous: str
) -> None:
    words, kinds = [word for word, _ in sentence], [kind for _, kind in sentence]
    shipped, tags = tagger.shipped(), tagger.shipped_tagger()
    context = features.context_of([words])
    row = features.row_of(words, kinds, tags.vocabulary)
    for at in range(len(words)):
        single, tagged = features.features(row, at, context)
        every = [*single, *(feature + previous for feature in tagged), "T" + before + previous]
        assert len(set(every)) == 38
        wanted = sum(shipped.weights.get(feature, 0) for feature in every)
        assert tags.scores(row, at, context, before, previous) == wanted
