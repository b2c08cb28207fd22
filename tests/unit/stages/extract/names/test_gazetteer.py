"""Known names are found whole, however they are written, and only those."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.names.gazetteer import Gazetteer

PIECES = st.sampled_from(["Nor", "the", "U", ".", "-", "'", "St", "İstanbul", "Straße", "al", "Aid", "7", "_", "東京"])
GAPS = st.sampled_from(["", " ", "  "])
SURFACES = st.lists(st.tuples(PIECES, GAPS), min_size=1, max_size=5).map(
    lambda parts: "".join(piece + gap for piece, gap in parts).strip()
)


@given(surfaces=st.lists(SURFACES, min_size=1, max_size=6, unique=True))
def test_every_name_of_the_list_is_found_however_it_is_put_together(surfaces: list[str]) -> None:
    known = Gazetteer(f"{surface}\torg\t\t\t{surface}" for surface in surfaces)

    assert [surface for surface in surfaces if known.lookup(surface) is None] == []


def test_a_name_is_not_found_where_only_its_first_words_stand() -> None:
    known = Gazetteer(["New York Times\torg", "York\tcity\tGBR"])

    assert [(each.start, each.end) for each in known.find("New York, New York Times")] == [(4, 8), (10, 24)]


def test_a_name_in_capitals_is_no_word_in_small_letters() -> None:
    known = Gazetteer(["WHO\torg"])

    assert known.lookup("WHO") is not None
    assert known.lookup("who") is None
