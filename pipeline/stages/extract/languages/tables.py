"""Load what is known of a language: calendar words of CLDR and our own words of saying, days, callings and names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

CODES = frozenset("es de fr pt it nl pl ru uk ar tr zh ja".split())
UNSPACED = frozenset(("zh", "ja"))


class Words(msgspec.Struct, frozen=True):
    """Hold our own words of a language; `data/words.toml` says what each is."""

    days: dict[str, int]
    cues: str
    cue_end: str = ""
    beside: str = "(?!)"
    according: str = "(?!)"
    named: str = "(?!)"
    ahead: str = "(?!)"
    behind: str = "(?!)"
    of: str = "(?!)"
    ordinal: str = "[.]?"
    not_before: str = "(?!)"
    weekday_forms: str = ""
    weekday_after: str = ""
    month_forms: str = ""
    months_extra: str = ""
    stops: str = ""
    articles: str = ""
    complements: str = ""
    listener: str = ""
    skipped: str = ""
    pronouns: str = ""
    relatives: str = ""
    verb_last: bool = False
    roles: str = "(?!)"
    endings: str = ""
    suffix: str = ""
    soft: dict[str, str] = {}
    persons: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    places: dict[str, str] = {}


class Times(msgspec.Struct, frozen=True):
    """Hold how a language says stretches of time; `data/times.toml` says what each is."""

    numbers: str
    day: str
    week: str
    month: str
    year: str
    ago: str
    last: str
    this: str
    next: str
    until: str
    within: str = "(?!)"
    in_month: str = "(?!)"
    after_month: str = "(?!)"
    months_there: str = ""
    in_year: str = "(?!)"
    after_year: str = "(?!)"
    from_: str = msgspec.field(default="(?!)", name="from")


class Calendar(msgspec.Struct, frozen=True):
    """Hold the names of months and weekdays in small letters, and of countries with their codes."""

    months: dict[str, int]
    weekdays: dict[str, int]
    countries: dict[str, str]


class Table(msgspec.Struct, frozen=True):
    """Hold all that is known of a language."""

    code: str
    words: Words
    times: Times
    calendar: Calendar


@cache
def table(code: str) -> Table:
    """Return the table of one of ``CODES``, made once."""
    own, times, calendars = _all()
    return Table(
        code=code,
        words=msgspec.convert(own[code], Words),
        times=msgspec.convert(times[code], Times),
        calendar=calendars[code],
    )


@cache
def _all() -> tuple[dict[str, Any], dict[str, Any], dict[str, Calendar]]:
    """Return the words, times and calendars of every language: reading the files takes longer than all else."""
    folder = files("pipeline.stages.extract.languages").joinpath("data")
    own, times = (tomllib.loads(folder.joinpath(name).read_text("utf-8")) for name in ("words.toml", "times.toml"))
    calendars = folder.joinpath("calendars.json").read_bytes()
    return own, times, msgspec.json.decode(calendars, type=dict[str, Calendar])
