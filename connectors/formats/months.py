"""Which month a name says, in all languages of the Unicode CLDR; deploy/models/months.py builds ``months.txt``."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

_TABLE = Path(__file__).with_name("months.txt")
_ACCENTS = re.compile("[\u0300-\u036f\u0640]")
LEAST_LETTERS = 3


def folded(name: str) -> str:
    """Return a name in lower case, without accents and without the dots of an abbreviation's end."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).strip(" .'’")


@lru_cache(2048)
def month_of(name: str, language: str | None = None) -> int | None:
    """Return the number of a month by its name or the beginning of it; nothing for one that could be several.

    ``language`` is a tag such as ``pl-PL``: it decides about the names that languages disagree on.
    """
    name = folded(name)
    sure, unsure = _names()
    own = unsure.get(name, {}).get((language or "").partition("-")[0].partition("_")[0].lower())
    if own:
        return own
    if name in sure:
        return sure[name]
    if len(name) < LEAST_LETTERS or name in unsure:
        return None
    longer = {number for known, number in sure.items() if known.startswith(name)}
    longer |= {number for known, held in unsure.items() if known.startswith(name) for number in held.values()}
    return longer.pop() if len(longer) == 1 else None


@lru_cache(1)
def _names() -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    sure: dict[str, int] = {}
    unsure: dict[str, dict[str, int]] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        head, _, rest = line.partition(": ")
        if head.isdecimal():
            sure.update(dict.fromkeys(rest.split(), int(head)))
        else:
            pairs = (pair.partition("=") for pair in rest.split())
            unsure[head] = {code: int(number) for code, _, number in pairs}
    return sure, unsure
