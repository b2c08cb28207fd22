"""Quotations in every style of marks have their words and their speaker, and what is none is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.chunks import split_words
from pipeline.stages.extract.quotations.cues import ACCORDING, REPORTING, SAYING, TRAILING
from pipeline.stages.extract.quotations.quotations import find_quotations
from tests.bench.extraction.cases import cases, document_of, quotations

STYLES = (("“", "”"), ("‘", "’"), ('"', '"'), ("'", "'"), ("«", "»"))
VERBS = "said warned countered protested confessed pleaded retorted whispered fumed admitted insisted joked".split()
PLURALS = "workers teachers farmers nurses miners voters".split()


@pytest.mark.parametrize(
    "case", [*cases("quotations", "dev"), *cases("quotations", "later")], ids=lambda case: case["text"][:50]
)
def test_quotations_of_the_seen_cases_are_those_meant(case: dict[str, Any]) -> None:
    if case.get("not_yet"):
        pytest.xfail("known")
    assert all(quotations(case, document_of(case)))


@given(st.sampled_from(STYLES), st.sampled_from(VERBS), st.booleans())
def test_a_quotation_has_its_speaker_in_every_style_and_order(style: tuple[str, str], verb: str, first: bool) -> None:
    opening, closing = style
    order = f"{verb} Mara Lindqvist" if first else f"Mara Lindqvist {verb}"
    text = f"{opening}We will rebuild every single house,{closing} {order}."

    found = find_quotations(text)

    assert [(q.text, q.speaker and q.speaker.name) for q in found] == [
        ("We will rebuild every single house,", "Mara Lindqvist")
    ]


@given(st.sampled_from(PLURALS), st.sampled_from(PLURALS), st.sampled_from((("‘", "’"), ("'", "'"))))
def test_plural_possessives_do_not_end_a_quotation(one: str, two: str, style: tuple[str, str]) -> None:
    opening, mark = style
    words = f"The {one}{mark} pay and the {two}{mark} hours are our concern,"

    found = find_quotations(f"{opening}{words}{mark} said Mara Lindqvist.")

    assert [q.text for q in found] == [words]


@given(st.sampled_from(("Guard", "Novelist", "Economist", "Striker", "Paramedic", "President")))
def test_titles_are_cut_off_a_name_and_kept_as_its_role(title: str) -> None:
    found = find_quotations(f'"We heard nothing at all," {title} Ruth Okafor said.')

    speaker = found[0].speaker
    assert speaker is not None
    assert (speaker.name, speaker.role) == ("Ruth Okafor", title)


@given(st.text(alphabet=st.sampled_from("“”‘’\"'«» \nsS.,:aA9n"), max_size=160))
def test_words_speakers_and_cues_stand_where_they_say(text: str) -> None:
    for found in find_quotations(text):
        assert text[found.start : found.end] == found.text
        for part in (found.speaker, found.cue):
            assert part is None or text[part.start : part.end] == part.text


def test_paragraphs_that_each_open_with_a_mark_are_one_quotation() -> None:
    text = "Ana Petrov said: “We waited.\n“Nobody came.\n“Then the roof fell.”"

    found = find_quotations(text)

    assert [(q.start, q.end, q.speaker and q.speaker.name) for q in found] == [(18, len(text) - 1, "Ana Petrov")]


@pytest.mark.parametrize(
    "text",
    [
        "Rock 'n' roll came to the workers' club.",
        "In the '60s and the '70s the miners' union grew.",
        "The 6' 2\" guard.",
    ],
)
def test_apostrophes_are_no_marks(text: str) -> None:
    assert find_quotations(text) == ()


_SENTENCES = st.lists(
    st.sampled_from(
        [*sorted(REPORTING), *"that to have as by the of in told-off 'said' say's _said saids he ,".split()]
    )
).map(" ".join)


@given(_SENTENCES | _SENTENCES.map(lambda words: f"Prices fall, {words}"))
def test_reported_speech_is_not_looked_for_only_where_there_is_none(text: str) -> None:
    if REPORTING.isdisjoint(split_words(text)):
        assert not any(pattern.search(text) for pattern in (SAYING, ACCORDING, TRAILING))


@pytest.mark.parametrize("word", sorted(REPORTING))
def test_each_word_of_reporting_is_of_one_of_the_patterns(word: str) -> None:
    told = [f"It {word} that it rains", f"It rains, they {word}.", f"They {word} us that", f"{word} to them"]
    told += ["in the words of them", "as related by them"]
    patterns = (SAYING, ACCORDING, TRAILING)
    assert any(word in match.group() for p in patterns for text in told if (match := p.search(text)) is not None)
