"""Names are found, typed and joined over an article; gazetteer names carry codes and places."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names.gazetteer import find, gazetteer
from pipeline.stages.extract.names.names import find_entities, is_careless
from pipeline.stages.extract.names.places import place_of


@pytest.mark.parametrize(
    ("text", "kind", "code", "sector"),
    [
        ("Russia", "country", "RUS", None),
        ("the U.S.", "country", "USA", None),
        ("US", "country", "USA", None),
        ("Iraqis", "demonym", "IRQ", None),
        ("Kiev", "capital", "UKR", None),
        ("White House", "office", "USA", "GOV"),
        ("NATO", "org", "IGO", "MIL"),
        ("Putin", "person", "RUS", "GOV"),
        ("Organisation for Security and Cooperation in Europe", "org", "IGO", None),
        ("UNITED STATES", "country", "USA", None),
        ("Deutschland", "country", "DEU", None),
    ],
)
def test_known_name_has_kind_code_and_sector(text: str, kind: str, code: str, sector: str | None) -> None:
    ((mention),) = find(text)

    assert (mention.kind, mention.code, mention.sector) == (kind, code, sector)


@pytest.mark.parametrize("text", ["us", "He told us all", "turkey soup", "chinaware", "it"])
def test_small_letters_name_nothing(text: str) -> None:
    assert find(text) == ()


def test_city_is_a_place_with_coordinates() -> None:
    text = "They met in Geneva."
    place = place_of(text, find(text)[0])

    assert place is not None
    assert (place.name, place.country, place.geonames_id) == ("Geneva", "CHE", 2660646)
    assert (round(place.latitude or 0), round(place.longitude or 0)) == (46, 6)


def test_lookup_of_a_whole_name() -> None:
    entry = gazetteer().lookup("Emmanuel Macron")

    assert entry is not None
    assert (entry.code, entry.sector) == ("FRA", "GOV")


def test_surname_has_the_full_name_of_the_article() -> None:
    found = find_entities("President Johanna Feldkirch met ministers in Vienna. Later Feldkirch flew to Oslo.")

    assert [e.name for e in found if e.type == "PER"] == ["Johanna Feldkirch"] * 2
    assert [e.name for e in found if e.type == "LOC"] == ["Vienna", "Oslo"]


def test_other_languages_have_the_gazetteer() -> None:
    found = find_entities("Der Außenminister reiste von Berlin nach Russland.", "de")

    assert [(entity.name, entity.type) for entity in found] == [("Berlin", "LOC"), ("Russia", "LOC")]


@given(
    st.lists(
        st.sampled_from(
            "Russia the U.S. , of Putin al - Al said’s NATO \n Élysée 1 ' Kim Jong Un IX 中国 ’s .".split(" ")
        )
    ).map(" ".join)
)
def test_spans_are_substrings_without_overlap(text: str) -> None:
    found = find_entities(text)

    assert all(text[entity.start : entity.end] == entity.text for entity in found)
    assert all(one.end <= two.start for one, two in pairwise(found))


@pytest.mark.parametrize("verb", ["congratulated", "praised", "thanked"])
@pytest.mark.parametrize("name", ["Boateng", "Adeyemi"])
def test_a_lone_word_that_is_no_place_anywhere_is_tagged_as_none(verb: str, name: str) -> None:
    found = find_entities(f"The United States {verb} {name} on her victory.")
    assert [entity.type for entity in found if entity.text == name] in ([], ["PER"])


_PIECES = st.lists(st.sampled_from([*"aiI.!?-’'& \n_1", "Kim", "Kimi", "AT-Kim"])).map("".join)


@given(_PIECES)
def test_a_text_is_careless_that_begins_a_sentence_small_or_writes_i(text: str) -> None:
    assert is_careless(text) == (re.search(r"(?:^|[.!?]\s+|\n)[a-z]|\bi\b", text) is not None)
