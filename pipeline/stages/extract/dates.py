"""Find the dates a text mentions and resolve them against the day it was published.

Values are ISO 8601; a week is ``2022-W07``, a quarter ``2022-Q3``, a range ``A/B``. What a day without a year or a
weekday points to is told by the verbs around it: "will meet on Monday" lies ahead, "met on Monday" behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pipeline.model import ResolvedDate

Granularity = Literal["time", "day", "week", "month", "quarter", "year", "range"]
Value = tuple[str, Granularity]
NEAR_DAYS = 20
BEFORE, AFTER = 30, 40

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ("monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thurs", "friday fri", "saturday sat",
         "sunday sun"))
    for name in names.split()
}  # fmt: skip
_NUMBERS = {
    name: number
    for number, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    )
} | {"a": 1, "an": 1, "twenty": 20, "thirty": 30}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}

_MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)"
_WEEKDAY = r"(?P<weekday>Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_COUNT = r"(?P<count>\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty)"
_UNIT = r"(?P<unit>day|week|month|year|decade)s?"

_FUTURE = re.compile(
    r"\b(?:will|would|shall|'ll|due|scheduled|set|plan(?:s|ned|ning)?|expect(?:s|ed)?|upcoming|forthcoming|ahead of|until"
    r"|till|by|starting|beginning|deadline|aims?|intends?|hopes?|to (?:be|hold|meet|convene|begin|start|take|sign|discuss"
    r"|visit|attend|open|vote|travel|host|address|go|come|arrive|return|continue|end|last|run|resume|decide))\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:was|were|had|has|said|says|told|met|held|took|began|came|went|won|lost|left|made|gave|saw|found|struck|hit"
    r"|fell|rose|killed|since|ago|(?!need|seed|feed|hundred|united|red|speed|indeed|bed)\w{2,}ed)\b",
    re.IGNORECASE,
)


def find_dates(text: str, published: datetime, language: str | None = "en") -> tuple[ResolvedDate, ...]:
    """Return the dates in ``text``, in order and without overlap; other languages than English give ISO dates only."""
    today = published.astimezone(UTC).date()
    found: list[ResolvedDate] = []
    end = 0
    for match in _candidates(text, language):
        if match.start() < end:
            continue
        kind = match.lastgroup or ""
        resolve, relative = _RESOLVERS[kind]
        inner = _PARTS[kind].fullmatch(match.group())
        if inner is None:
            continue
        try:
            value = resolve(inner, today, lambda m=match: _direction(text, m.start(), m.end()))
        except (ValueError, OverflowError):
            continue  # 31 February, year 0: no date after all
        if value is None:
            continue
        # A leading preposition helps to recognise a date but is no part of it.
        start = match.start() + (inner.end("skip") if "skip" in inner.groupdict() and inner.group("skip") else 0)
        span = text[start : match.end()]
        found.append(
            ResolvedDate(
                value=value[0], granularity=value[1], text=span, start=start, end=match.end(), relative=relative
            )
        )
        end = match.end()
    return tuple(found)


def _candidates(text: str, language: str | None) -> Iterator[re.Match[str]]:
    """Try the full pattern only around words that dates are made of: it is dear, and most text has none."""
    if language not in (None, "en"):
        yield from _ISO_PATTERN.finditer(text)
        return
    done = 0
    for anchor in _ANCHOR.finditer(text):
        if anchor.start() < done:
            continue
        begin = max(done, text.rfind("\n", 0, anchor.start()) + 1, anchor.start() - BEFORE)
        while begin > done and not text[begin - 1].isspace():
            begin -= 1
        for match in _PATTERN.finditer(text, begin, min(len(text), anchor.end() + AFTER)):
            if match.start() > anchor.end():
                break  # the next anchor sees it whole
            yield match
            done = match.end()
        done = max(done, anchor.end())


Direction = Callable[[], int]


def _direction(text: str, start: int, end: int) -> int:
    """Return 1 when the words nearest before (else after) a date speak of what is to come, -1 of what was, 0 neither."""
    before = text[max(0, start - 90) : start]
    stop = max(before.rfind(mark) for mark in ("\n", ". ", "? ", "! ", "; "))
    before = before[stop + 1 :]
    future = max((m.end() for m in _FUTURE.finditer(before)), default=-1)
    past = max((m.end() for m in _PAST.finditer(before) if not _FUTURE.fullmatch(m.group())), default=-1)
    if future != past:
        return 1 if future > past else -1
    after = re.split(r"[.\n;]", text[end : end + 70], maxsplit=1)[0]
    ahead, behind = _FUTURE.search(after), _PAST.search(after)
    if ahead and (not behind or ahead.start() <= behind.start()):
        return 1
    return -1 if behind else 0


def _iso(match: re.Match[str], today: date, direction: Direction) -> Value:
    return date.fromisoformat(match.group("iso")).isoformat(), "day"


def _day(match: re.Match[str], today: date, direction: Direction) -> Value:
    month, day = _MONTHS[match.group("month").rstrip(".").lower()], int(match.group("day"))
    if match.group("year"):
        return date(int(match.group("year")), month, day).isoformat(), "day"
    return _nearest(lambda year: date(year, month, day), today, direction).isoformat(), "day"


def _nearest(make: Callable[[int], date], today: date, direction: Direction) -> date:
    """Choose the year that brings a date nearest; unless that is quite near, the verbs decide."""
    candidates = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(make(year))
        except ValueError:
            continue  # 29 February
    nearest = min(candidates, key=lambda day: abs((day - today).days))
    if abs((nearest - today).days) <= NEAR_DAYS:
        return nearest
    way = direction()
    if way == 0:
        return nearest
    sided = [day for day in candidates if (day >= today if way > 0 else day <= today)]
    return min(sided or candidates, key=lambda day: abs((day - today).days))


def _month(match: re.Match[str], today: date, direction: Direction) -> Value:
    month = _MONTHS[match.group("month").rstrip(".").lower()]
    if match.group("year"):
        return f"{int(match.group('year'))}-{month:02d}", "month"
    shift = (match.group("shift") or "").lower()
    year = today.year
    if shift in ("last", "past"):
        year -= month >= today.month
    elif shift == "next":
        year += month <= today.month
    elif shift != "this":
        year = _nearest(lambda y: date(y, month, 15), today, direction).year
    return f"{year}-{month:02d}", "month"


def _weekday(match: re.Match[str], today: date, direction: Direction) -> Value:
    ahead = (_WEEKDAYS[match.group("weekday").lower()] - today.weekday()) % 7
    shift = (match.group("shift") or "").lower()
    if shift in ("last", "past"):
        days = ahead - 7
    elif shift in ("next", "coming"):
        days = ahead or 7
    elif ahead == 0:
        days = 0
    else:
        days = ahead if direction() > 0 else ahead - 7
    return (today + timedelta(days=days)).isoformat(), "day"


_NAMED_DAYS = {
    "today": 0, "tonight": 0, "overnight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0,
    "yesterday": -1, "last night": -1, "tomorrow": 1, "the day before yesterday": -2, "the day after tomorrow": 2,
}  # fmt: skip


def _named_day(match: re.Match[str], today: date, direction: Direction) -> Value:
    name = " ".join(match.group("named").lower().split())
    return (today + timedelta(days=_NAMED_DAYS[name])).isoformat(), "day"


def _period(match: re.Match[str], today: date, direction: Direction) -> Value:
    shift = {"last": -1, "past": -1, "previous": -1, "next": 1, "coming": 1}.get(match.group("shift").lower(), 0)
    return _shifted(match.group("period").lower(), shift, today)


def _shifted(unit: str, shift: int, today: date) -> Value:
    if unit == "week":
        year, week, _ = (today + timedelta(weeks=shift)).isocalendar()
        return f"{year}-W{week:02d}", "week"
    if unit == "weekend":
        return _weekend_at(today + timedelta(weeks=shift))
    if unit == "month":
        months = today.year * 12 + today.month - 1 + shift
        return f"{months // 12}-{months % 12 + 1:02d}", "month"
    if unit == "quarter":
        quarters = today.year * 4 + (today.month - 1) // 3 + shift
        return f"{quarters // 4}-Q{quarters % 4 + 1}", "quarter"
    return f"{today.year + shift}", "year"


def _weekend(match: re.Match[str], today: date, direction: Direction) -> Value:
    """Resolve "over the weekend": the one that ended last, unless the verbs point ahead."""
    return _weekend_at(today if today.weekday() >= 5 or direction() > 0 else today - timedelta(weeks=1))


def _weekend_at(day: date) -> Value:
    saturday = day - timedelta(days=day.weekday()) + timedelta(days=5)
    return f"{saturday}/{saturday + timedelta(days=1)}", "range"


def _ago(match: re.Match[str], today: date, direction: Direction) -> Value:
    return _moved(match, today, -1)


def _ahead(match: re.Match[str], today: date, direction: Direction) -> Value:
    return _moved(match, today, 1)


def _moved(match: re.Match[str], today: date, sign: int) -> Value:
    text = match.group("count").lower()
    count = (_NUMBERS[text] if text in _NUMBERS else int(text)) * sign
    unit = match.group("unit").lower()
    if unit == "day":
        return (today + timedelta(days=count)).isoformat(), "day"
    if unit == "decade":
        return f"{today.year + 10 * count}", "year"
    return _shifted(unit, count, today)


def _year(match: re.Match[str], today: date, direction: Direction) -> Value | None:
    year = int(match.group("year"))
    return (str(year), "year") if year <= today.year + 80 else None


def _decade(match: re.Match[str], today: date, direction: Direction) -> Value:
    first = int(match.group("decade"))
    return f"{first}/{first + 9}", "range"


def _quarter(match: re.Match[str], today: date, direction: Direction) -> Value:
    quarter = int(match.group("number") or _ORDINALS[match.group("word").lower()])
    if match.group("year"):
        year = int(match.group("year"))
    else:
        year = today.year + (1 if (match.group("of") or "").lower() == "next" else 0)
        year -= (match.group("of") or "").lower() == "last"
    return f"{year}-Q{quarter}", "quarter"


_OF_YEAR = rf"(?:,?\s+{_YEAR}\b)?"
_SOURCES: dict[str, tuple[str, Callable[[re.Match[str], date, Direction], Value | None], bool]] = {
    "iso_": (r"\b(?P<iso>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?!\d)", _iso, False),
    "day_month": (rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}{_OF_YEAR}", _day, False),
    "month_day": (rf"\b{_MONTH}\s+{_DAY}(?!\d|[.,:]\d|%|\s*(?:percent|per cent|million|billion)){_OF_YEAR}", _day, False),
    "month_": (
        rf"(?P<skip>\b(?:in|since|until|by|from|of|during|through|late|early|mid|for|before|after)[\s-]+)?"
        rf"(?:(?P<shift>last|next|this|past)\s+)?{_MONTH}(?:\s+{_YEAR}\b)?",
        _month,
        False,
    ),
    "weekday_": (rf"\b(?:(?P<shift>last|next|this|past|coming)\s+)?{_WEEKDAY}\b(?!\s+(?:Times|Mirror|Telegraph))", _weekday, True),
    "named_": (
        r"\b(?P<named>(?i:the day before yesterday|the day after tomorrow|today|tonight|overnight|yesterday|tomorrow"
        r"|last night|this morning|this afternoon|this evening))\b",
        _named_day,
        True,
    ),
    "period_": (
        r"\b(?P<shift>(?i:last|this|next|past|previous|coming))\s+(?P<period>week|weekend|month|quarter|year)\b",
        _period,
        True,
    ),
    "weekend_": (r"\b(?i:the|over the|at the)\s+weekend\b", _weekend, True),
    "ago_": (rf"\b{_COUNT}\s+{_UNIT}\s+(?:ago|earlier)\b", _ago, True),
    "ahead_": (rf"(?P<skip>\b[Ii]n\s+){_COUNT}\s+{_UNIT}(?:'s)?(?:\s+time)\b", _ahead, True),
    "quarter_": (
        rf"\b(?:Q(?P<number>[1-4])|(?P<word>first|second|third|fourth|[1-4](?:st|nd|rd|th))\s+quarter)"
        rf"(?:\s+(?:of\s+)?(?:{_YEAR}|(?P<of>this|next|last)\s+year))?\b",
        _quarter,
        False,
    ),
    "decade_": (r"\b(?:the\s+)?(?:(?:early|mid|late)[\s-]+)?(?P<decade>(?:1[5-9]|20)\d0)s\b", _decade, False),
    "year_": (
        rf"(?P<skip>\b(?i:in|since|until|by|from|of|during|before|after|through|to|early|late|mid|fiscal|year)[\s-]+){_YEAR}"
        r"\b(?![.,]?\d|%|-)",
        _year,
        False,
    ),
}  # fmt: skip


def _anonymous(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_PARTS = {name: re.compile(source) for name, (source, _, _) in _SOURCES.items()}
_RESOLVERS = {name: (resolve, relative) for name, (_, resolve, relative) in _SOURCES.items()}
_PATTERN = re.compile("|".join(f"(?P<{name}>{_anonymous(source)})" for name, (source, _, _) in _SOURCES.items()))
_ANCHOR = re.compile(
    r"\b(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b|(?:1[5-9]|20)\d\d"
    r"|[Tt]o(?:day|night|morrow)|[Yy]esterday|[Oo]vernight|(?:week|month|year|decade)s?(?:end)?\b|night|morning|afternoon|evening"
    r"|quarter|Q[1-4]|ago|earlier|days?\b)"
)
_ISO_PATTERN = re.compile(f"(?P<iso_>{_anonymous(_SOURCES['iso_'][0])})")
