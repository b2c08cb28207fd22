"""Hold headlines to what they tell: their present is the past of a sentence, whatever its form looks like."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.extract.events.headlines import past_of
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.events.repair import parse_sentences
from tests.unit.stages.extract.events.test_short_sentences import codes, document_of

STATES = {"Israel": "ISR", "Turkey": "TUR", "Kenya": "KEN", "Brazil": "BRA", "North Korea": "PRK", "India": "IND"}
# Whose present may be read as a noun, with what each means.
VERBS = {
    "bombs": "ASSAULT",
    "shells": "ASSAULT",
    "attacks": "ASSAULT",
    "sanctions": "SANCTION",
    "backs": "SUPPORT",
    "slams": "ACCUSE",
}
OTHERS = {"Armenia": "ARM", "Serbia": "SRB", "Peru": "PER", "Yemen": "YEM"}
ENDS = ("", " again", " on Sunday", " despite truce talks", " as summit nears", " after deadly raid")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(STATES)),
    st.sampled_from(sorted(VERBS)),
    st.sampled_from(sorted(OTHERS)),
    st.sampled_from(ENDS),
)
def test_a_state_that_does_something_to_another_does_it_in_the_present_of_a_headline(
    state: str, verb: str, other: str, end: str
) -> None:
    told = [(e.type, codes(e.actors), codes(e.recipients)) for e in document_of(f"{state} {verb} {other}{end}").events]
    expected = (VERBS[verb], STATES[state], OTHERS[other])
    assert told[:1] == [expected]


@pytest.mark.parametrize(
    "headline",
    [
        "US sanctions over Iran oil bite",
        "Kenya protests turn violent",
        "Israeli strikes on Gaza",
        "Turkey talks in doubt",
        "China trade talks resume",
    ],
)
def test_nouns_of_a_headline_are_no_verbs(headline: str) -> None:
    (doc,) = parse_sentences([headline])
    noun = next(t for t in doc if t.text in ("sanctions", "protests", "strikes", "talks"))
    assert not noun.tag_.startswith("VB")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            "Israel US Iran - : , and to as 'law' Police nurses strikes bombs talks hold killed $ in Taliban PM".split()
        ),
        min_size=1,
        max_size=14,
    )
)
def test_whatever_stands_in_a_headline_its_tree_is_over_its_own_words(words: list[str]) -> None:
    text = " ".join(words)
    (doc,) = parse_sentences([text])
    assert doc.text == text
    assert all(len(list(token.ancestors)) < len(doc) for token in doc)


def test_the_past_of_every_verb_of_the_lexicon_is_a_form_of_it() -> None:
    verbs = {key.partition("_")[0] for key in lexicon().verbs}
    strange = {verb: past_of(verb) for verb in verbs if verb.isalpha() and lemma(past_of(verb)) != verb}
    assert len(strange) < 0.05 * len(verbs), strange
