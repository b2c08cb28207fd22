"""The values of fields that are not text: keywords, dates, numbers, events and quotations; each is checked."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pipeline.language.codes import normalize_language
from pipeline.language.tokens import tokens_of
from pipeline.networks import ascii_host
from pipeline.query.days import SECONDS, after, before, span, suggestion
from pipeline.query.lexer import Lexeme, QueryError
from pipeline.query.tree import (
    COUNT_FIELDS,
    DATE_FIELDS,
    EVENT_FIELDS,
    KEYWORD_FIELDS,
    QUOTATION_FIELDS,
    AnyNode,
    Bound,
    EventFilter,
    Keyword,
    Last,
    Range,
    Relative,
)
from pipeline.query.vocabulary import EVENT_TYPES, is_language, language_error, nearest

_IS = ("copy", "read", "starred", "unread")
_HEX_ID = 32
_USUAL_HOST = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?=[/?#]|\Z)", re.ASCII)


def condition(lexeme: Lexeme, field: str, zone: str) -> AnyNode:
    """Make the leaf for a value of a field. Raises ``QueryError`` for one that the field cannot have."""
    if field in KEYWORD_FIELDS:
        return _keyword(lexeme, field)
    if field in DATE_FIELDS or field in COUNT_FIELDS:
        return _range(lexeme, field, zone)
    if field in ("after", "before"):
        return _since(lexeme, field, zone)
    if field == "last":
        return _last(lexeme)
    if field == "corrected":
        low, high = (2, None) if _yes_or_no(lexeme, field) == "yes" else (None, 1)
        return Range(name="revision", low=low, high=high, column=lexeme.column)
    assert field in EVENT_FIELDS or field in QUOTATION_FIELDS
    return _event(lexeme, field)


def host_of(address: str | None) -> str:
    """Return the host of an address as it is compared: small letters, in the ASCII form of its name."""
    if not address:
        return ""
    if usual := _USUAL_HOST.match(address):
        return usual.group(1)
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""
    return ascii_host(host)


def _keyword(lexeme: Lexeme, field: str) -> AnyNode:
    value = lexeme.text.strip().casefold()
    if field == "site":
        return Keyword(name=field, value=_site(lexeme, value), column=lexeme.column)
    if field == "is":
        if value not in _IS:
            raise QueryError(lexeme.column, f"{lexeme.text!r} is nothing an article can be; expected is:copy, "
                             "or what you did with it: is:read, is:unread, is:starred.")  # fmt: skip
        return Keyword(name=field, value=value, column=lexeme.column)
    if field == "mark":
        if not value:
            raise QueryError(lexeme.column, "expected a tag of your own after mark:")
        return Keyword(name=field, value=value, column=lexeme.column)
    prefix = value.endswith("*") or (field in ("id", "story") and len(value) < _HEX_ID)
    value = value.rstrip("*")
    if not value:
        raise QueryError(lexeme.column, f"expected a value after {field}:")
    if field == "lang" and not prefix:
        value = _language(lexeme, value)
    return Keyword(name=field, value=value, prefix=prefix, column=lexeme.column)


def _language(lexeme: Lexeme, value: str) -> str:
    code = normalize_language(value) if re.fullmatch(r"[a-z]{2,3}([-_][a-z0-9]+)*", value) else None
    if code is None or not is_language(code):
        raise QueryError(lexeme.column, language_error(lexeme.text.strip()))
    return code


def _site(lexeme: Lexeme, value: str) -> str:
    host = host_of(value)
    rest = value.partition("://")[2] or value
    if not re.fullmatch(r"[\w-]+(?:\.[\w-]+)*", host) or rest.rstrip("/").count("/"):
        raise QueryError(lexeme.column, f"{lexeme.text!r} is no site; expected a host such as site:example.org, "
                         'or an address that begins so: url:"https://example.org/sport*".')  # fmt: skip
    return host


def _event(lexeme: Lexeme, field: str) -> AnyNode:
    value = lexeme.text.strip()
    if field == "event":
        value = value.upper()
        if value and value not in EVENT_TYPES:
            hint = nearest(value, EVENT_TYPES) or f"; expected one of {', '.join(EVENT_TYPES)}."
            raise QueryError(lexeme.column, f"{lexeme.text!r} is no type of event{hint}")
    elif field == "scheduled":
        value = _yes_or_no(lexeme, field)
    elif field == "when":
        if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value) or not _is_date(value):
            raise QueryError(lexeme.column, f"{value!r} is no date; expected {_plain_date(value)}.")
    else:
        value = " ".join(tokens_of(value))
    if not value:
        raise QueryError(lexeme.column, f"expected a value after {field}:")
    return EventFilter(conditions=((field, value),), column=lexeme.column)


def _is_date(value: str) -> bool:
    try:
        span(value, "UTC")
    except (ValueError, OverflowError):
        return False
    return True


def _plain_date(value: str) -> str:
    near = suggestion(value)
    return near if near[:4].isdecimal() and "," not in near else "2022, 2022-02 or 2022-02-24"


def _yes_or_no(lexeme: Lexeme, field: str) -> str:
    value = lexeme.text.strip().casefold()
    if value not in ("yes", "no"):
        raise QueryError(lexeme.column, f"expected {field}:yes or {field}:no, not {lexeme.text!r}.")
    return value


def _range(lexeme: Lexeme, field: str, zone: str) -> AnyNode:
    text = lexeme.text.strip().replace("≥", ">=").replace("≤", "<=")
    low: Bound | None = None
    high: Bound | None = None
    if ".." in text:
        first, _, second = text.partition("..")
        low = _bound(first, lexeme, field, zone)[0] if first else None
        high = _bound(second, lexeme, field, zone)[1] if second else None
        _check_order(lexeme, field, first, second, low, high)
    elif text.startswith((">", "<")):
        sign = text[: 2 if text[1:2] == "=" else 1]
        start, end = _bound(text[len(sign) :], lexeme, field, zone)
        if sign[0] == ">":
            low = start if sign == ">=" else after(end)
        else:
            high = end if sign == "<=" else before(start)
    else:
        low, high = _bound(text, lexeme, field, zone)
        if isinstance(low, Relative) and low.seconds is not None:
            raise QueryError(lexeme.column, f"{text} is a moment; expected {field}:>{text} or {field}:{text}..now.")
    if low is None and high is None:
        raise QueryError(lexeme.column, f"expected a value, or two with .. between, after {field}:")
    return Range(name=field, low=low, high=high, column=lexeme.column)


def _check_order(lexeme: Lexeme, field: str, first: str, second: str, low: Bound | None, high: Bound | None) -> None:
    """Refuse a range that ends before it begins, as far as that does not depend on when it is asked."""
    if low is None or high is None or type(low) is not type(high):
        return
    if isinstance(low, Relative) and isinstance(high, Relative):
        ends, begins = _key(high, low), _key(low, high)
        if ends is None or begins is None or ends >= begins:
            return
    elif low <= high:  # type: ignore[operator]  # both are of one type
        return
    raise QueryError(lexeme.column, f"{first} comes after {second}; did you mean {field}:{second}..{first}?")


def _key(bound: Relative, other: Relative) -> float | None:
    """Return what orders two bounds of one kind; a moment and a day have an order only when it is asked."""
    if (bound.seconds is None) != (other.seconds is None):
        return None
    return bound.day if bound.seconds is None else bound.seconds


def _bound(text: str, lexeme: Lexeme, field: str, zone: str) -> tuple[Bound, Bound]:
    """Return the first and last value that ``text`` stands for: a day, month and year are spans of time."""
    if field in COUNT_FIELDS:
        if not (text.isascii() and text.isdecimal()) or len(text) > 9:
            raise QueryError(lexeme.column, f"{text!r} is no number; expected {field}:>1 or {field}:2..5.")
        return int(text), int(text)
    try:
        return span(text, zone)
    except (ValueError, OverflowError):
        raise QueryError(lexeme.column, f"{text!r} is no date; expected {suggestion(text)}.") from None


def _since(lexeme: Lexeme, field: str, zone: str) -> AnyNode:
    """Read after:D as from the beginning of D on, before:D as up to it: side by side they leave nothing out."""
    start, _ = _bound(lexeme.text.strip(), lexeme, "published", zone)
    low, high = (start, None) if field == "after" else (None, before(start))
    return Range(name="published", low=low, high=high, column=lexeme.column)


def _last(lexeme: Lexeme) -> AnyNode:
    found = re.fullmatch(r"(\d{1,5})([mhdw])", lexeme.text.strip().lower())
    if not found or not int(found.group(1)):
        raise QueryError(lexeme.column, "expected a number from 1 to 99999 and m, h, d or w, such as last:7d.")
    return Last(seconds=int(found.group(1)) * SECONDS[found.group(2)], column=lexeme.column)
