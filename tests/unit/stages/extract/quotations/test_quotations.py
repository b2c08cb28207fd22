"""Quotations are found in every style of marks and given to whom the article says they come from."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Quotation
from pipeline.stages.extract.quotations.quotations import find_quotations
from tests.bench.extraction.quotations import quotations


def speakers(text: str, language: str | None = "en") -> list[tuple[str, str | None]]:
    """Return what is quoted, with the name of who said it."""
    return [(q.text, q.speaker.name if q.speaker else None) for q in find_quotations(text, language)]


def test_annotated_articles_stay_as_good_as_they_are() -> None:
    figures = quotations()

    assert figures["quote_found"] >= 0.97
    assert figures["quote_speaker"] >= 0.97
    assert figures["quote_speaker_all"] >= 0.95
    assert figures["quote_precision"] >= 0.9


@pytest.mark.parametrize(
    "text",
    [
        '"It is over," said Anna Berg.',
        "“It is over,” said Anna Berg.",
        "«It is over», said Anna Berg.",
        "„It is over“, said Anna Berg.",
        "‘It is over,’ said Anna Berg.",
        '"It is over," Anna Berg said.',
        '"It is over," Anna Berg, the mayor, said.',
        'Anna Berg said: "It is over."',
        'Anna Berg, 52, told reporters on Monday, "It is over."',
        'Anna Berg was tired. "It is over," she said.',
        'Mayor Anna Berg spoke late. "It is over," Berg added.',
        '"It is over," according to Anna Berg.',
    ],
)
def test_speaker_is_found_on_either_side_in_any_marks(text: str) -> None:
    ((quoted, speaker),) = speakers(text)

    assert quoted.rstrip(",.") == "It is over"
    assert speaker == "Anna Berg"


def test_quotation_over_paragraphs_is_one_with_its_speaker() -> None:
    text = 'Overnight, the White House said: "We are ready.\n"And we will act.\n"Soon."\n'

    assert [speaker for _, speaker in speakers(text)] == ["White House"]


def test_role_comes_from_where_the_person_is_introduced() -> None:
    text = 'Kremlin spokesman Dmitry Peskov spoke to Kommersant. "No plans," Peskov said.'

    (quotation,) = find_quotations(text)

    assert quotation.speaker is not None
    assert (quotation.speaker.name, quotation.speaker.role) == ("Dmitry Peskov", "Kremlin spokesman")
    assert quotation.speaker.text == "Peskov"


def test_participle_takes_the_subject_of_the_verb_before_it() -> None:
    text = (
        'In a call with Emmanuel Macron, Putin blamed Kyiv for the fighting in the east, citing "a flood of weapons".'
    )

    assert all(speaker != "Emmanuel Macron" for _, speaker in speakers(text))


def test_reported_speech_without_marks_is_indirect() -> None:
    (quotation,) = find_quotations("The ministry said that the drills would be extended.")

    assert (quotation.kind, quotation.text) == ("indirect", "the drills would be extended")


@pytest.mark.parametrize(
    "text", ["He saw the film “Gone” twice.", "The so-called “dark fleet” sails on.", "A 6' 2\" man ran."]
)
def test_marks_around_what_nobody_says_quote_nothing(text: str) -> None:
    assert find_quotations(text) == ()


def test_other_languages_give_what_stands_in_marks() -> None:
    text = "Der Minister trat vor die Presse.\n„Wir sind bereit. Wir warten ab.“"

    assert speakers(text, "de") == [("Wir sind bereit. Wir warten ab.", None)]


@pytest.mark.parametrize(
    "unit", ['"', "“‘", '"a" said ', '"said\n', "“a ” ", "he said ", "According to the of ", "Ab the, said "]
)
def test_hostile_marks_take_bounded_time(unit: str) -> None:
    text = (unit * 200_000)[:200_000]
    began = time.process_time()

    find_quotations(text)

    assert time.process_time() - began < 5


@given(
    st.lists(
        st.sampled_from(
            "“ ” \" ‘ ’ « » „ said that Anna Berg , . told he they the according to and \n \n\n : ? 's A".split(" ")
        )
    ).map(" ".join)
)
def test_spans_are_substrings_whatever_the_text(text: str) -> None:
    assert all(_is_proven(text, quotation) for quotation in find_quotations(text))


def _is_proven(text: str, quotation: Quotation) -> bool:
    parts = [quotation, *(part for part in (quotation.speaker, quotation.cue) if part is not None)]
    return all(text[part.start : part.end] == part.text for part in parts)


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Chief of Staff", "Chief of Staff"),
        ("Chief Executive", "Chief Executive"),
        ("Minister of Foreign Affairs", "Minister of Foreign Affairs"),
        ("Managing Director", "Managing Director"),
    ],
)
def test_titles_of_several_words_are_roles_and_no_names(title: str, role: str) -> None:
    (found,) = find_quotations(f'{title} Omar Diallo told Radio Bamako: "We hold the town."', "en")

    assert found.speaker is not None
    assert (found.speaker.name, found.speaker.role) == ("Omar Diallo", role)


def test_a_state_that_a_governor_is_of_is_no_person() -> None:
    (found,) = find_quotations('The governor of New South Wales said: "We hold the town."', "en")

    assert found.speaker is not None
    assert found.speaker.name == "governor of New South Wales"


def test_a_name_that_ends_a_sentence_does_not_run_into_the_next() -> None:
    text = '"I lost my shop," said Karim. Her aunt Salma Deeb wept. "They burned it," she said.'

    assert speakers(text) == [("I lost my shop,", "Karim"), ("They burned it,", "Salma Deeb")]


@pytest.mark.parametrize(
    "text",
    [
        'Musa Hilal, who once said "we fear nobody", has fled to Chad.',
        'Musa Hilal, who told the court "we fear nobody", has fled to Chad.',
        'Musa Hilal said "we fear nobody" and left.',
        'Musa Hilal, 61, who said "we fear nobody", has fled.',
    ],
)
def test_what_stands_in_marks_in_a_relative_clause_is_said_once_and_by_whom_it_tells_of(text: str) -> None:
    assert speakers(text) == [("we fear nobody", "Musa Hilal")]


def test_speech_told_in_a_relative_clause_ends_with_it() -> None:
    text = "Ana Diaz, who said the tax would hurt the poor, resigned on Monday."

    assert speakers(text) == [("the tax would hurt the poor", "Ana Diaz")]
