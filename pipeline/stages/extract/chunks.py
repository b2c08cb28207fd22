"""Split text into words, in the two ways that it is read: what stands between white space has mostly come before."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from pipeline.stages.extract.remembered import Remembered

_TOKEN = re.compile(r"[^\W\d_]\.[^\W\d_]\.(?:[^\W\d_]\.)*|[^\W_]+(?:['’](?![sS]\b)[^\W_]+)*|['’][sS]\b|[^\w\s]|_")
WORD = re.compile(r"[^\W_]+")


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """Hold what stands between white space: ``tokens``, words and marks, and ``words``, letters and digits alone.

    A possessive 's is a token, a dotted acronym is one.
    """

    tokens: tuple[str, ...]
    words: tuple[str, ...]


def _chunk(written: str) -> Chunk:
    if written.isalnum():  # as most are
        return Chunk((written,), (written,))
    return Chunk(tuple(_TOKEN.findall(written)), tuple(WORD.findall(written)))


_CHUNKS = Remembered(_chunk)


def split_tokens(text: str) -> list[str]:
    """Return the words and marks of a text, in order."""
    return [token for written in text.split() for token in _CHUNKS[written].tokens]


@lru_cache(maxsize=2)  # what reads for dates and for quotations each asks for those of the article at hand
def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text without marks, in order: what ``WORD`` finds."""
    return tuple([word for written in text.split() for word in _CHUNKS[written].words])
