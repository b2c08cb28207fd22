"""Read stretches of time in other languages: "la semana pasada", "vor drei Jahren", "в марте", "1980年至1987年"."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import Literal

from pipeline.stages.extract.languages.tables import UNSPACED, Table, Times, table

Unit = Literal["day", "week", "month", "year"]
Granularity = Literal["day", "month", "year", "week", "range", "relative"]
Value = tuple[str, Granularity]
UNITS: tuple[Unit, ...] = ("day", "week", "month", "year")
YEAR = r"(?:19|20)\d\d"
# What a year that stands alone is not followed by: amounts, hours, the rest of a number.
NO_AMOUNT = (
    r"(?![\d\w]|[.,:]\d|\s*[%€$£°]|\s+(?:euros?|d[óo]lar\w*|dollars?|personas|personnes|pessoas|persone|mensen|Euro|Menschen"
    r"|Personen|metros|mètres|metri|meter|km|kilo\w*|millones|millions)\b)"
)


@cache
def numbers(code: str) -> dict[str, int]:
    """Return the number words of a language from one on."""
    held = table(code).times.numbers.split()
    return {form: number for number, forms in enumerate(held, 1) for form in forms.split("/")}


def number_of(word: str, code: str) -> int:
    """Return a number in figures or in words."""
    return int(word) if word.isdigit() else numbers(code)[word.casefold()]


def unit_pattern(times: Times, unit: Unit) -> str:
    """Return the pattern of a unit's name."""
    return f"(?:{getattr(times, unit)})"


def pattern(known: Table, template: str, unit: Unit | None = None) -> re.Pattern[str]:
    """Compile a template; without a unit it names the one that it finds."""
    times = known.times
    words = "|".join(sorted(map(re.escape, numbers(known.code)), key=len, reverse=True))
    units = (
        unit_pattern(times, unit)
        if unit
        else "(?:" + "|".join(f"(?P<{each}_@>{getattr(times, each)})" for each in UNITS) + ")"
    )
    edge = r"(?<!\w)" if known.code not in UNSPACED else r"(?<!\d)"
    parts = []
    for number, part in enumerate(template.split("||")):
        filled = part.replace("{n}", f"(?P<n_{number}>\\d{{1,2}}|{words})")
        parts.append(filled.replace("{u}", units.replace("@", str(number))))
    end = r"(?!\w)" if known.code not in UNSPACED else ""
    return re.compile(f"{edge}(?:{'|'.join(parts)}){end}", re.IGNORECASE)


def shifted(match: re.Match[str], today: date, code: str, sign: int) -> Value | None:
    """Return so many units before or after today: days as a day, weeks as a week, months and years as such."""
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    count = next((number_of(value, code) for name, value in groups.items() if name.startswith("n_")), None)
    unit = next((each for each in UNITS if any(name.startswith(f"{each}_") for name in groups)), None)
    if count is None or unit is None:
        return None
    return moved(today, unit, sign * count)


def moved(today: date, unit: Unit, by: int) -> Value:
    """Return the unit so many units from that of today."""
    if unit == "day":
        return (today + timedelta(days=by)).isoformat(), "relative"
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=by)
        return f"{monday.isoformat()}/{(monday + timedelta(days=6)).isoformat()}", "week"
    if unit == "month":
        months = today.year * 12 + today.month - 1 + by
        return f"{months // 12:04d}-{months % 12 + 1:02d}", "month"
    return f"{today.year + by:04d}", "year"
