"""Numbers by which reader programs know feeds and folders, and folders that hold no feed yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pipeline.ports.table import Table
from pipeline.records import read_record

# The articles that came from no feed stand under this number; feeds are numbered above the least.
NO_FEED = 1
LEAST = 1_000
_MOST = (1 << 31) - 1
_FEED = "feed "
_LABEL = "label "


class Label(msgspec.Struct, frozen=True):
    """Keep how a label is written, and whether it is a folder without a feed in it."""

    name: str
    is_folder: bool = False


class FeedNumbers:
    """Give each feed a number that stays for good, also after the feed is followed no longer.

    Numbers fit into 31 bits, which some programs need.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> dict[str, int]:
        """Return the number of every feed that has one, by address."""
        return {key.removeprefix(_FEED): int(value) for key, value in self._table.items() if key.startswith(_FEED)}

    def of(self, addresses: Sequence[str]) -> Mapping[str, int]:
        """Return the numbers of feeds; those without are given one."""
        known = self.all()
        if new := sorted({address for address in addresses if address not in known}):
            taken = set(known.values())
            for address in new:
                known[address] = number_of(address, taken)
                taken.add(known[address])
            self._table.update({_FEED + address: str(known[address]).encode() for address in new})
        return {address: known[address] for address in addresses}

    def labels(self) -> dict[str, Label]:
        """Return what is kept of labels, by name in small letters."""
        found = ((key, read_record(key, value, Label)) for key, value in self._table.items() if key.startswith(_LABEL))
        return {key.removeprefix(_LABEL): label for key, label in found if label is not None}

    def keep_label(self, label: Label) -> None:
        """Remember how a label is written."""
        self._table.put(_LABEL + label.name.casefold(), msgspec.json.encode(label))

    def forget_label(self, name: str) -> None:
        """Forget what is kept of a label, if anything is."""
        if self._table.get(_LABEL + name.casefold()) is not None:
            self._table.put(_LABEL + name.casefold(), None)


def number_of(name: str, taken: Iterable[int] = ()) -> int:
    """Return a number for a name that is none of those taken: the same one every time, where that is free."""
    digest, others = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest(), set(taken)
    number = LEAST + int.from_bytes(digest[:8], "big") % (_MOST - LEAST)
    while number in others:
        number = LEAST + (number + 1 - LEAST) % (_MOST - LEAST)
    return number
