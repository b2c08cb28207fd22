"""English forms and spellings that Snowball parts are found by each other, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.tokens import STEMMERS, earlier_stem, fold, stem
from pipeline.language.variants import _BASES, _BEGINNINGS, _ER, _IZED, _OPENING, _OPENINGS, _OR, _SPELT, one_form

MEET = (
    "buy:bought strike:struck upholds:upheld withdrawal:withdrew fleeing:fled takes:taken win:won sell:sold lead:led "
    "organise:organizing organisation:organizations criticised:criticize nationalise:nationalization analysed:analyze "
    "colour:colored favourite:favorites neighbouring:neighbor harbour:harbors behaviour:behavioral rumours:rumored "
    "centre:centers epicentre:epicenters kilometres:kilometer theatre:theaters manoeuvres:maneuvering "
    "defence:defense offences:offense licence:licensed practised:practice programme:programs catalogue:catalogs "
    "cancelled:cancel travelled:traveling fuelled:fuel dialled:dialing judgement:judgments sceptics:skeptic "
    "F16s:F16 737s:737 A320s:A320 paediatric:pediatrics foetus:fetuses"
)
PART = (
    "found:find shot:shoot rose:rise felt:feel met:meet fed:feed saw:see labour:labor rise:rize exercise:exercize "
    "1980s:1980 80s:80 5s:5 hour:hor four:for tour:tor contour:contor organ:organise centred:century "
    "analyses:analysed programmer:program left:leave thought:think"
)
_BOTH = [tuple(pair.split(":")) for pair in MEET.split()]
_APART = [tuple(pair.split(":")) for pair in PART.split()]


@pytest.mark.parametrize(("one", "other"), _BOTH)
def test_forms_and_spellings_of_one_word_meet(one: str, other: str) -> None:
    assert stem(fold(one), "en") == stem(fold(other), "en")


@pytest.mark.parametrize(("one", "other"), _APART)
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert stem(fold(one), "en") != stem(fold(other), "en")


@pytest.mark.parametrize("form", sorted(_BASES))
def test_form_stands_for_a_base_that_stands_for_itself_and_parts_from_no_plural(form: str) -> None:
    assert one_form(one_form(form)) == one_form(form)
    # A noun of these letters would have a plural that is found by other words than it.
    assert stem(form, "en") == stem(_BASES[form], "en")


@given(st.from_regex(r"[a-z]{1,4}(is|our|re|ll|ys|ogu|\d)(e|ed|es|ing|ation|s|)", fullmatch=True))
def test_form_that_stands_for_others_stands_for_itself(token: str) -> None:
    assert one_form(one_form(token)) == one_form(token)


@given(st.text(min_size=1, max_size=12), st.sampled_from(sorted(set(STEMMERS) - {"en"})))
def test_other_languages_have_the_stems_that_they_had(word: str, language: str) -> None:
    for token in filter(None, [fold(word)]):
        assert stem(token, language) == earlier_stem(token, language)


def _spelt() -> list[str]:
    roots = [f"{root}is{end}" for root in _IZED.split("|") for end in ("ed", "ing")]
    roots += [f"{root}our" for root in _OR.split("|")] + [f"{root}res" for root in _ER.split("|")]
    roots += [f"{begins}s" for begins in _BEGINNINGS] + ["analysed", "catalysing", "paralysed", "manoeuvred"]
    return [form for root in roots for form in (root, f"un{root}") if _SPELT.fullmatch(form)]


def test_every_word_that_is_spelt_otherwise_is_looked_for() -> None:
    assert len(_spelt()) > 300
    assert [word for word in _spelt() if word[:_OPENING] not in _OPENINGS] == []
