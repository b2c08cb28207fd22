"""What a revision changed, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

import msgspec

# Longer texts are compared line by line first: words of a whole book would take minutes.
MOST_WORDS = 3_000
_PIECES = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


class Piece(msgspec.Struct, frozen=True):
    """Hold a piece of text that stayed, was added or was removed."""

    kind: Literal["same", "added", "removed"]
    text: str


def word_changes(before: str, after: str) -> list[Piece]:
    """Return the pieces of two texts in order; joined without what was added they are the first, and so on."""
    one, other = _PIECES.findall(before), _PIECES.findall(after)
    if max(len(one), len(other)) > MOST_WORDS:
        one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found: list[Piece] = []

    def add(kind: Literal["same", "added", "removed"], text: str) -> None:
        if text:
            found.append(Piece(kind, text))

    for tag, a, b, c, d in SequenceMatcher(None, one, other).get_opcodes():
        if tag == "equal":
            add("same", "".join(one[a:b]))
            continue
        add("removed", "".join(one[a:b]))
        add("added", "".join(other[c:d]))
    return found
