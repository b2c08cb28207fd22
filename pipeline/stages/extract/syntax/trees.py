"""Hold a parsed sentence: its words with tags, and what each hangs on."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import overload

_NUMBERS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion "
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth hundredth thousandth".split()
)


class Token:
    """Hold a word, where it begins in its sentence (``idx``), its tag, and the word it hangs on, itself for none.

    ``children`` is what hangs on it, in the order of the sentence: ``lefts`` and ``rights``.
    """

    __slots__ = ("_subtree", "children", "dep_", "doc", "head", "i", "idx", "lefts", "lower_", "rights", "tag_", "text")

    def __init__(self, doc: Doc, i: int, idx: int, text: str, tag: str, dep: str) -> None:
        self.doc, self.i, self.idx, self.text = doc, i, idx, text
        self.lower_ = text.lower()
        self.tag_, self.dep_ = tag, dep
        self.head = self
        self.lefts: tuple[Token, ...] = ()
        self.rights: tuple[Token, ...] = ()
        self.children: tuple[Token, ...] = ()
        self._subtree: tuple[Token, ...] = ()

    def __len__(self) -> int:
        return len(self.text)

    def __repr__(self) -> str:
        return self.text

    @property
    def subtree(self) -> tuple[Token, ...]:
        """Return this word and all that hangs on it, directly or not: left ones first, each with its own."""
        if not self.children:
            return (self,)
        if not self._subtree:
            self._subtree = tuple(self._ordered())
        return self._subtree

    def _ordered(self) -> list[Token]:
        found: list[Token] = []
        waiting: list[tuple[Token, bool]] = [(self, False)]
        while waiting:
            token, opened = waiting.pop()
            if opened or not token.children:
                found.append(token)
                continue
            waiting += [(child, False) for child in reversed(token.rights)]
            waiting.append((token, True))
            waiting += [(child, False) for child in reversed(token.lefts)]
        return found

    @property
    def ancestors(self) -> Iterator[Token]:
        """Yield what this word hangs on, what that hangs on, and so on."""
        token = self
        while token.head is not token:
            token = token.head
            yield token

    @property
    def left_edge(self) -> Token:
        """Return the first word of this one and all that hangs on it."""
        return self.subtree[0]

    def nbor(self, step: int = 1) -> Token:
        """Return the word so many places on. Raises ``IndexError`` beyond the sentence."""
        at = self.i + step
        if at < 0:
            raise IndexError(at)
        return self.doc[at]

    @property
    def is_punct(self) -> bool:
        """Tell whether all its characters are punctuation."""
        return _is_punct(self.text)

    @property
    def like_num(self) -> bool:
        """Tell whether it is a number, in figures or words."""
        return _is_number(self.lower_)


@lru_cache(maxsize=20_000)
def _is_punct(text: str) -> bool:
    return all(unicodedata.category(char).startswith("P") for char in text)


@lru_cache(maxsize=20_000)
def _is_number(lower: str) -> bool:
    plain = lower.lstrip("+-±~").replace(",", "").replace(".", "")
    if plain.isdigit() or lower in _NUMBERS:
        return True
    over, slash, under = plain.partition("/")
    if slash:
        return over.isdigit() and under.isdigit()
    return plain.endswith(("st", "nd", "rd", "th")) and plain[:-2].isdigit()


_place = attrgetter("i")


class Doc:
    """Hold the words of one sentence as a tree.

    ``words`` are pairs of text and offset, ``heads`` indices (their own for a root).
    """

    def __init__(
        self,
        text: str,
        words: Sequence[tuple[str, int]],
        tags: Sequence[str],
        heads: Sequence[int],
        deps: Sequence[str],
    ) -> None:
        self.text = text
        self._tokens = [
            Token(self, at, idx, word, tag, dep)
            for at, ((word, idx), tag, dep) in enumerate(zip(words, tags, deps, strict=True))
        ]
        below: dict[int, list[Token]] = {}
        for token, head in zip(self._tokens, heads, strict=True):
            if head != token.i:
                token.head = self._tokens[head]
                below.setdefault(head, []).append(token)
        for head, children in below.items():
            token = self._tokens[head]
            split = bisect_left(children, head, key=_place)
            token.children = tuple(children)
            token.lefts, token.rights = token.children[:split], token.children[split:]

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens)

    @overload
    def __getitem__(self, at: int) -> Token: ...
    @overload
    def __getitem__(self, at: slice) -> list[Token]: ...
    def __getitem__(self, at: int | slice) -> Token | list[Token]:
        return self._tokens[at]
