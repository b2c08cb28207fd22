"""The expressions of time that are understood: for each a pattern, and what it means on a given day.

Values are ISO 8601 to the granularity; weeks, quarters, decades and the like are ranges ``A/B``, both ends included.
"""

from __future__ import annotations

import re
from datetime import date

from pipeline.stages.extract.dates.calendar_words import (
    MONTHS,
    NAMED_DAYS,
    NUMBERS,
    ORDINALS,
    SEASONS,
    SHIFTS,
    WEEKDAYS,
)
from pipeline.stages.extract.dates.parts import (
    resolve_anno_domini,
    resolve_between,
    resolve_day_alone,
    resolve_month_to_month,
    resolve_nine_eleven,
    resolve_nth_weekday,
    resolve_offset,
    resolve_remembered,
    resolve_season,
    resolve_span_of,
    resolve_world_war,
    resolve_years,
)
from pipeline.stages.extract.dates.resolvers import (
    Resolver,
    month_number,
    resolve_ago,
    resolve_ahead,
    resolve_century,
    resolve_day,
    resolve_days,
    resolve_decade,
    resolve_holiday,
    resolve_iso,
    resolve_lasting,
    resolve_later,
    resolve_month,
    resolve_months,
    resolve_named_day,
    resolve_numeric,
    resolve_part_of,
    resolve_period,
    resolve_quarter,
    resolve_sixties,
    resolve_that,
    resolve_weekday,
    resolve_weekend,
    resolve_year,
)

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
_ON = rf"(?:(?:{_DAYS}|{_DAYS.upper()}|(?:Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat|Sun)\b\.?),?\s+(?:the\s+)?)?"
_COUNTS = sorted((name for name in NUMBERS if name != "hundred"), key=len, reverse=True)
_COUNT = rf"(?P<count>\d{{1,4}}|(?i:{'|'.join(_COUNTS)}))"
_UNIT = r"(?P<unit>day|week|month|year|decade)s?"
_ORDINAL = rf"(?P<ordinal>\d{{1,2}}(?:st|nd|rd|th)|(?i:{'|'.join(sorted(ORDINALS, key=len, reverse=True))}))"
_TO = r"\s*(?:[–—-]|to|and|through|until)\s*"


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
        return date(int(match["year"] or match["year2"]), month_number(month), int(day))
    except ValueError:
        return None


_SHIFT = r"(?P<shift>(?i:last|this|next|past|previous|coming|current|upcoming))"
_SEASON = r"(?i:spring|summer|autumn|fall|winter)"
_ANY_DAY = rf"{_DAYS}|{_DAYS.upper()}"
_EDGE = rf"(?P<edge>(?i:last|final|opening|closing|{'|'.join(name for name in ORDINALS if '-' not in name)}))"
_YEAR2 = r"(?:,?\s+(?P<year2>(?:1[0-9]|20)\d\d))?"
_MONTH3 = rf"{_MONTH}\s+{_YEAR}".replace("?P<month>", "?P<month3>").replace("?P<year>", "?P<year3>")
# name: (pattern, resolver, whether it is relative). Of those that match at one place the first wins.
EXPRESSIONS: dict[str, tuple[str, Resolver, bool]] = {
    "iso_": (r"\b(?P<iso>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?!\d)", resolve_iso, False),
    "numeric": (
        r"(?<![\d./])(?P<first>\d{1,2})(?P<mark>[./])(?P<second>\d{1,2})[./](?P<year>(?:19|20)\d\d)(?![\d./]\d)",
        resolve_numeric,
        False,
    ),
    "nine_eleven": (r"\b9/11\b", resolve_nine_eleven, False),
    "world_war": (r"\b(?:World\s+War\s+|WW\s?)(?P<war>II|I|2|1|Two|One)\b", resolve_world_war, False),
    "remembered": (
        rf"\b{_MONTH}\s+{_DAY}(?:,?\s+(?:2001|2005|2015|2021|2023))?(?=,?\s+(?P<what>(?i:[a-z]+(?:\s+[a-z]+)?)))",
        resolve_remembered,
        False,
    ),
    "span_of": (
        rf"\b(?:the\s+)?{_EDGE}\s+(?:{_COUNT}\s+)?(?P<unit>day|week|month|quarter|half)s?\s+(?:of|in)\s+"
        rf"(?:{_MONTH}{_OF_YEAR}|(?P<which>the|this|next|last)\s+year\b(?!\s+to)|(?P<only>(?:19|20)\d\d)\b)",
        resolve_span_of,
        False,
    ),
    "nth_weekday": (
        rf"\b(?:the\s+)?{_EDGE}\s+(?P<weekday>{_ANY_DAY})\s+(?:of|in)\s+"
        rf"(?:{_MONTH}{_OF_YEAR}|(?P<which>the|this|next|last)\s+month\b)",
        resolve_nth_weekday,
        False,
    ),
    "years": (
        r"\b(?:(?:(?i:from)\s+(?P<first>1[5-9]\d\d|20\d\d)\s+(?:to|until|till|through)\s+(?P<last>\d{4}))"
        r"|(?:(?i:between)\s+(?P<first2>1[5-9]\d\d|20\d\d)\s+and\s+(?P<last2>\d{4}))"
        r"|(?<![\w.,$€£-])(?P<first3>1[5-9]\d\d|20\d\d)[-–/](?P<last3>\d{2}|\d{4}))(?![\w-]|[.,]\d|[–/]\d)",
        resolve_years,
        False,
    ),
    "from_month": (
        rf"\b(?:(?:(?i:from)\s+)?{_MONTH}\s+{_YEAR}\s*(?:to|until|till|through|[–-])|(?i:between)\s+{_MONTH3}\s+and)"
        rf"\s*{_MONTH2}\s+(?P<year2>(?:1[0-9]|20)\d\d)(?![.,]?\d)",
        resolve_month_to_month,
        False,
    ),
    "between": (
        rf"\b(?:(?i:from|between)\s+)?{_MONTH}\s+{_DAY}(?:,\s+{_YEAR})?\s*(?:to|until|through|and|[–-])\s*{_MONTH2}\s+{_DAY2}\b"
        rf"{_YEAR2}",
        resolve_between,
        False,
    ),
    "between_": (
        rf"\b(?:(?i:from|between)\s+)?{_DAY}\s+{_MONTH}(?:\s+{_YEAR})?\s*(?:to|until|through|and|[–-])\s*{_DAY2}\s+{_MONTH2}\b"
        rf"{_YEAR2}",
        resolve_between,
        False,
    ),
    "offset_": (
        rf"\b{_COUNT}\s+{_UNIT}\s+(?P<way>from|ago)\s+(?:last\s+)?(?P<base>{_ANY_DAY}|today|tomorrow|now)\b",
        resolve_offset,
        True,
    ),
    "days_month": (rf"\b{_DAY}{_TO}{_DAY2}\s+(?:of\s+)?{_MONTH}{_OF_YEAR}", resolve_days, False),
    "month_days": (rf"\b{_MONTH}\s+{_DAY}{_TO}{_DAY2}(?!\s*[:.]?\d){_OF_YEAR}", resolve_days, False),
    "day_month": (rf"\b{_ON}{_DAY}\s+(?:of\s+)?{_MONTH}{_OF_YEAR}", resolve_day, False),
    "word_month": (
        rf"\b(?P<word>(?i:{'|'.join(sorted(ORDINALS, key=len, reverse=True))}))\s+of\s+{_MONTH}{_OF_YEAR}",
        resolve_day,
        False,
    ),
    "month_day": (
        rf"\b{_ON}{_MONTH}\s+{_DAY}(?!\d|[.,:]\d|%|\s*(?:percent|per cent|million|billion)){_OF_YEAR}",
        resolve_day,
        False,
    ),
    "months": (rf"\b{_MONTH}{_TO}{_MONTH2}{_OF_YEAR}", resolve_months, False),
    "month_": (rf"(?:\b{_SHIFT}\s+)?\b{_MONTH}{_OF_YEAR}(?!\w)", resolve_month, False),
    "weekday_": (
        rf"\b(?:{_SHIFT}\s+)?(?P<weekday>{_ANY_DAY})\b"
        r"(?!\s+(?:Times|Mirror|Telegraph|Mail|Express|Post|World|Herald|Tribune|Star|(?:Evening|Morning|Night)\s+[A-Z]))"
        r"(?:\s+(?:of\s+)?(?P<week>last|next|this)\s+week\b)?",
        resolve_weekday,
        True,
    ),
    "named_": (
        rf"\b(?P<named>(?i:{'|'.join(sorted(NAMED_DAYS, key=len, reverse=True))}))\b"
        rf"(?!(?<=[Oo]vernight)\s+(?:(?:on|from|to|into)\s+)?(?:{_DAYS})\b)",  # the night is told by its day
        resolve_named_day,
        True,
    ),
    "lasting": (rf"\b(?:the\s+)?{_SHIFT}\s+{_COUNT}\s+{_UNIT}\b", resolve_lasting, True),
    "holiday_": (
        rf"\b(?:{_SHIFT}\s+)?(?P<holiday>(?i:christmas eve|christmas day|christmas|boxing day|new year['’]s eve"
        rf"|new year['’]s day|valentine['’]s day|halloween))\b(?:,?\s+{_YEAR})?",
        resolve_holiday,
        False,
    ),
    "period_": (
        rf"\b(?:the\s+)?{_SHIFT}\s+(?P<period>(?i:weekend|week|month|quarter|year|decade|century)|{_SEASON})\b",
        resolve_period,
        True,
    ),
    "part_of": (
        r"\b(?i:(?:the\s+)?(?:end|start|beginning|middle)\s+of)\s+(?P<shift>the|this|next|last)\s+(?P<period>year"
        r"|month|week)\b",
        resolve_part_of,
        True,
    ),
    "weekend_": (r"\b(?i:(?:(?:over|at|on)\s+)?the\s+weekend)\b", resolve_weekend, True),
    "ago_": (rf"\b{_COUNT}\]?\s+{_UNIT}\s+(?P<word>ago|earlier|back)\b", resolve_ago, True),
    "later_": (rf"\b{_COUNT}\s+{_UNIT}\s+(?:later|afterwards?)\b", resolve_later, True),
    "ahead_": (rf"\b[Ii]n\s+{_COUNT}\s+{_UNIT}\b(?:['’]s?)?(?P<time>\s+time\b)?", resolve_ahead, True),
    "that_": (
        r"\b(?P<which>(?i:the\s+same|that\s+same|that|the\s+following|the\s+next|the\s+previous))\s+"
        r"(?P<unit>day|night|morning|evening|afternoon|week|month|year)\b(?!\s+when)",
        resolve_that,
        True,
    ),
    "quarter_": (
        rf"\b(?:the\s+)?(?:Q(?P<number>[1-4])|{_ORDINAL}\s+(?P<part>quarter|half))\b(?:\s+of)?{_OF_YEAR}",
        resolve_quarter,
        False,
    ),
    "century_": (rf"\b(?:the\s+)?{_PART}{_ORDINAL}(?:\s+|-)[Cc]entury\b", resolve_century, False),
    "decade_": (
        rf"\b(?:the\s+)?{_PART}(?:(?P<decade>(?:1[5-9]|20)\d0)['’]?|[‘'’](?P<short>[3-9]0))s\b",
        resolve_decade,
        False,
    ),
    "season_": (rf"\b(?:the\s+)?(?P<season>{_SEASON})\s+(?:of\s+)?{_YEAR}", resolve_season, False),
    "anno_": (r"\b(?:AD\s?(?P<ad>\d{1,4})|(?P<ce>\d{1,4})\s(?:AD|CE))\b", resolve_anno_domini, False),
    "day_alone": (
        r"(?:(?<=\b[Oo]n )|(?<=\b[Ss]ince )|(?<=\b[Uu]ntil ))the\s+(?P<day>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)"
        r"(?:\s+of\s+(?P<shift>this|last|next)\s+month\b|(?=[.,;:)]|$|\s+(?:and|but|when|after|before|at|in)\b))",
        resolve_day_alone,
        True,
    ),
    "sixties": (
        r"\b(?i:the\s+(?:(?:early|mid|late)[\s-]+)?(?P<sixties>twenties|thirties|forties|fifties|sixties"
        r"|seventies|eighties|nineties))\b",
        resolve_sixties,
        False,
    ),
    "year_": (rf"(?<![\w])(?:(?:AD|c\.|ca\.)\s*)?{_YEAR}(?![\w’'])(?!-\w)", resolve_year, False),
}  # fmt: skip


def _starts() -> dict[str, tuple[str, ...]]:
    """Return for each word that an expression may begin with, in small letters, the expressions to try, in order."""
    starts: dict[str, list[str]] = {}
    for words, names in (
        (" ".join(MONTHS), "remembered from_month between months month_days month_day month_"),
        (" ".join(WEEKDAYS), "day_month month_day weekday_"),
        (" ".join(NUMBERS), "offset_ ago_ later_"),
        ("from between", "years from_month between between_"),
        ("last final opening closing first", "span_of nth_weekday"),
        (" ".join(ORDINALS), "span_of nth_weekday word_month quarter_ century_"),
        (" ".join(SHIFTS), "month_ weekday_ named_ lasting holiday_ period_"),
        ("today tonight overnight yesterday tomorrow", "named_"),
        (
            "the",
            "span_of nth_weekday named_ lasting period_ part_of weekend_ that_ quarter_ century_ decade_ sixties "
            "season_ day_alone",
        ),
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
    "iso_", "numeric", "nine_eleven", "years", "between_", "days_month", "day_month", "offset_", "ago_", "later_",
    "century_", "quarter_",
    "decade_", "anno_", "year_",
)  # fmt: skip
# A number of three digits or more that nothing of a date follows can only be these.
YEAR_STARTS = ("decade_", "year_")
# What may follow a number in a date, besides a mark that joins.
AFTER_NUMBER = frozenset(
    (*MONTHS, *"day days week weeks month months year years decade decades of and to through until ad ce".split())
)
# Names that are written with a capital: "may" and "march" are other words.
CAPITALISED = frozenset((*MONTHS, *WEEKDAYS))
BEFORE_WEEKEND = frozenset(("over", "at", "on"))
_UNITS = frozenset("day days week weeks month months year years decade decades".split())
_ORDINAL_STARTS = frozenset(word.partition("-")[0] for word in ORDINALS)
_EDGE_NEXT = frozenset((*NUMBERS, *_UNITS, *WEEKDAYS, "quarter", "quarters", "half", "halfs"))
_ORDINAL_NEXT = _EDGE_NEXT | {"of", "century"}
_SHIFT_NEXT = _EDGE_NEXT | frozenset((*MONTHS, *SEASONS)) | frozenset(
    "morning afternoon evening night christmas boxing new valentine halloween weekend century".split()
)  # fmt: skip


def _seconds() -> dict[str, frozenset[str]]:
    """Return for words that begin many things what must follow, if not a figure, in what begins with them."""
    seconds: dict[str, frozenset[str]] = {}
    for words, following in (
        (NUMBERS, _UNITS),
        (ORDINALS, _ORDINAL_NEXT),
        (SHIFTS, _SHIFT_NEXT),
        (("final", "opening", "closing"), _EDGE_NEXT),
        (("from", "between"), frozenset(MONTHS)),
        (("early", "mid", "late", "later"), _ORDINAL_STARTS),
        (("end", "start", "beginning", "middle", *SEASONS), frozenset(("of",))),
        (("in",), frozenset(NUMBERS)),
        (BEFORE_WEEKEND, frozenset(("the",))),
        (("new",), frozenset(("year",))),
        (("world",), frozenset(("war",))),
        (("ad",), frozenset()),
        (("that",), frozenset("same day night morning evening afternoon week month year".split())),
        (
            ("the",),
            frozenset((*SHIFTS, *_ORDINAL_STARTS, *SEASONS, "final", "opening", "closing"))
            | frozenset("same following day weekend end start beginning middle early mid late later".split())
            | frozenset("q1 q2 q3 q4 twenties thirties forties fifties sixties seventies eighties nineties".split()),
        ),
    ):
        for word in words:
            start, _, rest = word.partition("-")
            seconds[start] = seconds.get(start, frozenset()) | ({rest} if rest else following)
    seconds["a"] = frozenset("day week month year decade".split())
    return seconds


SECONDS = _seconds()
PATTERNS = {name: re.compile(source) for name, (source, _, _) in EXPRESSIONS.items()}
