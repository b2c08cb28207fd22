"""Sketch a text so that likeness is a comparison of a few hundred bytes: MinHash over pairs of words.

A sketch made by another ``SKETCH_VERSION`` is never compared with one of this: hashes are blake2b and fixed
multipliers, the same on every machine and Python. MinHash: Broder 1997; b-bit truncation: Li and König 2010.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.language.analysis import analyse

SKETCH_VERSION = 1
BANDS = 42
ROWS = 3
HASHES = BANDS * ROWS
SHORTEST = 8
TELLING = 20
FIGURES = 40
# Words beyond this change nothing that matters and would cost without bound.
LONGEST = 20_000

_DRAW = np.random.Generator(np.random.PCG64(20220221))
_MULTIPLIERS = _DRAW.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _DRAW.integers(0, 2**63, HASHES, dtype=np.uint64)
_PAIR = np.uint64(0x9E3779B97F4A7C15)
_ROW_MIX = np.array([1, 0x9E3779B1, 0x85EBCA77], dtype=np.uint64)
# What tells two texts of one template apart: figures, and names inside a sentence.
_FACT = re.compile(r"\d+(?:[.,:]\d+)*|(?<=[a-z,;] )[A-Z]\w+")


class Sketch(msgspec.Struct, frozen=True):
    """Hold what is compared: 126 16-bit minima, how many distinct word pairs there were, and hashed figures."""

    minima: NDArray[np.uint16]
    pairs: int
    figures: NDArray[np.uint32]


def content_hash(title: str | None, text: str | None, language: str | None) -> bytes:
    """Hash the words of a text, blind to case, accents, punctuation and layout.

    A text too short to say much by itself ("Read more") counts together with its title.
    """
    tokens = analyse(text, language).tokens
    if len(tokens) < TELLING:
        tokens = [*analyse(title, language).tokens, "|", *tokens]
    return blake2b(" ".join(tokens).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def sketch(text: str | None, language: str | None) -> Sketch | None:
    """Sketch a text, or return ``None`` for one too short to be told apart by likeness."""
    tokens = analyse(text, language).tokens[:LONGEST]
    if len(tokens) < SHORTEST or text is None:
        return None
    words = np.fromiter(map(_hash, tokens), dtype=np.uint64, count=len(tokens))
    pairs = np.unique(words[:-1] * _PAIR + words[1:])
    minima = _minima(pairs)
    facts = {_hash(fact) & 0xFFFFFFFF for fact in _FACT.findall(text[: LONGEST * 6])}
    figures = np.array(sorted(facts)[:FIGURES], dtype=np.uint32)
    return Sketch(minima, len(pairs), figures)


def band_hashes(minima: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Combine each band's rows into one 32-bit hash."""
    rows = minima.reshape(BANDS, ROWS).astype(np.uint64) + np.uint64(1)
    mixed = (rows * _ROW_MIX).sum(axis=1, dtype=np.uint64) * _PAIR
    hashes: NDArray[np.uint32] = (mixed >> np.uint64(32)).astype(np.uint32)
    return hashes


def same_figures(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> bool:
    """Tell whether at least half of the smaller text's figures and names are in the larger one.

    Both are the smallest hashes of their sets, so they are compared only below the first one's largest hash.
    """
    if len(one) < 2 or len(other) < 2:
        return True
    bound = min(one[-1] if len(one) == FIGURES else 0xFFFFFFFF, other[-1] if len(other) == FIGURES else 0xFFFFFFFF)
    a, b = one[one <= bound], other[other <= bound]
    smaller = min(len(a), len(b))
    return smaller < 2 or 2 * len(np.intersect1d(a, b, assume_unique=True)) >= smaller


def _minima(pairs: NDArray[np.uint64]) -> NDArray[np.uint16]:
    smallest = np.full(HASHES, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(pairs), 1024):  # blocks keep the product matrix small for long texts
        block = pairs[start : start + 1024]
        np.minimum(smallest, (block[None, :] * _MULTIPLIERS[:, None] + _OFFSETS[:, None]).min(axis=1), out=smallest)
    # The high bits of a product are its best mixed; a minimum's own top bits are nearly always zero.
    return ((smallest * _PAIR) >> np.uint64(48)).astype(np.uint16)


@lru_cache(maxsize=1 << 17)
def _hash(token: str) -> int:
    return int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
