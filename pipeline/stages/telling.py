"""Weigh the words of an article by how much they tell about which happening it reports: TF-IDF on title and text.

How rare a word is among the open stories says little while these are few, so it is counted together with what is
known of a language beforehand, as if so many more stories had been seen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.language.analysis import analyse, fold, stem
from pipeline.language.words import COMMON_WORDS, NEWS_WORDS

LEAD_TOKENS = 60
READ_TOKENS = 300
READ_CHARS = 6 * READ_TOKENS
# What a word counts for: in the title, in the lead, further down, and more for a name inside a sentence.
IN_TITLE = 2.0
IN_LEAD = 1.0
BELOW = 0.5
NAME = 3.0
FOREKNOWN = 2000.0
UNHEARD = 0.0002
COMMON = 0.2
EVERYDAY = 0.03
# Days, years and small counts are in every report.
SHORT_NUMBER = 4
# Words at least this rare tell happenings apart; the others are what every report of a kind is made of.
DISTINCT = 0.01

# Not the first word of a sentence. Scripts without capitals have no names by this.
_NAME = re.compile(r"(?<=[\w,;] )[^\W\d_a-z][^\W\d_]+")

Counts = Callable[[NDArray[np.uint32]], NDArray[np.int32]]


class Vector(NamedTuple):
    """Hold an article's words as sorted hashes, their weights of unit length, and which of them are distinct."""

    terms: NDArray[np.uint32]
    weights: NDArray[np.float32]
    distinct: NDArray[np.bool_]


def weigh(title: str | None, text: str | None, language: str | None, stories: int, counts: Counts, size: int) -> Vector:
    """Return the at most ``size`` most telling words of an article.

    ``counts`` tells how many of the ``stories`` open ones use each word.
    """
    words = _frequencies(title, text, language)
    if not words:
        return Vector(np.empty(0, np.uint32), np.empty(0, np.float32), np.empty(0, np.bool_))
    known = _foreknown(language)
    terms = np.fromiter(map(term, words), np.uint32, len(words))
    unknown = (EVERYDAY if word.isdigit() and len(word) <= SHORT_NUMBER else UNHEARD for word in words)
    shares = np.fromiter(map(known.get, words, unknown), np.float64, len(words))
    often = np.fromiter(words.values(), np.float64, len(words))
    rarity = np.log((stories + FOREKNOWN) / (counts(terms) + shares * FOREKNOWN + 0.5))
    weights = np.sqrt(often) * np.maximum(rarity, 0.0)
    best = np.lexsort((terms, -weights))[:size]
    best = best[np.argsort(terms[best])]
    kept = weights[best]
    length = max(float(np.sqrt((kept * kept).sum())), 1e-9)
    return Vector(terms[best], (kept / length).astype(np.float32), shares[best] < DISTINCT)


@lru_cache(maxsize=1 << 16)
def term(word: str) -> int:
    """Hash a word to 32 bits, never to 0."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little") or 1


def _frequencies(title: str | None, text: str | None, language: str | None) -> dict[str, float]:
    """Return how often each word is used, by where."""
    words: defaultdict[str, float] = defaultdict(float)
    for word in analyse(title, language).stems[:LEAD_TOKENS]:
        words[word] += IN_TITLE
    stems = analyse(text, language).stems
    for word in stems[:LEAD_TOKENS]:
        words[word] += IN_LEAD
    for word in stems[LEAD_TOKENS:READ_TOKENS]:
        words[word] += BELOW
    for name in set(_NAME.findall((text or "")[:READ_CHARS])):
        word = stem(fold(name), language)
        if name[0].isupper() and word in words:
            words[word] *= NAME
    return {word: often for word, often in words.items() if len(word) > 1 or not word.isascii()}


@cache
def _foreknown(language: str | None) -> dict[str, float]:
    """Return which share of texts hold a word, for the common words of a language."""
    shares = dict.fromkeys(_stems(NEWS_WORDS.get(language or "", ""), language), EVERYDAY)
    shares |= dict.fromkeys(_stems(COMMON_WORDS.get(language or "", ""), language), COMMON)
    if language == "en":
        for line in files("pipeline.stages").joinpath("everyday.txt").read_text("utf-8").splitlines():
            share, _, words = line.partition(": ")
            if not line.startswith("#"):
                shares |= dict.fromkeys(words.split(), float(share))
    return shares


def _stems(words: str, language: str | None) -> list[str]:
    return [stem(fold(word), language) for word in words.split()]
