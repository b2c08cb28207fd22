"""How numbers are grouped: ``1,800`` and, where a comma is the decimal sign, ``1.800`` are both 1800.

``1,800`` alone is eighteen hundred in English and one and eight tenths in German; ``1,800.50`` and ``1,800,000`` can
only be read one way anywhere.
"""

from __future__ import annotations

import re

# Languages with a decimal comma. Spanish is written with either, by country.
POINT_GROUPS = frozenset(
    "az be bg bs ca cs da de el et eu fi fr gl hr hu hy id is it ka kk lt lv mk nl no pl pt ro ru sk sl sq sr sv tr uk "
    "vi".split()
)
EITHER_GROUPS = frozenset(("es",))
_AMBIGUOUS = re.compile(r"(?<![\w.,])[1-9]\d{0,2}[.,]\d{3}(?!\w)(?![.,]\d)")
_ONE_GROUP = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
# Several groups (of two digits, too: 12,34,000), or one and decimals behind the other mark.
_CLEAR = re.compile(r"[1-9]\d{0,2}(?:(?:,\d{2,3})+,\d{3}(?:\.\d+)?|,\d{3}\.\d+|(?:\.\d{3}){2,}(?:,\d+)?|\.\d{3},\d+)")


def marks_of(language: str | None) -> str:
    """Return the marks that group the digits of a number in a language."""
    if language in POINT_GROUPS:
        return "."
    return ".," if language in EITHER_GROUPS else ","


def plain_number(number: str, marks: str) -> str:
    """Return a number without what only groups its digits."""
    alone = _ONE_GROUP.fullmatch(number)
    if alone:
        return number.replace(alone[1], "") if alone[1] in marks else number
    if not _CLEAR.fullmatch(number):
        return number
    mark = next(character for character in number if not character.isdigit())
    return number.replace(mark, "")


def is_ambiguous(text: str) -> bool:
    """Tell whether a text holds a number whose one mark groups digits in some languages and not in others."""
    return _AMBIGUOUS.search(text) is not None
