"""Sketch a text so that likeness is a comparison of a few hundred bytes: the smallest hashes of its word pairs.

Two texts share the smallest of their pairs as often as they share pairs, and of a text that lies wholly in another
every hash below the other's largest is there too, so that cut, wrapped and shortened copies are told as surely as
edited ones (bottom-k sketches: Broder 1997, Cohen and Kaplan 2007). Beside them stand the figures and names, because
texts of one template differ in nothing else.

Everything is worked out by array operations over a text's UTF-8 bytes. The hashes are the same on every machine; a
sketch made by another ``SKETCH_VERSION`` is never compared with one of this.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.language.scripts import BY_CHARACTER, IDEOGRAPHIC_MARKS

SKETCH_VERSION = 3
PAIR = 2
KEYS = 20
MINIMA = 96
SPARE = 32
FACTS = 24
# Fewer pairs than this tell no text from another.
PAIRS_MIN = 5
# A text of fewer words counts together with its title; of fewer than the other with it, it says nothing of its own.
LONE_TEXT_WORDS_MIN = 20
OWN_WORDS_MIN = 4
# Characters beyond this change nothing that matters and would cost without bound.
READ_CHARS_MAX = 60_000
BATCH_TEXT_BYTES_MAX = 1 << 19
# How often a figure or name of another report turns up in this one by chance.
CHANCE_SHARE = 0.25
# How much more likely another report must be than a copy before it is believed.
OTHER_REPORT_LOG_ODDS = math.log(10)
# Even of words that seem untouched, so many may have changed.
CHANGED_SHARE_MIN = 0.02
SHARED_FACTS_MIN = 3
# A text of so few pairs of words, without a name or figure, says more follows; what has grown far beyond it is more.
STUB_PAIRS_MAX = 60
STUB_FACTS_MAX = 1
FACT_BYTES = 2
STUB_GROWTH_MAX = 2.0
# A link ends when so little is left of the containment that made it.
LASTING_SHARE = 0.75
# Half a standard error of a share.
STANDARD_ERRORS = 0.25
LAST_ASCII = 127
# Arrays of this many bytes stay in the processor's cache; a text may come on top.
BATCH_BYTES = 1 << 15
_LARGEST = 1 << 32
_FACT_SHIFT = 49
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_SPACE, _ZERO, _NINE = b" 09"
# Typographic marks that stand between words; those of ASCII are dealt with byte by byte.
_MARKS = (
    "‘’“”„«»–—…•·£€©®°\u00a0\u00a1\u00bf\u2009\u202f\u3000\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
    "\u060c\u061b\u061f\u06d4\u0964"
)
# Each of these characters stands for itself.
_UNSPACED = re.compile(f"[{BY_CHARACTER}{IDEOGRAPHIC_MARKS}]")


class _Bytes(NamedTuple):
    raw: bytes
    plain: bytes


class Sketch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Hold what is compared, as bytes of sorted numbers: 32-bit ``keys`` and ``minima``, 16-bit ``facts``.

    ``content`` hashes all words in their order; it is empty for a text that says nothing, and the others are for one
    too short to be told apart by likeness. ``keys`` are the smallest hashes of triples of words: rarer than pairs, and
    so better to find a text by. ``minima`` are those of pairs: fewer are lost to an edit, and so better to compare.
    """

    content: bytes
    keys: bytes = b""
    minima: bytes = b""
    facts: bytes = b""


def sketch(title: str | None, text: str | None) -> Sketch:
    """Sketch a text, blind to case, punctuation and layout."""
    return sketches([(title, text)])[0]


def sketches(texts: Sequence[tuple[str | None, str | None]]) -> list[Sketch]:
    """Sketch texts, each given with its title; many together cost less than one by one."""
    made: list[Sketch] = []
    batch: list[_Bytes] = []
    for _, text in texts:
        batch.append(_bytes(text or ""))
        if sum(len(each.raw) for each in batch) > BATCH_BYTES:
            made += _sketched(batch, texts[len(made) : len(made) + len(batch)])
            batch = []
    return made + _sketched(batch, texts[len(made) :])


def _sketched(batch: Sequence[_Bytes], texts: Sequence[tuple[str | None, str | None]]) -> list[Sketch]:
    words, is_figure, is_name, bounds = _words(batch)
    pairs = _mixed(words[:-1] * _MIX + words[1:])
    triples = _shortened(_mixed(pairs[:-1] * _MIX + words[2:]))
    short_pairs = _shortened(pairs)
    made = []
    for (title, text), first, last in zip(texts, bounds, bounds[1:], strict=False):
        content = _content(words[first:last], title, text)
        minima = _smallest(short_pairs[first : last - 1], MINIMA) if last - first > PAIRS_MIN + 1 else _NO_HASHES
        if len(minima) < PAIRS_MIN:
            made.append(Sketch(content))
            continue
        keys = _smallest(triples[first : last - 2], KEYS)
        # A figure means little without what it counts: it goes with the word that follows.
        figures = pairs[first : last - 1][is_figure[first : last - 1]].tolist()
        facts = sorted({fact >> _FACT_SHIFT for fact in words[first:last][is_name[first:last]].tolist() + figures})
        made.append(Sketch(content, keys.tobytes(), minima.tobytes(), array("H", facts[:FACTS]).tobytes()))
    return made


def contained(mine: Sketch, other: Sketch) -> float:
    """Estimate the share of the smaller text's pairs of words that the larger one has.

    Only hashes below both texts' largest are compared: so far both are whole. The fewer there are the less is believed.
    """
    one, two = (memoryview(each.minima).cast("I").tolist() for each in (mine, other))
    bound = min(each[-1] if len(each) == MINIMA else _LARGEST for each in (one, two))
    within = bisect_right(one, bound), bisect_right(two, bound)
    shared = len(set(one[: within[0]]).intersection(two[: within[1]]))
    return (
        max(shared / min(within) - STANDARD_ERRORS / math.sqrt(min(within)), 0.0) if shared >= SHARED_FACTS_MIN else 0.0
    )


def states_the_same(mine: Sketch, other: Sketch, contained: float) -> bool:
    """Tell whether figures and names changed no more than the words around them did.

    In an edited copy any word may have changed; in another report of the same template it is the figures and names.
    """
    told = [memoryview(each.facts).cast("H").tolist() for each in (mine, other)]
    bound = min(each[-1] if len(each) == FACTS else _LARGEST for each in told)
    smaller, larger = sorted(([fact for fact in each if fact <= bound] for each in told), key=len)
    kept = len(set(smaller).intersection(larger))
    lost = len(smaller) - kept
    changed = min(max(1 - contained ** (1 / PAIR), CHANGED_SHARE_MIN), 1 - CHANCE_SHARE)
    # The odds of another report against a copy, given what was kept and lost.
    odds = lost * math.log((1 - CHANCE_SHARE) / changed) + kept * math.log(CHANCE_SHARE / (1 - changed))
    return odds < OTHER_REPORT_LOG_ODDS


def still_alike(mine: Sketch, other: Sketch, containment: float) -> bool:
    """Tell whether two texts of which one was linked to the other, by so much containment, may stay so.

    Less is asked than of a new link, so that it does not depend on a word or two.
    """
    if mine.content and mine.content == other.content:
        return True
    share = contained(mine, other)
    return share >= containment * LASTING_SHARE and states_the_same(mine, other, share) and not holds_stub(mine, other)


def holds_stub(mine: Sketch, other: Sketch) -> bool:
    """Tell whether one text is too short, beside the other, for the other to be a copy because it holds it."""
    less, more = sorted((mine, other), key=size)
    is_stub = size(less) < STUB_PAIRS_MAX and len(less.facts) // FACT_BYTES < STUB_FACTS_MAX
    return is_stub and size(more) > size(less) * STUB_GROWTH_MAX


def size(made: Sketch) -> float:
    """Estimate how many different pairs of words a text has."""
    minima = memoryview(made.minima).cast("I")
    return MINIMA * _LARGEST / minima[-1] if len(minima) == MINIMA else len(minima)


def _smallest(hashes: NDArray[np.uint32], count: int) -> NDArray[np.uint32]:
    """Return so many of the smallest different hashes."""
    ordered = np.sort(hashes)
    some = ordered[: count + SPARE]
    different: NDArray[np.uint32] = some[:-1][some[1:] != some[:-1]]
    if len(different) < count:  # a short text, or one that says the same over and over
        different = ordered[np.diff(ordered, prepend=~ordered[:1]) != 0]
    return different[:count]


def _bytes(text: str) -> _Bytes:
    """Return a text as bytes, and the same in small letters without marks."""
    plain = _tables().plain
    text = text[:READ_CHARS_MAX]
    if text.isascii():
        raw = text.encode()
        return _Bytes(raw, raw.translate(plain))
    for mark in _MARKS:
        text = text.replace(mark, " ")
    text = _UNSPACED.sub(r"\g<0> ", text)
    raw, small = (form.encode("utf-8", "surrogatepass") for form in (text, text.lower()))
    # Where a small letter takes more room than its capital, names are not told.
    return _Bytes(raw if len(raw) == len(small) else small, small.translate(plain))


def _words(
    batch: Sequence[_Bytes],
) -> tuple[NDArray[np.uint64], NDArray[np.bool_], NDArray[np.bool_], list[int]]:
    """Return the hash of every word, which are figures, which names, and where each text's words begin and end.

    A name is a capital inside a sentence.
    """
    tables = _tables()
    # Spaces around each text, so that no look to either side leaves it.
    given = np.frombuffer(b"".join([b"  " + each.raw for each in batch]) + b"  ", dtype=np.uint8)
    plain = np.frombuffer(b"".join([b"  " + each.plain for each in batch]) + b"  ", dtype=np.uint8)
    gaps = plain == _SPACE
    edges = np.flatnonzero(gaps[1:] != gaps[:-1])
    before, stops = edges[::2], edges[1::2]
    starts = before + 1
    # The sum of a word's bytes, each times a power of its place, shifted to the place of the text's first byte.
    sums = (plain * tables.powers[: len(plain)]).cumsum()
    words = _mixed((sums.take(stops) - sums.take(before)) * tables.inverses.take(starts))
    first, first_plain = given.take(starts), plain.take(starts)
    is_capital = first != first_plain
    if not all(each.raw.isascii() for each in batch):  # beyond ASCII a letter's case may show in its second byte
        is_capital |= (first > LAST_ASCII) & (given.take(starts + 1) != plain.take(starts + 1))
    is_name = is_capital & (given.take(before) == _SPACE) & tables.within_sentence.take(given.take(starts - 2))
    is_figure = (first_plain >= _ZERO) & (first_plain <= _NINE)
    sizes = [len(each.raw) + 2 for each in batch]
    bounds: list[int] = np.searchsorted(starts, np.cumsum([0, *sizes])).tolist()
    return words, is_figure, is_name, bounds


def _content(words: NDArray[np.uint64], title: str | None, text: str | None) -> bytes:
    """Hash all words in order. A text too short to say much by itself ("Read more") counts together with its title."""
    digest = blake2b(words.tobytes(), digest_size=8)
    if len(words) < LONE_TEXT_WORDS_MIN:
        titled, _, _, _ = _words([_bytes(title or "")])
        if len(words) + len(titled) < OWN_WORDS_MIN:
            return b""
        digest.update(b"|" + titled.tobytes())
    if text is not None and len(text) > READ_CHARS_MAX:
        digest.update(text[READ_CHARS_MAX:].encode("utf-8", "surrogatepass"))
    return digest.digest()


def _shortened(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    short: NDArray[np.uint32] = (hashes >> _HALF).astype(np.uint32)
    return short


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread what tells hashes apart over all their bits."""
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    return hashes ^ (hashes >> _HALF)


_NO_HASHES = np.empty(0, dtype=np.uint32)


class _Tables(NamedTuple):
    plain: bytes
    within_sentence: NDArray[np.bool_]
    powers: NDArray[np.uint64]
    inverses: NDArray[np.uint64]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Return what bytes become (small letters, and spaces for marks), which may stand before a name, and powers."""
    plain = bytes(
        ord(chr(byte).lower()) if chr(byte).isalnum() else _SPACE if byte <= LAST_ASCII else byte for byte in range(256)
    )
    within = np.array([byte > LAST_ASCII or chr(byte).islower() or chr(byte) in ",;" for byte in range(256)])
    return _Tables(plain, within, _powers(_BASE), _powers(pow(_BASE, -1, 1 << 64)))


def _powers(base: int) -> NDArray[np.uint64]:
    powers = np.ones(BATCH_TEXT_BYTES_MAX, dtype=np.uint64)
    size = 1
    while size < BATCH_TEXT_BYTES_MAX:  # the second half is the first half times the power between them
        powers[size : 2 * size] = powers[:size] * np.uint64(pow(base, size, 1 << 64))
        size *= 2
    return powers
