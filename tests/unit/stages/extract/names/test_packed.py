"""The model that tags names comes back from its file as it went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names.tagger import TAGS, Model, by_tag, in_one, packed, unpacked

WORDS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=8)
ROWS = st.tuples(*[st.integers(-(1 << 15), (1 << 15) - 1)] * len(TAGS))


@given(
    version=WORDS,
    weights=st.dictionaries(WORDS.filter(bool), ROWS.map(in_one), max_size=12),
    lists=st.tuples(*[st.frozensets(WORDS, max_size=5)] * 3),
)
def test_a_model_is_read_as_it_was_written(
    version: str, weights: dict[str, int], lists: tuple[frozenset[str], ...]
) -> None:
    first, last, common = lists
    model = Model(version=version, weights=weights, first=first, last=last, common=common)

    assert unpacked(packed(model)) == model


def test_rows_that_are_equal_are_one_object() -> None:
    row = in_one(range(-300, -300 + len(TAGS)))
    model = Model(version="1", weights={"a": row, "b": row}, first=frozenset(), last=frozenset(), common=frozenset())

    read = unpacked(packed(model)).weights

    assert read["a"] is read["b"]


@given(st.lists(ROWS, max_size=60))
def test_adding_rows_in_one_adds_each_tag(rows: list[tuple[int, ...]]) -> None:
    wanted = tuple(sum(row[tag] for row in rows) for tag in range(len(TAGS)))
    assert by_tag(sum(map(in_one, rows))) == wanted
