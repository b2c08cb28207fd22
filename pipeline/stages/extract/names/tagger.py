"""Tag names with a small model of our own: an averaged perceptron over words, shapes, neighbours and the gazetteer.

Only words with a capital or a digit, and what may stand between two of them, are looked at: news writes its names so,
and most words need no thought. deploy/models/names.py trains the weights (data/NOTICE.md tells from what).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from pipeline.stages.extract.names.gazetteer import Mention

TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’](?![sS]\b)[^\W_]+)*|['’][sS]\b|[^\w\s]|_")
_CONNECTORS = frozenset(
    "of the and for de la le du di da del der den van von al el bin ibn in on to at a & - – ' ’ . , / 's ’s + !".split()
)


class Model(msgspec.Struct, frozen=True):
    """Hold the weights of each feature per tag in tenths, and the word lists the features look into.

    ``first``, ``last``: first and last names; ``common``: words mostly written small.
    """

    version: str
    weights: dict[str, tuple[int, ...]]
    first: frozenset[str]
    last: frozenset[str]
    common: frozenset[str]


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


def features(
    words: Sequence[str],
    lowers: Sequence[str],
    kinds: Sequence[str],
    at: int,
    previous: str,
    before: str,
    model: Model,
    context: Context,
) -> list[str]:
    """Return the features of word ``at`` of a sentence; ``previous`` and ``before`` are the two tags so far."""
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
        "t" + previous,
        "T" + before + previous,
        "tw" + previous + lower,
        "tk" + previous + known + shape,
        "tl" + previous + left,
        "k" + kind,
        "kt" + kind + previous + shape,
        "kr" + kind + (kinds[at + 1] if at + 1 < size else ">"),
        "kl" + (kinds[at - 1] if at else "<") + kind,
        "f" + known + right_known,
        "g" + left_known + known + previous,
        "c" + seen + known[2],
        "cs" + seen + shape + previous,
        "tr" + previous + right,
    ]


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


def tag(words: Sequence[str], kinds: Sequence[str], model: Model, context: Context) -> list[str]:
    """Tag one sentence from left to right; linear in its length."""
    weights = model.weights
    lowers = [word.lower() for word in words]
    tags = []
    previous = before = "O"
    for at, word in enumerate(words):
        chosen = "O"
        if is_candidate(word) or (previous != "O" and may_go_on(word)):
            found = features(words, lowers, kinds, at, previous, before, model, context)
            rows = [row for feature in found if (row := weights.get(feature)) is not None]
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


@cache
def shipped() -> Model:
    """Return the model shipped with the package, read once."""
    packed = files("pipeline.stages.extract.names").joinpath("data", "names.json.gz").read_bytes()
    model = msgspec.json.decode(gzip.decompress(packed), type=Model)
    # Equal weights share one object, which halves the memory of a worker.
    shared = {weight: weight for weight in range(-999, 1000)}
    weights = {feature: tuple(shared.get(weight, weight) for weight in row) for feature, row in model.weights.items()}
    return msgspec.structs.replace(model, weights=weights)
