"""Look up the remembered articles of one language that share text with a new one.

Flat arrays, one row an article. The smallest hashes of an article's sketch, and that of its content, are its keys;
those that fall into one bucket form a chain, newest first. Texts of one template share most keys with thousands of
others, so a chain is followed only so far, and a key counts the less the more articles it leads to: what finds a text
is what is rare in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence, Set

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.stages.deduplicate.look_ahead import (
    KEY_WORTH_MIN,
    NO_HASH,
    ROWS_PER_KEY_MAX,
    WIDTH,
    Chains,
    LookAhead,
    Wanted,
    key_bytes,
)
from pipeline.stages.deduplicate.sketch import (
    FACTS,
    KEYS,
    MINIMA,
    SKETCH_VERSION,
    Sketch,
    contained,
    holds_stub,
    size,
    states_the_same,
)

# So many steps of a chain are taken to find the articles that a key leads to.
CHAIN_STEPS_MAX = 200
# So few new keys are linked sooner one by one than by array operations.
LINKED_SINGLY_MAX = 16 * WIDTH
# So many of the likeliest articles are compared.
COMPARED_MAX = 8
LONGER_FACTOR = 1.5
FEWEST_BUCKETS = 1 << 12
_NONE = -1
_GONE = float("-inf")


class SketchFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Keep what later articles are compared with: one article's fact.

    ``order`` counts the facts of a language, ``seen`` is the Unix time of the first revision, ``story`` is opaque,
    ``source`` a hash of the publisher, 0 where an earlier version kept none.
    There is no sketch of a withdrawn article, and of a copy only that of its content: another of the same words is a
    copy of the same original.
    """

    version: int
    order: int
    seen: float
    revision: int
    duplicate_of: str | None
    story: bytes
    sketch: Sketch | None = None
    source: int = 0


class NearDuplicate(msgspec.Struct, frozen=True, gc=False):
    """Answer with the original of what was looked for, its story, and when and by whom what was found came.

    It ``is_whole`` if all words are the same, and ``is_part`` if it is but a part of what was looked for.
    """

    original: str
    story: bytes
    source: int
    seen: float
    is_whole: bool = False
    is_part: bool = False


class NearDuplicateIndex:
    """Hold one language's articles; filled with the same facts in any order, it finds the same."""

    def __init__(self) -> None:
        self.latest = 0
        self._rows: dict[str, int] = {}
        self._ids: list[str | None] = []
        self._originals: dict[int, str] = {}
        self._stories: list[bytes] = []
        self._orders = array("q")
        self._seen = array("d")
        self._revisions = array("i")
        self._sources = array("I")
        self._contents = array("Q")
        self._minima = array("I")
        self._facts = array("H")
        self._keys = array("I")
        self._next = array("i")
        self._buckets = array("i", [_NONE]) * FEWEST_BUCKETS
        self._outdated: set[str] = set()
        self._in_order = True
        self._oldest = 0
        self._ahead: LookAhead | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> SketchFact | None:
        """Return what is remembered of an article, but for its sketch."""
        row = self._rows.get(key)
        if row is None:
            return None
        return SketchFact(
            SKETCH_VERSION if key not in self._outdated else _NONE,
            self._orders[row],
            self._seen[row],
            self._revisions[row],
            self._originals.get(row),
            self._stories[row],
            source=self._sources[row],
        )

    def sketch(self, key: str) -> Sketch | None:
        """Return the sketch of an article, ``None`` if no article may be linked to it."""
        row = self._rows.get(key)
        if row is None:
            return None
        made = self._sketch(row)
        return made if made.content or made.minima else None

    def add(self, key: str, fact: SketchFact) -> None:
        """File one article, in place of what was remembered of it."""
        self.remove(key)
        row = len(self._ids)
        made = fact.sketch if fact.sketch is not None and fact.version == SKETCH_VERSION else _NOTHING
        if self._ahead is not None and not self._ahead.outlasts(made):
            self._ahead = None
        if fact.version != SKETCH_VERSION:
            self._outdated.add(key)
        self._rows[key] = row
        self._ids.append(key)
        if fact.duplicate_of is not None:
            self._originals[row] = fact.duplicate_of
        self._stories.append(fact.story)
        self._orders.append(fact.order)
        self._seen.append(fact.seen)
        self._revisions.append(fact.revision)
        self._sources.append(fact.source)
        self._contents.append(int.from_bytes(made.content, "little"))
        self._keys.frombytes(key_bytes(made))
        self._minima.frombytes(made.minima.ljust(4 * MINIMA, b"\xff"))
        self._facts.frombytes(made.facts.ljust(2 * FACTS, b"\xff"))
        if fact.order > self.latest:
            self.latest = fact.order
        else:
            self._in_order = False

    def remove(self, key: str) -> None:
        """Forget one article; its row is given back when a quarter of all are empty."""
        row = self._rows.pop(key, None)
        if row is None:
            return
        if self._ahead is not None and self._ahead.leads_to(row):
            self._ahead = None
        self._ids[row] = None
        self._outdated.discard(key)
        self._originals.pop(row, None)
        self._stories[row] = b""
        self._seen[row] = _GONE
        while self._oldest < len(self._ids) and self._ids[self._oldest] is None:
            self._oldest += 1
        if len(self._ids) - len(self._rows) > max(len(self._rows) // 3, FEWEST_BUCKETS // KEYS):
            self._rearrange()

    def expect(self, wanted: Sequence[Wanted]) -> None:
        """Look up together what will be looked for next, one by one, which costs less."""
        self.settle()
        chains = Chains(self._keys, self._next, self._buckets, self._seen)
        self._ahead = LookAhead(chains, wanted)

    def find(
        self,
        wanted: Sketch,
        containment: float,
        since: float,
        until: float,
        but: Set[str] = frozenset(),
        is_other: Callable[[Sketch, bytes], bool] = lambda sketch, story: False,
    ) -> NearDuplicate | None:
        """Find the article with the same words; else the one most like it, that shares at least ``containment``.

        Of equals the earliest in log order; only articles seen between two Unix times, and none of ``but``, nor one of
        whose sketch and story ``is_other`` tells that it states something else.
        """
        if self._ahead is not None and self._in_order and self._ahead.is_unlike(Wanted(wanted, since, until)):
            return None
        self.settle()
        content = int.from_bytes(wanted.content, "little")
        if content:
            rows = self._led_to(0, content & NO_HASH, since, until)
            same = [row for row in rows if self._contents[row] == content and self._ids[row] not in but]
            if same:
                return self._found(same[-1], is_whole=True)
        likely: dict[int, float] = {}
        keys, following, buckets, mask = self._keys, self._next, self._buckets, len(self._buckets) - 1
        for hashed in memoryview(wanted.keys).cast("I").tolist():
            entry, steps = buckets[hashed & mask], CHAIN_STEPS_MAX
            while entry >= 0 and keys[entry] != hashed and steps:  # most keys lead nowhere
                entry = following[entry]
                steps -= 1
            if entry < 0:
                continue
            rows = self._led_to(1, hashed, since, until)
            for row in rows:
                likely[row] = likely.get(row, 0.0) + 1 / len(rows)
        best, most = None, (containment, 0)
        for _, row in sorted((-weight, row) for row, weight in likely.items() if weight > KEY_WORTH_MIN)[:COMPARED_MAX]:
            if self._ids[row] in but:
                continue
            other = self._sketch(row)
            share = contained(wanted, other)
            if share < containment or is_other(other, self._stories[row]):
                continue
            if (share, -row) < most or holds_stub(wanted, other):
                continue
            if states_the_same(wanted, other, share):
                best, most = row, (share, -row)
        return (
            None if best is None else self._found(best, is_part=size(self._sketch(best)) * LONGER_FACTOR < size(wanted))
        )

    def _found(self, row: int, *, is_whole: bool = False, is_part: bool = False) -> NearDuplicate:
        original = self._originals.get(row) or str(self._ids[row])
        return NearDuplicate(original, self._stories[row], self._sources[row], self._seen[row], is_whole, is_part)

    def expired(self, before: float, limit: int, but_latest: int = 0) -> list[str]:
        """Return the oldest articles, if first seen before a Unix time; a bounded number at a time.

        None of the ``but_latest`` that were filed last is among them.
        """
        old: list[str] = []
        filed_before = self.latest - but_latest
        if self._oldest < len(self._ids) and self._seen[self._oldest] >= before:
            return old
        for row in range(self._oldest, min(self._oldest + limit, len(self._ids))):
            key = self._ids[row]
            if key is None:
                continue
            if self._seen[row] >= before or self._orders[row] > filed_before:
                break
            old.append(key)
        return old

    def _led_to(self, first: int, hashed: int, since: float, until: float) -> list[int]:
        """Return the newest articles of a key; ``first`` is 0 for that of content and 1 for those of text."""
        keys, following, moments = self._keys, self._next, self._seen
        entry = self._buckets[hashed & (len(self._buckets) - 1)]
        rows: list[int] = []
        steps = CHAIN_STEPS_MAX
        while entry >= 0 and steps:
            if keys[entry] == hashed and (entry % WIDTH > 0) == (first > 0):
                row = entry // WIDTH
                if since <= moments[row] <= until:
                    rows.append(row)
                    if len(rows) == ROWS_PER_KEY_MAX:
                        break
            entry = following[entry]
            steps -= 1
        return rows

    def _sketch(self, row: int) -> Sketch:
        minima = self._minima[row * MINIMA : (row + 1) * MINIMA]
        facts = self._facts[row * FACTS : (row + 1) * FACTS]
        while minima and minima[-1] == NO_HASH:
            minima.pop()
        while facts and facts[-1] == _NO_FACT:
            facts.pop()
        content = self._contents[row]
        return Sketch(content.to_bytes(8, "little") if content else b"", b"", minima.tobytes(), facts.tobytes())

    def settle(self) -> None:
        """Put the keys of new rows at the heads of their chains, many together."""
        if not self._in_order:
            self._rearrange()
        elif len(self._next) == len(self._keys):
            return
        elif len(self._keys) > len(self._buckets):
            self._link_all()
        else:
            self._link(len(self._next))

    def _link(self, first: int) -> None:
        """Link the keys from a place on."""
        self._next.extend(array("i", [_NONE]) * (len(self._keys) - first))
        if len(self._keys) - first <= LINKED_SINGLY_MAX:
            mask = len(self._buckets) - 1
            for place, hashed in enumerate(self._keys[first:], first):
                if hashed != NO_HASH:
                    self._next[place], self._buckets[hashed & mask] = self._buckets[hashed & mask], place
            return
        keys, following, buckets = (np.frombuffer(each, np.int32) for each in (self._keys, self._next, self._buckets))
        entries = np.flatnonzero(keys[first:] != _NONE)
        entries += first
        bucket, entry = _by_bucket(keys.take(entries), entries, len(buckets) - 1)
        is_last = np.append(bucket[1:] != bucket[:-1], True)[: len(bucket)]
        following[entry] = buckets.take(bucket)
        following[entry[1:][~is_last[:-1]]] = entry[:-1][~is_last[:-1]]
        buckets[bucket[is_last]] = entry[is_last]

    def _link_all(self) -> None:
        buckets_needed = FEWEST_BUCKETS
        while buckets_needed < len(self._keys):
            buckets_needed *= 2
        keys = np.frombuffer(self._keys, dtype=np.uint32)
        entries = np.flatnonzero(keys != NO_HASH)
        # Each entry is followed by the one before it in its bucket.
        bucket, entry = _by_bucket(keys[entries], entries, buckets_needed - 1)
        del entries
        is_last = np.append(bucket[1:] != bucket[:-1], True)[: len(bucket)]
        self._buckets = array("i", [_NONE]) * buckets_needed
        np.frombuffer(self._buckets, dtype=np.int32)[bucket[is_last]] = entry[is_last]
        self._next = array("i", [_NONE]) * len(keys)
        np.frombuffer(self._next, dtype=np.int32)[entry[1:]] = np.where(is_last[:-1], _NONE, entry[:-1])

    def _rearrange(self) -> None:
        """Put the rows in order and close the gaps between them."""
        self._ahead = None
        orders = np.array(self._orders)
        kept = np.array([row for row, key in enumerate(self._ids) if key is not None], dtype=np.int64)
        kept = kept[np.argsort(orders[kept], kind="stable")]
        rows = kept.tolist()
        self._ids = [self._ids[row] for row in rows]
        self._stories = [self._stories[row] for row in rows]
        self._rows = {key: row for row, key in enumerate(self._ids) if key is not None}
        self._originals = {new: self._originals[row] for new, row in enumerate(rows) if row in self._originals}
        self._orders, self._seen = _taken(self._orders, kept, 1), _taken(self._seen, kept, 1)
        self._sources = _taken(self._sources, kept, 1)
        self._revisions, self._contents = _taken(self._revisions, kept, 1), _taken(self._contents, kept, 1)
        self._minima, self._facts = _taken(self._minima, kept, MINIMA), _taken(self._facts, kept, FACTS)
        self._keys = _taken(self._keys, kept, WIDTH)
        self._in_order, self._oldest = True, 0
        self._link_all()


def _taken(values: array, rows: NDArray[np.int64], width: int) -> array:  # type: ignore[type-arg]
    whole = np.frombuffer(values, dtype=values.typecode).reshape(-1, width)
    return array(values.typecode, whole[rows].tobytes())


def _by_bucket(
    keys: NDArray[np.integer], entries: NDArray[np.int64], mask: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the buckets of keys and their entries, sorted by bucket, then by entry."""
    # In place: these may be large.
    chained = keys.astype(np.int64)
    chained &= mask
    chained <<= 32
    chained |= entries
    chained.sort()
    entry = chained.astype(np.uint32).astype(np.int32)
    chained >>= 32
    return chained.astype(np.int32), entry


_NO_FACT = 0xFFFF
_NOTHING = Sketch(b"")
