"""Tell together which of the next articles are like none that is remembered, nor like each other.

Most articles share no two rare keys with any other. To follow the keys of many side by side, by array operations, costs
far less than one by one, as most of the cost is the wait for memory. What is not told to be unlike is looked up as
usual, so that the answers are the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.deduplicate.sketch import KEYS, Sketch

WIDTH = 1 + KEYS
NO_HASH = 0xFFFFFFFF
# So many articles a key may lead to.
ROWS_PER_KEY_MAX = 6
# A copy shares more than one key that leads to nothing else would count.
KEY_WORTH_MIN = 1.1
# Fewer sketches cost less one by one.
TOGETHER_MIN = 16
# What has a longer chain, or shares a key with more of the others, is looked up as usual.
STEPS_MAX = 24
SHARING_MAX = 32
# With more new entries in one bucket a chain's own might not be reached any more.
NEW_IN_BUCKET_MAX = 100
_HALF = np.uint64(32)
_LOW = np.uint64(NO_HASH)
# Numbers of the others among the sketches begin here, beyond those of rows.
_OTHERS = 1 << 31
_ROUNDING = 1e-6
_Places = NDArray[np.intp]


class Chains(NamedTuple):
    """Hold the keys of rows, ``WIDTH`` a row, the entries that follow them, the first of each bucket, and the times."""

    keys: array[int]
    following: array[int]
    buckets: array[int]
    seen: array[float]


class Wanted(NamedTuple):
    """Name what will be looked for: a sketch, among articles seen between two Unix times."""

    sketch: Sketch
    since: float
    until: float


class LookAhead:
    """Know which sketches are like nothing, as long as nothing changes but by the articles that they are of."""

    def __init__(self, chains: Chains, wanted: Sequence[Wanted]) -> None:
        self._unlike: set[Wanted] = set()
        self._rows: set[int] = set()
        self._keys = {each.sketch.content: each.sketch.keys for each in wanted}
        hashes = np.frombuffer(b"".join([key_bytes(each.sketch) for each in wanted]), np.uint32)
        if len(wanted) < TOGETHER_MIN or _is_crowded(hashes, len(chains.buckets)):
            return
        places, rows, unfollowed = _followed(chains, wanted, hashes)
        sharing, others, unshared = _shared(hashes)
        self._rows.update(rows.tolist())
        may_be_like = np.zeros(len(wanted), np.bool_)
        may_be_like[np.concatenate([unfollowed, unshared]) // WIDTH] = True
        both = np.concatenate([places, sharing])
        may_be_like[both[both % WIDTH == 0] // WIDTH] = True
        # What a key leads to now it leads to later too, but for the oldest where the newest are as many as count.
        counts = np.bincount(places, minlength=len(hashes))
        counts = np.concatenate([counts[places], np.minimum(counts[sharing] + 1, ROWS_PER_KEY_MAX)])
        pairs = (both // WIDTH << 32) | np.concatenate([rows, others])
        order = np.argsort(pairs)
        pairs = pairs[order]
        firsts = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)])
        worth = np.add.reduceat(1 / counts[order], firsts) if len(firsts) else np.zeros(0)
        may_be_like[pairs[firsts[worth > KEY_WORTH_MIN - _ROUNDING]] >> 32] = True
        self._unlike.update(wanted[number] for number in np.flatnonzero(~may_be_like).tolist())

    def is_unlike(self, wanted: Wanted) -> bool:
        """Tell whether nothing is like a sketch."""
        return wanted in self._unlike

    def outlasts(self, added: Sketch) -> bool:
        """Tell whether what is known stays true when a row with this sketch is added."""
        keys = self._keys.get(added.content)
        return keys is not None and (not added.keys or added.keys == keys)

    def leads_to(self, row: int) -> bool:
        """Tell whether a key of any sketch leads to a row."""
        return row in self._rows


def key_bytes(made: Sketch) -> bytes:
    """Return the keys of a row: that of its content, and those of its text."""
    return (made.content[:4] or b"\xff\xff\xff\xff") + made.keys.ljust(4 * KEYS, b"\xff")


def _is_crowded(hashes: NDArray[np.uint32], buckets: int) -> bool:
    """Tell whether very many of the keys fall into one bucket."""
    bucket = hashes[hashes != NO_HASH] & np.uint32(buckets - 1)
    bucket.sort()
    return bool(np.any(bucket[NEW_IN_BUCKET_MAX:] == bucket[:-NEW_IN_BUCKET_MAX]))


def _followed(chains: Chains, wanted: Sequence[Wanted], hashes: NDArray[np.uint32]) -> tuple[_Places, _Places, _Places]:
    """Return places of keys, the rows that they lead to, and the places whose chains are longer than is followed."""
    keys, following = np.frombuffer(chains.keys, np.uint32), np.frombuffer(chains.following, np.int32)
    buckets, seen = np.frombuffer(chains.buckets, np.int32), np.frombuffer(chains.seen, np.float64)
    since, until = np.array([each.since for each in wanted]), np.array([each.until for each in wanted])
    places = np.flatnonzero(hashes != NO_HASH)
    entry = buckets.take(hashes.take(places) & np.uint32(len(buckets) - 1))
    left = np.full(len(hashes), ROWS_PER_KEY_MAX, np.int8)
    found, led = [places[:0]], [places[:0]]
    for _ in range(STEPS_MAX):
        goes_on = np.flatnonzero(entry >= 0)
        places, entry = places.take(goes_on), entry.take(goes_on)
        if not len(places):
            break
        same = np.flatnonzero(keys.take(entry) == hashes.take(places))
        place, at = places.take(same), entry.take(same)
        row, article = at // WIDTH, place // WIDTH
        moments = seen.take(row)
        fits = ((at % WIDTH > 0) == (place % WIDTH > 0)) & (since[article] <= moments) & (moments <= until[article])
        found.append(place[fits])
        led.append(row[fits].astype(np.intp))
        left[found[-1]] -= 1
        entry = following.take(entry)
        entry[left.take(places) == 0] = -1
    return np.concatenate(found), np.concatenate(led), places[entry >= 0]


def _shared(hashes: NDArray[np.uint32]) -> tuple[_Places, _Places, _Places]:
    """Return places of keys that other sketches have, too, what these are named, and the places where there are more.

    Keys of content are compared with those of text here, which only makes more of what is alike.
    """
    order = (hashes.astype(np.uint64) << _HALF) | np.arange(len(hashes), dtype=np.uint64)
    order.sort()
    order = order[: np.searchsorted(order, _LOW << _HALF)]
    key = (order >> _HALF).astype(np.uint32)
    firsts = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
    sharing = np.repeat(sizes := np.diff(firsts, append=len(key)), sizes)
    place = (order & _LOW).astype(np.intp)
    some = (sharing > 1) & (sharing <= SHARING_MAX)
    key, of_some = key[some], place[some]
    ones, others = [_NOWHERE], [_NOWHERE]
    for apart in range(1, min(SHARING_MAX, len(key))):
        same = np.flatnonzero(key[apart:] == key[:-apart])
        if not len(same):
            break
        one, other = of_some.take(same), of_some.take(same + apart)
        ones += [one, other]
        others += [other // WIDTH + _OTHERS, one // WIDTH + _OTHERS]
    return np.concatenate(ones), np.concatenate(others), place[sharing > SHARING_MAX]


_NOWHERE = np.zeros(0, np.intp)
