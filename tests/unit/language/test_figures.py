"""Which figures took the place of others, which are none, and what is a correction."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language.corrections import is_correction
from pipeline.language.figures import figures, replaced_figures
from pipeline.language.number_words import number_words


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ("The flood killed 3 people.", "The flood killed 5 people.", [("3", "5")]),
        ("Two people died in the fire.", "Seven people died in the fire.", [("Two", "Seven")]),
        ("Shares fell 1.5% to 20.", "Shares fell 2.5% to 18.", [("1.5", "2.5"), ("20", "18")]),
        ("Police said 12 were hurt.", "Police in the town said 15 were hurt.", [("12", "15")]),
        ("Calm at the port.", "Calm at the port. The mayor counted 40 ships.", []),
        ("At 12:01 the road was shut.", "At 12:45 the road was shut.", []),
        ("Storm warning (update 3)", "Storm warning (update 4)", []),
        ("Part 2 of the series.", "Part 3 of the series.", []),
        ("The blog has 1,204 stars.", "The blog has 1,377 stars.", []),
        ("★ 120 for the bistro", "★ 121 for the bistro", []),
        ("Posted 5 minutes ago by Ana.", "Posted 9 minutes ago by Ana.", []),
        ("The flood drove out 1,200 people.", "The flood drove out 1200 people.", []),
        ("The fire killed 5 people.", "The fire killed five people.", []),
        ("The fire killed five people.", "The fire killed 6 people.", [("five", "6")]),
        ("The road is shut.\n\nViews: 120", "The road is shut.\n\nViews: 4,512", []),
        ("The road is shut. Comments (12)", "The road is shut. Comments (15)", []),
        ("The road is shut. © 2025 The Mail", "The road is shut. © 2026 The Mail", []),
        ("He sold shares: 12 of 40.", "He sold shares: 14 of 40.", [("12", "14")]),
        ("Read by many: 1,001 views.", "Read by many: 2,002 views.", []),
        ("The bank lent 300 million.", "A dog won 12 prizes at a show in Lund.", []),
    ],
)
def test_figure_is_replaced_where_the_statement_stays(before: str, after: str, pairs: list[tuple[str, str]]) -> None:
    assert pairs == replaced_figures(before, after, "en")


@given(st.text(max_size=200), st.text(max_size=200))
def test_only_figures_are_replaced_and_by_others(before: str, after: str) -> None:
    for was, now in replaced_figures(before, after, "en"):
        assert was in before and now in after and was != now
    assert [] == replaced_figures(before, before, "en")


def test_counters_and_clocks_are_no_figures() -> None:
    text = "At 14:05, update 7: 300 homes without power, 4.5 stars, 12 comments, page 2 of 9, #3."
    assert ["300"] == figures(text)


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("Correction: the bridge is in Tarn.", True),
        ("More follows.\n\nCorrects day of the vote.", True),
        ("This article has been corrected to name the mayor.", True),
        ("An earlier version of this story misspelt the name.", True),
        ("Korrektur: Die Brücke steht in Tarn.", True),
        ("Rectificatif : le pont est à Tarn.", True),
        ("Correctie: de brug staat in Tarn.", True),
        ("Rättelse: bron står i Tarn.", True),
        ("Исправление: мост стоит в Тарне.", True),
        ("更正：桥在塔恩。", True),
        ("The minister spoke of a market correction.", False),
        ("She corrected the pupils' work.", False),
    ],
)
def test_correction_says_so(text: str, correction: bool) -> None:
    assert correction == is_correction(text)


DATA = Path(__file__).parents[2] / "data" / "alerts"


def rows(name: str) -> list[tuple[str, ...]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [tuple(line.split(" | ")) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(("kind", "before", "after"), rows("figures.txt"))
def test_counters_otherwise_written_figures_and_offers_are_no_news(kind: str, before: str, after: str) -> None:
    language = "de" if before.startswith(("Sie ", "Bei der ", "Stand", "Lesedauer")) else "en"
    stays = "The mayor of Eiken spoke to reporters at the bridge."
    found = [
        replaced_figures(text.format(before), text.format(after), language)
        for text in (f"{stays}\n\n{{}}\n\n{stays}", "{}")
    ]
    assert [kind == "news"] * 2 == [bool(pairs) for pairs in found]


@pytest.mark.parametrize("row", rows("figures_of_languages.txt"), ids="-".join)
def test_figures_are_read_as_their_language_writes_them(row: tuple[str, ...]) -> None:
    kind, language, before, after, *told = row
    found = "; ".join(f"{was} → {now}" for was, now in replaced_figures(before, after, language))
    assert (found, bool(told)) == (told[0] if told else "", kind == "news")


NUMBERED = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "pl", "ru", "tr", "id")


@given(st.sampled_from(NUMBERED), st.integers(2, 99), st.integers(2, 99))
def test_written_number_is_the_same_as_its_digits_and_no_other(language: str, one: int, other: int) -> None:
    words = {number: word for word, number in number_words(language).items()}
    if one in words:
        assert [] == replaced_figures(f"X {words[one]} Y.", f"X {one} Y.", language)
        assert one == other or [(words[one], f"{other}")] == replaced_figures(
            f"X {words[one]} Y.", f"X {other} Y.", language
        )


@pytest.mark.parametrize("language", NUMBERED[:8])
def test_every_number_below_a_hundred_has_a_word(language: str) -> None:
    assert set(range(2, 100)) <= set(number_words(language).values())


@pytest.mark.parametrize(("kind", "text"), rows("corrections.txt"))
def test_passage_that_puts_right_is_told_from_one_that_tells_of_it(kind: str, text: str) -> None:
    assert (kind == "yes") == is_correction(text)


SMALL = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
).split()


def written(number: int) -> list[str]:
    """Return how a number may be written in English."""
    forms = [f"{number}", f"{number:,}", f"{number:,}".replace(",", " "), f"{number:,}".replace(",", "\u00a0")]
    if 2 <= number <= 20:
        forms.append(SMALL[number - 2])
    if number % 12 == 0 and 1 <= number // 12 <= 9:
        forms.append(f"{'a' if number == 12 else SMALL[number // 12 - 2]} dozen")
    if number % 100 == 0 and 1 <= number // 100 <= 9:
        forms.append(f"{'a' if number == 100 else SMALL[number // 100 - 2]} hundred")
    if number % 1000 == 0 and 1 <= number // 1000 <= 20:
        forms.append(f"{'a' if number == 1000 else SMALL[number // 1000 - 2]} thousand")
    if number % 10 and 20 < number < 100:
        tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()[number // 10 - 2]
        forms.append(f"{tens}-{'one' if number % 10 == 1 else SMALL[number % 10 - 2]}")
    return forms


NUMBERS = st.one_of(
    st.integers(2, 130), st.integers(1, 9).map(lambda n: 100 * n), st.integers(1, 20).map(lambda n: 1000 * n),
    st.integers(2, 9_999_999),
)  # fmt: skip


@given(NUMBERS, NUMBERS, st.data())
def test_figure_is_replaced_if_it_says_something_else_however_both_are_written(
    one: int, other: int, data: st.DataObject
) -> None:
    before = data.draw(st.sampled_from(written(one)))
    after = data.draw(st.sampled_from(written(other)))
    found = replaced_figures(f"The flood drove out {before} people.", f"The flood drove out {after} people.", "en")
    assert found == ([(before, after)] if one != other else [])


@pytest.mark.parametrize("piece", ["1 ", "1.1.1.", "a 1,2 ", "+1 (", "updated 1 ", "\n", "123 456 ", "you have free "])
def test_hostile_text_costs_bounded_time(piece: str) -> None:
    begin = time.process_time()
    text = piece * (40_000 // len(piece))
    replaced_figures(f"{text} 2", f"{text} 3", "en")
    is_correction(text)
    assert time.process_time() - begin < 10.0
