"""The names of people out of what feeds write about them: names, addresses, or both in any order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from connectors.formats.bounds import MAX_NAME, MAX_NAMES
from connectors.formats.titles import line_of_markup

_MAIL = re.compile(r"(?:mailto:)?[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?:\?subject=\S*)?", re.IGNORECASE)
_BYLINE = re.compile(r"^by:?\s+(?=\S+\s+\S)", re.IGNORECASE)
_PERSON = re.compile(rf"{_MAIL.pattern}\s*\(([^()]+)\)", re.IGNORECASE)


def people(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return each person once, by name; by mail address only where there is no name."""
    found = [name for value in values for name in _names(value)]
    return tuple(dict.fromkeys(found))[:MAX_NAMES]


def _names(value: str | None) -> list[str]:
    if value is None:
        return []
    if "@" not in value:
        name = _BYLINE.sub("", line_of_markup(value[: 2 * MAX_NAME]) or "")
        return [name[:MAX_NAME]] if name else []
    value = value[: 4 * MAX_NAME]
    several = _PERSON.findall(value)
    if len(several) > 1:
        return [name.strip() for name in several if name.strip()]
    return [_name(value)]


def _name(value: str) -> str:
    mail = _MAIL.search(value)
    if mail is None:
        return (line_of_markup(value) or value)[:MAX_NAME]
    rest = _MAIL.sub("", value)
    for brackets in ("()", "<>", "[]", "( )", "< >"):
        rest = rest.replace(brackets, "")
    rest = " ".join(rest.split()).strip(" ,;:-")
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1]
    name = line_of_markup(rest.strip().strip("\"'").strip())
    return (name or mail.group().removeprefix("mailto:"))[:MAX_NAME]
