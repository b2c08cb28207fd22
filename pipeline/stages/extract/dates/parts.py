"""Resolve parts of months and years, stretches between two dates, offsets from a day, and days that are remembered."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from pipeline.stages.extract.dates.calendar_words import NAMED_DAYS, NUMBERS, ORDINALS, SHIFTS, WEEKDAYS
from pipeline.stages.extract.dates.resolvers import (
    Match,
    Scene,
    Value,
    month_number,
    moved,
    nearest_year,
    quarter_of,
    season_of,
)

# What a day is remembered for, and the day; before it has happened the words mean nothing.
REMEMBERED = (
    (9, 11, r"(?:terror\w*\s+)?(?:attacks?|hijack\w*|victims?|families|commission|survivors?)", date(2001, 9, 11)),
    (7, 7, r"(?:london\s+)?(?:bombings?|bombers?|attacks?)", date(2005, 7, 7)),
    (11, 13, r"(?:paris\s+)?attacks?", date(2015, 11, 13)),
    (1, 6, r"(?:capitol|attack\w*|riot\w*|insurrection\w*|committee|defendants?|assault)", date(2021, 1, 6)),
    (10, 7, r"(?:hamas\s+)?(?:attacks?|massacres?|assault|raids?|hostages?)", date(2023, 10, 7)),
)  # fmt: skip
LAST = frozenset(("last", "final", "closing"))
# A month named so near today is the one that "the 3rd" is of.
TOLD_DAYS = 70
REPEATED = re.compile(r"\b(?i:every|each|most|any|except|usually)\s+$")


def resolve_remembered(match: Match, scene: Scene) -> Value | None:
    month, day = month_number(match["month"]), int(match["day"])
    after = match["what"].lower()
    for its_month, its_day, words, when in REMEMBERED:
        if (month, day) == (its_month, its_day) and re.match(words, after) and scene.today >= when:
            return when.isoformat(), "day"
    return None


def resolve_day_alone(match: Match, scene: Scene) -> Value:
    """Resolve "on the 3rd": of the month told just before, else the last one that was or the next one to come."""
    day, shift, today = int(match["day"]), match["shift"], scene.today
    if shift:
        return _in_month(today.year * 12 + today.month - 1 + SHIFTS[shift.lower()], day), "day"
    months = today.year * 12 + today.month - 1
    if scene.direction() > 0:
        return _in_month(months + (day < today.day), day), "day"
    told = scene.last_told()
    if told is not None and abs((told - today).days) <= TOLD_DAYS:
        return _in_month(told.year * 12 + told.month - 1, day), "day"
    return _in_month(months - (day > today.day), day), "day"


def _in_month(months: int, day: int) -> str:
    return date(months // 12, months % 12 + 1, day).isoformat()


def resolve_month_to_month(match: Match, scene: Scene) -> Value | None:
    """Resolve "from March 2015 until June 2018"."""
    first = int(match["year"] or match["year3"]), month_number(match["month"] or match["month3"])
    last = int(match["year2"]), month_number(match["month2"])
    return (f"{first[0]}-{first[1]:02d}/{last[0]}-{last[1]:02d}", "range") if first <= last else None


def resolve_span_of(match: Match, scene: Scene) -> Value | None:
    """Resolve "the last week of February", "the first three months of 2021", "the final quarter of the year"."""
    edge, unit = match["edge"].lower(), match["unit"].lower()
    count = _count(match["count"]) if match["count"] else 1
    number = ORDINALS.get(edge, 0)
    if match["month"]:
        month = month_number(match["month"])
        year = _year(match, scene, month)
        if unit not in ("day", "week") or (number > 1 and match["count"]):
            return None
        size = (7 if unit == "week" else 1) * count
        days = calendar.monthrange(year, month)[1]
        first = days - size + 1 if edge in LAST else (number - 1) * size + 1 if number > 1 else 1
        return _days(date(year, month, first), date(year, month, min(first + size - 1, days)))
    year = int(match["only"]) if match["only"] else scene.today.year + SHIFTS.get((match["which"] or "").lower(), 0)
    if unit in ("quarter", "half"):
        size = 3 if unit == "quarter" else 6
        number = 12 // size if edge in LAST else max(number, 1)
        if count != 1 or number * size > 12:
            return None
        if size == 3:
            return quarter_of(year, number)
        return f"{year}-{number * 6 - 5:02d}/{year}-{number * 6:02d}", "range"
    if unit == "month":
        if not 1 <= count <= 12 or number > 1:
            return None
        first, last = (13 - count, 12) if edge in LAST else (1, count)
        if first == last:
            return f"{year}-{first:02d}", "month"
        return f"{year}-{first:02d}/{year}-{last:02d}", "range"
    if number > 1 and match["count"]:
        return None
    size = (7 if unit == "week" else 1) * count
    start = date(year, 12, 31) - timedelta(days=size - 1) if edge in LAST else date(year, 1, 1)
    start += timedelta(days=(number - 1) * size if number > 1 else 0)
    return _days(start, start + timedelta(days=size - 1))


def _days(first: date, last: date) -> Value:
    return (first.isoformat(), "day") if first == last else (f"{first}/{last}", "range")


def _year(match: Match, scene: Scene, month: int) -> int:
    if match["year"]:
        return int(match["year"])
    of = (match["of"] or "").split(" ")[0].lower()
    if of in SHIFTS:
        return scene.today.year + SHIFTS[of]
    return scene.year_told() or nearest_year(lambda year: date(year, month, 15), scene)


def _count(text: str) -> int:
    return NUMBERS[text.lower()] if text.lower() in NUMBERS else int(text)


def resolve_nth_weekday(match: Match, scene: Scene) -> Value:
    """Resolve "the second Sunday of October", "the last Friday in May", "the third Thursday of the month"."""
    edge, weekday = match["edge"].lower(), WEEKDAYS[match["weekday"].lower()]
    if match["month"]:
        month = month_number(match["month"])
        year = _year(match, scene, month)
    else:
        months = scene.today.year * 12 + scene.today.month - 1 + SHIFTS.get((match["which"] or "").lower(), 0)
        year, month = months // 12, months % 12 + 1
    days = calendar.monthrange(year, month)[1]
    fitting = [d for d in range(1, days + 1) if date(year, month, d).weekday() == weekday]
    return date(year, month, fitting[-1] if edge in LAST else fitting[ORDINALS[edge] - 1]).isoformat(), "day"


def resolve_years(match: Match, scene: Scene) -> Value | None:
    """Resolve "from 1980 to 1987" and "1990-91"."""
    first, text = (
        int(match["first"] or match["first2"] or match["first3"]),
        match["last"] or match["last2"] or match["last3"],
    )
    last = int(str(first)[: 4 - len(text)] + text)
    if match["first3"] and len(text) == 4 and scene.preceded_by(_OF_LIFE):
        return None
    if not first < last <= scene.today.year + 50 or first < 1000 or scene.followed_by(_AMOUNT):
        return None
    return f"{first}/{last}", "range"


# "(1729–1797)": when somebody was born and died.
_OF_LIFE = re.compile(r"\(\s*$|\b(?:c|ca|b|circa)\.?\s*$")
LONGEST_DAYS = 400
_AMOUNT = re.compile(r"\s*(?:dollars|euros|pounds|people|km|votes|points|percent|%|[.,]\d)")


_CHANGED = re.compile(r"(?:extend|mov|postpon|delay|chang|schedul|forward|back)(?:ed|e|es)?\s+(?:from\s+)?$")


def resolve_between(match: Match, scene: Scene) -> Value | None:
    """Resolve "from June 3 to June 11" and "from 30 May to 4 June"."""
    if scene.preceded_by(_CHANGED):
        return None  # "extended from June 1 to August 15" names two days
    names = match.groupdict()
    month, month2 = month_number(match["month"]), month_number(match["month2"])
    day, day2 = int(match["day"]), int(match["day2"])
    year2 = int(names["year2"]) if names.get("year2") else None
    year = int(match["year"]) if match["year"] else None
    if year is None:
        year = year2 or scene.year_told() or nearest_year(lambda y: date(y, month, day), scene)
        if year2 and (month, day) > (month2, day2):
            year -= 1
    year2 = year2 or year + ((month2, day2) < (month, day))
    first, last = date(year, month, day), date(year2, month2, day2)
    # "8 February 1700 – 17 March 1782" is two days of one life.
    return (f"{first}/{last}", "range") if first < last < first + timedelta(days=LONGEST_DAYS) else None


def resolve_offset(match: Match, scene: Scene) -> Value:
    """Resolve "a week from Friday", "two weeks from today", "a week ago Monday", "a year from now"."""
    today, base = scene.today, match["base"].lower()
    back = match["way"].lower() == "ago"
    if base in WEEKDAYS:
        ahead = (WEEKDAYS[base] - today.weekday()) % 7
        day = today + timedelta(days=ahead - 7 if back and ahead else ahead)
    else:
        day = today + timedelta(days=NAMED_DAYS.get(base, 0))
    count, unit = _count(match["count"]), match["unit"].lower()
    if unit in ("day", "week") and base != "now":
        return (day + timedelta(days=count * (7 if unit == "week" else 1) * (-1 if back else 1))).isoformat(), "day"
    count *= -1 if back else 1
    if unit == "year" and base in ("today", "tomorrow"):
        return day.replace(year=day.year + count).isoformat(), "day"
    return moved(count, unit, day)


def resolve_world_war(match: Match, scene: Scene) -> Value:
    return ("1939-09-01/1945-09-02" if match["war"] in ("II", "2", "Two") else "1914-07-28/1918-11-11"), "range"


def resolve_nine_eleven(match: Match, scene: Scene) -> Value:
    return "2001-09-11", "day"


def resolve_season(match: Match, scene: Scene) -> Value:
    return season_of(match["season"].lower(), int(match["year"]))


def resolve_anno_domini(match: Match, scene: Scene) -> Value:
    return date(int(match["ad"] or match["ce"]), 1, 1).isoformat()[:4], "year"
