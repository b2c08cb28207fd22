"""Find worded and numeric dates of other languages, in the order that the language writes them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice

from pipeline.model import ResolvedDate
from pipeline.stages.extract.languages import signdates
from pipeline.stages.extract.languages.periods import (
    NO_AMOUNT,
    UNITS,
    YEAR,
    Granularity,
    Unit,
    Value,
    moved,
    pattern,
    shifted,
)
from pipeline.stages.extract.languages.tables import UNSPACED, Table, table

MAX_DATES = 500
BESIDE = 24
EASTERN_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789") | str.maketrans(
    "０１２３４５６７８９", "0123456789"
)
_DAY = r"3[01]|[12]\d|0?[1-9]"
Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date, str], Value | None]]
_BETWEEN_WEEKDAY_AND_DATE = re.compile(r"\s*[,(،]?\s*(?:(?:den|dem|el|il|le|o|de|d\.|em|in)\s+)?", re.IGNORECASE)


def find_worded_dates(text: str, published: datetime, code: str) -> tuple[ResolvedDate, ...]:
    """Return the dates of a text in one of ``tables.CODES``, in order and without overlap."""
    today = published.astimezone(UTC).date()
    plain = text.translate(EASTERN_DIGITS)
    found: list[ResolvedDate] = []
    for match, resolve in sorted(_matches(plain, code), key=lambda pair: (pair[0].start(), -pair[0].end())):
        if len(found) == MAX_DATES:
            break
        if found and match.start() < found[-1].end:
            continue
        value = _value(match, resolve, today, plain)
        if value is None:
            continue
        start, end = match.span()
        if found and _names_the_weekday_of(found[-1], value, plain[found[-1].end : start]):
            start = found.pop().start
        found.append(_dated(value, text[start:end], start))
    return tuple(found)


def _names_the_weekday_of(earlier: ResolvedDate, value: Value, gap: str) -> bool:
    """Say whether a weekday and the date after it are one: "el martes, 16 de junio", "в понедельник, 8 июня"."""
    is_date = value[1] == "day" and earlier.relative and earlier.granularity == "day"
    if not is_date or _BETWEEN_WEEKDAY_AND_DATE.fullmatch(gap) is None:
        return False
    return date.fromisoformat(earlier.value).weekday() == date.fromisoformat(value[0]).weekday()


def _matches(
    text: str, code: str
) -> Iterator[tuple[re.Match[str], Callable[[re.Match[str], date, str], Value | None]]]:
    for rule, resolve in _rules(code):
        for match in islice(rule.finditer(text), MAX_DATES):
            yield match, resolve


def _value(
    match: re.Match[str], resolve: Callable[[re.Match[str], date, str], Value | None], today: date, text: str
) -> Value | None:
    try:
        return resolve(match, today, text)
    except (ValueError, OverflowError):
        return None  # 31 February


def _dated(value: Value, text: str, start: int) -> ResolvedDate:
    said = value[1]
    return ResolvedDate(
        value=value[0],
        granularity="day" if said == "relative" else said,
        text=text,
        start=start,
        end=start + len(text),
        relative=said == "relative",
    )


@cache
def _rules(code: str) -> tuple[Rule, ...]:
    known = table(code)
    if code in UNSPACED:
        return (
            *signdates.rules(known),
            (_weekdays(known), _weekday(known)),
            (_days(known), _day(known)),
            *_periods(known),
        )
    return (
        *_worded(known),
        (re.compile(rf"(?<![\d/.-])(?P<year>{YEAR})-(?P<number>\d\d)-(?P<day>\d\d)(?![\d/-])"), written),
        (
            re.compile(
                rf"(?<![\d/.-])(?P<day>\d{{1,2}})(?P<mark>[/.-])(?P<number>\d{{1,2}})(?P=mark)(?P<year>{YEAR})(?![\d/-])"
            ),
            written,
        ),
        (_weekdays(known), _weekday(known)),
        (_days(known), _day(known)),
        *_years(known),
        *_periods(known),
    )  # fmt: skip


def _worded(known: Table) -> tuple[Rule, ...]:
    """Give the rules for days, ranges of days and months whose month is a word."""
    months = _months(known)
    there = {form: number for number, form in enumerate(known.times.months_there.split(), 1)}
    every = months | there
    names, all_names = (_alternatives(words) for words in (months, every))
    of = rf"(?:\s*{known.words.of})?\s*"
    day = rf"(?:{_DAY})(?:{known.words.ordinal})?"
    until, lead = known.times.until, rf"(?:(?:{known.times.from_})\s+)?"
    year = rf"(?P<year>{YEAR})(?!\d)"
    # "3 حزيران/يونيو": the month in two calendars.
    twice = rf"(?:\s*/\s*(?:{names}))?"
    tail = rf"{twice}(?!\w)(?:{of}{year}|(?P<none>))"

    def worded(match: re.Match[str], today: date, text: str) -> Value:
        return _on(match["year"], months[match["month"].casefold()], _figure(match["day"]), today)

    def days(match: re.Match[str], today: date, text: str) -> Value | None:
        month = months[match["month"].casefold()]
        last = _on(match["year"], month, _figure(match["last"]), today)[0]
        first_month = match["first_month"]
        number = months[first_month.casefold()] if first_month else month
        first = date(int(last[:4]), number, _figure(match["day"]))
        return (f"{first.isoformat()}/{last}", "range") if first.isoformat() < last else None

    def month(match: re.Match[str], today: date, text: str) -> Value:
        return f"{match['year']}-{every[match['month'].casefold()]:02d}", "month"

    ahead, behind = _beside(known)

    def month_alone(match: re.Match[str], today: date, text: str) -> Value:
        number = every[match["month"].casefold()]
        near = text[max(0, match.start() - 2 * BESIDE) : match.end() + 2 * BESIDE]
        later = ahead.search(near) and not behind.search(near)
        years = (number < today.month) if later else -(number > today.month)
        return f"{today.year + years:04d}-{number:02d}", "month"

    long_names = _alternatives({name: n for name, n in every.items() if len(name) > 3 or name in there or n in (5, 6)})
    in_month, after_month = known.times.in_month, known.times.after_month
    return (
        (re.compile(rf"(?<![\w.,:])(?P<day>{day}){of}(?P<month>{names}){tail}", re.IGNORECASE), worded),
        (
            re.compile(
                rf"(?<![\w.,:]){lead}(?P<day>{day})(?:{of}(?P<first_month>{names}))?\s*(?:{until})\s*(?P<last>{day})"
                rf"{of}(?P<month>{names}){tail}",
                re.IGNORECASE,
            ),
            days,
        ),
        (re.compile(rf"(?<!\w)(?P<month>{all_names})\.?{twice}{of}{year}", re.IGNORECASE), month),
        (
            re.compile(rf"(?<!\w)(?:{in_month})\s*(?P<month>{long_names})(?!\w|\s+\d)", re.IGNORECASE),
            month_alone,
        ),
        (re.compile(rf"(?<!\w)(?P<month>{long_names})(?:\s*(?:{after_month}))(?!\w)", re.IGNORECASE), month_alone),
    )  # fmt: skip


def _years(known: Table) -> tuple[Rule, ...]:
    """Give the rules for years that stand alone and ranges of years."""
    times = known.times

    def year(match: re.Match[str], today: date, text: str) -> Value:
        return match["year"], "year"

    def years(match: re.Match[str], today: date, text: str) -> Value | None:
        first, last = match["first"], match["last"]
        return (f"{first}/{last}", "range") if first < last else None

    return (
        (re.compile(rf"(?<!\w)(?:{times.in_year})\s+(?P<year>{YEAR}){NO_AMOUNT}", re.IGNORECASE), year),
        (re.compile(rf"(?<![\w.,/-])(?P<year>{YEAR})\s*(?:{times.after_year})(?!\w)", re.IGNORECASE), year),
        (
            re.compile(
                rf"(?<!\w)(?:{times.from_})\s+(?P<first>{YEAR})\s*(?:{times.until})\s*(?P<last>{YEAR}){NO_AMOUNT}",
                re.IGNORECASE,
            ),
            years,
        ),
    )


def _periods(known: Table) -> tuple[Rule, ...]:
    times, code = known.times, known.code

    def by(unit: Unit, step: int) -> Callable[[re.Match[str], date, str], Value | None]:
        return lambda match, today, text: moved(today, unit, step)

    return (
        (pattern(known, times.ago), lambda match, today, text: shifted(match, today, code, -1)),
        (pattern(known, times.within), lambda match, today, text: shifted(match, today, code, 1)),
        *(
            (pattern(known, template, unit), by(unit, step))
            for template, step in ((times.last, -1), (times.this, 0), (times.next, 1))
            for unit in UNITS[1:]
        ),
    )


def _alternatives(words: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"


def _figure(day: str) -> int:
    return int(re.sub(r"\D", "", day))


def _months(known: Table) -> dict[str, int]:
    months = dict(known.calendar.months)
    months |= {form: number for number, form in enumerate(known.words.month_forms.split(), 1)}
    return {name: number for name, number in months.items() if len(name) > 2 and not name.isdigit()} | {
        name: number for name, number in known.calendar.months.items() if name == "آب"
    }


def _weekday_names(known: Table) -> dict[str, int]:
    names = {} if known.code in UNSPACED else {n: d for n, d in known.calendar.weekdays.items() if len(n) > 2}
    for number, forms in enumerate(known.words.weekday_forms.split()):
        names |= dict.fromkeys(forms.split("/"), number)
    # Words that are as often something else.
    return {name: day for name, day in names.items() if name not in ("pazar", "среда", "середа", "segunda", "неделя")}


def _weekdays(known: Table) -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _weekday_names(known)), key=len, reverse=True))
    if known.code in UNSPACED:
        return re.compile(rf"(?P<which>[上下本这這先来今]週?)?(?:の|个|個)?(?P<name>{names})")
    lead = f"(?:{known.words.weekday_after})" if known.words.weekday_after else ""
    return re.compile(rf"(?<![\w-]){lead}(?P<name>{names})(?![\w-])", re.IGNORECASE)


def _beside(known: Table) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the words beside a day that say that it lies ahead or behind."""
    edge = "" if known.code in UNSPACED else r"(?<!\w)"
    ahead, behind = (
        re.compile(rf"{edge}(?:{words})", re.IGNORECASE) for words in (known.words.ahead, known.words.behind)
    )
    return ahead, behind


def _weekday(known: Table) -> Callable[[re.Match[str], date, str], Value]:
    names = _weekday_names(known)
    ahead, behind = _beside(known)

    def resolve(match: re.Match[str], today: date, text: str) -> Value:
        day = names[match["name"].casefold()]
        which = match.groupdict().get("which")
        if which and which[0] in "上下先来":
            weeks = 1 if which[0] in "下来" else -1
            monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
            return (monday + timedelta(days=day)).isoformat(), "relative"
        near = text[max(0, match.start() - BESIDE) : match.end() + BESIDE]
        days = (day - today.weekday()) % 7
        if days and (behind.search(near) or not ahead.search(near)):
            days -= 7
        return (today + timedelta(days=days)).isoformat(), "relative"

    return resolve


def _days(known: Table) -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, known.words.days), key=len, reverse=True))
    if known.code in UNSPACED:
        return re.compile(rf"(?P<name>{names})")
    return re.compile(rf"(?<![\w'’-])(?P<name>{names})(?![\w-])", re.IGNORECASE)


def _day(known: Table) -> Callable[[re.Match[str], date, str], Value | None]:
    before = re.compile(rf"(?<!\w){known.words.not_before}\s+$", re.IGNORECASE)

    def resolve(match: re.Match[str], today: date, text: str) -> Value | None:
        if before.search(text, max(0, match.start() - 12), match.start()):
            return None  # "la mañana", "heute Morgen": the time of day
        if known.code == "de" and match["name"] == "Morgen":
            return None
        return (today + timedelta(days=known.words.days[match["name"].casefold()])).isoformat(), "relative"

    return resolve


def written(match: re.Match[str], today: date, text: str) -> Value:
    """Return the day that figures write."""
    return _on(match.groupdict().get("year"), int(match["number"]), int(match["day"]), today)


def _on(year: str | None, month: int, day: int, today: date) -> Value:
    said: Granularity = "day"
    return signdates.nearest(year, month, day, today).isoformat(), said
