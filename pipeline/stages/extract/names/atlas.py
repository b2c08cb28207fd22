"""Know every city from 15,000 inhabitants, state and province by all its spellings: several places may share a name.

The rows stay one text, found by a table of checksums, so that 38,000 places cost a worker a few megabytes.
"""

from __future__ import annotations

import gzip
import re
import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal
from zlib import crc32

import msgspec
import numpy as np

_TRANSCRIPTION = re.compile(r"[’‘'`ʼʻ]")
_COUNTRY = b"country\t"
_UNDECOMPOSED = str.maketrans("ıłøđ", "ilod")


class Spot(msgspec.Struct, frozen=True):
    """Hold one place: ``code`` is ISO 3166-1 alpha-3, ``region`` the folded name of its state or province.

    The position of a country or region is the middle of its towns. ``named`` says that the name looked up is the
    place's own and not another spelling.
    """

    kind: Literal["country", "region", "city"]
    name: str
    code: str
    region: str
    latitude: float
    longitude: float
    geonames_id: int | None
    people: int
    named: bool = True


class Atlas:
    """Find places by name."""

    def __init__(self, content: bytes, index: bytes) -> None:
        """Read lines of kind, name, code, region, latitude, longitude, GeoNames id, people, and |spellings|.

        ``index`` is what ``indexed`` made of them.
        """
        self._content = content
        self._pairs = array("Q", index)
        if sys.byteorder == "big":
            self._pairs.byteswap()
        self._countries: dict[str, int] = {}
        start = content.find(_COUNTRY)
        while start >= 0:
            if not start or content.startswith(b"\n", start - 1):
                self._countries[content[start : content.index(b"|", start)].split(b"\t", 3)[2].decode()] = start
            start = content.find(_COUNTRY, start + 1)

    def spots(self, name: str) -> tuple[Spot, ...]:
        """Return the places that a name may mean, of each region or country the larger ones first."""
        key = folded(name)
        first = crc32(key.encode()) << 32
        at, found = bisect_left(self._pairs, first), []
        while at < len(self._pairs) and self._pairs[at] >> 32 == first >> 32:
            row = self._row(self._pairs[at] & 0xFFFFFFFF)
            if f"|{key}|" in row:
                found.append(_spot(row, key))
            at += 1
        return tuple(found)

    def country(self, code: str) -> Spot | None:
        """Return a country by its code."""
        start = self._countries.get(code)
        return _spot(self._row(start), "") if start is not None else None

    def largest(self, people: int, wanted: Callable[[str], bool] = bool) -> Iterator[tuple[str, Spot]]:
        """Yield those spellings that are wanted of every city of so many people, the largest city first."""
        for row in self._content.decode("utf-8").split("\n"):
            if row.startswith("city"):
                fields = row.split("\t")
                if fields[7] and int(fields[7]) >= people:
                    for key in filter(wanted, fields[8][1:-1].split("|")):
                        yield key, _spot(row, key)

    def _row(self, start: int) -> str:
        return self._content[start : self._content.index(b"\n", start)].decode("utf-8")


def indexed(content: bytes) -> bytes:
    """Return the checksum of each spelling and where its line begins, in one number of eight bytes, sorted.

    The low byte comes first. It is shipped with the lines: to make it takes longer than all that a first article needs.
    """
    pairs = array("Q")
    start = 0
    while start < len(content):
        bar, end = content.index(b"|", start), content.index(b"\n", start)
        pairs.extend(crc32(key) << 32 | start for key in content[bar + 1 : end - 1].split(b"|"))
        start = end + 1
    return np.sort(np.frombuffer(pairs, dtype=np.uint64)).astype("<u8").tobytes()


def folded(name: str) -> str:
    """Return a name as places are looked up by: without accents, hyphens and marks of transcription."""
    name = name.casefold()
    if not name.isascii():
        plain = unicodedata.normalize("NFKD", name.translate(_UNDECOMPOSED))
        # The marks that make パ of ハ are no accents.
        kept = "".join(c for c in plain if not unicodedata.combining(c) or c in "\u3099\u309a")
        name = unicodedata.normalize("NFC", kept)
    return " ".join(_TRANSCRIPTION.sub("", name).replace("-", " ").split())


def _spot(row: str, key: str) -> Spot:
    kind, name, code, region, latitude, longitude, number, people, keys = row.split("\t")
    return msgspec.convert(
        {
            "kind": kind,
            "name": name,
            "code": code,
            "region": region,
            "latitude": float(latitude),
            "longitude": float(longitude),
            "geonames_id": int(number) if number else None,
            "people": int(people) if people else 0,
            "named": keys.startswith(f"|{key}|"),
        },
        Spot,
    )


def _shipped(name: str) -> Atlas:
    data = files("pipeline.stages.extract.names").joinpath("data")
    content, index = (data.joinpath(f"{name}.{kind}").read_bytes() for kind in ("tsv.gz", "index"))
    return Atlas(gzip.decompress(content), index)


@cache
def atlas() -> Atlas:
    """Return the places in Latin letters that are shipped with the package, read once."""
    return _shipped("places")


@cache
def other_scripts() -> Atlas:
    """Return the cities with their spellings in other scripts, read once and only when a text needs them."""
    return _shipped("places_other_scripts")


@lru_cache(maxsize=4096)
def spots(name: str) -> tuple[Spot, ...]:
    """Return the places that a name in Latin letters may mean."""
    return atlas().spots(name)
