"""Find worded and numeric dates of other languages, in the order that the language writes them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Literal

from pipeline.model import ResolvedDate
from pipeline.stages.extract.languages.tables import UNSPACED, Table, table

MAX_DATES = 500
BESIDE = 24
EASTERN_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_YEAR = r"(?:19|20)\d\d"
Value = tuple[str, Literal["day", "month", "year", "relative"]]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date, str], Value | None]]


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
        if value is not None:
            start, end = match.span()
            found.append(_dated(value, text[start:end], start))
    return tuple(found)


def _matches(
    text: str, code: str
) -> Iterator[tuple[re.Match[str], Callable[[re.Match[str], date, str], Value | None]]]:
    for pattern, resolve in _rules(code):
        for match in pattern.finditer(text):
            yield match, resolve


def _value(
    match: re.Match[str], resolve: Callable[[re.Match[str], date, str], Value | None], today: date, text: str
) -> Value | None:
    try:
        return resolve(match, today, text)
    except (ValueError, OverflowError):
        return None  # 31 February


def _dated(value: Value, text: str, start: int) -> ResolvedDate:
    granularity: Literal["month", "year", "day"] = "day"
    if value[1] == "month" or value[1] == "year":
        granularity = value[1]
    return ResolvedDate(
        value=value[0],
        granularity=granularity,
        text=text,
        start=start,
        end=start + len(text),
        relative=value[1] == "relative",
    )


@cache
def _rules(code: str) -> tuple[Rule, ...]:
    known = table(code)
    if code in UNSPACED:
        return (
            (re.compile(rf"(?P<year>{_YEAR})年(?P<number>\d{{1,2}})月(?P<day>\d{{1,2}})[日号號]"), _written),
            (re.compile(r"(?<!\d)(?P<number>1[0-2]|0?[1-9])月(?P<day>\d{1,2})[日号號]"), _written),
            (re.compile(rf"(?P<year>{_YEAR})年(?P<number>\d{{1,2}})月"), _month),
            (re.compile(rf"(?<!\d)(?P<year>{_YEAR})年(?!\d|間|间)"), _year),
            (
                re.compile(
                    rf"(?<![\d/.-])(?P<year>{_YEAR})[/.-](?P<number>\d{{1,2}})[/.-](?P<day>\d{{1,2}})(?![\d/.-])"
                ),
                _written,
            ),
            (_weekdays(known), _weekday(known)),
            (_days(known), _day(known)),
        )
    months = _months(known)
    names = "|".join(sorted(map(re.escape, months), key=len, reverse=True))
    of = rf"(?:\s*{known.words.of})?\s*"

    def number(match: re.Match[str]) -> int:
        return months[match["month"].casefold()]

    def worded(match: re.Match[str], today: date, text: str) -> Value:
        return _on(match["year"], number(match), int(match["day"]), today)

    def month(match: re.Match[str], today: date, text: str) -> Value:
        return f"{match['year']}-{number(match):02d}", "month"

    year = rf"(?P<year>{_YEAR})(?!\d)"
    return (
        (
            re.compile(
                rf"(?<![\w.,:])(?P<day>3[01]|[12]\d|0?[1-9])(?:{known.words.ordinal})?{of}(?P<month>{names})(?!\w)(?:{of}{year}|(?P<none>))",
                re.IGNORECASE,
            ),
            lambda match, today, text: worded(match, today, text),
        ),
        (re.compile(rf"(?<!\w)(?P<month>{names})\.?{of}{year}", re.IGNORECASE), month),
        (re.compile(rf"(?<![\d/.-])(?P<year>{_YEAR})-(?P<number>\d\d)-(?P<day>\d\d)(?![\d/-])"), _written),
        (
            re.compile(
                rf"(?<![\d/.-])(?P<day>\d{{1,2}})(?P<mark>[/.-])(?P<number>\d{{1,2}})(?P=mark)(?P<year>{_YEAR})(?![\d/-])"
            ),
            _written,
        ),
        (_weekdays(known), _weekday(known)),
        (_days(known), _day(known)),
    )  # fmt: skip


def _months(known: Table) -> dict[str, int]:
    months = dict(known.calendar.months)
    for forms in (known.words.month_forms,):
        months |= {form: number for number, form in enumerate(forms.split(), 1)}
    return {name: number for name, number in months.items() if len(name) > 2 and not name.isdigit()}


def _weekday_names(known: Table) -> dict[str, int]:
    names = {} if known.code in UNSPACED else {n: d for n, d in known.calendar.weekdays.items() if len(n) > 2}
    for number, forms in enumerate(known.words.weekday_forms.split()):
        names |= dict.fromkeys(forms.split("/"), number)
    # Words that are as often something else.
    return {name: day for name, day in names.items() if name not in ("pazar", "среда", "середа", "segunda", "неделя")}


def _weekdays(known: Table) -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _weekday_names(known)), key=len, reverse=True))
    if known.code in UNSPACED:
        return re.compile(rf"(?P<name>{names})")
    lead = f"(?:{known.words.weekday_after})" if known.words.weekday_after else ""
    return re.compile(rf"(?<![\w-]){lead}(?P<name>{names})(?![\w-])", re.IGNORECASE)


def _weekday(known: Table) -> Callable[[re.Match[str], date, str], Value]:
    names = _weekday_names(known)
    ahead, behind = (re.compile(rf"(?:{words})", re.IGNORECASE) for words in (known.words.ahead, known.words.behind))

    def resolve(match: re.Match[str], today: date, text: str) -> Value:
        near = text[max(0, match.start() - BESIDE) : match.end() + BESIDE]
        days = (names[match["name"].casefold()] - today.weekday()) % 7
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


def _written(match: re.Match[str], today: date, text: str) -> Value:
    return _on(match.groupdict().get("year"), int(match["number"]), int(match["day"]), today)


def _month(match: re.Match[str], today: date, text: str) -> Value:
    return date(int(match["year"]), int(match["number"]), 1).isoformat()[:7], "month"


def _year(match: re.Match[str], today: date, text: str) -> Value:
    return match["year"], "year"


def _on(year: str | None, month: int, day: int, today: date) -> Value:
    if year:
        return date(int(year), month, day).isoformat(), "day"
    candidates = []
    for each in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(date(each, month, day))
        except ValueError:
            continue  # 29 February
    return min(candidates, key=lambda d: abs((d - today).days)).isoformat(), "day"
