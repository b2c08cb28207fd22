"""Hash the words of many texts at once, by array operations over their UTF-8 bytes.

The hashes are the same on every machine, and blind to case, punctuation and layout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.language.scripts import BY_CHARACTER, IDEOGRAPHIC_MARKS

# Characters beyond this change nothing that matters and would cost without bound.
READ_CHARS_MAX = 60_000
BATCH_TEXT_BYTES_MAX = 1 << 19
LAST_ASCII = 127
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_SPACE, _ZERO, _GAP = b" 0\0"
_TEN = 10
# Typographic marks that stand between words; those of ASCII are dealt with byte by byte.
_MARKS = (
    "‘’“”„«»–—…•·£€©®°\u00a0\u00a1\u00bf\u2009\u202f\u3000\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
    "\u060c\u061b\u061f\u06d4\u0964"
)
# Each of these characters stands for itself.
_UNSPACED = re.compile(f"[{BY_CHARACTER}{IDEOGRAPHIC_MARKS}]")


class TextBytes(NamedTuple):
    """Hold a text as UTF-8 bytes, and the same in small letters with zeros for what stands between words."""

    raw: bytes
    plain: bytes


class Words(NamedTuple):
    """Hold the hash of every word of some texts, in order, and the places among them of what tells reports apart.

    ``figures`` and ``names`` are places of words; a name is a capital inside a sentence. Text ``n`` has the words from
    ``bounds[n]`` up to ``bounds[n + 1]``.
    """

    hashes: NDArray[np.uint64]
    figures: NDArray[np.intp]
    names: NDArray[np.intp]
    bounds: NDArray[np.intp]


def text_bytes(text: str) -> TextBytes:
    """Return the bytes of a text that ``words_of`` reads."""
    plain = _tables().plain
    text = text[:READ_CHARS_MAX]
    if text.isascii():
        raw = text.encode()
        return TextBytes(raw, raw.translate(plain))
    for mark in _MARKS:
        text = text.replace(mark, " ")
    text = _UNSPACED.sub(r"\g<0> ", text)
    raw, small = (form.encode("utf-8", "surrogatepass") for form in (text, text.lower()))
    # Where a small letter takes more room than its capital, names are not told.
    return TextBytes(raw if len(raw) == len(small) else small, small.translate(plain))


def words_of(batch: Sequence[TextBytes]) -> Words:
    """Hash the words of texts of at most ``BATCH_TEXT_BYTES_MAX`` bytes together."""
    tables = _tables()
    # Spaces around each text, so that no look to either side leaves it.
    raws, plains = zip(*batch, strict=True)
    given, plain = (
        np.frombuffer(gap.join([b"", *texts, b""]), np.uint8) for gap, texts in ((b"  ", raws), (b"\0\0", plains))
    )
    within = plain.astype(np.bool_)
    before = np.flatnonzero(within[1:] > within[:-1])
    starts = before + 1
    # The sum of a word's bytes, each times a power of its place, shifted to the place of the text's first byte. What
    # stands between words adds nothing.
    places = plain.astype(np.uint64)
    places *= tables.powers[: len(plain)]
    hashes = np.add.reduceat(places, starts) if len(starts) else places[:0]
    hashes *= tables.inverses.take(starts)
    first, first_plain = given.take(starts), plain.take(starts)
    is_capital = first != first_plain
    if not all(each.raw.isascii() for each in batch):  # beyond ASCII a letter's case may show in its second byte
        is_capital |= (first > LAST_ASCII) & (given.take(starts + 1) != plain.take(starts + 1))
    names = np.flatnonzero(is_capital)
    at = before.take(names)
    names = names[(given.take(at) == _SPACE) & tables.within_sentence.take(given.take(at - 1))]
    first_plain -= np.uint8(_ZERO)  # what is no digit is ten or more then
    ends = np.cumsum([0, *(len(each.raw) + 2 for each in batch)])
    return Words(mixed(hashes), np.flatnonzero(first_plain < _TEN), names, np.searchsorted(starts, ends))


def mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread what tells hashes apart over all their bits, in place."""
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    hashes ^= hashes >> _HALF
    return hashes


def followed(hashes: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hash of each of some words or pairs together with the word that follows it."""
    together = hashes * _MIX
    together += words
    return mixed(together)


def shortened(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the better half of each hash."""
    short: NDArray[np.uint32] = (hashes >> _HALF).astype(np.uint32)
    return short


class _Tables(NamedTuple):
    plain: bytes
    within_sentence: NDArray[np.bool_]
    powers: NDArray[np.uint64]
    inverses: NDArray[np.uint64]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Return what bytes become (small letters, and zeros for marks), which may stand before a name, and powers."""
    plain = bytes(
        ord(chr(byte).lower()) if chr(byte).isalnum() else _GAP if byte <= LAST_ASCII else byte for byte in range(256)
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
