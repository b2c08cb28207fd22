"""JSON as people write it: with raw line breaks, halves of characters, NaN and a comma too many."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from connectors.formats.parsed import NotAFeedError

_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)|,(?=\s*[\]}])', re.DOTALL)


def decoded_json(text: str, url: str) -> tuple[Any, str | None]:
    """Return a value and, where it was not written as it should be, what is wrong with it. Raises ``NotAFeedError``."""
    text = text.removeprefix("\ufeff")
    try:
        return msgspec.json.decode(text.encode("utf-8", "replace")), None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        flaw = str(exc)
    try:
        return json.loads(_without_last_commas(text), strict=False, parse_constant=lambda name: None), flaw
    except (ValueError, RecursionError) as exc:
        raise NotAFeedError(f"{url} is no valid JSON: {_said(exc)}.") from exc


def _without_last_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda match: match.group() if match.group() != "," else "", text)


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} in line {error.lineno}, column {error.colno}"
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
