"""Rules by number and by id, packed: a million of them are kept in memory, and few come near a match at a time.

What matching needs of a rule is one run of bytes, with the tree of its query in it; reading a rule from it takes about
a microsecond. Only the trees of rules with long lists of names are kept as they are.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from zlib import crc32

import msgspec

from pipeline.query.tree import AnyNode

# Reading a longer tree would take more than verifying it.
TREE_BYTES_MAX = 2_000
_FREE, _LEFT = -1, -2
_FEWEST_SLOTS = 64


class IndexedRule(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold of a rule what matching needs. ``tree`` is empty where the root is kept apart."""

    id: str
    name: str
    once_per: str
    tree: msgspec.Raw
    kept: AnyNode | None = None

    @property
    def root(self) -> AnyNode:
        """Return the tree of the rule's query."""
        return self.kept if self.kept is not None else _TREES.decode(self.tree)


class PackedRules:
    """Number rules; the numbers of those that left are given again."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._trees: dict[int, AnyNode] = {}
        self._free: list[int] = []
        # A table of numbers by the hash of the rule's id, which is kept by number to spare reading the others.
        self._slots = array("i", [_FREE]) * _FEWEST_SLOTS
        self._hashes = array("I")
        self._used = 0

    def __len__(self) -> int:
        return len(self._packed) - len(self._free)

    def __getitem__(self, number: int) -> IndexedRule:
        found = _RULES.decode(self._packed[number])
        return msgspec.structs.replace(found, kept=self._trees[number]) if number in self._trees else found

    def of(self, numbers: Sequence[int]) -> list[IndexedRule]:
        """Return the rules of several numbers."""
        if self._trees.keys().isdisjoint(numbers):
            return list(map(_RULES.decode, map(self._packed.__getitem__, numbers)))
        return list(map(self.__getitem__, numbers))

    def number(self, key: str) -> int | None:
        """Return the number of the rule with an id."""
        slot = self._slot(key)
        return None if slot is None else self._slots[slot]

    def add(self, key: str, name: str, once_per: str, root: AnyNode) -> int:
        """Number a rule that is not there."""
        tree = _ENCODER.encode(root)
        is_short = len(tree) <= TREE_BYTES_MAX
        packed = _ENCODER.encode(IndexedRule(key, name, once_per, msgspec.Raw(tree if is_short else _NO_TREE)))
        if self._free:
            number = self._free.pop()
            self._packed[number], self._hashes[number] = packed, _hash(key)
        else:
            number = len(self._packed)
            self._packed.append(packed)
            self._hashes.append(_hash(key))
        if not is_short:
            self._trees[number] = root
        if 2 * (self._used + 1) > len(self._slots):
            self._arrange(number)
        self._put(number)
        return number

    def remove(self, key: str) -> None:
        """Forget a rule that is there."""
        slot = self._slot(key)
        assert slot is not None
        number = self._slots[slot]
        self._slots[slot] = _LEFT
        self._packed[number] = b""
        self._trees.pop(number, None)
        self._free.append(number)

    def _slot(self, key: str) -> int | None:
        slots, hashed = self._slots, _hash(key)
        mask = len(slots) - 1
        slot = hashed & mask
        while (number := slots[slot]) != _FREE:
            if number >= 0 and self._hashes[number] == hashed and _RULES.decode(self._packed[number]).id == key:
                return slot
            slot = (slot + 1) & mask
        return None

    def _put(self, number: int) -> None:
        slots, mask = self._slots, len(self._slots) - 1
        slot = self._hashes[number] & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        self._used += slots[slot] == _FREE
        slots[slot] = number

    def _arrange(self, but: int) -> None:
        """Make room in the table for twice the rules there are, without what left."""
        size = _FEWEST_SLOTS
        while size < 4 * len(self):
            size *= 2
        self._slots, self._used = array("i", [_FREE]) * size, 0
        for number, packed in enumerate(self._packed):
            if packed and number != but:
                self._put(number)


def _hash(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass"))


_ENCODER = msgspec.msgpack.Encoder()
_RULES = msgspec.msgpack.Decoder(IndexedRule)
_TREES: msgspec.msgpack.Decoder[AnyNode] = msgspec.msgpack.Decoder(AnyNode)
_NO_TREE = _ENCODER.encode(None)
