"""Train the model that tags names: `python -m deploy.models.names [--data ../shared/data]`.

About three minutes on one core. Data: Universal NER on English Web Treebank (CC BY-SA 4.0), also for the words that are
written small; wikigold (CC BY 4.0); GUM's open genres (annotations CC BY 4.0), whose named persons, organisations and
places are taken from its entities (``named_mentions``); first and last names of the 1990 US census (public domain)
through the package names; how often words are written, with and without a capital, through the package
spacy-lookups-data (MIT); own_bodies.txt. The model is shipped as CC BY-SA 4.0.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import math
import random
from bisect import bisect_right
from collections import Counter, defaultdict
from itertools import accumulate, groupby
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from deploy.models.annotated import Annotated, columns, universal_ner
from deploy.models.named_mentions import named_mentions
from pipeline.stages.extract.names import features, tagger
from pipeline.stages.extract.names.gazetteer import find
from pipeline.stages.extract.names.located import locate
from pipeline.stages.extract.names.names import is_careless

OUT = Path(__file__).parents[2] / "pipeline" / "stages" / "extract" / "names" / "data" / "names.msgpack.gz"
VERSION = "3"
BODIES = Path(__file__).with_name("own_bodies.txt")
LEAST_WEIGHT = 0.3
FIRST_NAMES, LAST_NAMES = 5_494, 8_000
# A word is learnt from, though right, if another tag comes as near.
MARGIN = 2.0
# Bounds of the classes of usage: logarithms of a word's share of all words, and the share of its capitals.
RARE, RAREST = (-9.5, -12.0, -14.5), -15.5
CAPITALS = (0.05, 0.15, 0.4, 0.75, 0.93)
TAG_NUMBER = {tag: number for number, tag in enumerate(tagger.TAGS)}


class Sentence(msgspec.Struct, frozen=True):
    """Hold a sentence ready for training."""

    words: tuple[str, ...]
    kinds: tuple[str, ...]
    gold: tuple[str, ...]
    context: features.Context


def prepare(annotated: list[Annotated], lists: tagger.Lists) -> list[Sentence]:
    """Tokenise as the extractor does, look for known names in whole documents, and give each token its tag."""
    prepared = []
    for _, group in groupby(annotated, key=lambda sentence: sentence.document):
        sentences = list(group)
        text = "\n".join(sentence.text for sentence in sentences)
        known, careless = locate(text, find(text)), is_careless(text)
        begins = list(accumulate((len(sentence.text) + 1 for sentence in sentences), initial=0))
        rows = [
            tagger.tokenize(text, begin, begin + len(sentence.text))
            for begin, sentence in zip(begins, sentences, strict=False)
        ]
        context = features.context_of([[token.text for token in row] for row in rows])
        for begin, sentence, row in zip(begins, sentences, rows, strict=False):
            gold = []
            for token in row:
                start, end = token.start - begin, token.end - begin
                name = next((n for n in sentence.names if n[0] < end and start < n[1]), None)
                gold.append("O" if name is None else ("B-" if name[0] >= start else "I-") + name[2])
            inside = [m for m in known if begin <= m.start < begin + len(sentence.text)]
            words = [token.text for token in row]
            if careless:
                words = tagger.capitalised(words, lists)
            prepared.append(Sentence(tuple(words), tuple(tagger.kinds_of(row, inside)), tuple(gold), context))
    return prepared


class Example(NamedTuple):
    """Hold a word as numbers of features; those in ``after`` take as many numbers as there are tags before it."""

    alone: np.ndarray
    after: np.ndarray
    capital: bool
    gold: int


class Numbered(NamedTuple):
    """Hold sentences as numbers, with what the numbers stand for; words that no name goes on with are None."""

    sentences: list[list[Example | None]]
    alone: dict[str, int]
    after: dict[str, int]
    size: int


def numbered(sentences: list[Sentence], model: tagger.Model, lists: tagger.Lists) -> Numbered:
    """Give every feature a number."""
    alone: dict[str, int] = {}
    after: dict[str, int] = {"T" + tag: len(tagger.TAGS) * at for at, tag in enumerate(tagger.TAGS)}
    size = len(after) * len(tagger.TAGS)
    result: list[list[Example | None]] = []
    vocabulary = features.Vocabulary(model, lists)
    for sentence in sentences:
        row = features.row_of(sentence.words, sentence.kinds, vocabulary)
        examples: list[Example | None] = []
        for at, word in enumerate(sentence.words):
            if not features.is_candidate(word) and not tagger.may_go_on(word):
                examples.append(None)
                continue
            single, with_tag = features.features(row, at, sentence.context)
            for feature in single:
                if feature not in alone:
                    alone[feature] = size
                    size += 1
            for feature in with_tag:
                if feature not in after:
                    after[feature] = size
                    size += len(tagger.TAGS)
            numbers = np.array([alone[f] for f in single]), np.array([after[f] for f in with_tag])
            examples.append(Example(*numbers, features.is_candidate(word), TAG_NUMBER[sentence.gold[at]]))
        result.append(examples)
    return Numbered(result, alone, after, size)


def train(data: Numbered, epochs: int, seed: int) -> np.ndarray:
    """Train an averaged perceptron with the tags it predicts itself as history."""
    weights = np.zeros((data.size, len(tagger.TAGS)), dtype=np.float32)
    totals = np.zeros((data.size, len(tagger.TAGS)))
    shuffled = random.Random(seed)
    order = list(data.sentences)
    step = 1
    for _ in range(epochs):
        shuffled.shuffle(order)
        for sentence in order:
            previous = before = 0
            for example in sentence:
                chosen = 0
                if example is not None and (example.capital or previous):
                    history = [len(tagger.TAGS) * before + previous]
                    found = np.concatenate((example.alone, example.after + previous, history))
                    scores = weights[found].sum(axis=0).tolist()
                    chosen = TAG_NUMBER[tagger.best(scores, tagger.TAGS[previous])]
                    gold = example.gold
                    if not _may_follow(gold, previous):
                        gold -= 1  # a name that goes on begins here
                    rival = chosen if chosen != gold else _rival(scores, gold, previous)
                    if rival is not None:
                        weights[found, gold] += 1
                        weights[found, rival] -= 1
                        totals[found, gold] += step
                        totals[found, rival] -= step
                    step += 1
                before, previous = previous, chosen
    averaged: np.ndarray = weights - totals / step
    return averaged


def _may_follow(tag: int, previous: int) -> bool:
    return tagger.TAGS[tag][0] != "I" or tagger.TAGS[previous][2:] == tagger.TAGS[tag][2:]


def _rival(scores: list[float], gold: int, previous: int) -> int | None:
    """Return the best other tag if it comes nearer than the margin."""
    others = [tag for tag in range(len(scores)) if tag != gold and _may_follow(tag, previous)]
    rival = max(others, key=lambda tag: scores[tag])
    return rival if scores[gold] - scores[rival] < MARGIN else None


def together(parts: list[np.ndarray], data: Numbered) -> dict[str, tagger.Weights]:
    """Average models trained in different orders: steadier than any of them. Weights are tenths, small ones dropped."""
    summed = np.mean(parts, axis=0)
    names = {number: feature for feature, number in data.alone.items()}
    for feature, number in data.after.items():
        names |= {number + at: feature + tag for at, tag in enumerate(tagger.TAGS)}
    kept = np.flatnonzero(np.abs(summed).max(axis=1) >= LEAST_WEIGHT)
    rows = {
        names[int(number)]: tagger.in_one([round(float(weight) * 10) for weight in summed[number]]) for number in kept
    }
    return dict(sorted(rows.items()))


def usage() -> dict[str, str]:
    """Return the usual words by class: how rare a word is, and how often it is written with a capital."""
    import spacy_lookups_data

    path = Path(spacy_lookups_data.__file__).parent / "data" / "en_lexeme_prob.json.gz"
    shares: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for word, logarithm in msgspec.json.decode(gzip.decompress(path.read_bytes())).items():
        if word.replace("'", "").replace("-", "").replace(".", "").isalpha():
            shares[word.lower()][not word.islower()] += math.exp(logarithm)
    classes: dict[str, list[str]] = defaultdict(list)
    for word, (small, large) in shares.items():
        share = math.log(small + large)
        if share >= RAREST and " " not in word:
            rare = sum(share <= bound for bound in RARE)
            classes[f"{rare}{bisect_right(CAPITALS, large / (small + large))}"].append(word)
    return {code: " ".join(sorted(words)) for code, words in sorted(classes.items())}


def bodies() -> tuple[str, ...]:
    """Read own_bodies.txt."""
    lines = BODIES.read_text("utf-8").splitlines()
    names = {name.strip() for line in lines if not line.startswith("#") for name in line.split(";")}
    return tuple(sorted(names - {""}))


def word_lists(sentences: list[Annotated]) -> tagger.Model:
    """Return a model without weights: names of the census, and the words that running text mostly writes small."""
    import names

    folder = Path(names.__file__).parent
    first: defaultdict[str, float] = defaultdict(float)
    for file in ("dist.male.first", "dist.female.first"):
        for line in (folder / file).read_text().splitlines():
            name, share = line.split()[:2]
            first[name.lower()] += float(share)
    last = [line.split()[0].lower() for line in (folder / "dist.all.last").read_text().splitlines()[:LAST_NAMES]]
    small: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for sentence in sentences:
        for token in tagger.tokenize(sentence.text)[1:]:
            (small if token.text.islower() else large)[token.text.lower()] += 1
    common = {word for word, count in small.items() if count >= 2 and count > 2 * large[word] and word.isalpha()}
    return tagger.Model(
        version=VERSION,
        weights={},
        first=frozenset(
            name for name in sorted(first, key=lambda name: -first[name])[:FIRST_NAMES] if name not in common
        ),
        last=frozenset(name for name in last if name not in common),
        common=frozenset(common),
        usage=usage(),
        bodies=bodies(),
    )


def main() -> None:
    """Train, report on the development part, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--orders", type=int, default=4, help="how many orders of the sentences to train in")
    parser.add_argument("--only", nargs="*", default=["wikigold"])
    chosen = parser.parse_args()
    folder = chosen.data / "language"
    ewt = list(universal_ner(folder / "uner-ewt-train.iob2.xz"))
    others = [s for name in chosen.only for s in columns(folder / f"{name}.conll.xz")]
    model = word_lists(ewt)
    lists = tagger.lists_of(model)
    gum = list(named_mentions(folder / "gum-open-train.conllu.xz"))
    data = numbered(prepare([*ewt, *others, *gum], lists), model, lists)
    parts = [train(data, chosen.epochs, seed) for seed in range(chosen.orders)]
    model = msgspec.structs.replace(model, weights=together(parts, data))
    packed = gzip.compress(tagger.packed(model), 9, mtime=0)
    OUT.write_bytes(packed)
    print(f"{len(model.weights)} features, {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")
    print(evaluate(model, lists, prepare(list(universal_ner(folder / "uner-ewt-dev.iob2.xz")), lists)))
    print("GUM dev", evaluate(model, lists, prepare(list(named_mentions(folder / "gum-open-dev.conllu.xz")), lists)))


def evaluate(model: tagger.Model, lists: tagger.Lists, sentences: list[Sentence]) -> dict[str, float]:
    """Return precision, recall and F1 over whole names on prepared sentences."""
    right = found = gold = 0
    tags = tagger.Tagger(model, lists)
    for sentence in sentences:
        mine = _names(tags.tag(sentence.words, sentence.kinds, sentence.context))
        theirs = _names(sentence.gold)
        right, found, gold = right + len(mine & theirs), found + len(mine), gold + len(theirs)
    return {"precision": right / max(found, 1), "recall": right / gold, "f1": 2 * right / (found + gold)}


def _names(tags: tuple[str, ...] | list[str]) -> set[tuple[int, int, str]]:
    names, start = set(), -1
    for at, tag in enumerate((*tags, "O")):
        if start >= 0 and tag[0] != "I":
            names.add((start, at, tags[start][2:]))
            start = -1
        if tag[0] == "B":
            start = at
    return names


if __name__ == "__main__":
    main()
