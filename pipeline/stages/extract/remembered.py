"""Remember what is found in words: most of those of an article have come before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
REMEMBERED = 16_000
# Longer than words are: addresses, and what is no text.
LONGEST_CHARS = 40


class Remembered(dict[str, Found]):
    """Hold what a function finds in a word; all are forgotten when there are too many, so that memory is bounded."""

    def __init__(self, find: Callable[[str], Found]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> Found:
        found = self._find(word)
        if len(word) <= LONGEST_CHARS:
            if len(self) >= REMEMBERED:
                self.clear()
            self[word] = found
        return found
