"""Tag names with a small model of our own: an averaged perceptron over words, neighbours, usage and the gazetteer.

Only words with a capital or a digit, and what may stand between two of them, are looked at: news writes its names so,
and most words need no thought. deploy/models/names.py trains the weights (data/NOTICE.md tells from what).
"""

from __future__ import annotations

import gzip
import struct
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np

from pipeline.stages.extract.chunks import split_tokens
from pipeline.stages.extract.names.features import (
    BEGIN,
    END,
    Context,
    Row,
    Vocabulary,
    alone,
    around,
    beside_left,
    beside_right,
    row_of,
    seen,
    sorts_left,
    sorts_right,
)
from pipeline.stages.extract.names.gazetteer import Mention
from pipeline.stages.extract.remembered import REMEMBERED

# The weights of one feature for each tag in one number, 32 bits apart: adding numbers up adds all tags up.
Weights: TypeAlias = int
Key = TypeVar("Key", bound=tuple[str, ...])

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
# Added to a sum it leaves no field below nought.
_FLOOR = sum(1 << 31 << 32 * at for at in range(len(TAGS)))
_FIELDS = struct.Struct(f"<{len(TAGS)}I")
_NOTHING = (0,) * 8
_CONNECTORS = frozenset(
    "of the and for de la le du di da del der den van von al el bin ibn in on to at a & - – ' ’ . , / 's ’s + !".split()
)


class Model(msgspec.Struct, frozen=True):
    """Hold the weights of each feature per tag in tenths (see ``in_one``), and the word lists the features look into.

    ``first``, ``last``: first and last names; ``common``: words mostly written small; ``usage``: two digits for each
    usual word, how rare it is (0 to 3) and how often it is written with a capital (0 hardly ever, 5 always), the words
    of a kind in one string; ``bodies``: well-known firms, papers, parties, offices and clubs as written.
    """

    version: str
    weights: dict[str, Weights]
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


def placed(words: Iterable[str], text: str, start: int = 0) -> list[Token]:
    """Return the words that a stretch of text was split into with where they stand; ``start`` is where it begins."""
    tokens = []
    for word in words:
        start = text.index(word, start)  # nothing but white space stands before it
        tokens.append(Token(word, start, start := start + len(word)))
    return tokens


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Split a stretch of text into words and marks with where they stand."""
    return placed(split_tokens(text[start:end]), text, start)


def may_go_on(word: str) -> bool:
    """Tell whether a name may go on with this word though it has no capital."""
    return word in _CONNECTORS


def capitalised(words: Sequence[str], lists: Lists) -> list[str]:
    """Write the words of a text that does not care for capitals as others mostly write them: "delaware"."""
    return [
        word.title() if word.islower() and len(word) > 2 and lists.usage.get(word, "00")[1] >= "4" else word
        for word in words
    ]


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


def in_one(row: Sequence[int]) -> Weights:
    """Return the weights for each tag as one number."""
    return sum(weight << 32 * at for at, weight in enumerate(row))


def by_tag(weights: Weights) -> tuple[int, ...]:
    """Return the weight for each tag."""
    return tuple(weight - (1 << 31) for weight in _raised(weights))


def _raised(weights: Weights) -> tuple[int, ...]:
    """Return the weights for each tag, all higher by the same."""
    return _FIELDS.unpack((weights + _FLOOR).to_bytes(_FIELDS.size, "little"))


_MAY_FOLLOW = {
    previous: tuple(
        (at, tag) for at, tag in enumerate(TAGS) if tag[0] == "B" or (tag[0] == "I" and tag[2:] == previous[2:])
    )
    for previous in TAGS
}


def best(scores: Sequence[float], previous: str) -> str:
    """Return the best tag that may follow ``previous``: a name only goes on as the type it began as."""
    chosen, top = "O", scores[0]
    for at, tag in _MAY_FOLLOW[previous]:
        if scores[at] > top:
            chosen, top = tag, scores[at]
    return chosen


class Tagger:
    """Tag sentences with a model; what a group of features weighs is remembered, since words come back.

    Weights are whole numbers: they sum up to the same in whatever order.
    """

    def __init__(self, model: Model, lists: Lists) -> None:
        self._weights = model.weights
        self.vocabulary = Vocabulary(model, lists)
        self._alone: dict[tuple[str, str, str, str], Weights] = {}
        self._lefts: dict[tuple[str, str], Weights] = {}
        self._rights: dict[tuple[str, str], Weights] = {}
        self._sorts_left: dict[tuple[str, str, str, str, str], Weights] = {}
        self._sorts_right: dict[tuple[str, str, str, str], Weights] = {}

    def tag(self, words: Sequence[str], kinds: Sequence[str], context: Context) -> list[str]:
        """Tag one sentence from left to right; linear in its length."""
        row = row_of(words, kinds, self.vocabulary)
        size = len(words)
        tags = ["O"] * size
        for place, following in zip(row.names, [*row.names[1:], size], strict=True):
            for at in range(place, following):
                previous = tags[at - 1] if at else "O"
                if at > place and (previous == "O" or words[at] not in _CONNECTORS):
                    break
                before = tags[at - 2] if at > 1 else "O"
                tags[at] = best(_raised(self.scores(row, at, context, before, previous)), previous)
        return tags

    def scores(self, row: Row, at: int, context: Context, before: str, previous: str) -> Weights:
        """Return what the model gives each tag for word ``at``, given the two tags before it."""
        look, kind = row.look(at), row.kinds[at]
        left, left_kind = row.look(at - 1), row.kinds[at - 1] if at else BEGIN.lower
        right, right_kind = row.look(at + 1), row.kinds[at + 1] if at + 1 < len(row.kinds) else END.lower
        written = seen(look, not at, context)
        own = self._alone.get(own_key := (look.word, kind, written, previous))
        if own is None:
            own = _kept(self._alone, own_key, self._sum(alone(look, kind, written), previous))
        beside = self._lefts.get(left_key := (left.lower, previous))
        if beside is None:
            beside = _kept(self._lefts, left_key, self._sum(beside_left(left), previous))
        after = self._rights.get(right_key := (right.lower, previous))
        if after is None:
            after = _kept(self._rights, right_key, self._sum(beside_right(right), previous))
        sorts = self._sorts_left.get(sorts_key := (left.sort, left_kind, look.sort, kind, previous))
        if sorts is None:
            sorts = _kept(self._sorts_left, sorts_key, self._sum(sorts_left(left, left_kind, look, kind), previous))
        ahead = self._sorts_right.get(ahead_key := (look.sort, kind, right.sort, right_kind))
        if ahead is None:
            ahead = _kept(self._sorts_right, ahead_key, self._sum(sorts_right(look, kind, right, right_kind), ""))
        get = self._weights.get
        return (
            own + beside + after + sorts + ahead + get("T" + before + previous, 0)
            + sum(map(get, around(row, at, left, look, right), _NOTHING))
        )  # fmt: skip

    def _sum(self, group: tuple[list[str], list[str]], previous: str) -> Weights:
        """Return what a group of features adds to each tag."""
        single, tagged = group
        get = self._weights.get
        total = 0
        for feature in single:
            total += get(feature, 0)
        for feature in tagged:
            total += get(feature + previous, 0)
        return total


def _kept(cache: dict[Key, Weights], key: Key, weights: Weights) -> Weights:
    """Remember what a group weighs; all are forgotten when there are too many."""
    if len(cache) >= REMEMBERED:
        cache.clear()
    cache[key] = weights
    return weights


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
    weights = list(map(by_tag, model.weights.values()))
    rows = {row: place for place, row in enumerate(sorted(set(weights)))}
    places = [rows[row] for row in weights]
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
    fields = np.frombuffer(found.rows, dtype="<i2").astype("<i8") + (1 << 31)
    raised, size = fields.astype("<u4").tobytes(), _FIELDS.size
    # Equal rows share one object: that saves a worker memory.
    rows = [int.from_bytes(raised[at : at + size], "little") - _FLOOR for at in range(0, len(raised), size)]
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
def shipped_tagger() -> Tagger:
    """Return the tagger of the model shipped with the package, made once."""
    return Tagger(shipped(), shipped_lists())


@cache
def shipped() -> Model:
    """Return the model shipped with the package, read once."""
    content = files("pipeline.stages.extract.names").joinpath("data", "names.msgpack.gz").read_bytes()
    return unpacked(gzip.decompress(content))
