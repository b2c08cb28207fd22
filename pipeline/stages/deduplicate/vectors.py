"""Keep the vectors of open stories in a few flat arrays, and find those that share rare words with an article.

A vector is a row of at most ``WIDTH`` word hashes with weights. Rows that use a word are linked in a chain per word, so
that looking up follows only the chains of an article's rarest words: a bounded amount, however many rows there are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.deduplicate.weights import Vector

WIDTH = 32
# Words in more rows than this lead nowhere in particular.
ROWS_PER_WORD_MAX = 32
LOOKED_UP_WORDS = 12
CANDIDATES_MAX = 24
FULL = 0.6
SCALE = 65535.0
BUCKET = 8

Terms = NDArray[np.uint32]
Weights = NDArray[np.float32]
Row = tuple[Terms, NDArray[np.uint16]]
_MIX = np.uint32(0x9E3779B1)


class Vocabulary:
    """Count in how many rows each word is, with the first of them: an open-addressing table of three arrays."""

    def __init__(self, bits: int = 8) -> None:
        self._clear(bits)

    def slots(self, terms: Terms) -> NDArray[np.int64]:
        """Return the place of each word, -1 for one not known."""
        at = self._home(terms)
        found = np.full(len(terms), -1, np.int64)
        buckets = self.keys.reshape(-1, BUCKET)
        waiting = np.arange(len(terms))
        while waiting.size:
            keys = buckets[at // BUCKET]
            n, place = (keys == terms[waiting, None]).nonzero()
            found[waiting[n]] = at[n] + place
            on = (found[waiting] < 0) & (keys[:, -1] != 0)
            waiting, at = waiting[on], (at[on] + BUCKET) & (len(self.keys) - 1)
        return found

    def claim(self, terms: Terms) -> NDArray[np.int64]:
        """Return the place of each word, making one where there is none."""
        if self._used + len(terms) > FULL * len(self.keys):
            self._refile()
        found = self.slots(terms)
        for n in np.flatnonzero(found < 0).tolist():
            word = int(terms[n])
            at = (word * int(_MIX) & 0xFFFFFFFF) >> int(self._shift) & -BUCKET
            while self.keys.item(at):
                at = (at + 1) & (len(self.keys) - 1)
            self.keys[at] = word
            found[n] = at
            self._used += 1
        return found

    def counts(self, terms: Terms) -> NDArray[np.int32]:
        """Return how many rows use each word."""
        slots = self.slots(terms)
        found: NDArray[np.int32] = np.where(slots >= 0, self.count[slots], 0)
        return found

    def _home(self, terms: Terms) -> NDArray[np.int64]:
        """Return where the search for each word begins: at a bucket's first place, so that one look sees all of it."""
        return (terms * _MIX >> self._shift).astype(np.int64) & -BUCKET

    def _clear(self, bits: int) -> None:
        self._shift = np.uint32(32 - bits)
        self._used = 0
        self.keys = np.zeros(1 << bits, np.uint32)
        self.count = np.zeros(1 << bits, np.int32)
        self.first = np.full(1 << bits, -1, np.int32)

    def _refile(self) -> None:
        """Drop the words no row uses any more, and make room."""
        alive = np.flatnonzero(self.count)
        keys, count, first = self.keys[alive], self.count[alive], self.first[alive]
        bits = 8
        while (1 << bits) * FULL / 2 < len(keys) + 2 * WIDTH:
            bits += 1
        self._clear(bits)
        order = np.argsort(self._home(keys))
        keys, count, first = keys[order], count[order], first[order]
        home = self._home(keys)
        in_bucket = np.arange(len(keys)) - np.searchsorted(home, home)
        at = (home + np.minimum(in_bucket, BUCKET)) & (len(self.keys) - 1)
        waiting = np.arange(len(keys))
        while waiting.size:  # of those that want one free place the first gets it
            free = self.keys[at[waiting]] == 0
            _, winners = np.unique(at[waiting[free]], return_index=True)
            placed = waiting[free][winners]
            self.keys[at[placed]] = keys[placed]
            waiting = np.setdiff1d(waiting, placed, assume_unique=True)
            at[waiting] = (at[waiting] + 1) & (len(self.keys) - 1)
        self.count[at], self.first[at] = count, first
        self._used = len(keys)


class Centroids:
    """Hold rows of words and weights, numbered from 0; a removed row's number is used again."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.terms = np.zeros((16, WIDTH), np.uint32)
        self.weights = np.zeros((16, WIDTH), np.uint16)
        self._next = np.full((16, WIDTH), -1, np.int32)
        self._before = np.full((16, WIDTH), -1, np.int32)
        self._free: list[int] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows - len(self._free)

    def take(self) -> int:
        """Return the number of a new, empty row."""
        if self._free:
            return self._free.pop()
        if self._rows == len(self.terms):
            for name in ("terms", "weights", "_next", "_before"):
                setattr(self, name, grown(getattr(self, name)))
        self._rows += 1
        return self._rows - 1

    def give_back(self, row: int) -> None:
        """Forget a row."""
        self.put(row, np.empty(0, np.uint32), np.empty(0, np.uint16))
        self._free.append(row)

    def put(self, row: int, terms: Terms, weights: NDArray[np.uint16]) -> None:
        """Set a row's words, each once, and their weights."""
        self._unlink(row)
        count = len(terms)
        self.terms[row, :count], self.terms[row, count:] = terms, 0
        self.weights[row, :count], self.weights[row, count:] = weights, 0
        self._link(row, terms)

    def get(self, row: int) -> Row:
        """Return a row's words and weights."""
        count = int(np.count_nonzero(self.terms[row]))
        return self.terms[row, :count], self.weights[row, :count]

    def near(self, vector: Vector) -> tuple[NDArray[np.int64], Similarity | None]:
        """Return the at most 24 rows that share most of an article's rarest words, and their similarity to it."""
        rows = self._candidates(vector.terms, vector.weights)
        return rows, compared(vector, self.terms[rows], self.weights[rows]) if len(rows) else None

    def _candidates(self, terms: Terms, weights: Weights) -> NDArray[np.int64]:
        slots = self.vocabulary.slots(terms)
        count = np.where(slots >= 0, self.vocabulary.count[slots], 0)
        known = np.flatnonzero((count > 0) & (count <= ROWS_PER_WORD_MAX))
        if not len(known):
            return np.empty(0, np.int64)
        rarest = known[np.lexsort((terms[known], count[known]))[:LOOKED_UP_WORDS]]
        following = self._next.reshape(-1).item
        worth = (weights[rarest].astype(np.float64) ** 2).tolist()
        votes: dict[int, float] = {}
        for place, vote in zip(self.vocabulary.first[slots[rarest]].tolist(), worth, strict=True):
            while place >= 0:
                row = place // WIDTH
                votes[row] = votes.get(row, 0.0) + vote
                place = following(place)
        rows = np.fromiter(votes, np.int64, len(votes))
        if len(rows) <= CANDIDATES_MAX:
            return rows
        score = np.fromiter(votes.values(), np.float64, len(votes))
        # Equal votes are told apart by what the rows hold: their numbers differ after a rebuild.
        order = np.lexsort((self.terms[rows].sum(axis=1, dtype=np.uint64), -np.round(score, 6)))
        return rows[order[:CANDIDATES_MAX]]

    def _link(self, row: int, terms: Terms) -> None:
        if not len(terms):
            return
        vocabulary = self.vocabulary
        slots = vocabulary.claim(terms)
        places = row * WIDTH + np.arange(len(terms), dtype=np.int32)
        first = vocabulary.first[slots]
        self._next.reshape(-1)[places] = first
        self._before.reshape(-1)[places] = -1
        taken = first >= 0
        self._before.reshape(-1)[first[taken]] = places[taken]
        vocabulary.first[slots] = places
        vocabulary.count[slots] += 1

    def _unlink(self, row: int) -> None:
        terms, _ = self.get(row)
        if not len(terms):
            return
        vocabulary = self.vocabulary
        slots = vocabulary.slots(terms)
        following, before = self._next.reshape(-1), self._before.reshape(-1)
        places = row * WIDTH + np.arange(len(terms))
        later, earlier = following[places], before[places]
        inside = earlier >= 0
        following[earlier[inside]] = later[inside]
        vocabulary.first[slots[~inside]] = later[~inside]
        before[later[later >= 0]] = earlier[later >= 0]
        vocabulary.count[slots] -= 1


def grown(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with an eighth more room: what is not used yet is memory too."""
    more = np.zeros((len(array) // 8 + 16, *array.shape[1:]), array.dtype)
    return np.concatenate([array, more])


class Similarity(NamedTuple):
    """Compare a vector with several rows, an array per measure.

    ``whole`` is the cosine, ``distinct_part`` what distinct words contribute to it; the others count shared words,
    shared distinct words and shared rare words.
    """

    whole: NDArray[np.float64]
    distinct_part: NDArray[np.float64]
    shared: NDArray[np.int64]
    distinct: NDArray[np.int64]
    rare: NDArray[np.int64]

    def only(self, rows: NDArray[np.bool_]) -> Similarity:
        """Return the comparison with some of the rows."""
        return Similarity(
            self.whole[rows], self.distinct_part[rows], self.shared[rows], self.distinct[rows], self.rare[rows]
        )


def compared(vector: Vector, rows: Terms, weights: NDArray[np.uint16]) -> Similarity:
    """Compare a vector with each of several rows."""
    at = np.minimum(np.searchsorted(vector.terms, rows), len(vector.terms) - 1)
    same = vector.terms[at] == rows
    distinct = same & vector.distinct[at]
    products = np.where(same, vector.weights[at], np.float32(0)) * (weights / SCALE)
    return Similarity(
        whole=products.sum(axis=1),
        distinct_part=np.where(distinct, products, 0.0).sum(axis=1),
        shared=same.sum(axis=1),
        distinct=distinct.sum(axis=1),
        rare=(same & vector.rare[at]).sum(axis=1),
    )


def blended(one: Row, other: Row, share: float) -> Row:
    """Mix two vectors, ``share`` of the first, and keep the heaviest ``WIDTH`` words at unit length."""
    terms, inverse = np.unique(np.concatenate([one[0], other[0]]), return_inverse=True)
    parts = np.concatenate([one[1] * share, other[1] * (1 - share)]) / SCALE
    return packed(terms.astype(np.uint32), np.bincount(inverse, weights=parts).astype(np.float64))


def packed(terms: Terms, weights: NDArray[np.float32] | NDArray[np.float64]) -> Row:
    """Scale a vector to unit length in 16-bit weights, its heaviest words first, at most ``WIDTH``."""
    best = np.lexsort((terms, -weights))[:WIDTH]
    kept = weights[best].astype(np.float64)
    length = float(np.sqrt((kept * kept).sum())) or 1.0
    scaled = np.round(kept / length * SCALE).astype(np.uint16)
    return terms[best][scaled > 0], scaled[scaled > 0]
