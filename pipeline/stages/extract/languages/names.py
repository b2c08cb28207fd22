"""Find names that tables give in other languages: countries, cities, politicians and bodies, also inflected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from pipeline.model import Entity
from pipeline.stages.extract.languages.tables import UNSPACED, Table, table
from pipeline.stages.extract.names.atlas import Spot, atlas, folded, other_scripts
from pipeline.stages.extract.names.gazetteer import Entry, Mention
from pipeline.stages.extract.names.places import with_position

LEAST_STEM = 4
LEAST_PEOPLE_UNSPACED = 300_000
LEAST_PEOPLE_TWO_SIGNS = 1_000_000
LEAST_PEOPLE_INFLECTED = 200_000
LONGEST = 5
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# "L'ONU", "dell'Unione", "d'Alger"
_ELIDED = re.compile(r"(?:l|d|dell|all|nell|dall|sull|qu)['’](?=\w)", re.IGNORECASE)
Type = Literal["PER", "ORG", "LOC"]


class _Known(NamedTuple):
    type: Type
    name: str
    code: str | None = None


@cache
def _known(code: str) -> dict[str, _Known]:
    """Return the names of a language in small letters."""
    held = table(code)
    names: dict[str, _Known] = {}
    for name, country in held.calendar.countries.items():
        names[name.casefold()] = _Known("LOC", name, country)
    for forms, place in held.words.places.items():
        for name in forms.split("/"):
            names[name.casefold()] = _Known("LOC", name, f"city:{folded(place)}")
    for name in held.words.bodies:
        names[name.casefold()] = _Known("ORG", name)
    for name in held.words.persons:
        names[name.casefold()] = _Known("PER", name)
    return names


def find_known_names(text: str, code: str, mentions: Sequence[Mention]) -> tuple[Entity, ...]:
    """Return the names of a text in one of ``tables.CODES``, in order and without overlap, the longest first."""
    found = list(_unspaced(text, code) if code in UNSPACED else _spaced(text, code))
    taken = sorted((e.start, e.end) for e in found)
    found += [
        _entity(text, mention.start, mention.end, _OF_KIND[mention.kind], mention.entry)
        for mention in (mentions if code not in UNSPACED else ())
        if mention.kind in _OF_KIND and not any(s < mention.end and mention.start < e for s, e in taken)
    ]
    chosen: list[Entity] = []
    for entity in sorted(found, key=lambda e: (e.start, -e.end)):
        if not chosen or entity.start >= chosen[-1].end:
            chosen.append(entity)
    return tuple(chosen)


_OF_KIND: dict[str, Type] = {
    "country": "LOC", "capital": "LOC", "city": "LOC", "region": "LOC", "org": "ORG", "office": "ORG", "group": "ORG",
    "person": "PER",
}  # fmt: skip


@lru_cache(maxsize=4096)
def is_known_place(word: str, code: str) -> bool:
    """Say whether a word of a language is the name of a country or of a large city, also inflected."""
    held = table(code)
    name = _known(code).get(word.casefold())
    if name is not None:
        return name.type == "LOC"
    if held.words.endings and len(word) > LEAST_STEM and _stem(word, held) in _inflected(code):
        return True
    spot = _city(word, code)
    return spot is not None and spot.people >= LEAST_PEOPLE_INFLECTED


def _spaced(text: str, code: str) -> Iterator[Entity]:
    held, known = table(code), _known(code)
    capitals = code != "ar"
    words = list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        first = words[at]
        elided = _ELIDED.match(first.group())
        starts = [first.start()] if elided is None else [first.start() + elided.end(), first.start()]
        if code == "ar" and len(first.group()) > 4 and first.group().startswith(("و", "ب", "ل", "ف")):
            starts.append(first.start() + 1)
        if capitals and not text[starts[0]].isupper():
            at += 1
            continue
        step, entity = 1, None
        for start in starts:
            step, entity = _longest(text, words, at, start, held, known)
            if entity is not None:
                break
        if entity is not None:
            yield entity
        at += step if entity is not None else 1


def _longest(
    text: str, words: list[re.Match[str]], at: int, start: int, held: Table, known: dict[str, _Known]
) -> tuple[int, Entity | None]:
    for length in range(min(LONGEST, len(words) - at), 0, -1):
        last = words[at + length - 1]
        if any(
            text[a.end() : b.start()] not in (" ", " ")
            for a, b in zip(words[at:], words[at + 1 : at + length], strict=False)
        ):
            continue
        for end in _ends(text, last, held):
            surface = text[start:end]
            name = known.get(surface.casefold())
            if name is not None and (length > 1 or len(surface) > 1):
                return length, _of(text, start, end, name)
            if length <= 3 and len(surface) > 3:
                spot = _city(surface, held.code)
                if spot is not None:
                    return length, _place(text, start, end, spot)
            if length == 1 and held.words.endings and len(surface) > LEAST_STEM:
                inflected = _inflected(held.code).get(_stem(surface, held))
                if inflected is not None:
                    return length, _of(text, start, end, inflected)
    return 1, None


def _ends(text: str, last: re.Match[str], held: Table) -> list[int]:
    """Return where a name may end in its last word: before "'da", after the article of "L'Union"."""
    mark = re.search("['’]", last.group())
    return [last.end(), last.start() + mark.start()] if mark and held.words.suffix else [last.end()]


@lru_cache(maxsize=4096)
def _city(surface: str, code: str) -> Spot | None:
    """Return a city of this name, the largest; a word of several letters only."""
    held = other_scripts() if code in ("ru", "uk", "ar", "zh", "ja") else atlas()
    found = [spot for spot in held.spots(surface) if spot.kind == "city"]
    least = 100_000 if code in ("ar",) else 50_000
    found = [spot for spot in found if spot.people >= least]
    return max(found, key=lambda spot: spot.people, default=None)


@cache
def _inflected(code: str) -> dict[str, _Known]:
    """Return countries and large cities by the stems of their names."""
    held = table(code)
    stems: dict[str, _Known] = {}
    source = other_scripts() if code in ("ru", "uk") else atlas()
    for key, spot in source.largest(LEAST_PEOPLE_INFLECTED):
        if len(key) >= LEAST_STEM and " " not in key:
            stems.setdefault(_stem(key, held), _Known("LOC", spot.name, f"city:{key}"))
    for name, country in held.calendar.countries.items():
        if " " not in name and len(name) >= LEAST_STEM:
            stems[_stem(name, held)] = _Known("LOC", name, country)
    return {stem: name for stem, name in stems.items() if len(stem) >= LEAST_STEM - 1}


def _stem(word: str, held: Table) -> str:
    plain = folded(word)
    stem = re.sub(f"(?:{held.words.endings})$", "", plain) if len(plain) > LEAST_STEM else plain
    for soft, hard in held.words.soft.items():
        if stem.endswith(soft):
            return stem[: -len(soft)] + hard
    if held.code == "uk":  # Харків, Харкова
        stem = re.sub(r"і(?=[^аеиіоуяюєї]$)", "о", stem)
    return stem


def _unspaced(text: str, code: str) -> Iterator[Entity]:
    known, longest = _known(code), 14
    at = 0
    while at < len(text):
        if text[at] < "\u3040":
            at += 1
            continue
        step = 1
        for length in range(min(longest, len(text) - at), 1, -1):
            surface = text[at : at + length]
            name = known.get(surface)
            if name is not None and not (_is_kana(surface) and _is_kana(text[at + length : at + length + 1])):
                yield _of(text, at, at + length, name)
                step = length
                break
            if length <= 8:
                spot = _sign_city(surface, code)
                if spot is not None and not (_is_kana(surface) and _is_kana(text[at + length : at + length + 1])):
                    yield _place(text, at, at + length, spot)
                    step = length
                    break
        at += step


def _is_kana(text: str) -> bool:
    return bool(text) and "\u30a0" <= text[-1] <= "\u30ff"


@cache
def _sign_cities() -> dict[str, Spot]:
    """Return large cities by their spellings in Chinese and Japanese signs."""
    cities: dict[str, Spot] = {}
    for key, spot in other_scripts().largest(LEAST_PEOPLE_UNSPACED, lambda key: key[0] >= "\u3040" and len(key) > 1):
        if len(key) > 2 or spot.people >= LEAST_PEOPLE_TWO_SIGNS:
            cities.setdefault(key, spot)
    return cities


def _sign_city(surface: str, code: str) -> Spot | None:
    return _sign_cities().get(surface)


def _of(text: str, start: int, end: int, name: _Known) -> Entity:
    if name.type != "LOC":
        return Entity(text=text[start:end], type=name.type, name=name.name, start=start, end=end)
    if name.code is not None and name.code.startswith("city:"):
        key = name.code.removeprefix("city:")
        spot = max(
            (s for held in (other_scripts(), atlas()) for s in held.spots(key) if s.kind == "city"),
            key=lambda s: s.people,
        )
        return _place(text, start, end, spot)
    entry = with_position(Entry(kind="country", code=name.code, sector=None, name=name.name), name.name)
    return _entity(text, start, end, "LOC", entry)


def _place(text: str, start: int, end: int, spot: Spot) -> Entity:
    return Entity(
        text=text[start:end], type="LOC", name=spot.name, start=start, end=end, country=spot.code,
        latitude=spot.latitude, longitude=spot.longitude, geonames_id=spot.geonames_id, found="city",
    )  # fmt: skip


def _entity(text: str, start: int, end: int, kind: Type, entry: Entry) -> Entity:
    surface = text[start:end]
    if kind != "LOC":
        return Entity(text=surface, type=kind, name=entry.name, start=start, end=end)
    entry = with_position(entry, surface)
    return Entity(
        text=surface, type=kind, name=entry.name, start=start, end=end, country=entry.code, latitude=entry.latitude,
        longitude=entry.longitude, geonames_id=entry.geonames_id, found=entry.kind,
    )  # fmt: skip
