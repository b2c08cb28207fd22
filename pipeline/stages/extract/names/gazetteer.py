"""Know names beforehand: countries, demonyms, capitals, cities, regions, offices, bodies, leaders, armed groups.

The names are data shipped with the package (see data/NOTICE.md; deploy/models/gazetteer.py builds them).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Kind = Literal["country", "demonym", "capital", "city", "maybe", "region", "office", "org", "group", "person", "leader"]
LONGEST_NAME = 16
LONGEST_CHARS = 120
SHORT = 4
PLACES = frozenset(("country", "capital", "city", "region"))
_PIECE = re.compile(r"[^\W_]+|[^\w\s]|_|\n")
_SECOND = re.compile(r"[^\S\n]*([^\W_]+|[^\w\s])")
_CAPITALISED = re.compile(r"\b((?:al|bin|el|von)(?=[ -][A-Z])|[^\W\d_a-z][^\W_]*)")


class Entry(msgspec.Struct, frozen=True):
    """Hold what a name stands for.

    ``code`` is ISO 3166-1 alpha-3, or IGO, NGO, IMG as in PLOVER; ``sector`` a PLOVER sector such as GOV. Kind
    ``maybe`` is a city whose name is also an ordinary word or name, ``leader`` a politician known by years in office.
    """

    kind: Kind
    code: str | None
    sector: str | None
    name: str
    latitude: float | None = None
    longitude: float | None = None
    geonames_id: int | None = None


class Mention(msgspec.Struct, frozen=True):
    """Say that the characters ``start`` to ``end`` of a text name ``entry``; ``sure``: the words around say so too."""

    start: int
    end: int
    entry: Entry
    sure: bool = False

    @property
    def kind(self) -> Kind:
        """Return the kind of what is named."""
        return self.entry.kind

    @property
    def code(self) -> str | None:
        """Return the country or organisation code of what is named."""
        return self.entry.code

    @property
    def sector(self) -> str | None:
        """Return the PLOVER sector of what is named."""
        return self.entry.sector


class Gazetteer:
    """Find known names in a text, the longest at each place, in time linear in its length."""

    def __init__(self, lines: Iterable[str]) -> None:
        # Rows stay text until they are asked for: most never are, and a worker's memory is counted.
        self._rows: dict[str, str | Entry] = {}
        # What may follow a first word: a name is read further only when its second word fits.
        self._firsts: set[str] = set()
        self._openings: set[str] = set()
        for line in lines:
            surface = line.partition("\t")[0]
            # Most are words with spaces between them.
            if surface.replace(" ", "x").isalnum():
                words = surface.casefold().split()
            else:
                words = [piece.casefold() for piece in _PIECE.findall(surface)]
            if len(words) == 1:
                self._rows[surface if surface.isupper() else words[0]] = line
            else:
                self._rows[" ".join(words)] = line
                self._firsts.add(words[0])
                self._openings.add(f"{words[0]} {words[1]}")

    def find(self, text: str) -> tuple[Mention, ...]:
        """Return the names known in ``text``, in order, without overlap. A name begins with a capital."""
        found: list[Mention] = []
        done = 0
        for match in _CAPITALISED.finditer(text):
            if match.start() < done:
                continue
            mention = self._at(text, match)
            if mention is not None:
                found.append(mention)
                done = mention.end
        return tuple(found)

    def lookup(self, name: str) -> Entry | None:
        """Return what a whole name stands for."""
        pieces = _PIECE.findall(name)
        return self._single(name) if len(pieces) == 1 else self._entry(" ".join(pieces).casefold())

    def _at(self, text: str, match: re.Match[str]) -> Mention | None:
        first, start, end = match.group(1), match.start(), match.end(1)
        small = first.casefold()
        second = _SECOND.match(text, end) if small in self._firsts else None
        if second is not None and f"{small} {second.group(1).casefold()}" in self._openings:
            words, ends = [small], [end]
            for piece in _PIECE.finditer(text, end, start + LONGEST_CHARS):
                if piece.group() == "\n" or len(words) == LONGEST_NAME:
                    break
                words.append(piece.group().casefold())
                ends.append(piece.end())
            for length in range(len(words), 1, -1):
                entry = self._entry(" ".join(words[:length]))
                if entry is not None:
                    return Mention(start, ends[length - 1], entry)
        single = self._single(first)
        return Mention(start, end, single) if single is not None else None

    def _single(self, word: str) -> Entry | None:
        """Look one word up; one in capitals also as if it were not, for headlines in capitals."""
        if not word.isupper():
            return self._entry(word.casefold())
        return self._entry(word) or (self._entry(word.casefold()) if len(word) > SHORT else None)

    def _entry(self, key: str) -> Entry | None:
        row = self._rows.get(key)
        if isinstance(row, str):
            row = self._rows[key] = _entry(row)
        return row


def _entry(row: str) -> Entry:
    fields = row.split("\t")
    surface, kind, code, sector, name, latitude, longitude, geonames_id = fields + [""] * (8 - len(fields))
    return msgspec.convert(
        {
            "kind": kind,
            "code": code or None,
            "sector": sector or None,
            "name": name or surface,
            "latitude": float(latitude) if latitude else None,
            "longitude": float(longitude) if longitude else None,
            "geonames_id": int(geonames_id) if geonames_id else None,
        },
        Entry,
    )


@cache
def gazetteer() -> Gazetteer:
    """Return the gazetteer shipped with the package, read once."""
    packed = files("pipeline.stages.extract.names").joinpath("data", "gazetteer.tsv.gz").read_bytes()
    return Gazetteer(gzip.decompress(packed).decode("utf-8").splitlines())


def find(text: str) -> tuple[Mention, ...]:
    """Return the names of the shipped gazetteer in ``text``, in order, without overlap."""
    return gazetteer().find(text)
