"""Which offset the name of a time zone means; one that is not known, or could mean two, makes a date none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec

_HOURS = {
    0: "Z UT UTC GMT WET A",  # RFC 5322: the letters of the military are not believed
    1: "BST WEST CET MEZ WAT",
    2: "CEST MESZ EET SAST CAT IDT",
    3: "EEST MSK МСК EAT TRT",
    3.5: "IRST",
    4: "SAMT",
    4.5: "AFT IRDT",
    5: "PKT UZT YEKT",
    5.75: "NPT",
    6: "OMST",
    6.5: "MMT",
    7: "WIB ICT KRAT NOVT",
    8: "HKT SGT AWST PHT MYT WITA IRKT",
    9: "JST KST WIT YAKT",
    9.5: "ACST",
    10: "AEST VLAT ChST",
    10.5: "ACDT",
    11: "AEDT MAGT",
    12: "NZST PETT",
    13: "NZDT",
    -1: "AZOT CVT",
    -2: "FNT",
    -2.5: "NDT",
    -3: "BRT ART ADT CLST UYT",
    -3.5: "NST",
    -4: "EDT AST CLT VET BOT",
    -5: "EST CDT COT PET",
    -6: "CST MDT",
    -7: "MST PDT",
    -8: "PST AKDT",
    -9: "AKST HDT",
    -10: "HST",
}
_OFFSETS = {name.upper(): hours for hours, names in _HOURS.items() for name in names.split()}
# What these mean where the feed is at home; elsewhere what most feeds mean that write them.
_AT_HOME = {
    "IST": ({"ga": 1, "en-ie": 1, "ie": 1, "he": 2, "il": 2}, 5.5),
    "AST": ({"ar": 3, "sa": 3, "iq": 3, "kw": 3}, -4),
    "CST": ({"zh": 8, "cn": 8, "tw": 8}, -6),
    "BST": ({"bn": 6, "bd": 6}, 1),
    "GST": ({"ar": 4, "ae": 4}, None),
    "BDT": ({"bn": 6, "bd": 6, "ms-bn": 8}, 6),
    "SST": ({"sg": 8, "en-sg": 8, "sm": -11, "ws": -11}, None),
    "PYT": ({}, None),
}
_PLACES = {
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
    "AT": "America/Halifax", "AKT": "America/Anchorage", "HT": "Pacific/Honolulu", "UK": "Europe/London",
    "EASTERN": "America/New_York", "CENTRAL": "America/Chicago", "MOUNTAIN": "America/Denver",
    "PACIFIC": "America/Los_Angeles",
}  # fmt: skip
MAX_HOURS = 14


class Home(msgspec.Struct, frozen=True):
    """Tell where a feed is at home: its language tag, and the last part of its host's name."""

    language: str | None = None
    domain: str | None = None

    def hints(self) -> tuple[str, ...]:
        """Return what may decide about an ambiguous name, the most exact first, in lower case."""
        tag = (self.language or "").lower().replace("_", "-")
        return tuple(hint for hint in (tag, tag.rpartition("-")[2], tag.partition("-")[0], self.domain) if hint)


NOWHERE = Home()


def at_zone(naive: datetime, name: str | None, offset: str | None, home: Home = NOWHERE) -> datetime:
    """Return a time of day at a zone in UTC; an offset counts before the name it follows. Raises ``ValueError``."""
    if offset:
        return (naive - _ahead(offset)).replace(tzinfo=UTC)
    if not name:
        return naive.replace(tzinfo=UTC)
    upper = name.upper()
    if upper in _PLACES or "/" in name or not name.isalpha():  # EST5EDT
        try:
            place = ZoneInfo(_PLACES.get(upper, name))
        except (KeyError, ValueError, OSError):
            raise ValueError(name) from None
        return naive.replace(tzinfo=place).astimezone(UTC)
    hours = _hours(upper, home)
    if hours is None:
        raise ValueError(name)
    return naive.replace(tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC)


def _hours(name: str, home: Home) -> float | None:
    if name in _AT_HOME:
        by_home, usual = _AT_HOME[name]
        return next((by_home[hint] for hint in home.hints() if hint in by_home), usual)
    return 0 if len(name) == 1 else _OFFSETS.get(name)


def _ahead(offset: str) -> timedelta:
    sign, digits = offset[0], offset[1:].strip().partition(" ")[0]
    hours, colon, minutes = digits.partition(":")
    if not colon:
        hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "")
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if ahead > timedelta(hours=MAX_HOURS) or int(minutes or 0) > 59:
        raise ValueError(offset)
    return -ahead if sign in "-\u2212" else ahead
