"""What an expression of time means on a given day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal, Protocol

from pipeline.stages.extract.dates.calendar_words import (
    HOLIDAYS,
    MONTHS,
    NAMED_DAYS,
    NUMBERS,
    ORDINALS,
    SEASONS,
    SHIFTS,
    WEEKDAYS,
)
from pipeline.stages.extract.dates.persons import CALLED, FIRST_NAMES, KIN, stands_as_name

Granularity = Literal["time", "day", "week", "month", "quarter", "year", "range"]
Value = tuple[str, Granularity]
Match = re.Match[str]
NEAR_DAYS = 20
LATEST_YEAR = 2100


class Scene(Protocol):
    """Tell an expression about its surroundings."""

    today: date

    def direction(self) -> int:
        """Return 1 when the words around speak of what is to come, -1 of what was, 0 neither."""

    def year_told(self) -> int | None:
        """Return the year that the text is speaking of just here, if it named one."""

    def last_told(self) -> date | None:
        """Return the first day of the date named last."""

    def preceded_by(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text just before fits a pattern that ends in ``$``."""

    def followed_by(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text just after fits a pattern."""


# Bare "May" and "March" are also a verb; a year-like number is also a number.
_INTRODUCED = re.compile(
    r"(?:^|\b(?i:in|since|until|till|by|from|of|during|through|late|early|mid|for|before|after|between|and|to"
    r"|this|last|next)|[(,–—-])"
    r"[\s-]*$"
)
_COUNTED = re.compile(
    r"\s*+(?:[-–]\s*+)?(?i:people|persons|men|women|troops|soldiers|fighters|civilians|dollars|euros|pounds|rubles"
    r"|percent|per cent"
    r"|km|kilomet|met(?:er|re)s|miles|feet|tons|tonnes|hours|minutes|seconds|votes|cases|deaths|jobs|homes"
    r"|workers|employees"
    r"|points|units|copies|words|years|days|MHz|GHz|MB|mg|kg|ml|hPa|calories|protesters|migrants|refugees"
    r"|students|members|block|blocks|series|acres|guests|rounds|pieces|lives|injuries|yards|rupees|yuan|yen|pesos|shares"
    r"|broadway|[a-z]+\s(?:street|avenue|road|boulevard|drive|lane))\b"
)
_YEARS = re.compile(r"\b1\d\d\d\s?[–-]\s?$|\b20\d\d\s?[–-]\s?$")
_NOT_A_YEAR = re.compile(
    r"(?:[$€£¥#№/:]|\b(?i:about|nearly|over|almost|than|least|some|up to|roughly|No\.?|number|room|page"
    r"|flight|highway|route|gate|boeing|airbus|expo|euro|model|resolution|bus|line|suite|channel|version"
    r"|train|order|directive|regulation|bill|article|section|windows|act|apartment|block|unit|box|level|area"
    r"|pp?\.))\s*$|\w[,.–-]$|[\d–-]\s$"
)
_SURELY_YEAR = re.compile(
    r"(?:[(;]|\b[cdmb]\.)\s?$|\b(?i:in|since|until|till|by|from|of|during|before|after|early|late|mid|fiscal|year"
    r"|AD|circa|c\.)[\s-]*$"
)


def resolve_iso(match: Match, scene: Scene) -> Value:
    return date.fromisoformat(match["iso"]).isoformat(), "day"


def resolve_numeric(match: Match, scene: Scene) -> Value | None:
    """Read 24.02.2022 and 24/2/2022; with both numbers up to 12 only dots tell that the day comes first."""
    first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
    if second > 12:
        first, second = second, first
    elif first <= 12 and match["mark"] != ".":
        return None
    return date(year, second, first).isoformat(), "day"


def month_number(name: str) -> int:
    return MONTHS[name.rstrip(".").lower()]


def resolve_day(match: Match, scene: Scene) -> Value:
    ordinal = match.groupdict().get("word")
    day = ORDINALS[ordinal.lower()] if ordinal else int(match["day"])
    return _dated(match, scene, month_number(match["month"]), day).isoformat(), "day"


def resolve_days(match: Match, scene: Scene) -> Value:
    month = month_number(match["month"])
    first = _dated(match, scene, month, int(match["day"]))
    last = date(first.year, month, int(match["day2"]))
    if last <= first:
        raise ValueError(match.group())
    return f"{first}/{last}", "range"


def _dated(match: Match, scene: Scene, month: int, day: int) -> date:
    year = _year_given(match, scene)
    return _nearest(lambda y: date(y, month, day), scene) if year is None else date(year, month, day)


def _year_given(match: Match, scene: Scene) -> int | None:
    if match["year"]:
        return int(match["year"])
    of = (match["of"] or "").split(" ")[0].lower()
    if of in SHIFTS:
        return scene.today.year + SHIFTS[of]
    return scene.year_told()


def _nearest(make: Callable[[int], date], scene: Scene) -> date:
    """Choose the year that brings a date nearest; unless that is quite near, the verbs decide."""
    today, candidates = scene.today, []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(make(year))
        except ValueError:
            continue  # 29 February
    nearest = min(candidates, key=lambda day: abs((day - today).days))
    if abs((nearest - today).days) <= NEAR_DAYS:
        return nearest
    way = scene.direction()
    sided = [day for day in candidates if way and (day >= today if way > 0 else day <= today)]
    return min(sided or candidates, key=lambda day: abs((day - today).days))


def nearest_year(make: Callable[[int], date], scene: Scene) -> int:
    """Return the year that brings a date nearest, as the verbs allow."""
    return _nearest(make, scene).year


def resolve_month(match: Match, scene: Scene) -> Value | None:
    name, month = match["month"], month_number(match["month"])
    shift = (match["shift"] or "").lower()
    bare = not (match["year"] or match["of"] or shift)
    if bare and (len(name) <= 4 and name not in ("June", "July")) and not scene.preceded_by(_INTRODUCED):
        return None
    if bare and ((name == "March" and scene.followed_by(_AS_VERB)) or scene.preceded_by(KIN)):
        return None
    if bare and scene.followed_by(_AS_PERSON) and not scene.preceded_by(_DURING):
        return None
    today = scene.today
    if shift in ("last", "past"):
        year: int | None = today.year - (month >= today.month)
    elif shift == "next":
        year = today.year + (month <= today.month)
    elif shift:
        year = today.year
    else:
        year = _year_given(match, scene)
    if year is None:
        year = _nearest(lambda y: date(y, month, 15), scene).year
    return f"{year:04d}-{month:02d}", "month"


# "May will travel", "April Jones": a person, unless a word of time stands before.
_AS_PERSON = re.compile(
    r"(?:['’]s)?\s+(?:will|would|said|says|told|has|had|is|was|wants|faces|met|meets|also|did|does)\b|\s+[A-Z][a-z]+\b"
)
_DURING = re.compile(
    r"\b(?i:in|since|until|till|by|from|of|during|through|late|early|mid|before|after|between|and|to|this|last|next"
    r"|every|each)[\s-]+$"
)
_AS_VERB = re.compile(r"\s+(?:on|through|against|for|to|in\s+the)\b|ed\b|ing\b|es\b")


def resolve_months(match: Match, scene: Scene) -> Value:
    first, last = month_number(match["month"]), month_number(match["month2"])
    year = _year_given(match, scene)
    if year is None:
        year = _nearest(lambda y: date(y, first, 15), scene).year
    return f"{year}-{first:02d}/{year + (last < first)}-{last:02d}", "range"


def resolve_weekday(match: Match, scene: Scene) -> Value | None:
    today = scene.today
    ahead = (WEEKDAYS[match["weekday"].lower()] - today.weekday()) % 7
    shift, week = (match["shift"] or "").lower(), (match["week"] or "").lower()
    if scene.preceded_by(_REPEATED) or scene.preceded_by(CALLED):
        return None  # "every Monday", "Bloody Sunday"
    if match["weekday"] in FIRST_NAMES and not week and not shift and stands_as_name(scene):
        return None  # "Sunday Oliseh coached"
    if week:
        days = ahead - 7 * (ahead + today.weekday() >= 7) + 7 * SHIFTS[week]
    elif shift in ("last", "past", "previous"):
        days = ahead - 7
    elif shift in ("next", "coming", "upcoming"):
        days = ahead or 7
    elif ahead == 0:
        days = 0
    elif shift in ("this", "current"):
        days = ahead - 7 if scene.direction() < 0 else ahead
    else:
        days = ahead if scene.direction() > 0 else ahead - 7
    return (today + timedelta(days=days)).isoformat(), "day"


_REPEATED = re.compile(r"\b(?i:every|each|most|any|except|all)\s+$")


def resolve_named_day(match: Match, scene: Scene) -> Value:
    name = " ".join(match["named"].lower().split())
    return (scene.today + timedelta(days=NAMED_DAYS[name])).isoformat(), "day"


def resolve_period(match: Match, scene: Scene) -> Value:
    today = scene.today
    if match["period"].lower() == "weekend" and match["shift"].lower() == "this" and today.weekday() < 5:
        return _weekend_at(today - timedelta(weeks=1) if scene.direction() < 0 else today)
    return _shifted(match["period"].lower(), SHIFTS[match["shift"].lower()], scene.today)


def resolve_part_of(match: Match, scene: Scene) -> Value:
    """Resolve "the end of the year" to the year."""
    return _shifted(match["period"].lower(), SHIFTS.get(match["shift"].lower(), 0), scene.today)


def _shifted(unit: str, shift: int, today: date) -> Value:
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=shift)
        return f"{monday}/{monday + timedelta(days=6)}", "week"
    if unit == "weekend":
        return _weekend_at(today + timedelta(weeks=shift))
    if unit == "month":
        months = today.year * 12 + today.month - 1 + shift
        return f"{months // 12}-{months % 12 + 1:02d}", "month"
    if unit == "quarter":
        quarters = today.year * 4 + (today.month - 1) // 3 + shift
        return quarter_of(quarters // 4, quarters % 4 + 1)
    if unit in SEASONS:
        return season_of(unit, today.year + shift)
    if unit == "decade":
        return (
            (f"{today.year - 9}/{today.year}", "range")
            if shift < 0
            else (f"{today.year // 10 * 10}/{today.year // 10 * 10 + 9}", "range")
        )
    if unit == "century":
        first = (today.year // 100 + shift) * 100
        return f"{first}/{first + 99}", "range"
    return f"{today.year + shift}", "year"


def quarter_of(year: int, quarter: int) -> Value:
    return f"{year}-{quarter * 3 - 2:02d}/{year}-{quarter * 3:02d}", "quarter"


def season_of(name: str, year: int) -> Value:
    first = SEASONS[name]
    return f"{year}-{first:02d}/{year + (first == 12)}-{(first + 1) % 12 + 1:02d}", "range"


def resolve_weekend(match: Match, scene: Scene) -> Value:
    """Resolve "over the weekend": the one that ended last, unless the verbs point ahead."""
    today = scene.today
    return _weekend_at(today if today.weekday() >= 5 or scene.direction() > 0 else today - timedelta(weeks=1))


def _weekend_at(day: date) -> Value:
    saturday = day - timedelta(days=day.weekday()) + timedelta(days=5)
    return f"{saturday}/{saturday + timedelta(days=1)}", "range"


def _number(text: str) -> int:
    return NUMBERS[text.lower()] if text.lower() in NUMBERS else int(text)


def resolve_ago(match: Match, scene: Scene) -> Value:
    told = scene.last_told() if match["word"].lower() == "earlier" else None
    return _moved(match, told or scene.today, -1)


def resolve_ahead(match: Match, scene: Scene) -> Value | None:
    """Resolve "in two days' time"; "in two days" only where the verbs point ahead: else it may tell how long."""
    return _moved(match, scene.today, 1) if match["time"] or scene.direction() > 0 else None


def resolve_later(match: Match, scene: Scene) -> Value | None:
    told = scene.last_told()
    return _moved(match, told, 1) if told else None


def _moved(match: Match, day: date, sign: int) -> Value:
    return moved(_number(match["count"]) * sign, match["unit"].lower(), day)


def moved(count: int, unit: str, day: date) -> Value:
    """Return what lies a number of units from a day, to the precision of the unit."""
    if unit == "day":
        return (day + timedelta(days=count)).isoformat(), "day"
    if unit == "decade":
        return f"{day.year + 10 * count:04d}", "year"
    if unit == "year":
        if day.year + count < 1:
            raise ValueError(count)
        return f"{day.year + count:04d}", "year"
    return _shifted(unit, count, day)


def resolve_lasting(match: Match, scene: Scene) -> Value:
    """Resolve "the past three years" to the stretch that ends today, "the next five days" to the one that begins."""
    count, unit, today = _number(match["count"]), match["unit"].lower(), scene.today
    years = count * {"year": 1, "decade": 10}.get(unit, 0)
    days = count * {"day": 1, "week": 7, "month": 30}.get(unit, 0)
    sign = 1 if SHIFTS[match["shift"].lower()] > 0 else -1
    month, day = today.month, min(today.day, 28) if today.month == 2 else today.day
    other = date(today.year + sign * years, month, day) + timedelta(days=sign * days)
    return (f"{other}/{today}" if sign < 0 else f"{today}/{other}"), "range"


def resolve_that(match: Match, scene: Scene) -> Value | None:
    """Resolve "the same year", "the following day": what they point back to is the date named last."""
    told = scene.last_told()
    if told is None:
        return None
    word = match["which"].lower().split()[-1]
    shift = {"following": 1, "next": 1, "after": 1, "previous": -1, "before": -1}.get(word, 0)
    unit = match["unit"].lower()
    if unit in ("day", "morning", "night", "evening", "afternoon"):
        return (told + timedelta(days=shift)).isoformat(), "day"
    return _shifted(unit, shift, told)


def resolve_year(match: Match, scene: Scene) -> Value | None:
    year = int(match["year"])
    if year > LATEST_YEAR or scene.followed_by(_COUNTED):
        return None
    if scene.preceded_by(_SURELY_YEAR) or scene.preceded_by(_YEARS):
        return str(year), "year"
    if not 1600 <= year <= scene.today.year + 30 or scene.preceded_by(_NOT_A_YEAR):
        return None
    return str(year), "year"


# Of a century its last quarter; a decade is too short for the difference to be agreed on.
_LATE = frozenset(("late", "later"))


def resolve_decade(match: Match, scene: Scene) -> Value | None:
    first = int(match["decade"]) if match["decade"] else 1900 + int(match["short"])
    if first > scene.today.year + 10:
        return None
    part = (match["part"] or "").lower()
    if first % 100 == 0 and first < 2000:
        return f"{first + 75 * (part in _LATE)}/{first + 99}", "range"
    return f"{first}/{first + (4 if part == 'early' else 9)}", "range"


def resolve_century(match: Match, scene: Scene) -> Value | None:
    text = match["ordinal"].lower()
    number = ORDINALS[text] if text in ORDINALS else int(text[:-2])
    if not 1 < number <= 22:
        return None
    first = number * 100 - 100
    return f"{first + 75 * ((match['part'] or '').lower() in _LATE):04d}/{first + 99:04d}", "range"


def resolve_sixties(match: Match, scene: Scene) -> Value:
    first = 1900 + NUMBERS[match["sixties"].lower().removesuffix("ies") + "y"]
    return f"{first}/{first + 9}", "range"


def resolve_quarter(match: Match, scene: Scene) -> Value:
    text = (match["number"] or match["ordinal"]).lower()
    number = ORDINALS[text] if text in ORDINALS else int(text[0])
    year = _year_given(match, scene) or scene.today.year
    if match["part"] == "half":
        return f"{year}-{number * 6 - 5:02d}/{year}-{number * 6:02d}", "range"
    if not 1 <= number <= 4:
        raise ValueError(match.group())
    return quarter_of(year, number)


def resolve_holiday(match: Match, scene: Scene) -> Value:
    month, day = HOLIDAYS[match["holiday"].lower().replace("’", "'")]
    shift = SHIFTS.get((match["shift"] or "").lower(), 0)
    if shift:
        candidates = [date(scene.today.year + years, month, day) for years in (-1, 0, 1)]
        sided = [d for d in candidates if (d - scene.today).days * shift > 0]
        return (min(sided) if shift > 0 else max(sided)).isoformat(), "day"
    if match["year"]:
        return date(int(match["year"]), month, day).isoformat(), "day"
    return _nearest(lambda y: date(y, month, day), scene).isoformat(), "day"


Resolver = Callable[[Match, Scene], Value | None]
