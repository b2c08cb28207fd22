"""Numbers by which reader programs know feeds and folders, and folders that hold no feed yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from pipeline.ports.table import Table

# The articles that came from no feed stand under this number; feeds are numbered above the least.
NO_FEED = 1
LEAST = 1_000
_MOST = (1 << 31) - 1
_FEED = "feed "
_FOLDER = "folder "
_TAG = "tag "


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

    def folders(self) -> dict[str, str]:
        """Return the folders that are kept though no feed may be in them, by name in small letters."""
        return self._kept(_FOLDER)

    def keep_folder(self, name: str) -> None:
        """Keep a folder."""
        if self._table.get(_FOLDER + name.casefold()) is None:
            self._table.put(_FOLDER + name.casefold(), name.encode())

    def forget_folder(self, name: str) -> None:
        """Forget a folder, if it is kept."""
        if self._table.get(_FOLDER + name.casefold()) is not None:
            self._table.put(_FOLDER + name.casefold(), None)

    def tags(self, reader: str) -> dict[str, str]:
        """Return how a reader writes tags, by name in small letters."""
        return self._kept(f"{_TAG}{reader}/")

    def keep_tag(self, reader: str, name: str) -> None:
        """Remember how a reader writes a tag."""
        key = f"{_TAG}{reader}/{name.casefold()}"
        if self._table.get(key) is None:
            self._table.put(key, name.encode())

    def forget_tag(self, reader: str, name: str) -> None:
        """Forget how a reader writes a tag."""
        key = f"{_TAG}{reader}/{name.casefold()}"
        if self._table.get(key) is not None:
            self._table.put(key, None)

    def forget_tags(self, reader: str) -> None:
        """Forget all that is kept of a reader's tags."""
        self._table.update({f"{_TAG}{reader}/{name}": None for name in self.tags(reader)})

    def _kept(self, beginning: str) -> dict[str, str]:
        return {
            key.removeprefix(beginning): value.decode()
            for key, value in self._table.items()
            if key.startswith(beginning)
        }


def number_of(name: str, taken: Iterable[int] = ()) -> int:
    """Return a number for a name that is none of those taken: the same one every time, where that is free."""
    digest, others = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest(), set(taken)
    number = LEAST + int.from_bytes(digest[:8], "big") % (_MOST - LEAST)
    while number in others:
        number = LEAST + (number + 1 - LEAST) % (_MOST - LEAST)
    return number
