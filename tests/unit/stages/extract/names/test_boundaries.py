"""Names begin and end where a reader sees them begin and end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names.boundaries import Name, Type, mended


def names_in(text: str, *pieces: tuple[str, Type]) -> list[Name]:
    """Return the pieces of a text as names, each searched for after the one before."""
    found, at = [], 0
    for surface, kind in pieces:
        at = text.index(surface, at)
        found.append(Name(at, at + len(surface), kind))
        at += len(surface)
    return found


def told(text: str, *pieces: tuple[str, Type], known: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [
        (text[name.start : name.end], name.type) for name in mended(text, names_in(text, *pieces), known.__contains__)
    ]


@pytest.mark.parametrize(
    ("text", "pieces", "wanted"),
    [
        ("From Anna Holt - Analyst", [("Anna Holt - Analyst", "PER")], [("Anna Holt", "PER")]),
        ("said Prime Minister Ana Reis", [("Prime Minister Ana Reis", "PER")], [("Ana Reis", "PER")]),
        ("said Deputy Foreign Minister Reis", [("Deputy Foreign Minister Reis", "PER")], [("Reis", "PER")]),
        ("by E.T. Marlow in Bonn", [("Marlow", "PER"), ("Bonn", "LOC")], [("E.T. Marlow", "PER"), ("Bonn", "LOC")]),
        ("and A. Marlow said", [("Marlow", "PER")], [("A. Marlow", "PER")]),
        ("A. Marlow", [("Marlow", "PER")], [("Marlow", "PER")]),
        ("the U.S. Senate", [("Senate", "ORG")], [("Senate", "ORG")]),
        ("the Lille Choral Orchestra", [("Lille", "LOC")], [("Lille Choral Orchestra", "ORG")]),
        ("the Lille Choral Union", [("Lille", "LOC"), ("Choral Union", "ORG")], [("Lille Choral Union", "ORG")]),
        ("bought Zapf, Inc. for", [("Zapf", "ORG"), ("Inc.", "ORG")], [("Zapf, Inc.", "ORG")]),
        ("the Sevan Lake ferry", [("Sevan", "LOC")], [("Sevan Lake", "LOC")]),
        (
            "the Ministry of Trade and Rural Affairs said",
            [("Ministry of Trade", "ORG"), ("Affairs", "ORG")],
            [("Ministry of Trade and Rural Affairs", "ORG")],
        ),
        ("Zapf and Holt", [("Zapf", "ORG"), ("Holt", "ORG")], [("Zapf", "ORG"), ("Holt", "ORG")]),
        ("in Lille\nBar Union", [("Lille", "LOC"), ("Bar Union", "ORG")], [("Lille", "LOC"), ("Bar Union", "ORG")]),
        ("US Ministry of Oil", [("US", "LOC"), ("Ministry of Oil", "ORG")], [("US Ministry of Oil", "ORG")]),
        ("Miami FIRE 72", [("Miami", "LOC"), ("FIRE", "ORG")], [("Miami", "LOC"), ("FIRE", "ORG")]),
    ],
)  # fmt: skip
def test_a_name_is_mended_by_what_stands_beside_it(
    text: str, pieces: list[tuple[str, Type]], wanted: list[tuple[str, str]]
) -> None:
    assert told(text, *pieces) == wanted


def test_a_body_that_is_known_by_itself_stays_beside_a_place() -> None:
    text = "In Washington Congress voted."
    pieces: list[tuple[str, Type]] = [("Washington", "LOC"), ("Congress", "ORG")]
    assert told(text, *pieces, known=("Congress",)) == [("Washington", "LOC"), ("Congress", "ORG")]
    assert told(text, *pieces) == [("Washington Congress", "ORG")]


WORDS = (
    "President Anna Holt Zapf , Inc. - Analyst E.T. A. St. of and Department Trade Museum Lake Lille US \n the said"
).split(" ")


@given(st.data())
def test_names_stay_in_order_without_overlap_and_cover_what_was_named(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14))
    text, given_names, at = " ".join(words), [], 0
    for word in words:
        kind = data.draw(st.sampled_from((None, "PER", "ORG", "LOC")))
        if kind is not None and word[0].isupper():
            given_names.append(Name(at, at + len(word), kind))  # type: ignore[arg-type]
        at += len(word) + 1
    result = mended(text, given_names, frozenset(("Museum",)).__contains__)
    assert all(0 <= name.start < name.end <= len(text) for name in result)
    assert all(first.end <= second.start for first, second in pairwise(result))
    # Nothing is lost: each name given is still within one, or was the title or cut that a person's name lost.
    for name in given_names:
        assert any(other.start < name.end and name.start < other.end for other in result)


@given(st.text(alphabet="A. aSt,Inc-\n", max_size=200))
def test_any_text_has_its_names_mended(text: str) -> None:
    starts = [at for at, char in enumerate(text) if char == "A"]
    assert len(mended(text, [Name(at, at + 1, "ORG") for at in starts], lambda _: False)) <= len(starts)
