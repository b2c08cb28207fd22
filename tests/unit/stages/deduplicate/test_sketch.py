"""A sketch by array operations is what reading a text word by word gives."""

from __future__ import annotations

import re
from array import array
from hashlib import blake2b
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.deduplicate.sketch import (
    FACTS,
    KEYS,
    LONE_TEXT_WORDS_MIN,
    MINIMA,
    OWN_WORDS_MIN,
    PAIRS_MIN,
    Sketch,
    sketches,
)

BASE, MIX, MASK = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, (1 << 64) - 1
PIECES = st.sampled_from([*"the a of Kyiv said 12 1,800 U.S. don't NATO, x. Z; -- 7".split(), "\n"])
TEXTS = st.none() | st.lists(PIECES, max_size=400).map(" ".join) | st.text("aB 1.\n", max_size=200)


@given(st.lists(st.tuples(st.none() | st.just("A Title of Five Words"), TEXTS), max_size=40))
def test_texts_together_are_sketched_as_word_by_word(texts: list[tuple[str | None, str | None]]) -> None:
    assert [_word_by_word(title, text) for title, text in texts] == sketches(texts)


def _word_by_word(title: str | None, text: str | None) -> Sketch:
    given_text = text or ""
    found = [(match, _hash(match.group().lower())) for match in _words(given_text)]
    hashes = [hashed for _, hashed in found]
    content = blake2b(array("Q", hashes).tobytes(), digest_size=8)
    if len(hashes) < LONE_TEXT_WORDS_MIN:
        titled = [_hash(match.group().lower()) for match in _words(title or "")]
        if len(hashes) + len(titled) < OWN_WORDS_MIN:
            content_bytes = b""
        else:
            content.update(b"|" + array("Q", titled).tobytes())
            content_bytes = content.digest()
    else:
        content_bytes = content.digest()
    pairs = [_mixed(one * MIX + other) for one, other in pairwise(hashes)]
    triples = [_mixed(pair * MIX + word) for pair, word in zip(pairs, hashes[2:], strict=False)]
    minima = sorted({pair >> 32 for pair in pairs})[:MINIMA]
    if len(hashes) <= PAIRS_MIN + 1 or len(minima) < PAIRS_MIN:
        return Sketch(content_bytes)
    keys = sorted({triple >> 32 for triple in triples})[:KEYS]
    figures = [pair for (match, _), pair in zip(found, pairs, strict=False) if match.group()[0].isdigit()]
    names = [hashed for match, hashed in found if _is_name(match)]
    facts = sorted({each >> 49 for each in (*figures, *names)})[:FACTS]
    return Sketch(content_bytes, *(array(*each).tobytes() for each in (("I", keys), ("I", minima), ("H", facts))))


def _words(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"[^\W_]+", text))


def _is_name(match: re.Match[str]) -> bool:
    before = f"  {match.string}"[match.start() : match.start() + 2]
    return match.group()[0].isupper() and before[1] == " " and (before[0].islower() or before[0] in ",;")


def _hash(word: str) -> int:
    return _mixed(sum(byte * pow(BASE, place, 1 << 64) for place, byte in enumerate(word.encode())))


def _mixed(hashed: int) -> int:
    hashed &= MASK
    hashed = ((hashed ^ (hashed >> 32)) * MIX) & MASK
    return hashed ^ (hashed >> 32)
