"""Parts of months and years, stretches, offsets and tense: each form gives the days it was made from."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.dates.dates import find_dates
from tests.bench.extraction.cases import cases, dates, document_of

DAYS = st.dates(date(2001, 1, 1), date(2040, 12, 1))
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = list(calendar.month_name)[1:]
EDGES = "first second third fourth last".split()
# Dev cases that are known to come out wrong: numbers that are no years only to who knows the game or the model.
NOT_YET = ("2010 dollars", "on points")


def values(text: str, day: date) -> list[str]:
    """Return the values found in a text published on a day."""
    return [found.value for found in find_dates(text, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))]


@pytest.mark.parametrize("case", [*cases("dates", "dev"), *cases("dates", "later")], ids=lambda case: case["text"][:50])
def test_dates_of_the_seen_cases_are_those_meant(case: dict[str, Any]) -> None:
    if case.get("not_yet") or any(words in case["text"] for words in NOT_YET):
        pytest.xfail("known")
    assert list(dates(case, document_of(case))) == [True]


@given(DAYS, st.integers(1, 12), st.integers(1, 9), st.sampled_from(("from today", "from tomorrow")))
def test_weeks_from_a_day_are_that_many_weeks_after_it(today: date, count: int, _: int, base: str) -> None:
    day = today + timedelta(weeks=count, days=base == "from tomorrow")

    assert values(f"The deadline is {count} weeks {base}.", today) == [day.isoformat()]


@given(DAYS, st.integers(0, 6))
def test_the_present_tense_points_to_the_weekday_to_come(today: date, weekday: int) -> None:
    day = today + timedelta(days=(weekday - today.weekday()) % 7)

    assert values(f"The committee meets {WEEKDAYS[weekday]}.", today) == [day.isoformat()]
    assert values(f"The committee meets this {WEEKDAYS[weekday]}.", today) == [day.isoformat()]


@given(DAYS, st.integers(0, 6))
def test_the_past_tense_points_to_the_weekday_that_was(today: date, weekday: int) -> None:
    day = today - timedelta(days=(today.weekday() - weekday) % 7)

    assert values(f"The committee met on {WEEKDAYS[weekday]}.", today) == [day.isoformat()]
    assert values(f"THE COMMITTEE MET ON {WEEKDAYS[weekday].upper()}.", today) == [day.isoformat()]


@given(st.integers(1500, 2020), st.integers(1, 400))
def test_a_stretch_of_years_is_one_range(first: int, more: int) -> None:
    last = min(first + more, 2040)
    if last <= first:
        return
    for text in (f"He ruled from {first} to {last}.", f"It was built between {first} and {last}."):
        assert values(text, date(2024, 5, 1)) == [f"{first}/{last}"]


@given(DAYS, st.integers(1, 12), st.integers(0, 6), st.sampled_from(EDGES), st.integers(1990, 2040))
def test_the_nth_weekday_of_a_month_is_in_it(today: date, month: int, weekday: int, edge: str, year: int) -> None:
    found = values(f"It is on the {edge} {WEEKDAYS[weekday]} of {MONTHS[month - 1]} {year}.", today)

    assert len(found) == 1
    day = date.fromisoformat(found[0])
    assert (day.year, day.month, day.weekday()) == (year, month, weekday)
    nth = (day.day - 1) // 7
    assert nth == EDGES.index(edge) or (edge == "last" and (day + timedelta(days=7)).month != month)


@given(st.integers(1, 12), st.integers(1990, 2040), st.integers(1, 11))
def test_the_first_and_last_months_of_a_year_are_in_it(month: int, year: int, count: int) -> None:
    first = values(f"Sales fell in the first {count + 1} months of {year}.", date(2024, 5, 1))
    last = values(f"Sales fell in the last {count + 1} months of {year}.", date(2024, 5, 1))

    assert first == [f"{year}-01/{year}-{count + 1:02d}"]
    assert last == [f"{year}-{12 - count:02d}/{year}-12"]


@given(DAYS, st.integers(1, 60))
def test_a_stretch_between_two_days_is_one_range(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    if first.year == last.year == 2040:
        return
    american = f"from {MONTHS[first.month - 1]} {first.day} to {MONTHS[last.month - 1]} {last.day}"
    british = f"from {first.day} {MONTHS[first.month - 1]} to {last.day} {MONTHS[last.month - 1]}"

    for form in (american, british):
        assert values(f"The fair will run {form}.", first) == [f"{first}/{last}"]


@given(st.sampled_from(("Bloody", "Black", "Good", "Palm", "every", "each")), st.integers(0, 6), DAYS)
def test_names_and_what_comes_again_are_no_days(word: str, weekday: int, today: date) -> None:
    assert values(f"They spoke of {word} {WEEKDAYS[weekday]} at length.", today) == []


@pytest.mark.parametrize("words", ["Flight 1999", "Highway 2020", "Room 2012", "Boeing 2015"])
def test_numbers_of_things_are_no_years(words: str) -> None:
    assert values(f"They saw {words} from afar.", date(2024, 5, 1)) == []


def test_two_days_of_one_life_stay_two() -> None:
    assert values("She (8 February 1700 – 17 March 1782) wrote.", date(2024, 5, 1)) == ["1700-02-08", "1782-03-17"]


@given(DAYS, st.integers(1, 28), st.sampled_from(("He was held on", "They have marched since", "The bridge fell on")))
def test_a_day_of_a_month_alone_is_the_last_that_was(today: date, day: int, before: str) -> None:
    (value,) = values(f"{before} the {day}{_ending(day)}.", today)
    found = date.fromisoformat(value)

    assert found.day == day
    assert 0 <= (today - found).days <= 31


@given(DAYS, st.integers(1, 28))
def test_a_day_of_a_month_alone_that_lies_ahead_is_the_next_to_come(today: date, day: int) -> None:
    (value,) = values(f"The court will rule on the {day}{_ending(day)}.", today)
    found = date.fromisoformat(value)

    assert found.day == day
    assert 0 <= (found - today).days <= 31


def _ending(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


@pytest.mark.parametrize("text", ["It stands on the 3rd floor.", "They met on the 20th anniversary.", "He is the 3rd."])
def test_other_ordinals_are_no_days(text: str) -> None:
    assert values(text, date(2026, 3, 12)) == []


def test_the_day_of_a_month_named_beside_it_is_of_that_month() -> None:
    today = date(2026, 3, 12)

    assert values("The ban was announced on the 28th of last month.", today) == ["2026-02-28"]
    assert values("He was held on Feb. 20 and freed on the 24th.", today) == ["2026-02-20", "2026-02-24"]


def test_overnight_beside_a_weekday_is_that_day_alone() -> None:
    assert values("Police held 34 people overnight on Sunday.", date(2026, 3, 12)) == ["2026-03-08"]
