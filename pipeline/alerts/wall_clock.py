"""When clocks of a time zone show a time, on days of 23, 24 and 25 hours, and the schedules of digests by them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from pipeline.errors import UsageError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FORMS = "hourly, daily@08:00, weekdays@07:30 or 'weekly@mon 08:00'"
_EVERY_DAY = frozenset(range(7))
# A week may lose a day: Samoa had no 30 December 2011.
_LOOKED_AHEAD = 16
_SCHEDULE = re.compile(r"(daily|weekdays|weekly)\s*@\s*(?:(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+)?(\d{1,2}):(\d{2})")
_END_OF_DAY = re.compile(r"24:00(?::00)?")
_SHORT_TIME = re.compile(r"[0-9]:[0-9]{2}")
_DAY_S = 86_400
_A_MONDAY = datetime(1970, 1, 5, tzinfo=UTC).replace(tzinfo=None)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Say when digests go: at each full hour, or at a time of day on some days of the week (Monday is 0)."""

    at: time | None = None
    days: frozenset[int] = _EVERY_DAY


def time_of_day(text: str) -> time:
    """Read ``07:00``, without a zone; ``24:00`` is the midnight that ends a day. Raises ``ValueError``."""
    if _END_OF_DAY.fullmatch(text):
        return time(0)
    read = time.fromisoformat(text.zfill(5) if _SHORT_TIME.fullmatch(text) else text)
    if read.tzinfo is not None:
        raise ValueError(text)
    return read


def read_schedule(text: str) -> Schedule:
    """Read ``hourly``, ``daily@08:00``, ``weekdays@07:30`` or ``weekly@mon 08:00``. Raises ``UsageError``."""
    wanted = text.strip().casefold()
    if wanted == "hourly":
        return Schedule()
    found = _SCHEDULE.fullmatch(wanted)
    if found is None or (found[1] == "weekly") != (found[2] is not None) or int(found[3]) > 23 or int(found[4]) > 59:
        raise UsageError(f"{text!r} is no time for digests; write {FORMS}.")
    days = {"daily": _EVERY_DAY, "weekdays": frozenset(range(5))}.get(found[1])
    return Schedule(
        at=time(int(found[3]), int(found[4])), days=days if days is not None else frozenset((DAYS.index(found[2]),))
    )


def next_digest(schedule: Schedule, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first moment after another at which a digest goes."""
    local = after.astimezone(zone)
    if schedule.at is None:
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        moment = after + timedelta(hours=1) - past
        # Clocks that are changed by half an hour show another minute then.
        return moment if not moment.astimezone(zone).minute else next_digest(schedule, zone, moment)
    for number in range(_LOOKED_AHEAD):
        day = local.date() + timedelta(days=number)
        if day.weekday() in schedule.days:
            # Once a day, even where the hour comes twice.
            moment = next(_moments(datetime.combine(day, schedule.at), zone))
            if moment > after:
                return moment
    raise AssertionError(f"no {schedule} after {after}")


def next_shown(clock: time, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first moment after another at which clocks show a time, or skip it."""
    day = after.astimezone(zone).date()
    days = (datetime.combine(day + timedelta(days=number), clock) for number in (-1, 0, 1, 2))
    return min(moment for wall in days for moment in _moments(wall, zone) if moment > after)


def next_period(seconds: int, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the end of the running period by the clock: counted from midnight, one of days from a Monday."""
    wall = after.astimezone(zone).replace(tzinfo=None)
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight if seconds <= _DAY_S else _A_MONDAY
    number = (wall - begin) // timedelta(seconds=seconds)
    ends: list[datetime] = []
    for ahead in range(number, number + 4):
        end = begin + timedelta(seconds=seconds * (ahead + 1))
        if seconds <= _DAY_S:
            end = min(end, midnight + timedelta(days=1))
        ends += (moment for moment in _moments(end, zone) if moment > after)
    return min(ends) if ends else after + timedelta(seconds=seconds)


def _moments(wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moments at which clocks show a date and time: one, or two; where it is skipped, that of the skip."""
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    early, late = first.astimezone(UTC), second.astimezone(UTC)
    if early <= late:
        yield early
        if late != early:
            yield late
        return
    # Skipped: the clocks jump somewhere between the two readings of it.
    low, high = late, early
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    yield high.replace(microsecond=0)
