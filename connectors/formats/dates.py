"""Dates as feeds write them: RFC 822, ISO 8601, asctime and what people of all languages make of them, in UTC.

A wrong date is worse than none: what could be two days or two hours is read only where something in it, or the feed's
language, decides. feedparser's own reading is never asked: it takes ``2022/02/21`` for November.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from connectors.formats.months import month_of
from connectors.formats.zones import NOWHERE, Home, at_zone

MAX_CHARS = 120
YEARS = range(1900, 2200)
_NEXT_CENTURY = 70
_BUDDHIST, _MINGUO = 543, 1911
_AM = "a\\.m|am|a|上午|午前|오전|πμ|ص|vorm"
_PM = "p\\.m|pm|p|下午|午後|오후|μμ|م|nachm"
# Vietnamese halves stand behind the time only: before it, sa is a German Saturday.
_AM_BEHIND, _PM_BEHIND = f"{_AM}|sa", f"{_PM}|ch"
_WORDS = r"at|um|à|às|as|a las|a les|alle|alle ore|ore|kl\.?|klo|la|los|om|o|u|v|г\.,?|в|о|у|ob|την|στις"
_JOINED = rf"(?:\s*(?:[T,;|@–—-]|(?:{_WORDS})(?=[\s\d]))\s*|\s+)"
_TIME = (
    rf"(?:(?:\s*,?\s*[^\W\d_]{{2,12}}[.,]?)??{_JOINED}{{1,3}}(?:(?P<half1>{_AM}|{_PM})\s*)?"
    r"(?P<hour>\d{1,2})\s*(?:(?:[:.h時时시点點])\s*(?P<minute>\d\d|(?<=:)\d)\s*[分분]?\s*(?::?\.?\s*(?P<second>\d\d|(?<=:)\d)[秒초]?(?P<fraction>[.,]\d+)?)?"
    rf"|(?=\s*(?:[ap]\.?m\b|h\b|uhr\b)))(?:\s*(?:(?:uhr|h|hrs|hs|ч|Ч)\b\.?|बजे))?(?:\s*(?P<half2>{_AM_BEHIND}|{_PM_BEHIND})(?![^\W\d_])\.?)?)?"
)
_BASIC_TIME = r"(?:[T ](?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<fraction>[.,]\d+)?)"
_PLACE = r"[A-Za-z]{1,12}(?:/[A-Za-z0-9_+-]{2,32}){1,2}"
_OFFSET = r"(?P<offset>[+\u2212-]\s?\d{1,2}:?(?:\d\d)?(?:\s+[A-Z]{1,5})?)"
_ZONE = (
    rf"\s*(?P<zone>{_PLACE}|[A-Z]{{3}}\d[A-Z]{{3}}|[A-Za-z]{{1,5}}|МСК|Eastern|Central|Mountain|Pacific)?\s*{_OFFSET}?"
)
_DAY_NAME = r"(?:(?P<weekday>[^\W\d][^\d,]{1,24}?)(?:\s*[,،]\s*|\.?\s+))?"
_MONTH = r"(?P<name>[^\W\d][^\d\s,/:;()+-]{1,24})"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>\d{4}|['’]?\d\d)"
_OF = r"(?:(?:de|del|di|da|ta['’]|of|o)\s+|d['’]\s*|ב(?=[א-ת]))?"
_DATES = (
    rf"{_DAY_NAME}(?P<year>\d{{4}})\s*(?P<mark>[-/.年년])\s*(?P<month>\d{{1,2}})\s*[-/.月월]\s*{_DAY}\s*[日일.]?(?:\s*[（(][^)）]{{1,4}}[)）])?",
    rf"(?:中華民國|民國)\s*(?P<year>\d{{2,3}})\s*(?P<mark>年)\s*(?P<month>\d{{1,2}})\s*月\s*{_DAY}\s*日",
    rf"(?P<era>令和|平成|昭和)\s*(?P<year>\d{{1,2}}|元)\s*年\s*(?P<month>\d{{1,2}})\s*月\s*{_DAY}\s*日(?:\s*[（(][^)）]{{1,4}}[)）])?",
    rf"{_DAY_NAME}(?:ngày\s+)?{_DAY}\s+tháng\s+(?P<month>\d{{1,2}})(?:\s*,|,?\s+năm)?\s+(?P<year>\d{{4}})",
    rf"(?P<year>\d{{4}})\.?\s+gada\s+{_DAY}\.?\s*{_MONTH}",
    rf"{_DAY_NAME}{_DAY}(?:st|nd|rd|th|er|e|η|º|ª|°)?\.?[\s-]*{_OF}{_MONTH}\.?[,\s-]*{_OF}{_YEAR}(?:\s*(?:г|р|году|року|оны)\.?|\.)?",
    rf"{_DAY_NAME}{_MONTH}\.?[\s-]+{_DAY}(?:st|nd|rd|th)?(?:,\s*|\s+){_YEAR}",
    rf"{_DAY_NAME}(?P<year>\d{{4}})(?:[.,]|\s+m\.)?[\s-]+{_MONTH}\.?[\s-]+{_DAY}(?:\.|\s+d\.?)?",
    rf"{_DAY_NAME}(?P<day_first>){_DAY}(?P<mark>[/.-])\s?(?P<month>\d{{1,2}})[/.-]\s?(?P<year>\d{{4}}|\d\d)\.?",
)
_ANY_CASE = (
    *(date + _TIME + _ZONE for date in _DATES),
    rf"{_DAY_NAME}{_MONTH}\s+{_DAY}{_TIME}"
    rf"(?:\s+(?P<zone>[A-Za-z]{{1,5}}))?(?:\s+{_OFFSET})?\s+(?P<year>\d{{4}})",
    rf"(?P<year>\d{{4}})-?(?P<month>\d\d)-?{_DAY.replace('1,2', '2')}{_BASIC_TIME}{_ZONE}",
)
_AS_WRITTEN = (
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?",
    rf"{_DAY}/{_MONTH}/(?P<year>\d{{4}}):(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d){_ZONE}",
    r"(?P<year>\d{4})-(?P<month>\d\d)",
    r"(?P<year>(?:19|20)\d\d)",
)
_EPOCH_S, _EPOCH_MS = re.compile(r"(\d{9,10})(?:\.\d{1,9})?"), re.compile(r"\d{13}|(?!19|20)\d{12}")
# What follows a time and says no more: the zone's long name, Java's and Go's.
_TAIL = re.compile(r"\s*(?:\([^()]{0,60}\)|\[[\w/+-]{1,40}\]|\bm=[+-][\d.]+)\s*$")
# The zone itself, where it stands in brackets alone.
_IN_BRACKETS = re.compile(r"\(\s*((?:GMT|UTC)?\s?[+\u2212-]\d{1,2}(?::?\d\d)?|[A-Z]{3,5})\s*\)\s*$")
# The plus of an offset went to the form encoding, in which it stands for a blank.
_LOST_PLUS = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ([01]\d:?[0-5]\d)$")
# What .NET makes of a date in JSON, and a zone said twice.
_WRAPPED_EPOCH = re.compile(r"\\?/Date\((\d{12,13})(?:[+-]\d{4})?\)\\?/")
_SECOND_ZONE = re.compile(r"(?<=[+-]\d\d:\d\d)Z$")
_TIME_FIRST = re.compile(r"(\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\b\.?)?)\s*[,|–—-]?\s+(\S.*)", re.IGNORECASE)
# Months of the Levant, which have two names each; the others' names are one word and in the table.
_LEVANT = tuple(
    (re.compile(rf"{name}\s+{which}"), month)
    for name, months in (("كانون", ("ديسمبر", "يناير")), ("تشرين", ("أكتوبر", "نوفمبر")))
    for which, month in zip(("ال[أا]ول", "الثان[يى]"), months, strict=True)
)
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}
_DASHED_TIME = re.compile(r"(\s)[-–—|]\s+(?=\d{1,2}[:.h])")
# Nine of ten dates: RFC 822 and ISO 8601 as programs write them.
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_USUAL = re.compile(
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun), )?(\d\d?) ({'|'.join(_ENGLISH_MONTHS)}) (20\d\d|19\d\d) "
    r"(\d\d):(\d\d):(\d\d) (?:GMT|UTC|Z|([+-])([01]\d)([0-5]\d))"
    r"|(20\d\d|19\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:Z|([+-])([01]\d):([0-5]\d))",
    re.IGNORECASE,
)
_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_FIRST = ("us", "en-us")


def parse_date(text: str | None, home: Home = NOWHERE) -> datetime | None:
    """Return a date as feeds write it, in UTC; without a zone it is taken for UTC. Return ``None`` if it is no date.

    ``home`` decides about months, zones and orders of day and month that mean one thing here and another there.
    """
    if not text or len(text) > 4 * MAX_CHARS:
        return None
    if usual := _USUAL.fullmatch(text.strip()):
        return _usual(usual)
    bracketed = _IN_BRACKETS.search(text)
    text = _plain(text)
    if not text or len(text) > MAX_CHARS or not any(map(str.isdigit, text)):
        return None
    if wrapped := _WRAPPED_EPOCH.fullmatch(text):
        text = wrapped[1]
    text = _SECOND_ZONE.sub("", _LOST_PLUS.sub(r"\1+\2", text))
    if bracketed and (found := _formed(f"{text} {bracketed[1]}", home)):
        return found
    try:
        if match := _EPOCH_S.fullmatch(text):
            return datetime.fromtimestamp(int(match.group(1)), UTC)
        if _EPOCH_MS.fullmatch(text):
            return datetime.fromtimestamp(int(text) // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    found = _formed(text, home)
    if found is None and (timed := _TIME_FIRST.fullmatch(text)):
        found = _formed(f"{timed[2]} {timed[1]}", home)
    return found


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    """Compile the forms when the first unusual date comes: that takes longer than all else that this module loads."""
    return (*(re.compile(form, re.IGNORECASE) for form in _ANY_CASE), *map(re.compile, _AS_WRITTEN))


def _formed(text: str, home: Home) -> datetime | None:
    for form in _forms():
        if match := form.fullmatch(text):
            try:
                return _read(match.groupdict(), home)
            except (ValueError, OverflowError):
                continue
    return None


def _usual(match: re.Match[str]) -> datetime | None:
    groups = match.groups()
    if name := groups[1]:
        day, _, year, hour, minute, second, sign, ahead_h, ahead_m = groups[:9]
        month = str(1 + _ENGLISH_MONTHS.index(name.lower()))
    else:
        year, month, day, hour, minute, second, sign, ahead_h, ahead_m = groups[9:]
    extra = timedelta(hours=int(ahead_h or 0), minutes=int(ahead_m or 0)) * (-1 if sign == "-" else 1)
    if second == "60":
        second, extra = "59", extra - timedelta(seconds=1)
    if (hour, minute, second) == ("24", "00", "00"):
        hour, extra = "00", extra - timedelta(days=1)
    try:
        found = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return found - extra if abs(extra) <= timedelta(hours=38) else None
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if not text.isascii():
        text = "".join(_ascii_digit(char) for char in text)
        for names, month in _LEVANT:
            text = names.sub(month, text)
    text = _TAIL.sub("", _TAIL.sub("", " ".join(text.split())))
    return _DASHED_TIME.sub(r"\1", text).strip(" ,.;")


def _ascii_digit(char: str) -> str:
    if char in "\u200e\u200f\u061c\u202a\u202b\u202c":
        return ""  # marks of direction
    return str(unicodedata.decimal(char)) if not char.isascii() and char.isdecimal() else char


def _read(parts: Mapping[str, str | None], home: Home) -> datetime:
    """Return the moment that the parts of a form name. Raises ``ValueError``."""
    year, month, day = _day(parts, home)
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if half := (parts.get("half1") or parts.get("half2")):
        if hour > 12 and not re.fullmatch(_AM_BEHIND, half, re.IGNORECASE) and hour > 23:
            raise ValueError(half)
        if hour <= 12:
            hour = hour % 12 + (12 if re.fullmatch(_PM_BEHIND, half, re.IGNORECASE) else 0)
    extra = timedelta(days=1) if hour == 24 else timedelta(seconds=1) if second == 60 else timedelta()
    if hour == 24 and (minute or second):
        raise ValueError(hour)
    micros = round(float("0." + (parts.get("fraction") or ".0")[1:7]) * 1_000_000)
    time = (0 if hour == 24 else hour, minute, min(second, 59), min(micros, 999_999))
    naive = datetime(year, month, day, *time)  # noqa: DTZ001 - its zone comes next
    return at_zone(naive, parts.get("zone"), parts.get("offset"), home) + extra


def _day(parts: Mapping[str, str | None], home: Home) -> tuple[int, int, int]:
    written = (parts["year"] or "").strip("'’")
    year, day = 1 if written == "元" else int(written), int(parts.get("day") or 1)
    if era := parts.get("era"):
        year += _ERAS[era]
    elif len(written) == 2:
        year += 2000 if year < _NEXT_CENTURY else 1900
    elif year < 200 and parts.get("mark") == "年":
        year += _MINGUO
    name = parts.get("name")
    if name is not None:
        month = month_of(name, home.language)
        if month is None:
            raise ValueError(name)
        year -= _BUDDHIST if year - _BUDDHIST in YEARS and year not in YEARS else 0
    else:
        month = int(parts.get("month") or 1)
        if "day_first" in parts and parts.get("day"):
            month, day = _ordered(year, day, month, parts, home)
        elif month > 12 and day <= 12:
            month, day = day, month  # 2022-21-02
    if year not in YEARS:
        raise ValueError(year)
    return year, month, day


def _ordered(year: int, first: int, second: int, parts: Mapping[str, str | None], home: Home) -> tuple[int, int]:
    """Return month and day of two numbers before a year. Raises ``ValueError`` where nothing tells which is which."""
    if first > 12 or first == second or parts.get("mark") == ".":
        return second, first
    if second > 12:
        return first, second
    weekday = (parts.get("weekday") or "")[:3].lower()
    if weekday in _ENGLISH_DAYS:
        fitting = {
            (month, day)
            for month, day in ((first, second), (second, first))
            if datetime(year, month, day).weekday() == _ENGLISH_DAYS.index(weekday)  # noqa: DTZ001
        }
        if len(fitting) == 1:
            return fitting.pop()
    half = parts.get("half1") or parts.get("half2")
    if half or any(hint in _MONTH_FIRST for hint in home.hints()):
        return first, second  # hours are counted in halves where months come first
    if home.language and home.language.lower() != "en":
        return second, first
    raise ValueError("day or month")
