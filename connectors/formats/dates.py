"""Dates as feeds write them: RFC 822, ISO 8601, asctime and what people make of them, in UTC.

feedparser reads most; but it takes ``2022/02/21`` for November, epoch seconds for a year, and does not know CEST.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_CLOCK = (
    r"(?:[T, ]+(?P<hour>\d{1,2})[:.h](?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>[.,]\d+)?)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
_ZONE = r"\s*(?P<zone>[A-Za-z/_]{1,32})?\s*(?P<offset>[+-]\d\d?:?(?:\d\d)?)?\s*(?:\([^)]*\))?"
_DAY_NAME = r"(?:[^\W\d_]{2,12}(?:\.?,\s*|\.?\s+))?"
_MONTH = r"(?P<name>[^\W\d_]{3,12})\.?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})[-/.年](?P<month>\d{{1,2}})[-/.月](?P<day>\d{{1,2}})日?{_CLOCK}{_ZONE}",
        rf"{_DAY_NAME}(?P<day>\d{{1,2}})\.?[ -](?:de )?{_MONTH}[ -](?:de )?(?P<year>\d{{4}}|\d\d){_CLOCK}{_ZONE}",
        rf"{_DAY_NAME}{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_CLOCK}{_ZONE}",
        rf"{_DAY_NAME}{_MONTH}\s+(?P<day>\d{{1,2}}){_CLOCK}(?:\s+(?P<zone>[A-Za-z]{{1,5}}))?\s+(?P<year>\d{{4}})",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?" + _ZONE,
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_CLOCK}{_ZONE}",
        rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}}){_CLOCK}{_ZONE}",
        r"(?P<year>\d{4})-(?P<month>\d\d)",
        r"(?P<year>[12]\d{3})",
    )
)
_EPOCH_S, _EPOCH_MS = re.compile(r"\d{9,10}"), re.compile(r"\d{12,13}")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen янв ιαν sty led tammi janv januar",
            "feb fév fev фев φεβ lut úno helmi févr",
            "mar mär mrt maa мар μαρ bře maalis mars mrz märz",
            "apr abr avr апр απρ kwi dub huhti avril",
            "may mai mag mei мая май μαι μαϊ maj kvě touko maio mayo",
            "jun giu juin июн ιουν cze čer kesä junho",
            "jul lug juil июл ιουλ lip čvc heinä julho juillet",
            "aug ago aoû авг αυγ sie srp elo août",
            "sep set сен σεπ wrz zář syys sept",
            "oct okt out ott окт οκτ paź říj loka outubro",
            "nov нов νοε νοέ lis marras",
            "dec dez dic déc дек δεκ gru pro joulu",
        ),
        1,
    )
    for name in names.split()
}
_HOURS = {
    0: "Z UT UTC GMT WET",
    1: "BST IST WEST CET MEZ WAT",
    2: "CEST MESZ EET SAST CAT",
    3: "EEST MSK EAT TRT AST",
    4: "GST SAMT",
    5: "PKT UZT",
    7: "WIB ICT",
    8: "HKT SGT AWST PHT MYT",
    9: "JST KST",
    10: "AEST",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
    -3: "BRT ART ADT",
    -4: "EDT",
    -5: "EST CDT",
    -6: "CST MDT",
    -7: "MST PDT",
    -8: "PST AKDT",
    -9: "AKST",
    -10: "HST",
}
_ZONES = {name: hours for hours, names in _HOURS.items() for name in names.split()}
_NEXT_CENTURY = 70


def parse_date(text: str | None) -> datetime | None:
    """Return a date as feeds write it, in UTC; without a zone it is taken for UTC. Return ``None`` if it is no date."""
    if not text:
        return None
    text = " ".join(text.split())
    try:
        if _EPOCH_S.fullmatch(text):
            return datetime.fromtimestamp(int(text), UTC)
        if _EPOCH_MS.fullmatch(text):
            return datetime.fromtimestamp(int(text) // 1000, UTC)
        for form in _FORMS:
            if match := form.fullmatch(text):
                return _read(match.groupdict())
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _read(parts: dict[str, str | None]) -> datetime:
    year, day = int(parts["year"] or 0), int(parts.get("day") or 1)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < _NEXT_CENTURY else 1900
    month = _month(parts["name"] or "") if "name" in parts else int(parts.get("month") or 1)
    if month > 12 and day <= 12:
        day, month = month, day  # 21/02/2022
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    extra = timedelta(days=1) if hour == 24 else timedelta(seconds=1) if second == 60 else timedelta()
    micros = round(float("0." + (parts.get("fraction") or ".0")[1:7]) * 1_000_000)
    zone = _zone(parts.get("zone"), parts.get("offset"))
    found = datetime(year, month, day, 0 if hour == 24 else hour, minute, min(second, 59), micros, tzinfo=zone)
    return (found + extra).astimezone(UTC)


def _month(name: str) -> int:
    """Return the number of a month by its name in any of the languages feeds are written in. Raises ``ValueError``."""
    name = name.lower()
    for length in range(len(name), 2, -1):
        if number := _MONTHS.get(name[:length]):
            return number
    raise ValueError(name)


def _zone(name: str | None, offset: str | None) -> tzinfo:
    """Return the zone; an offset counts before a name that it may follow. Raises ``ValueError``."""
    if offset:
        digits = offset[1:].replace(":", "").ljust(4, "0") if len(offset) > 2 else f"0{offset[1]}00"
        ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(-ahead if offset[0] == "-" else ahead)
    if not name or name.upper() == "T":
        return UTC
    if name.upper() in _ZONES:
        return timezone(timedelta(hours=_ZONES[name.upper()]))
    try:
        return ZoneInfo(name) if "/" in name else UTC
    except (KeyError, ValueError, OSError):
        return UTC
