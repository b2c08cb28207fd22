"""Read the dates of Chinese and Japanese: 2026年6月10日, 令和8年, 去年12月, 8日, 3日から5日."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from pipeline.stages.extract.languages.periods import YEAR, Value, moved
from pipeline.stages.extract.languages.tables import Table

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date, str], Value | None]]
_NUMBER = r"1[0-2]|0?[1-9]"
_DAYS = r"3[01]|[12]\d|0?[1-9]"
# Years counted from the first of an era.
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
_YEARS_BESIDE = {"昨年": -1, "去年": -1, "前年": -2, "今年": 0, "本年": 0, "来年": 1, "明年": 1, "一昨年": -2}


def nearest(year: str | None, month: int, day: int, today: date) -> date:
    """Return a day of a year, or of the year in which it lies nearest to today."""
    if year:
        return date(int(year), month, day)
    candidates = []
    for each in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(date(each, month, day))
        except ValueError:
            continue  # 29 February
    return min(candidates, key=lambda d: abs((d - today).days))


def rules(known: Table) -> tuple[Rule, ...]:
    """Return the rules of an unspaced language."""
    until = known.times.until
    beside = "|".join(sorted(_YEARS_BESIDE, key=len, reverse=True))
    year = rf"(?:(?P<year>{YEAR})年|(?P<era>{'|'.join(_ERAS)})(?P<count>\d{{1,2}}|元)年|(?P<beside>{beside})の?)"
    return (
        (re.compile(rf"{year}?(?<!\d)(?P<number>{_NUMBER})月(?P<day>{_DAYS})[日号號]"), _day),
        (
            re.compile(
                rf"{year}?(?<!\d)(?P<number>{_NUMBER})月(?P<day>{_DAYS})[日号號]?(?:{until})(?:(?P<last_number>{_NUMBER})月)?"
                rf"(?P<last>{_DAYS})[日号號]"
            ),
            _range,
        ),
        (re.compile(rf"{year}(?P<number>{_NUMBER})月"), _month),
        (
            re.compile(rf"(?<![\d年])(?P<number>{_NUMBER})月(?![\d間间])(?=[中上下初末底にのは、，以份]|から|まで)"),
            _month_alone,
        ),
        (
            re.compile(
                rf"(?<!\d)(?:(?P<year>{YEAR})年|(?P<era>{'|'.join(_ERAS)})(?P<count>\d{{1,2}}|元)年)(?![\d間间])"
            ),
            _year,
        ),
        (re.compile(rf"(?P<beside>{beside})"), _year),
        (re.compile(rf"(?<!\d)(?P<first>{YEAR})年?(?:{until})(?P<last_year>{YEAR})年"), _years),
        (
            re.compile(rf"(?<![\d/.-])(?P<year>{YEAR})[/.-](?P<number>\d{{1,2}})[/.-](?P<day>\d{{1,2}})(?![\d/.-])"),
            _day,
        ),
        # "8日の会見", "新华社8日电": a day of this month or of the one before.
        (
            re.compile(rf"(?<![\d月年第.,～~-])(?P<day>{_DAYS})日(?![間间目前後后ぶ以内程連]|から\d|至\d|で終)"),
            _day_alone,
        ),
        (
            re.compile(rf"(?<![\d月年第.,])(?P<day>{_DAYS})日(?:{until})(?P<last>{_DAYS})日(?![間间])"),
            _days_alone,
        ),
    )


def _year_of(match: re.Match[str], today: date) -> str | None:
    groups = match.groupdict()
    if groups.get("year"):
        return groups["year"]
    if groups.get("era"):
        count = groups["count"] or "1"
        return str(_ERAS[groups["era"] or ""] + (1 if count == "元" else int(count)))
    if groups.get("beside"):
        return str(today.year + _YEARS_BESIDE[groups["beside"] or ""])
    return None


def _day(match: re.Match[str], today: date, text: str) -> Value:
    return nearest(_year_of(match, today), int(match["number"]), int(match["day"]), today).isoformat(), "day"


def _range(match: re.Match[str], today: date, text: str) -> Value | None:
    first = nearest(_year_of(match, today), int(match["number"]), int(match["day"]), today)
    last = date(first.year, int(match["last_number"] or match["number"]), int(match["last"]))
    return (f"{first.isoformat()}/{last.isoformat()}", "range") if first < last else None


def _month(match: re.Match[str], today: date, text: str) -> Value:
    return f"{int(_year_of(match, today) or today.year):04d}-{int(match['number']):02d}", "month"


def _month_alone(match: re.Match[str], today: date, text: str) -> Value:
    number = int(match["number"])
    middle = nearest(None, number, 15, today)
    return f"{middle.year:04d}-{number:02d}", "month"


def _year(match: re.Match[str], today: date, text: str) -> Value:
    return str(_year_of(match, today)), "year"


def _years(match: re.Match[str], today: date, text: str) -> Value | None:
    first, last = match["first"], match["last_year"]
    return (f"{first}/{last}", "range") if first < last else None


def _this_or_last_month(day: int, today: date) -> date:
    """Return the day of a month that lies nearest, rather behind than ahead."""
    candidates = []
    for step in (-1, 0, 1):
        year, month = moved(today.replace(day=1), "month", step)[0].split("-")
        try:
            candidates.append(date(int(year), int(month), day))
        except ValueError:
            continue
    return min(candidates, key=lambda d: abs((d - today).days) + (3 if d > today else 0))


def _day_alone(match: re.Match[str], today: date, text: str) -> Value:
    return _this_or_last_month(int(match["day"]), today).isoformat(), "day"


def _days_alone(match: re.Match[str], today: date, text: str) -> Value | None:
    last = _this_or_last_month(int(match["last"]), today)
    first = date(last.year, last.month, int(match["day"]))
    return (f"{first.isoformat()}/{last.isoformat()}", "range") if first < last else None
