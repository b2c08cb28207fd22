"""The expressions of time that are understood: for each a pattern, and what it means on a given day.

Values are ISO 8601 to the granularity; weeks, quarters, decades and the like are ranges ``A/B``, both ends included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal, Protocol

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


def _numbered(groups: str, first: int = 1) -> dict[str, int]:
    """Number the groups of words parted by commas."""
    return {word: number for number, group in enumerate(groups.split(","), first) for word in group.split()}


MONTHS = _numbered(
    "january jan,february feb,march mar,april apr,may,june jun,july jul,august aug,september sept sep,october oct,"
    "november nov,december dec"
)
WEEKDAYS = _numbered(
    "monday mon,tuesday tue tues,wednesday wed,thursday thu thurs,friday fri,saturday sat,sunday sun", 0
)
NUMBERS = _numbered(
    "a an one,two,three,four,five,six,seven,eight,nine,ten,eleven,twelve,thirteen,fourteen,fifteen,sixteen,seventeen,"
    "eighteen,nineteen,twenty"
) | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}
ORDINALS = _numbered(
    "first,second,third,fourth,fifth,sixth,seventh,eighth,ninth,tenth,eleventh,twelfth,thirteenth,fourteenth,fifteenth,"
    "sixteenth,seventeenth,eighteenth,nineteenth,twentieth"
) | {"twenty-first": 21}
SHIFTS = {"last": -1, "past": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1, "upcoming": 1}
NAMED_DAYS = {
    "today": 0, "tonight": 0, "overnight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0,
    "yesterday": -1, "last night": -1, "tomorrow": 1, "the day before yesterday": -2, "the day after tomorrow": 2,
}  # fmt: skip
HOLIDAYS = {
    "christmas eve": (12, 24), "christmas day": (12, 25), "christmas": (12, 25), "boxing day": (12, 26),
    "new year's eve": (12, 31), "new year's day": (1, 1), "valentine's day": (2, 14), "halloween": (10, 31),
}  # fmt: skip
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}

_FULL_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_MONTH = (
    rf"(?P<month>{_FULL_MONTHS}|{_FULL_MONTHS.upper()}"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|JAN|FEB|MAR|APR|JUN|JUL|AUG|SEPT|SEP|OCT|NOV|DEC)\b\.?)"
)
_MONTH2 = _MONTH.replace("?P<month>", "?P<month2>")
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_DAY2 = _DAY.replace("?P<day>", "?P<day2>")
_YEAR = r"(?P<year>(?:1[0-9]|20)\d\d)(?![.,]?\d|%)"
# Years of three figures only where nothing else can be meant.
_ANY_YEAR = _YEAR.replace("20)\\d\\d", "20)\\d\\d|(?<=of )[3-9]\\d\\d|[3-9]\\d\\d(?=\\))")
_OF_YEAR = (
    rf"(?:(?:,\s*|\s+|\s+of\s+|,?\s+in\s+){_ANY_YEAR}"
    r"|\s+(?:of\s+)?(?P<of>(?:this|next|last|the\s+same|that)\s+year)\b)?"
)
_PART = r"(?:(?P<part>early|mid|later?)[\s-]+)?"
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_ON = rf"(?:(?:{_DAYS}|(?:Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat|Sun)\b\.?),?\s+(?:the\s+)?)?"
_COUNTS = sorted((name for name in NUMBERS if name != "hundred"), key=len, reverse=True)
_COUNT = rf"(?P<count>\d{{1,4}}|(?i:{'|'.join(_COUNTS)}))"
_UNIT = r"(?P<unit>day|week|month|year|decade)s?"
_ORDINAL = rf"(?P<ordinal>\d{{1,2}}(?:st|nd|rd|th)|(?i:{'|'.join(sorted(ORDINALS, key=len, reverse=True))}))"
_TO = r"\s*(?:[–—-]|to|and|through|until)\s*"

# Bare "May" and "March" are also a verb; a year-like number is also a number.
_INTRODUCED = re.compile(
    r"(?:^|\b(?i:in|since|until|till|by|from|of|during|through|late|early|mid|for|before|after|between|and|to"
    r"|this|last|next)|[(,–—-])"
    r"[\s-]*$"
)
_COUNTED = re.compile(
    r"\s*(?:-|–)?\s*(?i:people|persons|men|women|troops|soldiers|fighters|civilians|dollars|euros|pounds|rubles"
    r"|percent|per cent"
    r"|km|kilomet|met(?:er|re)s|miles|feet|tons|tonnes|hours|minutes|seconds|votes|cases|deaths|jobs|homes"
    r"|workers|employees"
    r"|points|units|copies|words|years|days|MHz|GHz|MB|mg|kg|ml|hPa|calories|protesters|migrants|refugees"
    r"|students|members)\b"
)
_YEARS = re.compile(r"\b1\d\d\d\s?[–-]\s?$|\b20\d\d\s?[–-]\s?$")
_NOT_A_YEAR = re.compile(
    r"(?:[$€£¥#№/:]|\b(?i:about|nearly|over|almost|than|least|some|up to|roughly|No\.?|number|room|page"
    r"|pp?\.))\s*$|\w[,.–-]$|[\d–-]\s$"
)
_SURELY_YEAR = re.compile(
    r"(?:[(;]|\b[cdmb]\.)\s?$|\b(?i:in|since|until|till|by|from|of|during|before|after|early|late|mid|fiscal|year"
    r"|AD|circa|c\.)[\s-]*$"
)


_DATELINE = re.compile(
    rf"\s*(?:(?:{_DAYS}),\s+)?(?:{_MONTH}\s+{_DAY},?\s+{_YEAR}|{_DAY2}\s+{_MONTH2}\s+(?P<year2>20\d\d))\s*$",
    re.MULTILINE,
)


def dateline(head: str) -> date | None:
    """Return the day that a text is dated by on a line of its own, for the words that count from it."""
    match = _DATELINE.search(head)
    if match is None:
        return None
    month, day = match["month"] or match["month2"], match["day"] or match["day2"]
    try:
        return date(int(match["year"] or match["year2"]), _month_number(month), int(day))
    except ValueError:
        return None


def _iso(match: Match, scene: Scene) -> Value:
    return date.fromisoformat(match["iso"]).isoformat(), "day"


def _numeric(match: Match, scene: Scene) -> Value | None:
    """Read 24.02.2022 and 24/2/2022; with both numbers up to 12 only dots tell that the day comes first."""
    first, second, year = int(match["first"]), int(match["second"]), int(match["year"])
    if second > 12:
        first, second = second, first
    elif first <= 12 and match["mark"] != ".":
        return None
    return date(year, second, first).isoformat(), "day"


def _month_number(name: str) -> int:
    return MONTHS[name.rstrip(".").lower()]


def _day(match: Match, scene: Scene) -> Value:
    ordinal = match.groupdict().get("word")
    day = ORDINALS[ordinal.lower()] if ordinal else int(match["day"])
    return _dated(match, scene, _month_number(match["month"]), day).isoformat(), "day"


def _days(match: Match, scene: Scene) -> Value:
    month = _month_number(match["month"])
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


def _month(match: Match, scene: Scene) -> Value | None:
    name, month = match["month"], _month_number(match["month"])
    shift = (match["shift"] or "").lower()
    bare = not (match["year"] or match["of"] or shift)
    if bare and (len(name) <= 4 and name not in ("June", "July")) and not scene.preceded_by(_INTRODUCED):
        return None
    if bare and name == "March" and scene.followed_by(_AS_VERB):
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


_AS_VERB = re.compile(r"\s+(?:on|through|against|for|to|in\s+the)\b|ed\b|ing\b|es\b")


def _months(match: Match, scene: Scene) -> Value:
    first, last = _month_number(match["month"]), _month_number(match["month2"])
    year = _year_given(match, scene)
    if year is None:
        year = _nearest(lambda y: date(y, first, 15), scene).year
    return f"{year}-{first:02d}/{year + (last < first)}-{last:02d}", "range"


def _weekday(match: Match, scene: Scene) -> Value:
    today = scene.today
    ahead = (WEEKDAYS[match["weekday"].lower()] - today.weekday()) % 7
    shift, week = (match["shift"] or "").lower(), (match["week"] or "").lower()
    if week:
        days = ahead - 7 * (ahead + today.weekday() >= 7) + 7 * SHIFTS[week]
    elif shift in ("last", "past", "previous"):
        days = ahead - 7
    elif shift in ("next", "coming", "upcoming"):
        days = ahead or 7
    elif ahead == 0:
        days = 0
    else:
        days = ahead if scene.direction() > 0 else ahead - 7
    return (today + timedelta(days=days)).isoformat(), "day"


def _named_day(match: Match, scene: Scene) -> Value:
    name = " ".join(match["named"].lower().split())
    return (scene.today + timedelta(days=NAMED_DAYS[name])).isoformat(), "day"


def _period(match: Match, scene: Scene) -> Value:
    today = scene.today
    if match["period"].lower() == "weekend" and match["shift"].lower() == "this" and today.weekday() < 5:
        return _weekend_at(today - timedelta(weeks=1) if scene.direction() < 0 else today)
    return _shifted(match["period"].lower(), SHIFTS[match["shift"].lower()], scene.today)


def _part_of(match: Match, scene: Scene) -> Value:
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
        return _quarter_of(quarters // 4, quarters % 4 + 1)
    if unit in SEASONS:
        return _season_of(unit, today.year + shift)
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


def _quarter_of(year: int, quarter: int) -> Value:
    return f"{year}-{quarter * 3 - 2:02d}/{year}-{quarter * 3:02d}", "quarter"


def _season_of(name: str, year: int) -> Value:
    first = SEASONS[name]
    return f"{year}-{first:02d}/{year + (first == 12)}-{(first + 1) % 12 + 1:02d}", "range"


def _weekend(match: Match, scene: Scene) -> Value:
    """Resolve "over the weekend": the one that ended last, unless the verbs point ahead."""
    today = scene.today
    return _weekend_at(today if today.weekday() >= 5 or scene.direction() > 0 else today - timedelta(weeks=1))


def _weekend_at(day: date) -> Value:
    saturday = day - timedelta(days=day.weekday()) + timedelta(days=5)
    return f"{saturday}/{saturday + timedelta(days=1)}", "range"


def _number(text: str) -> int:
    return NUMBERS[text.lower()] if text.lower() in NUMBERS else int(text)


def _ago(match: Match, scene: Scene) -> Value:
    told = scene.last_told() if match["word"].lower() == "earlier" else None
    return _moved(match, told or scene.today, -1)


def _ahead(match: Match, scene: Scene) -> Value | None:
    """Resolve "in two days' time"; "in two days" only where the verbs point ahead: else it may tell how long."""
    return _moved(match, scene.today, 1) if match["time"] or scene.direction() > 0 else None


def _later(match: Match, scene: Scene) -> Value | None:
    told = scene.last_told()
    return _moved(match, told, 1) if told else None


def _moved(match: Match, day: date, sign: int) -> Value:
    count, unit = _number(match["count"]) * sign, match["unit"].lower()
    if unit == "day":
        return (day + timedelta(days=count)).isoformat(), "day"
    if unit == "decade":
        return f"{day.year + 10 * count:04d}", "year"
    if unit == "year":
        if day.year + count < 1:
            raise ValueError(match.group())
        return f"{day.year + count:04d}", "year"
    return _shifted(unit, count, day)


def _lasting(match: Match, scene: Scene) -> Value:
    """Resolve "the past three years" to the stretch that ends today, "the next five days" to the one that begins."""
    count, unit, today = _number(match["count"]), match["unit"].lower(), scene.today
    years = count * {"year": 1, "decade": 10}.get(unit, 0)
    days = count * {"day": 1, "week": 7, "month": 30}.get(unit, 0)
    sign = 1 if SHIFTS[match["shift"].lower()] > 0 else -1
    month, day = today.month, min(today.day, 28) if today.month == 2 else today.day
    other = date(today.year + sign * years, month, day) + timedelta(days=sign * days)
    return (f"{other}/{today}" if sign < 0 else f"{today}/{other}"), "range"


def _that(match: Match, scene: Scene) -> Value | None:
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


def _year(match: Match, scene: Scene) -> Value | None:
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


def _decade(match: Match, scene: Scene) -> Value | None:
    first = int(match["decade"]) if match["decade"] else 1900 + int(match["short"])
    if first > scene.today.year + 10:
        return None
    part = (match["part"] or "").lower()
    if first % 100 == 0 and first < 2000:
        return f"{first + 75 * (part in _LATE)}/{first + 99}", "range"
    return f"{first}/{first + (4 if part == 'early' else 9)}", "range"


def _century(match: Match, scene: Scene) -> Value | None:
    text = match["ordinal"].lower()
    number = ORDINALS[text] if text in ORDINALS else int(text[:-2])
    if not 1 < number <= 22:
        return None
    first = number * 100 - 100
    return f"{first + 75 * ((match['part'] or '').lower() in _LATE):04d}/{first + 99:04d}", "range"


def _anno_domini(match: Match, scene: Scene) -> Value:
    return date(int(match["ad"] or match["ce"]), 1, 1).isoformat()[:4], "year"


def _sixties(match: Match, scene: Scene) -> Value:
    first = 1900 + NUMBERS[match["sixties"].lower().removesuffix("ies") + "y"]
    return f"{first}/{first + 9}", "range"


def _quarter(match: Match, scene: Scene) -> Value:
    text = (match["number"] or match["ordinal"]).lower()
    number = ORDINALS[text] if text in ORDINALS else int(text[0])
    year = _year_given(match, scene) or scene.today.year
    if match["part"] == "half":
        return f"{year}-{number * 6 - 5:02d}/{year}-{number * 6:02d}", "range"
    if not 1 <= number <= 4:
        raise ValueError(match.group())
    return _quarter_of(year, number)


def _season(match: Match, scene: Scene) -> Value:
    return _season_of(match["season"].lower(), int(match["year"]))


def _holiday(match: Match, scene: Scene) -> Value:
    month, day = HOLIDAYS[match["holiday"].lower().replace("’", "'")]
    shift = SHIFTS.get((match["shift"] or "").lower(), 0)
    if shift:
        candidates = [date(scene.today.year + years, month, day) for years in (-1, 0, 1)]
        sided = [d for d in candidates if (d - scene.today).days * shift > 0]
        return (min(sided) if shift > 0 else max(sided)).isoformat(), "day"
    if match["year"]:
        return date(int(match["year"]), month, day).isoformat(), "day"
    return _nearest(lambda y: date(y, month, day), scene).isoformat(), "day"


def _world_war(match: Match, scene: Scene) -> Value:
    return ("1939-09-01/1945-09-02" if match["war"] in ("II", "2", "Two") else "1914-07-28/1918-11-11"), "range"


def _nine_eleven(match: Match, scene: Scene) -> Value:
    return "2001-09-11", "day"


_SHIFT = r"(?P<shift>(?i:last|this|next|past|previous|coming|current|upcoming))"
_SEASON = r"(?i:spring|summer|autumn|fall|winter)"
Resolver = Callable[[Match, Scene], Value | None]
# name: (pattern, resolver, whether it is relative). Of those that match at one place the first wins.
EXPRESSIONS: dict[str, tuple[str, Resolver, bool]] = {
    "iso_": (r"\b(?P<iso>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?!\d)", _iso, False),
    "numeric": (
        r"(?<![\d./])(?P<first>\d{1,2})(?P<mark>[./])(?P<second>\d{1,2})[./](?P<year>(?:19|20)\d\d)(?![\d./]\d)",
        _numeric,
        False,
    ),
    "nine_eleven": (r"\b9/11\b", _nine_eleven, False),
    "world_war": (r"\b(?:World\s+War\s+|WW\s?)(?P<war>II|I|2|1|Two|One)\b", _world_war, False),
    "days_month": (rf"\b{_DAY}{_TO}{_DAY2}\s+(?:of\s+)?{_MONTH}{_OF_YEAR}", _days, False),
    "month_days": (rf"\b{_MONTH}\s+{_DAY}{_TO}{_DAY2}(?!\s*[:.]?\d){_OF_YEAR}", _days, False),
    "day_month": (rf"\b{_ON}{_DAY}\s+(?:of\s+)?{_MONTH}{_OF_YEAR}", _day, False),
    "word_month": (
        rf"\b(?P<word>(?i:{'|'.join(sorted(ORDINALS, key=len, reverse=True))}))\s+of\s+{_MONTH}{_OF_YEAR}",
        _day,
        False,
    ),
    "month_day": (
        rf"\b{_ON}{_MONTH}\s+{_DAY}(?!\d|[.,:]\d|%|\s*(?:percent|per cent|million|billion)){_OF_YEAR}",
        _day,
        False,
    ),
    "months": (rf"\b{_MONTH}{_TO}{_MONTH2}{_OF_YEAR}", _months, False),
    "month_": (rf"(?:\b{_SHIFT}\s+)?\b{_MONTH}{_OF_YEAR}(?!\w)", _month, False),
    "weekday_": (
        rf"\b(?:{_SHIFT}\s+)?(?P<weekday>{_DAYS})\b(?!\s+(?:Times|Mirror|Telegraph))"
        r"(?:\s+(?:of\s+)?(?P<week>last|next|this)\s+week\b)?",
        _weekday,
        True,
    ),
    "named_": (rf"\b(?P<named>(?i:{'|'.join(sorted(NAMED_DAYS, key=len, reverse=True))}))\b", _named_day, True),
    "lasting": (rf"\b(?:the\s+)?{_SHIFT}\s+{_COUNT}\s+{_UNIT}\b", _lasting, True),
    "holiday_": (
        rf"\b(?:{_SHIFT}\s+)?(?P<holiday>(?i:christmas eve|christmas day|christmas|boxing day|new year['’]s eve"
        rf"|new year['’]s day|valentine['’]s day|halloween))\b(?:,?\s+{_YEAR})?",
        _holiday,
        False,
    ),
    "period_": (
        rf"\b(?:the\s+)?{_SHIFT}\s+(?P<period>(?i:weekend|week|month|quarter|year|decade|century)|{_SEASON})\b",
        _period,
        True,
    ),
    "part_of": (
        r"\b(?i:(?:the\s+)?(?:end|start|beginning|middle)\s+of)\s+(?P<shift>the|this|next|last)\s+(?P<period>year"
        r"|month|week)\b",
        _part_of,
        True,
    ),
    "weekend_": (r"\b(?i:(?:(?:over|at|on)\s+)?the\s+weekend)\b", _weekend, True),
    "ago_": (rf"\b{_COUNT}\]?\s+{_UNIT}\s+(?P<word>ago|earlier|back)\b", _ago, True),
    "later_": (rf"\b{_COUNT}\s+{_UNIT}\s+(?:later|afterwards?)\b", _later, True),
    "ahead_": (rf"\b[Ii]n\s+{_COUNT}\s+{_UNIT}\b(?:['’]s?)?(?P<time>\s+time\b)?", _ahead, True),
    "that_": (
        r"\b(?P<which>(?i:the\s+same|that\s+same|that|the\s+following|the\s+next|the\s+previous))\s+"
        r"(?P<unit>day|night|morning|evening|afternoon|week|month|year)\b(?!\s+when)",
        _that,
        True,
    ),
    "quarter_": (
        rf"\b(?:the\s+)?(?:Q(?P<number>[1-4])|{_ORDINAL}\s+(?P<part>quarter|half))\b(?:\s+of)?{_OF_YEAR}",
        _quarter,
        False,
    ),
    "century_": (rf"\b(?:the\s+)?{_PART}{_ORDINAL}(?:\s+|-)[Cc]entury\b", _century, False),
    "decade_": (
        rf"\b(?:the\s+)?{_PART}(?:(?P<decade>(?:1[5-9]|20)\d0)['’]?|[‘'’](?P<short>[3-9]0))s\b",
        _decade,
        False,
    ),
    "season_": (rf"\b(?:the\s+)?(?P<season>{_SEASON})\s+(?:of\s+)?{_YEAR}", _season, False),
    "anno_": (r"\b(?:AD\s?(?P<ad>\d{1,4})|(?P<ce>\d{1,4})\s(?:AD|CE))\b", _anno_domini, False),
    "sixties": (
        r"\b(?i:the\s+(?:(?:early|mid|late)[\s-]+)?(?P<sixties>twenties|thirties|forties|fifties|sixties"
        r"|seventies|eighties|nineties))\b",
        _sixties,
        False,
    ),
    "year_": (rf"(?<![\w])(?:(?:AD|c\.|ca\.)\s*)?{_YEAR}(?![\w’'])(?!-\w)", _year, False),
}  # fmt: skip


def _starts() -> dict[str, tuple[str, ...]]:
    """Return for each word that an expression may begin with, in small letters, the expressions to try, in order."""
    starts: dict[str, list[str]] = {}
    for words, names in (
        (" ".join(MONTHS), "months month_days month_day month_"),
        (" ".join(WEEKDAYS), "day_month month_day weekday_"),
        (" ".join(NUMBERS), "ago_ later_"),
        (" ".join(ORDINALS), "word_month quarter_ century_"),
        (" ".join(SHIFTS), "month_ weekday_ named_ lasting holiday_ period_"),
        ("today tonight overnight yesterday tomorrow", "named_"),
        ("the", "named_ lasting period_ part_of weekend_ that_ quarter_ century_ decade_ sixties season_"),
        ("that", "that_"),
        ("in", "ahead_"),
        ("over at on", "weekend_"),
        ("end start beginning middle", "part_of"),
        ("q1 q2 q3 q4", "quarter_"),
        ("early mid late later", "century_ decade_"),
        (" ".join(SEASONS), "season_"),
        ("christmas boxing new valentine halloween", "holiday_"),
        ("ad", "anno_"),
        ("world wwii wwi", "world_war"),
    ):
        for word in words.split():
            starts.setdefault(word.partition("-")[0], []).extend(names.split())
    return {word: tuple(names) for word, names in starts.items()}


STARTS = _starts()
DIGIT_STARTS = (
    "iso_", "numeric", "nine_eleven", "days_month", "day_month", "ago_", "later_", "century_", "quarter_",
    "decade_", "anno_", "year_",
)  # fmt: skip
# What may follow a number of one or two digits in a date, besides a mark that joins.
AFTER_NUMBER = frozenset(
    (*MONTHS, *"day days week weeks month months year years decade decades of and to through until ad ce".split())
)
# After words as common as these it takes a second word of a date to look closer.
_COUNTS_NEXT = frozenset(NUMBERS)
SECONDS: dict[str, frozenset[str]] = {
    "the": frozenset((*SHIFTS, *ORDINALS, *SEASONS))
    | frozenset("same following day weekend end start beginning middle early mid late later twenty q1 q2 q3 q4".split())
    | frozenset("twenties thirties forties fifties sixties seventies eighties nineties".split()),
    "that": frozenset("same day night morning evening afternoon week month year".split()),
    "in": _COUNTS_NEXT,
    "over": frozenset(("the",)),
    "at": frozenset(("the",)),
    "on": frozenset(("the",)),
    "a": frozenset("day week month year decade".split()),
    "new": frozenset(("year",)),
    "world": frozenset(("war",)),
}  # fmt: skip
PATTERNS = {name: re.compile(source) for name, (source, _, _) in EXPRESSIONS.items()}
