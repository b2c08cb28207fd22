"""How many dates of GUM get the annotated value.

`date_value` is over gold spans that are expressions of time, of up to five words with a year, month, weekday or unit of
time; `date_value_all` also over those that only a reader of the whole can date ("his freshman year", "day five").
"""

from __future__ import annotations

import calendar
import lzma
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from pipeline.model import ResolvedDate
from pipeline.stages.extract.dates.dates import find_dates

_OPEN = re.compile(r"<date ([^>]*)>")
LONGEST_EXPRESSION = 5
_EXPRESSION = re.compile(
    r"\b(?:1[0-9]|20)\d\ds?\b|\b(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\b|day\b(?<=[nsrt]day)"
    r"|\b(?:yesterday|today|tonight|tomorrow)\b|[Cc]entury|\bago\b|\b(?:[Ll]ast|[Nn]ext|[Tt]his|[Pp]ast)\b.*\b(?:week|month|year|night"
    r"|morning|quarter|afternoon|evening)"
)
_PART = re.compile(r'(when|from|to):::"([^"]*)"')


class Dated(msgspec.Struct, frozen=True):
    """Hold a document with its day, and its annotated dates as (start, end, first day, last day)."""

    name: str
    created: date
    text: str
    dates: tuple[tuple[int, int, date, date], ...]


def documents(path: Path) -> Iterator[Dated]:
    """Read the running text and the annotated dates of GUM; recurring dates and open-ended ones are left out."""
    name, created, text = "", "", ""
    spans: list[tuple[int, int, date, date]] = []
    opened: tuple[int, str] | None = None
    for line in _lines(path):
        if line.startswith("# newdoc id = "):
            if name:
                yield Dated(name, _day(created), text, tuple(spans))
            name, created, text, spans, opened = line.split(" = ")[1].strip(), "2000-01-01", "", [], None
        elif line.startswith("# meta::dateCreated = "):
            created = line.split(" = ")[1].strip()
        elif line.startswith("# newpar") and "block" not in line:
            text = text.rstrip() + "\n\n"
        elif line[:1].isdigit():
            fields = line.rstrip("\n").split("\t")
            if not fields[0].isdigit():
                continue
            start = len(text)
            text += fields[1]
            mark = _OPEN.search(fields[9])
            if mark:
                opened = (start, mark.group(1))
            if opened and "</date>" in fields[9]:
                days = _days(opened[1])
                if days:
                    spans.append((opened[0], len(text), *days))
                opened = None
            if "SpaceAfter=No" not in fields[9]:
                text += " "
    yield Dated(name, _day(created), text, tuple(spans))


def _lines(path: Path) -> list[str]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return file.readlines()


def _day(text: str) -> date:
    first = _interval(text)
    return first[0] if first else date(2000, 1, 1)


def _days(attributes: str) -> tuple[date, date] | None:
    parts = dict(_PART.findall(attributes))
    if "when" in parts:
        return _interval(parts["when"])
    if "from" in parts and "to" in parts:
        first, last = _interval(parts["from"]), _interval(parts["to"])
        return (first[0], last[1]) if first and last else None
    return None


def _interval(value: str) -> tuple[date, date] | None:
    """Return the first and last day of an ISO value, also of ``A/B``."""
    if "/" in value:
        head, _, tail = value.partition("/")
        one, two = _interval(head), _interval(tail)
        return (one[0], two[1]) if one and two else None
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T.*)?", value)
    if not match or not int(match[1]):
        return None
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    first = date(year, month, day)
    if match[3]:
        return first, first
    last = date(year, month if match[2] else 12, calendar.monthrange(year, month if match[2] else 12)[1])
    return first, last


def _same(found: ResolvedDate, first: date, last: date) -> bool:
    days = _interval(found.value)
    # Summer, a century or "last week" may begin a day earlier or later, by convention.
    slack = timedelta(days=1) if found.granularity in ("week", "range") else timedelta()
    if days and (last - first).days > 3000:
        slack = timedelta(days=366)
    if days is not None and abs(days[0] - first) <= slack and abs(days[1] - last) <= slack:
        return True
    # "from 1980 to 1987" is one range here and two dates in GUM: it has both when its ends are those.
    ends = [_interval(end) for end in found.value.split("/")] if found.granularity == "range" else []
    return (first, last) in ends


def dates(data: Path, news_only: bool = False) -> dict[str, float]:
    """Return date_value on GUM-open below the data folder, over expressions and over all gold spans."""
    right: list[bool] = []
    plain: list[bool] = []
    for document, (start, end, first, last), mine in _compared(data):
        if news_only and "_news_" not in document.name:
            continue
        right.append(mine is not None and _same(mine, first, last))
        span = document.text[start:end]
        if _EXPRESSION.search(span) and len(span.split()) <= LONGEST_EXPRESSION:
            plain.append(right[-1])
    return {
        "date_value": sum(plain) / len(plain),
        "date_value_all": sum(right) / len(right),
        "dates": float(len(plain)),
        "dates_all": float(len(right)),
    }


def _compared(data: Path) -> Iterator[tuple[Dated, tuple[int, int, date, date], ResolvedDate | None]]:
    for part in ("train", "dev"):
        for document in documents(data / "language" / f"gum-open-{part}.conllu.xz"):
            published = datetime(document.created.year, document.created.month, document.created.day, 12, tzinfo=UTC)
            mine = find_dates(document.text, published)
            for span in document.dates:
                yield document, span, next((d for d in mine if d.start < span[1] and span[0] < d.end), None)
