"""Where and when an article was filed is cut off it, and gives its country."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.model import Document
from pipeline.stages.extract.datelines import LONGEST, find_dateline
from pipeline.stages.extract.names.gazetteer import find
from pipeline.stages.extract.stage import read


@pytest.mark.parametrize(
    ("line", "country"),
    [
        ("PARIS, March 11 (Reuters) - ", "FRA"),
        ("KYIV (Reuters) - ", "UKR"),
        ("YEREVAN/BAKU (AFP) — ", None),
        ("LAMPEDUSA, Italy, Sept 14 (Reuters) - ", "ITA"),
        ("By Ann Lee in Kyiv\n\n", "UKR"),
        ("By Ann Lee and Bob Ray\n", None),
        ("By Ann Lee in Kyiv\n\nKYIV, 11 March (Reuters) - ", "UKR"),
        ("WASHINGTON — ", "USA"),
        ("BIRMINGHAM, Ala. (AP) — ", "USA"),
        ("ATLANTA, Ga. (AP) — ", "USA"),
        ("Paris (AFP) - ", "FRA"),
        ("(Reuters) - ", None),
    ],
)
def test_dateline_is_found_whole_and_says_the_country(line: str, country: str | None) -> None:
    text = line + "Estonia on Wednesday accused Russia."
    assert find_dateline(text, find(text))[:2] == (len(line), country)


@pytest.mark.parametrize(
    "text",
    [
        "England beat France - and how.",
        "NATO — the alliance of the West — said so.",
        "US-China talks - the fifth this year - ended.",
        "By Friday France had withdrawn.",
        "France (the hosts) - Germany 2:1",
        "",
    ],
)
def test_sentence_is_no_dateline(text: str) -> None:
    assert find_dateline(text, find(text)).end == 0


@pytest.mark.parametrize("piece", ["A", "A ", "AA/", "By A. ", "A, ", "PARIS, ", "(AFP) - ", "PARIS (AFP) - "])
def test_long_lines_are_read_to_a_bound(piece: str) -> None:
    assert find_dateline(piece * 4_000, ()).end <= 4 * LONGEST


@pytest.mark.parametrize(
    ("text", "city", "country"),
    [
        ("KYIV, Ukraine (AP) — Missiles hit a power station.", "KYIV", "UKR"),
        ("GOMA, Democratic Republic of Congo, March 9 (Reuters) - Rebels seized a town.", "GOMA", "COD"),
        ("GENEVA, Switzerland, 12 March 2024 – The agency warned of famine in Sudan.", "GENEVA", "CHE"),
        ("CARACAS, Venezuela, March 11 (AP) _ Venezuela jailed a journalist.", "CARACAS", "VEN"),
        ("YEREVAN/BAKU (AFP) — The two sides traded accusations.", "BAKU", "AZE"),
        ("PARIS, Texas (AP) — A tornado killed three people.", "PARIS", "USA"),
    ],
)
def test_cities_of_a_dateline_are_places(text: str, city: str, country: str) -> None:
    day = datetime(2024, 3, 12, tzinfo=UTC)
    found = read(Document(id="1", source="s", seen=day, published=day, text=text, language="en"))

    assert [(e.type, e.country) for e in found.entities if e.text == city] == [("LOC", country)]
