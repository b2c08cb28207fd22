"""Moments survive being written as numbers, and headers are read or passed over."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from pipeline.moments import from_http, from_microseconds, microseconds

MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS)
def test_moment_is_the_same_after_being_a_number(moment: datetime) -> None:
    assert from_microseconds(microseconds(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_numbers_are_in_the_order_of_their_moments(one: datetime, other: datetime) -> None:
    assert (microseconds(one) < microseconds(other)) == (one < other)


@given(MOMENTS.filter(lambda moment: moment.year >= 1000).map(lambda moment: moment.replace(microsecond=0)))
def test_date_of_a_header_is_read(moment: datetime) -> None:
    assert from_http(format_datetime(moment, usegmt=True)) == moment


@given(st.none() | st.text())
def test_what_is_no_date_is_passed_over(text: str | None) -> None:
    found = from_http(text)
    assert found is None or found.tzinfo is not None
