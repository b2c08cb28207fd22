"""The leaves of a query: the meaning of one word, quoted text or value, under the field it stands under if any."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from pipeline.language.tokens import fold, tokens_of
from pipeline.query.lexer import Lexeme, QueryError
from pipeline.query.tree import (
    COUNT_FIELDS,
    DATE_FIELDS,
    EVENT_FIELDS,
    KEYWORD_FIELDS,
    QUOTATION_FIELDS,
    AnyNode,
    EventFilter,
    Fuzzy,
    Keyword,
    Last,
    Near,
    Phrase,
    Prefix,
    Range,
    Wildcard,
    Word,
)

MIN_PREFIX = 2
MAX_DISTANCE = 100
MAX_FUZZY = 40
MAX_PHRASE = 200
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def leaf(lexeme: Lexeme, field: str | None) -> AnyNode:
    """Make the leaf for a word or quoted text, in the field it stands under, if any."""
    column, text = lexeme.column, lexeme.text
    if field in KEYWORD_FIELDS:
        return _keyword(lexeme, field)
    if field in DATE_FIELDS or field in COUNT_FIELDS:
        return _range(lexeme, field)
    if field == "last":
        return _last(lexeme)
    if field == "corrected":
        if text not in ("yes", "no"):
            raise QueryError(column, "expected corrected:yes or corrected:no.")
        return Range(name="revision", low=2, column=column) if text == "yes" else Range(
            name="revision", high=1, column=column
        )  # fmt: skip
    if field in EVENT_FIELDS or field in QUOTATION_FIELDS:
        return _condition(lexeme, field)
    return _quoted(lexeme, field) if lexeme.kind == "quoted" else _word(lexeme, field)


def _quoted(lexeme: Lexeme, field: str | None) -> AnyNode:
    tokens = tokens_of(lexeme.text)
    if not tokens:
        raise QueryError(lexeme.column, "there is no letter or digit between the quotation marks.")
    if len(tokens) > MAX_PHRASE:
        raise QueryError(lexeme.column, f"a phrase may have {MAX_PHRASE} words; search for its beginning.")
    if lexeme.number is not None and len(tokens) > 1:
        return Near(tokens=tokens, distance=min(lexeme.number, MAX_DISTANCE), column=lexeme.column)
    return Phrase(tokens=tokens, column=lexeme.column)


def _word(lexeme: Lexeme, field: str | None) -> AnyNode:
    column, text = lexeme.column, lexeme.text
    fuzzy = re.fullmatch(r"(.+?)~([0-2])?", text)
    if fuzzy:
        tokens = tokens_of(fuzzy.group(1))
        if len(tokens) != 1 or not 3 <= len(tokens[0]) <= MAX_FUZZY:
            raise QueryError(column, f"word~ takes one word of three to {MAX_FUZZY} letters.")
        return Fuzzy(text=tokens[0], distance=int(fuzzy.group(2) or 1), column=column)
    if "*" in text or "?" in text.rstrip("?"):
        return _pattern(lexeme)
    tokens = tokens_of(text)
    if not tokens:
        raise QueryError(column, f"{text!r} has no letter or digit to search for.")
    if len(tokens) > 1 or field in ("author", "source"):
        return Phrase(tokens=tokens, column=column)
    return Word(text=tokens[0], column=column)


def _pattern(lexeme: Lexeme) -> AnyNode:
    text = lexeme.text
    pattern = "".join(part if part in "*?" else fold(part) for part in re.split(r"([*?])", text) if part)
    literal = re.split(r"[*?]", pattern)[0]
    if not re.fullmatch(r"[\w&+#.,*?]+", pattern) or len(tokens_of(literal)) > 1:
        _refuse(lexeme, f"{text!r}: * and ? stand inside one word; quote a phrase, or search its words.")
    if len(literal) < MIN_PREFIX:
        _refuse(lexeme, f"{text!r} would match nearly everything; give {MIN_PREFIX} letters or more before * or ?.")
    if pattern == literal + "*":
        return Prefix(text=sys.intern(literal), column=lexeme.column)
    return Wildcard(pattern=pattern, column=lexeme.column)


def _keyword(lexeme: Lexeme, field: str) -> AnyNode:
    value = lexeme.text.strip().casefold()
    prefix = value.endswith("*") or (field in ("id", "story") and len(value) < 32)
    value = value.rstrip("*")
    if not value:
        raise QueryError(lexeme.column, f"expected a value after {field}:")
    return Keyword(name=field, value=value, prefix=prefix, column=lexeme.column)


def _condition(lexeme: Lexeme, field: str) -> AnyNode:
    value = lexeme.text.strip()
    if field == "event":
        value = value.upper()
    elif field == "scheduled":
        if value not in ("yes", "no"):
            raise QueryError(lexeme.column, "expected scheduled:yes or scheduled:no.")
    elif field == "when":
        if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
            raise QueryError(lexeme.column, f"{value!r} is no date; expected 2022, 2022-02 or 2022-02-24.")
    else:
        value = " ".join(tokens_of(value))
    if not value:
        raise QueryError(lexeme.column, f"expected a value after {field}:")
    return EventFilter(conditions=((field, value),), column=lexeme.column)


def _range(lexeme: Lexeme, field: str) -> AnyNode:
    text = lexeme.text
    low: datetime | int | None = None
    high: datetime | int | None = None
    if ".." in text:
        first, _, second = text.partition("..")
        low = _bound(first, lexeme, field)[0] if first else None
        high = _bound(second, lexeme, field)[1] if second else None
    elif text.startswith((">", "<")):
        sign = text[: 2 if text[1:2] == "=" else 1]
        start, end = _bound(text[len(sign) :], lexeme, field)
        if sign[0] == ">":
            low = start if sign == ">=" else _after(end)
        else:
            high = end if sign == "<=" else _before(start)
    else:
        low, high = _bound(text, lexeme, field)
    if low is None and high is None:
        raise QueryError(lexeme.column, f"expected a value, or two with .. between, after {field}:")
    return Range(name=field, low=low, high=high, column=lexeme.column)


def _bound(text: str, lexeme: Lexeme, field: str) -> tuple[datetime, datetime] | tuple[int, int]:
    """Return the first and last value that ``text`` stands for: a day, month and year are spans of time."""
    if field in COUNT_FIELDS:
        if not text.isdecimal() or len(text) > 9:
            raise QueryError(lexeme.column, f"{text!r} is no number; expected {field}:>1 or {field}:2..5.")
        return int(text), int(text)
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        raise QueryError(lexeme.column, f"{text!r} is no date; expected 2022-02-24, 2022-02 or 2022.") from None


def _moment(text: str) -> tuple[datetime, datetime]:
    tick = timedelta(microseconds=1)
    if re.fullmatch(r"\d{4}", text):
        start = datetime(int(text), 1, 1, tzinfo=UTC)
        return start, start.replace(year=start.year + 1) - tick
    if re.fullmatch(r"\d{4}-\d\d", text):
        start = datetime(int(text[:4]), int(text[5:]), 1, tzinfo=UTC)
        return start, (start + timedelta(days=31)).replace(day=1) - tick
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return (moment, moment + timedelta(days=1) - tick) if len(text) == 10 else (moment, moment)


def _after(value: datetime | int) -> datetime | int:
    return value + 1 if isinstance(value, int) else value + timedelta(microseconds=1)


def _before(value: datetime | int) -> datetime | int:
    return value - 1 if isinstance(value, int) else value - timedelta(microseconds=1)


def _last(lexeme: Lexeme) -> AnyNode:
    found = re.fullmatch(r"(\d{1,5})([mhdw])", lexeme.text)
    if not found:
        raise QueryError(lexeme.column, "expected a number and m, h, d or w, such as last:7d.")
    return Last(seconds=int(found.group(1)) * _UNITS[found.group(2)], column=lexeme.column)


def _refuse(lexeme: Lexeme, message: str) -> NoReturn:
    raise QueryError(lexeme.column, message)
