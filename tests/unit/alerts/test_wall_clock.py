"""When digests go and quiet hours end, on days of 23, 24 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.wall_clock import next_digest, next_period, next_shown, read_schedule
from pipeline.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
MOMENTS = st.integers(1_577_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
FORMS = [
    "hourly",
    "daily@08:00",
    "daily@00:00",
    "daily@02:30",
    "weekdays@07:30",
    "weekly@mon 08:00",
    "weekly@sun 02:30",
]


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("form", "after", "due"),
    [
        ("hourly", "2026-11-23T10:00", "2026-11-23T11:00"),
        ("hourly", "2026-11-23T10:59", "2026-11-23T11:00"),
        ("daily@08:00", "2026-11-23T07:59", "2026-11-23T08:00"),
        ("daily@08:00", "2026-11-23T08:00", "2026-11-24T08:00"),
        ("daily@00:00", "2026-10-25T10:00", "2026-10-26T00:00"),  # a day of 25 hours
        ("daily@00:00", "2026-10-25T23:30", "2026-10-26T00:00"),
        ("daily@08:00", "2026-10-24T09:00", "2026-10-25T08:00"),
        ("daily@00:00", "2026-03-29T10:00", "2026-03-30T00:00"),  # a day of 23 hours
        ("daily@02:30", "2026-03-28T12:00", "2026-03-29T03:00"),  # an hour that is skipped
        ("weekdays@07:30", "2026-11-20T07:30", "2026-11-23T07:30"),
        ("weekdays@07:30", "2026-11-21T03:00", "2026-11-23T07:30"),
        ("weekly@mon 08:00", "2026-11-23T08:00", "2026-11-30T08:00"),
        ("weekly@Monday 8:00", "2026-11-23T07:59", "2026-11-23T08:00"),
    ],
)
def test_digest_goes_when_the_clock_says(form: str, after: str, due: str) -> None:
    assert local(due) == next_digest(read_schedule(form), BERLIN, local(after))


@pytest.mark.parametrize(
    ("zone", "after", "due"),
    [
        # At 02:00 it is half past one again.
        ("Australia/Lord_Howe", "2026-04-04T14:45:00+00:00", "2026-04-04T15:30:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:15:00+00:00", "2026-10-03T16:00:00+00:00"),
        ("Asia/Kathmandu", "2026-11-23T10:00:00+00:00", "2026-11-23T10:15:00+00:00"),
    ],
)
def test_hourly_digest_goes_at_full_hours_of_the_zone(zone: str, after: str, due: str) -> None:
    found = next_digest(read_schedule("hourly"), ZoneInfo(zone), datetime.fromisoformat(after))
    assert (found, found.astimezone(ZoneInfo(zone)).minute) == (datetime.fromisoformat(due), 0)


def test_week_of_alerts_goes_in_one_digest() -> None:
    schedule = read_schedule("weekly@mon 08:00")
    days = [local(f"2026-11-{day}T10:00") for day in range(23, 30)]
    assert {local("2026-11-30T08:00")} == {next_digest(schedule, BERLIN, day) for day in days}
    assert {local("2026-11-30T00:00")} == {next_period(7 * 86_400, BERLIN, day) for day in days}


@given(st.sampled_from(FORMS), st.sampled_from(ZONES), MOMENTS)
def test_digests_go_once_a_day_at_their_time_and_all_before_go_together(form: str, zone: str, after: datetime) -> None:
    schedule, place = read_schedule(form), ZoneInfo(zone)
    due = next_digest(schedule, place, after)
    between = after + (due - after) * 0.7
    assert after < due
    assert due == next_digest(schedule, place, between)
    following = next_digest(schedule, place, due)
    shown = due.astimezone(place)
    if schedule.at is None:
        assert (shown.minute, shown.second) == (0, 0)
        assert following - due <= timedelta(hours=1)
        return
    assert shown.date() < following.astimezone(place).date()
    assert {shown.weekday(), following.astimezone(place).weekday()} <= schedule.days
    skipped = shown.replace(tzinfo=None) != datetime.combine(shown.date(), schedule.at)
    assert not skipped or shown.utcoffset() != (due - timedelta(seconds=1)).astimezone(place).utcoffset()


@pytest.mark.parametrize(
    "form", ["", "daily", "daily@24:00", "daily@8", "weekly@08:00", "weekdays@mon 08:00", "yearly@08:00", "daily@08:60"]
)
def test_what_is_no_schedule_is_refused(form: str) -> None:
    with pytest.raises(UsageError, match="daily@08:00"):
        read_schedule(form)


@pytest.mark.parametrize(
    ("after", "fold", "end", "due"),
    [
        ("2026-10-24T23:00", 0, "02:30", "2026-10-25T00:30Z"),
        ("2026-10-25T02:10", 0, "02:30", "2026-10-25T00:30Z"),
        ("2026-10-25T02:10", 1, "02:30", "2026-10-25T01:30Z"),  # the hour comes a second time
        ("2026-10-25T02:40", 1, "02:30", "2026-10-26T01:30Z"),
        ("2026-03-28T23:00", 0, "02:30", "2026-03-29T01:00Z"),  # the hour is skipped
        ("2026-03-29T01:30", 0, "02:30", "2026-03-29T01:00Z"),
    ],
)
def test_clock_shows_a_time_at_the_next_moment_it_does(after: str, fold: int, end: str, due: str) -> None:
    wanted = datetime.fromisoformat(due.replace("Z", "+00:00"))
    assert wanted == next_shown(time.fromisoformat(end), BERLIN, local(after, fold=fold))


@given(st.integers(60, 30 * 86_400), st.sampled_from(ZONES), MOMENTS)
def test_period_ends_later_and_in_time_and_all_before_go_together(seconds: int, zone: str, after: datetime) -> None:
    end = next_period(seconds, ZoneInfo(zone), after)
    assert after < end <= after + timedelta(seconds=seconds) + timedelta(hours=1)
    assert end == next_period(seconds, ZoneInfo(zone), after + (end - after) * 0.9)
