"""Days and moments in a query: ``2022-02``, ``today``, ``now-7d``; days are those of a time zone."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from pipeline.errors import UsageError
from pipeline.moments import EPOCH
from pipeline.query.tree import Bound, Relative

TICK = timedelta(microseconds=1)
SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAY = timedelta(days=1)
_RELATIVE = re.compile(r"(now|today|yesterday|tomorrow)(?:([+-])(\d{1,5})([mhdw]))?")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name. Raises ``UsageError``."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise UsageError(f"{name!r} is no time zone; {_zone_meant(name)}") from exc


def _zone_meant(name: str) -> str:
    """Return the end of a sentence: the name that is nearest, by its city or but for some letters."""
    known = {zone.casefold(): zone for zone in sorted(available_timezones())}
    wrong = "_".join(name.casefold().split())
    near = [wrong] if wrong in known else [low for low in known if low.rpartition("/")[2] == wrong]
    near = near or difflib.get_close_matches(wrong, known, 1, 0.8)
    return f"did you mean {known[near[0]]}?" if near else "name one such as Europe/Berlin."


def span(text: str, zone: str) -> tuple[Bound, Bound]:
    """Return the first and last moment that ``text`` stands for. Raises ``ValueError`` for what is no date."""
    relative = _RELATIVE.fullmatch(text.lower())
    if relative:
        return _relative(relative, zone)
    if re.fullmatch(r"\d{4}", text):
        return _days(date(int(text), 1, 1), date(int(text) + 1, 1, 1), zone)
    if re.fullmatch(r"\d{4}-\d\d", text):
        first = date(int(text[:4]), int(text[5:]), 1)
        return _days(first, (first + timedelta(days=31)).replace(day=1), zone)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        day = date.fromisoformat(text)
        return _days(day, day + timedelta(days=1), zone)
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=zone_of(zone)) if moment.tzinfo is None else moment
    moment = moment.astimezone(UTC)
    return moment, moment


def start_of(day: date, zone: str) -> datetime:
    """Return the first moment of a day: days of 23 and 25 hours are whole, and one that a zone left out is empty."""
    return datetime(day.year, day.month, day.day, tzinfo=zone_of(zone)).astimezone(UTC)


def day_of(moment: datetime, zone: str) -> date:
    """Return the day whose borders a moment lies between, also where clocks that were put back show another date."""
    day = moment.astimezone(zone_of(zone)).date()
    while moment < start_of(day, zone):
        day -= _DAY
    while moment >= start_of(day + _DAY, zone):
        day += _DAY
    return day


def count_by_day(seconds: Iterable[int], zone: str) -> dict[date, int]:
    """Count moments, given as ascending seconds since 1970, by day."""
    days: dict[date, int] = {}
    day, end = date.min, -math.inf
    for second in seconds:
        if second >= end:
            day = day_of(EPOCH + timedelta(seconds=second), zone)
            end = start_of(day + _DAY, zone).timestamp()
        days[day] = days.get(day, 0) + 1
    return days


def resolved(bound: Bound, now: datetime) -> datetime | int:
    """Return the moment that a bound is at ``now``; a number is itself."""
    if not isinstance(bound, Relative):
        return bound
    if bound.seconds is not None:
        return now + timedelta(seconds=bound.seconds)
    zone = zone_of(bound.zone)
    day = now.astimezone(zone).date() + timedelta(days=bound.day)
    first, last = _days(day, day + timedelta(days=1), bound.zone)
    chosen = last if bound.end else first
    assert isinstance(chosen, datetime)
    return chosen


def after(bound: Bound) -> Bound:
    """Return the next moment or number."""
    if isinstance(bound, int):
        return bound + 1
    if isinstance(bound, Relative):
        return msgspec.structs.replace(bound, day=bound.day + 1, end=False) if bound.seconds is None else bound
    return bound + TICK


def before(bound: Bound) -> Bound:
    """Return the moment or number before."""
    if isinstance(bound, int):
        return bound - 1
    if isinstance(bound, Relative):
        return msgspec.structs.replace(bound, day=bound.day - 1, end=True) if bound.seconds is None else bound
    return bound - TICK


def written(bound: Bound | None) -> str:
    """Write a bound as the query language has it."""
    if bound is None:
        return ""
    if isinstance(bound, Relative):
        if bound.seconds is not None:
            return "now" + (_amount(bound.seconds) if bound.seconds else "")
        return "today" + (f"{bound.day:+}d" if bound.day else "")
    return str(bound) if isinstance(bound, int) else bound.isoformat()


def restated(bound: Bound) -> str:
    """Say a bound in plain words."""
    if not isinstance(bound, Relative):
        return str(bound) if isinstance(bound, int) else f"{bound:%Y-%m-%d %H:%M}"
    if bound.seconds is not None:
        return "now" if not bound.seconds else f"{_amount(bound.seconds)} from now"
    day = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(bound.day, f"today{bound.day:+} days")
    return f"the {'end' if bound.end else 'start'} of {day}" + (f" in {bound.zone}" if bound.zone != "UTC" else "")


def suggestion(text: str) -> str:
    """Return the right form nearest to what is no date, or a form to follow."""
    dotted = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text)
    if dotted:
        text = f"{dotted[3]}-{int(dotted[2]):02}-{int(dotted[1]):02}"
    parts = re.fullmatch(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?", text)
    if parts and 1 <= int(parts[2]) <= 12 and int(parts[1]):
        month = f"{parts[1]}-{int(parts[2]):02}"
        if parts[3] is None:
            return month
        following = date(int(parts[1]) + int(parts[2]) // 12, int(parts[2]) % 12 + 1, 1) if parts[1] != "9999" else None
        last = (following - timedelta(days=1)).day if following else 31
        return f"{month}-{min(max(int(parts[3]), 1), last):02}"
    near = difflib.get_close_matches(text.lower(), list(_DAYS), n=1, cutoff=0.7)
    return near[0] if near else "2022-02-24, 2022-02, 2022, today, yesterday or now-7d"


def _relative(found: re.Match[str], zone: str) -> tuple[Bound, Bound]:
    name, sign, number, unit = found.groups()
    seconds = int(sign + number) * SECONDS[unit] if number else 0
    if name == "now":
        moment = Relative(seconds=seconds)
        return moment, moment
    if seconds % SECONDS["d"]:
        raise ValueError(f"{found.group()} is no whole day")
    day = _DAYS[name] + seconds // SECONDS["d"]
    return Relative(day=day, zone=zone), Relative(day=day, end=True, zone=zone)


def _days(first: date, following: date, zone: str) -> tuple[datetime, datetime]:
    """Return the first moment of a day and the last before another."""
    return start_of(first, zone), start_of(following, zone) - TICK


def _amount(seconds: int) -> str:
    unit = next(unit for unit in ("w", "d", "h", "m") if seconds % SECONDS[unit] == 0)
    return f"{seconds // SECONDS[unit]:+}{unit}"
