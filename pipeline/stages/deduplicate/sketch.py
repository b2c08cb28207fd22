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
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.stages.deduplicate.word_hashes import (
    READ_CHARS_MAX,
    TextBytes,
    Words,
    followed,
    shortened,
    text_bytes,
    words_of,
)

SKETCH_VERSION = 3
PAIR = 2
KEYS = 20
MINIMA = 96
HASH_BYTES = 4
FACTS = 24
# Fewer pairs than this tell no text from another.
PAIRS_MIN = 5
# A text of fewer words counts together with its title; of fewer than the other with it, it says nothing of its own.
LONE_TEXT_WORDS_MIN = 20
OWN_WORDS_MIN = 4
# How often a figure or name of another report turns up in this one by chance.
CHANCE_SHARE = 0.25
# How much more likely another report must be than a copy before it is believed.
OTHER_REPORT_LOG_ODDS = math.log(10)
# Even of words that seem untouched, so many may have changed.
CHANGED_SHARE_MIN = 0.02
SHARED_FACTS_MIN = 3
# In a report this short, of which only figures and names differ, so large a part of the changed words are they.
SHORT_PAIRS_MAX = 60
CHANGED_FACTS_MIN = 2
CHANGED_FACTS_SHARE = 0.6
# A text of so few pairs of words, without a name or figure, says more follows; what has grown far beyond it is more.
STUB_PAIRS_MAX = 60
STUB_FACTS_MAX = 1
FACT_BYTES = 2
STUB_GROWTH_MAX = 2.0
# A link ends when so little is left of the containment that made it.
LASTING_SHARE = 0.75
# Half a standard error of a share.
STANDARD_ERRORS = 0.25
# Arrays of this many bytes stay in the processor's cache; a text may come on top.
BATCH_BYTES = 1 << 17
_LARGEST = 1 << 32
_FACT_SHIFT = np.uint64(49)
_FACT_BITS = 16


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
    batch: list[TextBytes] = []
    size = 0
    for _, text in texts:
        batch.append(text_bytes(text or ""))
        size += len(batch[-1].raw)
        if size > BATCH_BYTES:
            made += _sketched(batch, texts[len(made) : len(made) + len(batch)])
            batch, size = [], 0
    return made + _sketched(batch, texts[len(made) :]) if batch else made


def _sketched(batch: Sequence[TextBytes], texts: Sequence[tuple[str | None, str | None]]) -> list[Sketch]:
    words = words_of(batch)
    firsts, lasts = words.bounds[:-1], words.bounds[1:]
    pairs = followed(words.hashes[:-1], words.hashes[1:])
    minima = _smallest(shortened(pairs), firsts, lasts - 1, MINIMA)
    keys = _smallest(shortened(followed(pairs[:-1], words.hashes[2:])), firsts, lasts - 2, KEYS)
    facts = _facts(words, pairs)
    made = []
    bounds = words.bounds.tolist()
    for n, (title, text) in enumerate(texts):
        content = _content(words.hashes[bounds[n] : bounds[n + 1]], title, text)
        if bounds[n + 1] - bounds[n] > PAIRS_MIN + 1 and len(minima[n]) >= PAIRS_MIN * HASH_BYTES:
            made.append(Sketch(content, keys[n], minima[n], facts[n]))
        else:
            made.append(Sketch(content))
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
    if lost >= CHANGED_FACTS_MIN and lost >= CHANGED_FACTS_SHARE * _changed_words(mine, other, contained):
        return False
    changed = min(max(1 - contained ** (1 / PAIR), CHANGED_SHARE_MIN), 1 - CHANCE_SHARE)
    # The odds of another report against a copy, given what was kept and lost.
    odds = lost * math.log((1 - CHANCE_SHARE) / changed) + kept * math.log(CHANCE_SHARE / (1 - changed))
    return odds < OTHER_REPORT_LOG_ODDS


def _changed_words(mine: Sketch, other: Sketch, contained: float) -> float:
    """Estimate how many words of a short text changed: each is in two pairs. Of a longer one it tells nothing."""
    pairs = min(size(mine), size(other))
    if pairs > SHORT_PAIRS_MAX:
        return math.inf
    share = contained + STANDARD_ERRORS / math.sqrt(pairs)
    return pairs * (1 - min(share, 1.0)) / PAIR


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


def is_stub(made: Sketch) -> bool:
    """Tell whether a text is so short, and without a name or figure, that it says nothing without its title."""
    return size(made) < LONE_TEXT_WORDS_MIN and not made.facts


def size(made: Sketch) -> float:
    """Estimate how many different pairs of words a text has."""
    minima = memoryview(made.minima).cast("I")
    return MINIMA * _LARGEST / minima[-1] if len(minima) == MINIMA else len(minima)


def _smallest(hashes: NDArray[np.uint32], firsts: NDArray[np.intp], ends: NDArray[np.intp], count: int) -> list[bytes]:
    """Return so many of the smallest different hashes from each of ``firsts`` up to its end. They are sorted there."""
    ends = np.maximum(firsts, ends)
    for first, end in zip(firsts.tolist(), ends.tolist(), strict=True):
        hashes[first:end].sort()
    is_new = np.ones(len(hashes), np.bool_)
    np.not_equal(hashes[1:], hashes[:-1], out=is_new[1:])
    is_new[firsts[firsts < len(hashes)]] = True
    return _cut(hashes, np.flatnonzero(is_new), firsts, ends, count)


def _facts(words: Words, pairs: NDArray[np.uint64]) -> list[bytes]:
    """Return some of the figures and names of each text. A figure means little alone: the next word goes with it."""
    lasts = words.bounds[1:]
    of_figures = np.searchsorted(lasts, words.figures, "right")
    is_followed = words.figures + 1 < lasts.take(of_figures)
    of = np.concatenate([of_figures[is_followed], np.searchsorted(lasts, words.names, "right")])
    told = np.concatenate([pairs.take(words.figures[is_followed]), words.hashes.take(words.names)]) >> _FACT_SHIFT
    ordered = (of << _FACT_BITS) | told.astype(np.intp)
    ordered.sort()
    is_new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    firsts = np.searchsorted(ordered, np.arange(len(words.bounds)) << _FACT_BITS)
    return _cut(ordered.astype(np.uint16), np.flatnonzero(is_new), firsts[:-1], firsts[1:], FACTS)


def _cut(
    values: NDArray[np.unsignedinteger],
    places: NDArray[np.intp],
    firsts: NDArray[np.intp],
    ends: NDArray[np.intp],
    count: int,
) -> list[bytes]:
    """Return the bytes of the first so many of the values at some places, from each of ``firsts`` up to its end."""
    starts = np.searchsorted(places, firsts)
    stops = np.minimum(np.searchsorted(places, ends), starts + count)
    chosen, width = values.take(places).tobytes(), values.itemsize
    return [chosen[a:b] for a, b in zip((starts * width).tolist(), (stops * width).tolist(), strict=True)]


def _content(words: NDArray[np.uint64], title: str | None, text: str | None) -> bytes:
    """Hash all words in order. A text too short to say much by itself ("Read more") counts together with its title."""
    digest = blake2b(words.data, digest_size=8)
    if len(words) < LONE_TEXT_WORDS_MIN:
        titled = words_of([text_bytes(title or "")]).hashes
        if len(words) + len(titled) < OWN_WORDS_MIN:
            return b""
        digest.update(b"|" + titled.tobytes())
    if text is not None and len(text) > READ_CHARS_MAX:
        digest.update(text[READ_CHARS_MAX:].encode("utf-8", "surrogatepass"))
    return digest.digest()
