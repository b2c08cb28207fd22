"""Tag names with a small model of our own: an averaged perceptron over words, neighbours, usage and the gazetteer.

Only words with a capital or a digit, and what may stand between two of them, are looked at: news writes its names so,
and most words need no thought. deploy/models/names.py trains the weights (data/NOTICE.md tells from what).
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.stages.extract.names.atlas import spots
from pipeline.stages.extract.names.gazetteer import Mention

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’](?![sS]\b)[^\W_]+)*|['’][sS]\b|[^\w\s]|_")
_CONNECTORS = frozenset(
    "of the and for de la le du di da del der den van von al el bin ibn in on to at a & - – ' ’ . , / 's ’s + !".split()
)


class Model(msgspec.Struct, frozen=True):
    """Hold the weights of each feature per tag in tenths, and the word lists the features look into.

    ``first``, ``last``: first and last names; ``common``: words mostly written small; ``usage``: two digits for each
    usual word, how rare it is (0 to 3) and how often it is written with a capital (0 hardly ever, 5 always), the words
    of a kind in one string; ``bodies``: well-known firms, papers, parties, offices and clubs as written.
    """

    version: str
    weights: dict[str, tuple[int, ...]]
    first: frozenset[str]
    last: frozenset[str]
    common: frozenset[str]
    usage: dict[str, str] = {}
    bodies: tuple[str, ...] = ()


class Lists(NamedTuple):
    """Hold the word lists of a model as they are looked into: usage by word, bodies by their first word."""

    usage: dict[str, str]
    bodies: dict[str, tuple[tuple[str, ...], ...]]


class Token(msgspec.Struct, frozen=True, gc=False):
    """Hold a token with its characters ``start`` to ``end`` of the text."""

    text: str
    start: int
    end: int


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Split a stretch of text into words and marks; a possessive 's is a token, a dotted acronym is one."""
    return [Token(m[0], *m.span()) for m in _TOKEN.finditer(text, start, len(text) if end is None else end)]


@lru_cache(maxsize=50_000)
def is_candidate(word: str) -> bool:
    """Tell whether a name may begin with this word."""
    head = word[0]
    return head.isupper() or head.isdigit() or (len(word) > 1 and head.isalpha() and not word.islower())


def may_go_on(word: str) -> bool:
    """Tell whether a name may go on with this word though it has no capital."""
    return word in _CONNECTORS


class Context(msgspec.Struct, frozen=True):
    """Hold what the whole article tells about a word: those written small in it, those with a capital mid-sentence."""

    small: frozenset[str]
    capital: frozenset[str]


class Row(NamedTuple):
    """Hold a sentence as features look at it; ``runs``: where the capitals around a word begin and end.

    ``usage`` is that of all words: few of a sentence are asked for.
    """

    words: Sequence[str]
    lowers: Sequence[str]
    kinds: Sequence[str]
    usage: Mapping[str, str]
    capital: Sequence[bool]
    runs: Sequence[tuple[int, int]]


def row_of(words: Sequence[str], kinds: Sequence[str], lists: Lists) -> Row:
    """Return a sentence ready for features; the time is linear in its length."""
    lowers = [word.lower() for word in words]
    capital = list(map(is_candidate, words))
    begins, ends = list(range(len(words))), list(range(len(words)))
    for at in range(1, len(words)):
        if capital[at - 1]:
            begins[at] = begins[at - 1]
    for at in range(len(words) - 2, -1, -1):
        if capital[at + 1]:
            ends[at] = ends[at + 1]
    runs = list(zip(begins, ends, strict=True))
    return Row(words, lowers, _with_bodies(words, kinds, lists), lists.usage, capital, runs)


def _used(row: Row, at: int) -> str:
    """Return how a word of a sentence is mostly used."""
    return row.usage.get(row.lowers[at], "n") if row.words[at][0].isalpha() else ""


def _with_bodies(words: Sequence[str], kinds: Sequence[str], lists: Lists) -> list[str]:
    """Return the kinds with well-known bodies where the gazetteer has nothing."""
    found = list(kinds)
    done = 0
    for at, names in enumerate(map(lists.bodies.get, words)):
        if names is None or at < done:
            continue
        name = next((name for name in names if tuple(words[at : at + len(name)]) == name), ())
        for number in range(len(name)):
            if not found[at + number]:
                found[at + number] = "b+" if number else "bm" if len(name) > 1 else "b"
        done = at + len(name)
    return found


def features(row: Row, at: int, model: Model, context: Context) -> tuple[list[str], list[str]]:
    """Return the features of word ``at`` of a sentence, and those that go with the tag before it."""
    words, lowers, kinds = row.words, row.lowers, row.kinds
    word, lower, size = words[at], lowers[at], len(words)
    left = lowers[at - 1] if at else "<"
    right = lowers[at + 1] if at + 1 < size else ">"
    left2 = lowers[at - 2] if at > 1 else "<"
    right2 = lowers[at + 2] if at + 2 < size else ">"
    shape = _shape(word)
    left_shape = _shape(words[at - 1]) if at else "<"
    right_shape = _shape(words[at + 1]) if at + 1 < size else ">"
    kind = kinds[at]
    known = f"{lower in model.first:d}{lower in model.last:d}{lower in model.common:d}"
    right_known = f"{right in model.first:d}{right in model.last:d}"
    left_known = f"{left in model.first:d}{left in model.last:d}"
    seen = f"{lower in context.small:d}{lower in context.capital:d}{not at:d}"
    used = _used(row, at)
    begin, end = row.runs[at]
    place = _place(word)
    return [
        "b",
        "w" + lower,
        "s" + shape + known,
        "3" + lower[-3:],
        "2" + lower[-2:] + shape,
        "p" + lower[:4],
        "l" + left,
        "r" + right,
        "L" + left2 + "_" + left,
        "R" + right + "_" + right2,
        "lw" + left + "_" + lower,
        "wr" + lower + "_" + right,
        "S" + left_shape + shape + right_shape,
        "k" + kind,
        "kr" + kind + (kinds[at + 1] if at + 1 < size else ">"),
        "kl" + (kinds[at - 1] if at else "<") + kind,
        "f" + known + right_known,
        "c" + seen + known[2],
        "F" + used,
        "Fs" + used + seen,
        "Fl" + (_used(row, at - 1) if at else "<") + used + left_shape,
        "Fr" + used + (_used(row, at + 1) if at + 1 < size else ">") + right_shape,
        "Fk" + used + shape + known,
        f"u{min(at - begin, 3)}{min(end - at, 3)}",
        "ul" + lowers[end],
        "ur" + (lowers[end + 1] if end + 1 < size else ">"),
        "a" + place + kind,
        "af" + place + known + used,
    ], [
        "t",
        "tw" + lower,
        "tk" + known + shape,
        "tl" + left,
        "tr" + right,
        "kt" + kind + shape,
        "g" + left_known + known,
        "cs" + seen + shape,
        "Ft" + used + shape,
    ]  # fmt: skip


@lru_cache(maxsize=8192)
def _place(word: str) -> str:
    """Return whether a word alone is a region, a large city or a smaller one somewhere."""
    found = spots(word) if len(word) > 3 and word[0].isupper() else ()
    if not found:
        return ""
    return "r" if found[0].kind == "region" else "c" if found[0].people > _LARGE else "s"


_LARGE = 200_000


def capitalised(words: Sequence[str], lists: Lists) -> list[str]:
    """Write the words of a text that does not care for capitals as others mostly write them: "delaware"."""
    return [
        word.title() if word.islower() and len(word) > 2 and lists.usage.get(word, "00")[1] >= "4" else word
        for word in words
    ]


@lru_cache(maxsize=8192)
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


def kinds_of(tokens: Sequence[Token], mentions: Iterable[Mention]) -> list[str]:
    """Return for each token the kind of gazetteer name it begins or continues, "" for none."""
    kinds = [""] * len(tokens)
    at = 0
    for mention in mentions:
        while at < len(tokens) and tokens[at].end <= mention.start:
            at += 1
        begins = True
        while at < len(tokens) and tokens[at].start < mention.end:
            kinds[at] = mention.kind if begins else mention.kind + "+"
            begins = False
            at += 1
    return kinds


_NOTHING = [0] * len(TAGS)


def tag(words: Sequence[str], kinds: Sequence[str], model: Model, lists: Lists, context: Context) -> list[str]:
    """Tag one sentence from left to right; linear in its length."""
    weights = model.weights
    row = row_of(words, kinds, lists)
    tags = []
    previous = before = "O"
    for at, word in enumerate(words):
        chosen = "O"
        if row.capital[at] or (previous != "O" and may_go_on(word)):
            alone, after = features(row, at, model, context)
            alone += [feature + previous for feature in after]
            alone.append("T" + before + previous)
            rows = [found for feature in alone if (found := weights.get(feature)) is not None]
            scores = list(map(sum, zip(*rows, strict=True))) or _NOTHING
            chosen = best(scores, previous)
        tags.append(chosen)
        before, previous = previous, chosen
    return tags


def best(scores: Sequence[float], previous: str) -> str:
    """Return the best tag that may follow ``previous``: a name only goes on as the type it began as."""
    chosen, top = "O", scores[0]
    for tag_, score in zip(TAGS, scores, strict=True):
        if score > top and (tag_[0] != "I" or previous[2:] == tag_[2:]):
            chosen, top = tag_, score
    return chosen


def context_of(sentences: Iterable[Sequence[str]]) -> Context:
    """Return which words the article writes small, and which with a capital within a sentence."""
    small: set[str] = set()
    capital: set[str] = set()
    for words in sentences:
        for at, word in enumerate(words):
            if word.islower():
                small.add(word)
            elif at and word[0].isupper() and words[at - 1].islower():
                capital.add(word.lower())
    return Context(frozenset(small), frozenset(capital))


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """Hold a model as it is shipped: ``features`` a line each, the place of each one's row of weights, and the rows.

    Rows that are equal stand there once, weights as two bytes and places as four, the lower one first.
    """

    version: str
    features: str
    places: bytes
    rows: bytes
    first: tuple[str, ...]
    last: tuple[str, ...]
    common: tuple[str, ...]
    usage: dict[str, str]
    bodies: tuple[str, ...]


def packed(model: Model) -> bytes:
    """Return a model in the form that is read in a tenth of a second."""
    rows = {row: place for place, row in enumerate(sorted(set(model.weights.values())))}
    places = [rows[row] for row in model.weights.values()]
    shipped = _Packed(
        version=model.version,
        features="\n".join(model.weights),
        places=np.array(places, dtype="<u4").tobytes(),
        rows=np.array(list(rows), dtype="<i2").tobytes(),
        first=tuple(sorted(model.first)),
        last=tuple(sorted(model.last)),
        common=tuple(sorted(model.common)),
        usage=model.usage,
        bodies=model.bodies,
    )
    return msgspec.msgpack.encode(shipped)


def unpacked(content: bytes) -> Model:
    """Return the model that ``packed`` wrote."""
    found = msgspec.msgpack.decode(content, type=_Packed)
    weights = np.frombuffer(found.rows, dtype="<i2")
    # Equal numbers share one object, and so do equal rows: that halves the memory of a worker.
    shared: dict[int, int] = {}
    numbers = map(shared.setdefault, each := weights.tolist(), each)
    rows = list(zip(*[numbers] * len(TAGS), strict=True))
    row_of = map(rows.__getitem__, np.frombuffer(found.places, dtype="<u4").tolist())
    features = found.features.split("\n") if found.features else []
    return Model(
        version=found.version,
        weights=dict(zip(features, row_of, strict=True)),
        first=frozenset(found.first),
        last=frozenset(found.last),
        common=frozenset(found.common),
        usage=found.usage,
        bodies=found.bodies,
    )


def lists_of(model: Model) -> Lists:
    """Return the word lists of a model ready to be looked into."""
    usage = {word: sys.intern(code) for code, words in model.usage.items() for word in words.split()}
    bodies: dict[str, list[tuple[str, ...]]] = {}
    for name in model.bodies:
        words = tuple(token.text for token in tokenize(name))
        bodies.setdefault(words[0], []).append(words)
    return Lists(usage, {first: tuple(sorted(names, key=len, reverse=True)) for first, names in bodies.items()})


@cache
def shipped_lists() -> Lists:
    """Return the word lists of the model shipped with the package, made once."""
    return lists_of(shipped())


@cache
def shipped() -> Model:
    """Return the model shipped with the package, read once."""
    content = files("pipeline.stages.extract.names").joinpath("data", "names.msgpack.gz").read_bytes()
    return unpacked(gzip.decompress(content))
