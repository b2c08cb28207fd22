"""Dates are found where they stand and mean what a reader on the day of publication takes them to mean."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.extract.dates.dates import _may_begin, _may_go_on, find_dates
from pipeline.stages.extract.dates.expressions import PATTERNS, SECONDS, STARTS

# A Monday.
PUBLISHED = datetime(2022, 2, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a meeting scheduled for 24 February.", "2022-02-24"),
        ("on Feb. 3 the bank closed", "2022-02-03"),
        ("on February 18, 1778 he left", "1778-02-18"),
        ("Thursday, 24 February 2022", "2022-02-24"),
        ("It opened on 2022-02-03 in Rome", "2022-02-03"),
        ("MARCH 3, 2021", "2021-03-03"),
        ("the fifth of January", "2022-01-05"),
        ("was due to convene on Wednesday", "2022-02-23"),
        ("the minister said on Wednesday", "2022-02-16"),
        ("the council met on Monday", "2022-02-21"),
        ("who died in December of 384, left", "0384-12"),
        ("the saint (died 30 September 420) was", "0420-09-30"),
        ("a troop of 30 September 420 people", "2021-09-30"),
        ("in the late 19th century", "1875/1899"),
        ("in the later 1800s", "1875/1899"),
        ("in the early 19th century", "1800/1899"),
        ('"[Ten] years ago, a browser was born', "2012"),
        ("will meet next Monday", "2022-02-28"),
        ("last Monday", "2022-02-14"),
        ("on Tuesday last week", "2022-02-15"),
        ("he said yesterday", "2022-02-20"),
        ("tonight", "2022-02-21"),
        ("two days ago", "2022-02-19"),
        ("ten years ago", "2012"),
        ("last week", "2022-02-14/2022-02-20"),
        ("Over the weekend, drills were extended", "2022-02-19/2022-02-20"),
        ("will play this weekend", "2022-02-26/2022-02-27"),
        ("this month", "2022-02"),
        ("next month", "2022-03"),
        ("in March 2014", "2014-03"),
        ("elections to be held in November", "2022-11"),
        ("profits in Q3", "2022-07/2022-09"),
        ("the third quarter of 2021", "2021-07/2021-09"),
        ("the first half of 2021", "2021-01/2021-06"),
        ("the 1990s", "1990/1999"),
        ("the early 1990s", "1990/1994"),
        ("after World War II", "1939-09-01/1945-09-02"),
        ("in the 19th century", "1800/1899"),
        ("in 2014", "2014"),
        ("the 2014 annexation", "2014"),
        ("5–6 September 2019", "2019-09-05/2019-09-06"),
        ("the past three years", "2019-02-21/2022-02-21"),
        ("24.02.2022", "2022-02-24"),
        ("the 9/11 attacks", "2001-09-11"),
        ("by the end of the year", "2022"),
    ],
)
def test_date_means_what_a_reader_takes_it_to_mean(text: str, value: str) -> None:
    assert [found.value for found in find_dates(text, PUBLISHED)] == [value]


def test_same_year_points_back_to_the_year_told_before() -> None:
    found = find_dates("The war ended in 1945. That same year the plant closed. Two years later it burned.", PUBLISHED)

    assert [date.value for date in found] == ["1945", "1945", "1947"]


def test_day_belongs_to_the_year_told_just_before() -> None:
    found = find_dates("In 2014 the region voted. On 18 March it was annexed.", PUBLISHED)

    assert [date.value for date in found] == ["2014", "2014-03-18"]


@pytest.mark.parametrize("text", ["He may go.", "They march on.", "some 2000 people", "No. 1999", "a $2010 fine"])
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert find_dates(text, PUBLISHED) == ()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("Saturday, February 19, 2022", "2022-02-18"),
        ("20 February 2022", "2022-02-19"),
        ("February 3, 2022", "2022-02-20"),  # too far from the day it was published
        ("February 31, 2022", "2022-02-20"),
        ("On February 19, 2022 they met.", "2022-02-20"),
    ],
)
def test_yesterday_counts_from_a_date_line(line: str, value: str) -> None:
    found = find_dates(f"{line}\n\nYesterday the council met.", PUBLISHED)
    assert found[-1].value == value


def test_other_languages_give_numeric_dates() -> None:
    found = find_dates("Am 24.02.2022 und 2022-03-01, Montag im Mai.", PUBLISHED, "de")

    assert [date.value for date in found] == ["2022-02-24", "2022-03-01"]


@given(
    st.lists(
        st.sampled_from(
            "12 May 2022 the last week of 31 February Monday in two years ago, . – 1990s Q3 next 99 ‘ 's century \n "
            "that same year fifth AD 0 12/12/2000 29 weekend day".split(" ")
        )
    ).map(" ".join)
)
def test_spans_are_substrings_in_order_whatever_the_text(text: str) -> None:
    found = find_dates(text, PUBLISHED)

    assert all(text[date.start : date.end] == date.text for date in found)
    assert all(one.end <= two.start for one, two in pairwise(found))


_ENDS = (
    "day week days year years month weekend decade half quarter century morning night of war eve 5 19th 1999 nothing"
)
_NEXT = sorted({*STARTS, *_ENDS.split(), *(word for words in SECONDS.values() for word in words)})
_WRITTEN = st.sampled_from([str.lower, str.title, str.upper])


@pytest.mark.parametrize("word", sorted(STARTS))
@given(st.data())
def test_no_expression_begins_with_words_that_are_passed_over(word: str, data: st.DataObject) -> None:
    following, third = (data.draw(st.sampled_from(_NEXT)) for _ in range(2))
    written = data.draw(_WRITTEN)(word)
    if _may_begin(written) and _may_go_on(word, following, third):
        return
    first, second = (data.draw(st.sampled_from([" ", "-", "] ", "’", ", "])) for _ in range(2))
    text = f"{written}{first}{following}{second}{third} of January 2001"
    assert [name for name in STARTS[word] if PATTERNS[name].match(text)] == []
