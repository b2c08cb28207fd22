"""Describe words of a sentence to the tagger: each by itself, with its neighbours, and in its article.

Features come in groups, each of which looks at few things: what weights a group adds is worth remembering.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import compress, pairwise
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline.stages.extract.names.atlas import spots
from pipeline.stages.extract.remembered import Remembered

if TYPE_CHECKING:
    from pipeline.stages.extract.names.tagger import Lists, Model

_LARGE = 200_000


@lru_cache(maxsize=50_000)
def is_candidate(word: str) -> bool:
    """Tell whether a name may begin with this word."""
    if word.isalpha() and word == word.lower():  # as most are
        return False
    head = word[0]
    return head.isupper() or head.isdigit() or (len(word) > 1 and head.isalpha() and not word.islower())


def candidates(words: Sequence[str]) -> list[int]:
    """Return the places in a sentence where a name may begin."""
    return list(compress(range(len(words)), map(is_candidate, words)))


class Context(msgspec.Struct, frozen=True):
    """Hold what the whole article tells about a word: those written small in it, those with a capital mid-sentence."""

    small: frozenset[str]
    capital: frozenset[str]


def context_of(sentences: Iterable[Sequence[str]]) -> Context:
    """Return which words the article writes small, and which with a capital within a sentence."""
    small: set[str] = set()
    capital: set[str] = set()
    for words in sentences:
        small.update(filter(str.islower, words))
        capital.update(word.lower() for before, word in pairwise(words) if word[0].isupper() and before.islower())
    return Context(frozenset(small), frozenset(capital))


class Look(NamedTuple):
    """Hold what a word is by itself.

    ``known``: whether it is a first name, a last name, mostly written small; ``used``: how it is mostly written;
    ``place``: what place it may be; ``sort``: shape, known and used in one.
    """

    word: str
    lower: str
    shape: str
    known: str
    used: str
    place: str
    sort: str


# What stands before the first word of a sentence and after the last.
BEGIN = Look("<", "<", "<", "000", "<", "", "<")
END = Look(">", ">", ">", "000", ">", "", ">")


class Vocabulary(Remembered[Look]):
    """Look words up in the lists of a model, and remember what they are."""

    def __init__(self, model: Model, lists: Lists) -> None:
        super().__init__(self._look)
        self._model = model
        self._usage = lists.usage
        self.bodies = lists.bodies

    def _look(self, word: str) -> Look:
        lower, model = word.lower(), self._model
        known = _FLAGS[4 * (lower in model.first) + 2 * (lower in model.last) + (lower in model.common)]
        if word == lower and word.isalpha():  # as most are
            used = self._usage.get(lower, "n")
            return Look(word, lower, "x", known, used, "", "x" + known + used)
        used, shape = self._usage.get(lower, "n") if word[0].isalpha() else "", _shape(word)
        return Look(word, lower, shape, known, used, _place(word), shape + known + used)


_FLAGS = tuple(f"{number:03b}" for number in range(8))


class Row(NamedTuple):
    """Hold a sentence as features look at it: only the words around a name are looked up.

    ``names``: where a name may begin; ``begins``, ``ends``: where the capitals around a word begin and end.
    """

    words: Sequence[str]
    vocabulary: Vocabulary
    kinds: Sequence[str]
    names: Sequence[int]
    begins: Sequence[int]
    ends: Sequence[int]

    def look(self, at: int) -> Look:
        """Return what the word at a place is; there is one before the first and one after the last."""
        if at < 0:
            return BEGIN
        return self.vocabulary[self.words[at]] if at < len(self.words) else END


def row_of(words: Sequence[str], kinds: Sequence[str], vocabulary: Vocabulary) -> Row:
    """Return a sentence ready for features; the time is linear in its length."""
    names, size = candidates(words), len(words)
    begins, ends = list(range(size)), list(range(size))
    for at in names:
        if at + 1 < size:
            begins[at + 1] = begins[at]
    for at in reversed(names):
        if at:
            ends[at - 1] = ends[at]
    return Row(words, vocabulary, _with_bodies(words, kinds, vocabulary.bodies), names, begins, ends)


def _with_bodies(
    words: Sequence[str], kinds: Sequence[str], bodies: Mapping[str, Sequence[tuple[str, ...]]]
) -> list[str]:
    """Return the kinds with well-known bodies where the gazetteer has nothing."""
    found = list(kinds)
    done = 0
    for at in [at for at, word in enumerate(words) if word in bodies]:
        if at < done:
            continue
        following = words[at + 1] if at + 1 < len(words) else ""
        for name in bodies[words[at]]:
            size = len(name)
            if size == 1 or (name[1] == following and tuple(words[at : at + size]) == name):
                for number in range(size):
                    if not found[at + number]:
                        found[at + number] = "b+" if number else "bm" if size > 1 else "b"
                done = at + size
                break
    return found


def seen(look: Look, first: bool, context: Context) -> str:
    """Return how the article writes a word, and whether it is the first of its sentence."""
    lower = look.lower
    return _FLAGS[4 * (lower in context.small) + 2 * (lower in context.capital) + first]


def alone(look: Look, kind: str, written: str) -> tuple[list[str], list[str]]:
    """Return the features of a word with what the gazetteer and the article say of it.

    The second list, here and below, are those that go with the tag before the word.
    """
    lower, shape, known, used, place = look.lower, look.shape, look.known, look.used, look.place
    return [
        "b",
        "w" + lower,
        "s" + shape + known,
        "3" + lower[-3:],
        "2" + lower[-2:] + shape,
        "p" + lower[:4],
        "k" + kind,
        "c" + written + known[2],
        "F" + used,
        "Fs" + used + written,
        "Fk" + used + shape + known,
        "a" + place + kind,
        "af" + place + known + used,
    ], [
        "t",
        "tw" + lower,
        "tk" + known + shape,
        "kt" + kind + shape,
        "cs" + written + shape,
        "Ft" + used + shape,
    ]  # fmt: skip


def beside_left(left: Look) -> tuple[list[str], list[str]]:
    """Return the features of the word before."""
    return ["l" + left.lower], ["tl" + left.lower]


def beside_right(right: Look) -> tuple[list[str], list[str]]:
    """Return the features of the word after."""
    return ["r" + right.lower], ["tr" + right.lower]


def sorts_left(left: Look, left_kind: str, look: Look, kind: str) -> tuple[list[str], list[str]]:
    """Return the features of the sorts of a word and of the one before."""
    return [
        "kl" + left_kind + kind,
        "Fl" + left.used + look.used + left.shape,
    ], ["g" + left.known[:2] + look.known]  # fmt: skip


def sorts_right(look: Look, kind: str, right: Look, right_kind: str) -> tuple[list[str], list[str]]:
    """Return the features of the sorts of a word and of the one after."""
    return [
        "kr" + kind + right_kind,
        "f" + look.known + right.known[:2],
        "Fr" + look.used + right.used + right.shape,
    ], []  # fmt: skip


def around(row: Row, at: int, left: Look, look: Look, right: Look) -> list[str]:
    """Return the features of a word's neighbours by their letters, and of the capitals around it."""
    begin, end = row.begins[at], row.ends[at]
    lower, before, after = look.lower, left.lower, right.lower
    return [
        "L" + (row.words[at - 2].lower() if at > 1 else "<") + "_" + before,
        "R" + after + "_" + (row.words[at + 2].lower() if at + 2 < len(row.words) else ">"),
        "lw" + before + "_" + lower,
        "wr" + lower + "_" + after,
        "S" + left.shape + look.shape + right.shape,
        _RUNS[min(at - begin, 3)][min(end - at, 3)],
        "ul" + row.words[end].lower(),
        "ur" + (row.words[end + 1].lower() if end + 1 < len(row.words) else ">"),
    ]  # fmt: skip


_RUNS = tuple(tuple(f"u{before}{after}" for after in range(4)) for before in range(4))


def features(row: Row, at: int, context: Context) -> tuple[list[str], list[str]]:
    """Return all features of word ``at`` of a sentence, and those that go with the tag before it."""
    look, kind = row.look(at), row.kinds[at]
    left, left_kind = row.look(at - 1), row.kinds[at - 1] if at else BEGIN.lower
    right, right_kind = row.look(at + 1), row.kinds[at + 1] if at + 1 < len(row.kinds) else END.lower
    groups: tuple[tuple[list[str], list[str]], ...] = (
        alone(look, kind, seen(look, not at, context)),
        beside_left(left),
        beside_right(right),
        sorts_left(left, left_kind, look, kind),
        sorts_right(look, kind, right, right_kind),
        (around(row, at, left, look, right), []),
    )
    return [f for single, _ in groups for f in single], [f for _, tagged in groups for f in tagged]


def _place(word: str) -> str:
    """Return whether a word alone is a region, a large city or a smaller one somewhere."""
    found = spots(word) if len(word) > 3 and word[0].isupper() else ()
    if not found:
        return ""
    return "r" if found[0].kind == "region" else "c" if found[0].people > _LARGE else "s"


def _shape(word: str) -> str:
    if word.islower():
        return "x"
    if word.isalpha():
        if word.isupper():
            return "X" if len(word) == 1 else "XX" if len(word) < 5 else "XXX"
        return "Xx" if word[0].isupper() and word[1:].islower() else "xX"
    if word.isdigit():
        return "dddd" if len(word) == 4 else "d"
    if len(word) == 1:
        return word
    return "X." if "." in word else "Xd"
