"""Build the table of month names that dates are read by: `python -m deploy.models.months`.

Source: the Gregorian calendars of the Unicode CLDR (Unicode licence), through the package babel. A name that says one
month in widely read languages and another in others counts for the former; where widely read languages contradict each
other it counts only in a feed that says its language.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path

from babel import Locale, localedata

from connectors.formats.months import folded

OUT = Path(__file__).parents[2] / "connectors" / "formats" / "months.txt"
# Widely read, the first before the others.
ENGLISH = "en"
WIDE = frozenset(
    "en ar az be bg bn bs ca cs cy da de el es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn "
    "ko ky lo lt lv mk ml mn mr ms my nb ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tk tr uk "
    "ur uz vi zh zu af tl fil".split()
)
LEAST_LETTERS = 2


def names() -> dict[str, dict[str, int]]:
    """Return for each name, in lower case and without accents, which month it is in each language."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for code in sorted(localedata.locale_identifiers()):
        locale = Locale.parse(code)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context].get(width, {}).items():
                    name = folded(name)
                    letters = sum(unicodedata.category(char)[0] == "L" for char in name)
                    if letters >= LEAST_LETTERS and not any(char.isdigit() or char.isspace() for char in name):
                        found[name].setdefault(locale.language, number)
    return found


def lines() -> list[str]:
    """Return a line per month with the names that are its, then a line per name that languages disagree on."""
    sure: defaultdict[int, list[str]] = defaultdict(list)
    unsure = []
    for name, by_language in sorted(names().items()):
        wide = {code: month for code, month in by_language.items() if code in WIDE}
        english = by_language.get(ENGLISH)
        meant = {english} if english else set((wide or by_language).values())
        if len(meant) == 1:
            sure[meant.pop()].append(name)
        if len(set(by_language.values())) > 1:
            unsure.append(f"{name}: {' '.join(f'{code}={month}' for code, month in sorted(by_language.items()))}")
    return [*(f"{month}: {' '.join(sure[month])}" for month in sorted(sure)), *unsure]


def main() -> None:
    """Write the table."""
    OUT.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")


if __name__ == "__main__":
    main()
