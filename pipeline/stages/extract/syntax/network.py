"""Compute with the model's weights: vectors of words in their sentence, tags, and scores of the parser's moves.

The model is one of spaCy (Tok2Vec with hashed embeddings, a tagger, a transition-based parser): deploy/models/syntax.py
trains it there and writes its weights, which is all that reading needs; numpy does the rest. Hashes are those that
the weights were learnt under (MurmurHash64A, and MurmurHash3 of 128 bits over the result).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

from pipeline.stages.extract.syntax.words import Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Empty rows between sentences, as many as the layers look aside.
_APART = 4
_REMEMBERED = 20_000
# A move is chosen by the words in so many places of a state.
PLACES = 8
_MAXOUTS = ("mix", "layer0", "layer1", "layer2", "layer3")
_MASK = (1 << 64) - 1


class Network:
    """Hold the weights, and the vectors of the words seen last."""

    def __init__(self, packed: bytes) -> None:
        import numpy as np
        from threadpoolctl import threadpool_limits

        # Products are small: a second thread would mostly wait for the first.
        threadpool_limits(limits=1, user_api="blas")
        with np.load(BytesIO(packed), allow_pickle=False) as arrays:
            self._weights: dict[str, Floats] = {name: arrays[name] for name in arrays.files}
        weights = self._weights
        self.tags = tuple(str(tag) for tag in weights.pop("tags"))
        # Shift, reduce, and the arcs; the last is the break between sentences, which are parsed one by one.
        self.arcs = tuple(str(move).partition("-")[::2] for move in weights.pop("moves"))[:-1]
        self._symbols = dict(zip(map(str, weights.pop("symbols")), map(int, weights.pop("symbol_ids")), strict=True))
        self._pieces = {name: weights[f"{name}_W"].shape[1] for name in _MAXOUTS}
        for name in _MAXOUTS:  # the pieces of an output lie in blocks, which numpy compares faster than neighbours
            for part in ("W", "b"):
                kept = np.swapaxes(weights[f"{name}_{part}"], 0, 1)
                weights[f"{name}_{part}"] = np.ascontiguousarray(kept.reshape(-1, *kept.shape[2:]))
        # Each state has one word in the first place: what is added once is added there.
        first = len(weights["places_b"])
        known = np.zeros(len(weights["places_W"]), dtype=np.float32)
        known[:first] = weights.pop("places_b")
        weights["known_b"] = known
        weights["places_pad"] = weights["places_pad"][0] + known
        # The break between sentences is never asked for.
        self._upper: Floats = np.ascontiguousarray(weights.pop("upper_W")[:-1].T)
        self._upper_b: Floats = weights.pop("upper_b")[:-1]
        # Asked for at each move.
        self._added, self._larger = np.add.reduce, np.maximum
        self._vectors = np.zeros((_REMEMBERED, len(weights["mix_scale"])), dtype=np.float32)
        self._rows: dict[Word, int] = {}
        self._hashed = lru_cache(maxsize=_REMEMBERED)(self._hashed_rows)

    def vectors(self, sentences: Sequence[Sequence[Word]]) -> Floats:
        """Return the vectors of the words of sentences, each on its own: (rows, 96); after each is a row of no word."""
        import numpy as np

        width = self._vectors.shape[1]
        places: list[int] = []
        kept: list[int] = []
        at = _APART
        for words in sentences:
            places += range(at, at + len(words))
            kept += range(at, at + len(words) + 1)
            at += len(words) + _APART
        rows = np.zeros((at, width), dtype=np.float32)
        rows[places] = self._embedded([word for words in sentences for word in words])
        beside = np.zeros((at, 3 * width), dtype=np.float32)
        for layer in range(4):
            beside[1:, :width] = rows[:-1]
            beside[:, width : 2 * width] = rows
            beside[:-1, 2 * width :] = rows[1:]
            rows = rows + self._maxout(f"layer{layer}", beside)
        return rows[kept]

    def tag(self, vectors: Floats) -> list[str]:
        """Return the most likely tag of each word."""
        scores = vectors @ self._weights["tag_W"].T + self._weights["tag_b"]
        return [self.tags[at] for at in scores.argmax(axis=1).tolist()]

    def feature_scores(self, vectors: Floats, none: Sequence[int]) -> Floats:
        """Return what each word adds to the hidden layer in each of the parser's places: (words * 8, 128).

        The rows ``none`` are for places where no word is.
        """
        weights = self._weights
        narrow: Floats = vectors @ weights["lower_W"].T + weights["lower_b"]
        known: Floats = narrow @ weights["places_W"].T
        known += weights["known_b"]
        known[none] = weights["places_pad"]
        return known.reshape(len(vectors) * PLACES, -1)

    def best_moves(self, known: Floats, asked: Sequence[int]) -> tuple[list[int], Floats]:
        """Return the best moves of states and the scores of all moves; ``asked`` are 8 rows of ``known`` for each."""
        width = known.shape[1]
        hidden = self._added(known.take(asked, axis=0).reshape(-1, PLACES, width), axis=1)
        half = width // 2
        scores: Floats = self._larger(hidden[:, :half], hidden[:, half:]) @ self._upper
        scores += self._upper_b
        return scores.argmax(axis=1).tolist(), scores

    def _embedded(self, words: Sequence[Word]) -> Floats:
        """Return the vectors of words by themselves; those seen before are remembered."""
        missing = [word for word in dict.fromkeys(words) if word not in self._rows]
        if len(self._rows) + len(missing) > _REMEMBERED:
            self._rows.clear()
            missing = list(dict.fromkeys(words))
        if missing:
            begin = len(self._rows)
            self._rows.update(zip(missing, range(begin, begin + len(missing)), strict=True))
            self._vectors[begin : begin + len(missing)] = self._mixed(missing)
        return self._vectors[[self._rows[word] for word in words]]

    def _mixed(self, words: Sequence[Word]) -> Floats:
        """Mix the vectors of a word's form, first letter, last three, and shape."""
        import numpy as np

        columns = []
        for column, forms in enumerate(zip(*map(forms_of, words), strict=True)):
            table = self._weights[f"rows{column}"]
            asked = [self._hashed(form, column) for form in forms]
            columns.append(table[asked].sum(axis=1))
        return self._maxout("mix", np.concatenate(columns, axis=1))

    def _hashed_rows(self, form: str, column: int) -> tuple[int, ...]:
        key = self._symbols[form] if form in self._symbols else string_hash(form.encode("utf-8"))
        size = len(self._weights[f"rows{column}"])
        return tuple(part % size for part in row_hashes(key, 8 + column))

    def _maxout(self, name: str, rows: Floats) -> Floats:
        """Apply a layer of which the largest of several outputs counts, and scale its outputs to a mean of nought."""
        import numpy as np

        weights = self._weights
        best = _largest(rows @ weights[f"{name}_W"].T + weights[f"{name}_b"], self._pieces[name])
        width = best.shape[1]
        best -= np.add.reduce(best, axis=1, keepdims=True) / width
        spread = np.add.reduce(best * best, axis=1, keepdims=True) / width + 1e-8
        best *= spread**-0.5
        best *= weights[f"{name}_scale"]
        best += weights[f"{name}_shift"]
        return best


def _largest(rows: Floats, pieces: int) -> Floats:
    """Return the largest of so many blocks of columns, column by column."""
    import numpy as np

    width = rows.shape[1] // pieces
    best = rows[:, :width]
    for piece in range(1, pieces):
        best = np.maximum(best, rows[:, piece * width : (piece + 1) * width])
    return best


def forms_of(word: Word) -> tuple[str, str, str, str]:
    """Return what is looked up of a word: its norm, its first letter, its last three, and its shape."""
    return word.norm, word.text[0], word.text[-3:], shape_of(word.text)


@lru_cache(maxsize=_REMEMBERED)
def shape_of(text: str) -> str:
    """Return a word's shape, runs of the same cut to four: "Newswire2" is "Xxxxxd"."""
    if len(text) >= 100:
        return "LONG"
    if text.isalpha():
        if text.islower():
            return "xxxx"[: len(text)]
        if text[0].isupper() and text[1:].islower():
            return "Xxxxx"[: len(text)]
    shape: list[str] = []
    run = 0
    for char in text:
        kind = "d" if char.isdigit() else "X" if char.isalpha() and char.isupper() else "x" if char.isalpha() else char
        run = run + 1 if shape and kind == shape[-1] else 0
        if run < 4:
            shape.append(kind)
    return "".join(shape)


def string_hash(data: bytes, seed: int = 1) -> int:
    """Return MurmurHash64A of ``data``."""
    multiplier = 0xC6A4A7935BD1E995
    value = seed ^ (len(data) * multiplier & _MASK)
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        part = int.from_bytes(data[at : at + 8], "little") * multiplier & _MASK
        part = (part ^ part >> 47) * multiplier & _MASK
        value = (value ^ part) * multiplier & _MASK
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * multiplier & _MASK
    value = (value ^ value >> 47) * multiplier & _MASK
    return value ^ value >> 47


def row_hashes(key: int, seed: int) -> tuple[int, int, int, int]:
    """Return the four parts of MurmurHash3 (x64, 128 bits) of a key of eight bytes."""
    first = key * 0x87C37B91114253D5 & _MASK
    first = (first << 31 | first >> 33) & _MASK
    first = first * 0x4CF5AD432745937F & _MASK ^ seed ^ 8
    second = seed ^ 8
    first = first + second & _MASK
    second = second + first & _MASK
    first, second = _mixed_bits(first), _mixed_bits(second)
    first = first + second & _MASK
    second = second + first & _MASK
    return first & 0xFFFFFFFF, first >> 32, second & 0xFFFFFFFF, second >> 32


def _mixed_bits(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33


@cache
def network() -> Network:
    """Return the model shipped with the package, read once."""
    return Network(files("pipeline.stages.extract.syntax").joinpath("data", "english.npz").read_bytes())
