"""Of several places with one name the right one is chosen, by what stands beside it and what the article speaks of."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names.atlas import Spot, atlas, folded, spots
from pipeline.stages.extract.names.gazetteer import Mention, find
from pipeline.stages.extract.names.located import _PLACED, _placed, locate
from tests.bench.extraction.cases import CASES, cases, document_of, places

# Dev cases that are known to come out wrong: names of persons that begin like a place, a town that opens a sentence.
NOT_YET = ("Paris Hilton", "Victoria Nuland", "Merida's cathedral")


def place_in(text: str, surface: str) -> Mention | None:
    """Return the mention of a name in a text."""
    start = text.index(surface)
    return next((m for m in locate(text, find(text)) if m.start == start and m.end == start + len(surface)), None)


@pytest.mark.parametrize(
    "case", [*cases("places", "dev"), *cases("places", "later")], ids=lambda case: case["text"][:50]
)
def test_places_of_the_seen_cases_are_those_meant(case: dict[str, Any]) -> None:
    if case.get("not_yet") or any(words in case["text"] for words in NOT_YET):
        pytest.xfail("known")
    assert list(places(case, document_of(case))) == [True] * len(case["places"])


def test_locked_cases_are_those_that_were_written_before_the_rules() -> None:
    digests = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in sorted(CASES.glob("*_locked.jsonl"))
    }

    assert digests == {
        "dates_locked.jsonl": "6fd190c2094fb736",
        "languages_locked.jsonl": "a8be9c8b7baf759d",
        "places_locked.jsonl": "d7642ef7df00d921",
        "quotations_locked.jsonl": "b8ddb68074841583",
    }


@cache
def american_cities() -> tuple[Spot, ...]:
    """Return cities of the United States that share their name with others."""
    names = "Springfield Columbia Portland Alexandria Cambridge Birmingham Paris Athens Rome Moscow Dublin Manchester "
    names += "Rochester Florence Kingston Lancaster Oxford Naples Cordova Lebanon Toledo Valencia Odessa Newcastle"
    found = (s for name in names.split() for s in spots(name) if s.code == "USA" and s.kind == "city" and s.named)
    return tuple(islice(found, 200))


@given(st.integers(0, 10_000))
def test_a_city_named_with_its_state_is_the_one_of_that_state(number: int) -> None:
    city = american_cities()[number % len(american_cities())]
    state = next(s.name for s in spots(city.region) if s.kind == "region" and s.code == "USA")
    text = f"Police in {city.name}, {state}, closed two roads on Tuesday."

    found = place_in(text, city.name)

    assert found is not None
    assert found.code == "USA"
    assert any(
        (s.latitude, s.region) == (found.entry.latitude, city.region) for s in spots(city.name) if s.kind == "city"
    )


@given(st.sampled_from(("Tripoli", "Valencia", "Cartagena", "Hyderabad", "Merida", "Guadalajara", "Santa Cruz")))
def test_a_city_named_with_its_country_is_the_one_of_that_country(name: str) -> None:
    for spot in spots(name):
        country = atlas().country(spot.code)
        if spot.kind != "city" or country is None or not spot.named or spot.people < 100_000:
            continue
        found = place_in(f"The talks in {spot.name}, {country.name}, went on.", spot.name)
        assert found is not None
        assert found.code == spot.code


@given(st.text(alphabet=st.sampled_from("Paris, Texas. In the Georgia's near Man and of\n'-É"), max_size=200))
def test_places_stand_in_order_and_where_they_say(text: str) -> None:
    found = locate(text, find(text))

    assert all(0 <= m.start < m.end <= len(text) for m in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_spellings_that_differ_in_accents_and_marks_are_one_name() -> None:
    assert folded("Kharkiv’s-Łódź") == folded("kharkivs lodz")
    assert {spot.code for spot in spots("Mykolaiv")} >= {"UKR"}


def test_a_village_is_not_meant_because_its_country_is_named() -> None:
    found = place_in("Canada's prime minister flew to London on Monday.", "London")

    assert found is not None
    assert found.code == "GBR"


def test_countries_and_regions_have_the_middle_of_their_towns() -> None:
    case = {"text": "Flooding hit Kenya and the north of Bavaria.", "published": "2024-05-15"}
    found = {e.text: (e.found, e.latitude is not None) for e in document_of(case).entities}

    assert found == {"Kenya": ("country", True), "Bavaria": ("region", True)}


def test_a_word_within_a_longer_name_is_no_place_of_its_own() -> None:
    text = "The Organisation for Security and Cooperation in Europe met in Vienna."

    assert [text[m.start : m.end] for m in locate(text, find(text))] == [
        "Organisation for Security and Cooperation in Europe",
        "Vienna",
    ]


_BESIDE = st.sampled_from('in In of to near Near the Paris town Syrian village a hit " . X-in _in'.split(" "))


@given(st.lists(st.tuples(_BESIDE, st.sampled_from([" ", " ", "  ", "", "\n"]))))
def test_words_before_places_are_all_found_though_looked_for_where_they_end(pieces: list[tuple[str, str]]) -> None:
    text = "".join(word + space for word, space in pieces)
    found = [(match.span(), match["strong"]) for match in _placed(text)]
    assert found == [(match.span(), match["strong"]) for match in _PLACED.finditer(text)]
