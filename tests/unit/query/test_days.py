"""Days are those of a zone: whole, one after the other, and counted by the borders that queries ask for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.moments import EPOCH
from pipeline.query.days import TICK, count_by_day, day_of, span, start_of

# Half hours, days of 23 and 25 hours, midnights that do not exist or come twice, and a day that was left out.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "Asia/Tehran",
)  # fmt: skip
SECONDS = st.integers(-2_208_988_800, 4_102_444_800)


@given(SECONDS, st.sampled_from(ZONES))
def test_every_moment_lies_within_its_day(second: int, zone: str) -> None:
    moment = EPOCH + timedelta(seconds=second)
    day = day_of(moment, zone)
    assert start_of(day, zone) <= moment < start_of(day + timedelta(days=1), zone)


@given(SECONDS, st.sampled_from(ZONES))
def test_a_moment_is_counted_on_the_day_by_which_it_is_found(second: int, zone: str) -> None:
    (day,) = count_by_day([second], zone)
    first, last = span(f"{day:%Y-%m-%d}", zone)
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    assert first <= EPOCH + timedelta(seconds=second) <= last


@given(st.lists(SECONDS, max_size=30), st.sampled_from(ZONES))
def test_moments_are_counted_together_as_each_alone(seconds: list[int], zone: str) -> None:
    alone = Counter(day for second in seconds for day in count_by_day([second], zone))
    assert count_by_day(sorted(seconds), zone) == alone


@pytest.mark.parametrize(
    ("zone", "shown", "day"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", date(2026, 10, 25)),
        ("America/Havana", "2026-11-01T00:30", date(2026, 11, 1)),
        # At one minute past midnight the clocks went back to the day before, which had ended.
        ("America/St_Johns", "2005-10-29T23:30", date(2005, 10, 30)),
    ],
)
def test_the_second_time_an_hour_comes_is_of_the_day_that_has_begun(zone: str, shown: str, day: date) -> None:
    second_time = datetime.fromisoformat(shown).replace(tzinfo=ZoneInfo(zone), fold=1)
    assert day_of(second_time.astimezone(UTC), zone) == day


def test_a_day_that_was_left_out_is_empty() -> None:
    first, last = span("2011-12-30", "Pacific/Apia")
    assert isinstance(first, datetime)
    assert last == first - TICK
