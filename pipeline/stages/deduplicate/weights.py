"""Weigh the words of an article by how much they tell about which happening it reports: TF-IDF on title and text.

How rare a word is among the open stories says little while these are few, so it is counted together with what is
known of a language beforehand, as if so many more stories had been seen.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline.language.tokens import analyze, fold, stem
from pipeline.language.words import COMMON_WORDS, NEWS_WORDS

LEAD_TOKENS = 60
READ_TOKENS = 300
READ_CHARS = 6 * READ_TOKENS
# How often a word counts in the title and in the lead, and how much more a name inside a sentence counts.
TITLE_COUNT = 4
LEAD_COUNT = 2
NAME_FACTOR = 3
COUNT_WEIGHT = 0.5
PRIOR_STORIES = 2000.0
# Which share of texts holds a word: one never heard of, one that news are made of, one that any text is made of.
UNKNOWN_SHARE, NEWS_SHARE, COMMON_SHARE = 0.0002, 0.025, 0.2
LEVELS = (UNKNOWN_SHARE, 0.00075, 0.0015, 0.003, 0.006, 0.0125, NEWS_SHARE, 0.05, 0.1, COMMON_SHARE)
SHARES = np.array(LEVELS)
SHORT_NUMBER = 4
CANDIDATE_FACTOR = 2
MAX_WORDS = 1 << 16
# Words at least this rare tell happenings apart; the others are what every report of a kind is made of.
DISTINCT_SHARE_MAX = 0.02
# Names of small places and of people, mostly.
RARE_SHARE_MAX = 0.0005
LONGEST_LANGUAGE = 8
# What is written as a name and is no everyday word: not the days of the week.
NAME_SHARE_MAX = 0.003
# So many letters tell whether a script has capitals.
SCRIPT_CHARS = 60
_HASH_BITS = 32
_HASH = (1 << _HASH_BITS) - 1

# Scripts without capitals have no names by this.
_CAPITAL = re.compile(r" ([^\W\d_a-z][^\W\d_]+)")
_FIRST_WORD = re.compile(r"\W*([^\W\d_a-z][^\W\d_]+)")
# Before a name inside a sentence stands a word, or one of these.
_WITHIN = ",;"

Counts = Callable[[NDArray[np.uint32]], NDArray[np.int32]]


class Vector(NamedTuple):
    """Hold an article's words as sorted hashes, their weights of unit length, and which are distinct or even rare.

    ``names`` are words that only this happening and few others may have, as they stand in title and text: the hash of
    each in the lower 32 bits, above it that of the word before. ``openings`` are hashes of such words that begin a
    sentence, which may be names or not.
    """

    terms: NDArray[np.uint32]
    weights: NDArray[np.float32]
    distinct: NDArray[np.bool_]
    rare: NDArray[np.bool_]
    names: frozenset[int] = frozenset()
    openings: frozenset[int] = frozenset()


def weigh(title: str | None, text: str | None, language: str | None, stories: int, counts: Counts, size: int) -> Vector:
    """Return the at most ``size`` most telling words of an article.

    ``counts`` tells how many of the ``stories`` open ones use each word.
    """
    words, named, first = _frequencies(title, text, language)
    if not words:
        return Vector(np.empty(0, np.uint32), np.empty(0, np.float32), np.empty(0, np.bool_), np.empty(0, np.bool_))
    known = _lexicon(language)
    found = np.fromiter(map(known.__getitem__, words), np.uint64, len(words))
    terms, shares = found.astype(np.uint32), SHARES[found >> np.uint64(32)]
    often = np.sqrt(np.fromiter(words.values(), np.float64, len(words)) * COUNT_WEIGHT)
    prior = shares * PRIOR_STORIES + 0.5
    if len(words) > CANDIDATE_FACTOR * size:  # those that could be chosen if no story used them
        likely = np.lexsort((terms, -often * np.log((stories + PRIOR_STORIES) / prior)))[: CANDIDATE_FACTOR * size]
        terms, shares, often, prior = terms[likely], shares[likely], often[likely], prior[likely]
    weights = often * np.maximum(np.log((stories + PRIOR_STORIES) / (counts(terms) + prior)), 0.0)
    best = np.lexsort((terms, -weights))[:size]
    best = best[np.argsort(terms[best])]
    kept = weights[best]
    length = max(float(np.sqrt((kept * kept).sum())), 1e-9)
    shares = shares[best]
    rare = shares < RARE_SHARE_MAX
    openings = frozenset(known[word] & _HASH for word in first if LEVELS[known[word] >> _HASH_BITS] < NAME_SHARE_MAX)
    names = {
        known[word] & _HASH | crc32(before.lower().encode("utf-8", "surrogatepass")) << _HASH_BITS
        for word, before in named.items()
        if LEVELS[known[word] >> _HASH_BITS] < NAME_SHARE_MAX
    }
    if not named or not has_capitals(text or title or ""):  # rare words stand for names
        numbers = (known[word] for word in words if not word[0].isdigit())
        names.update(number & _HASH for number in numbers if LEVELS[number >> _HASH_BITS] < RARE_SHARE_MAX)
    return Vector(
        terms[best], (kept / length).astype(np.float32), shares < DISTINCT_SHARE_MAX, rare, frozenset(names), openings
    )


def share_of(word: str, language: str | None) -> float:
    """Return which share of the texts of a language holds a stem."""
    return LEVELS[_lexicon(language)[word] >> _HASH_BITS]


def rarities(words: Sequence[str], language: str | None) -> dict[str, float]:
    """Return how rare each stem is in texts of a language: the logarithm of one over the share that holds it."""
    known = _lexicon(language)
    return {word: -float(np.log(SHARES[known[word] >> 32])) for word in words}


def _frequencies(
    title: str | None, text: str | None, language: str | None
) -> tuple[dict[str, int], dict[str, str], set[str]]:
    """Return how much each word counts, by where it is used; the names, with the word before; what begins sentences."""
    heading, stems = analyze(title, language).stems[:LEAD_TOKENS], analyze(text, language).stems[:READ_TOKENS]
    lead, rest = stems[:LEAD_TOKENS], stems[LEAD_TOKENS:]
    words = Counter([*heading * TITLE_COUNT, *lead * LEAD_COUNT, *rest])
    names: dict[str, str] = {}
    openings: set[str] = set()
    for part, factor in (((text or "")[:READ_CHARS], NAME_FACTOR), ((title or "")[:READ_CHARS], 1)):
        inside, first = _capitals(part)
        for name, before in inside.items():
            word = stem(fold(name), language)
            if word not in names:
                if word in words:
                    words[word] *= factor
                names[word] = before
        openings.update(stem(fold(word), language) for word in first)
    for word in [word for word in words if len(word) < 2 and word.isascii()]:
        del words[word]
    return words, names, openings


def _capitals(text: str) -> tuple[dict[str, str], set[str]]:
    """Return the words with a capital inside sentences, each with the word before it, and those that begin one."""
    inside: dict[str, str] = {}
    first: set[str] = set()
    begin = _FIRST_WORD.match(text)
    if begin is not None and begin[1][0].isupper():
        first.add(begin[1])
    for found in _CAPITAL.finditer(text):
        name, at = found[1], found.start()
        if name in inside or not name[0].isupper():
            continue
        before = text[at - 1 : at]
        if before.isalnum() or before == "_" or before in _WITHIN:
            inside[name] = text[text.rfind(" ", 0, at) + 1 : at].strip(_WITHIN)
        else:
            first.add(name)
    return inside, first


def has_capitals(text: str) -> bool:
    """Tell whether most letters of a text have a large and a small form."""
    if text.isascii():
        return True
    letters = [character for character in text[:SCRIPT_CHARS] if character.isalpha()]
    return 2 * sum(letter.lower() != letter.upper() for letter in letters) >= len(letters)


class _Lexicon(dict[str, int]):
    """Remember of each word its hash in the lower 32 bits, and above them which of ``SHARES`` of texts hold it."""

    def __init__(self, levels: dict[str, int]) -> None:
        super().__init__()
        self._levels = levels

    def __missing__(self, word: str) -> int:
        # Days, years and small counts are in every report.
        usual = NEWS_SHARE if word.isdigit() and len(word) <= SHORT_NUMBER else UNKNOWN_SHARE
        hashed = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little") or 1
        if len(self) >= MAX_WORDS:
            self.clear()
        self[word] = found = hashed | self._levels.get(word, LEVELS.index(usual)) << 32
        return found


@lru_cache(maxsize=64)
def _lexicon(language: str | None) -> _Lexicon:
    told = [
        (LEVELS.index(NEWS_SHARE), _stems(NEWS_WORDS.get(language or "", ""), language)),
        (LEVELS.index(COMMON_SHARE), _stems(COMMON_WORDS.get(language or "", ""), language)),
    ]
    # What is called a language may be any words: those that name none lead to no file.
    is_name = language is not None and language.isascii() and language.isalpha() and len(language) <= LONGEST_LANGUAGE
    for name in (f"{language}.txt.gz", f"reports.{language}.txt.gz") if is_name else ():
        listed = files("pipeline.stages.deduplicate").joinpath("everyday", name)
        for line in gzip.decompress(listed.read_bytes()).decode().splitlines() if listed.is_file() else ():
            share, _, words = line.partition(": ")
            told.append((LEVELS.index(float(share)), words.split()))
    levels: dict[str, int] = {}
    for level, listed_words in sorted(told, key=itemgetter(0)):  # the largest share that is told of a word counts
        levels |= dict.fromkeys(listed_words, level)
    return _Lexicon(levels)


def _stems(words: str, language: str | None) -> list[str]:
    return [stem(fold(word), language) for word in words.split()]
