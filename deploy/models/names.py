"""Train the model that tags names: `python -m deploy.models.names [--data ../shared/data]`.

About five minutes on one core. Data: Universal NER on English Web Treebank (CC BY-SA 4.0), also for the words that are
written small; wikigold (CC BY 4.0); GUM's open genres (annotations CC BY 4.0), whose named persons, organisations and
places are taken from its entities (``named_mentions``); first and last names of the 1990 US census (public domain)
through the package names. The model is shipped as CC BY-SA 4.0.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path

import msgspec

from deploy.models.annotated import Annotated, columns, universal_ner
from deploy.models.named_mentions import named_mentions
from pipeline.stages.extract.names import tagger
from pipeline.stages.extract.names.gazetteer import find

OUT = Path(__file__).parents[2] / "pipeline" / "stages" / "extract" / "names" / "data" / "names.msgpack.gz"
VERSION = "2"
LEAST_WEIGHT = 0.3
FIRST_NAMES, LAST_NAMES = 5_494, 8_000
TAG_NUMBER = {tag: number for number, tag in enumerate(tagger.TAGS)}


class Sentence(msgspec.Struct, frozen=True):
    """Hold a sentence ready for training."""

    words: tuple[str, ...]
    lowers: tuple[str, ...]
    kinds: tuple[str, ...]
    gold: tuple[str, ...]
    context: tagger.Context


def prepare(annotated: list[Annotated]) -> list[Sentence]:
    """Tokenise as the extractor does, and give each token its tag."""
    prepared = []
    for _, group in groupby(annotated, key=lambda sentence: sentence.document):
        sentences = list(group)
        tokens = [tagger.tokenize(sentence.text) for sentence in sentences]
        context = tagger.context_of([[token.text for token in row] for row in tokens])
        for sentence, row in zip(sentences, tokens, strict=True):
            gold = []
            for token in row:
                name = next((n for n in sentence.names if n[0] < token.end and token.start < n[1]), None)
                gold.append("O" if name is None else ("B-" if name[0] >= token.start else "I-") + name[2])
            words = tuple(token.text for token in row)
            kinds = tuple(tagger.kinds_of(row, find(sentence.text)))
            prepared.append(Sentence(words, tuple(map(str.lower, words)), kinds, tuple(gold), context))
    return prepared


def train(sentences: list[Sentence], lists: tagger.Model, epochs: int, seed: int) -> dict[str, list[float]]:
    """Train an averaged perceptron with the tags it predicts itself as history."""
    weights: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(tagger.TAGS))
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(tagger.TAGS))
    shuffled = random.Random(seed)
    sentences = list(sentences)
    step = 1
    for _ in range(epochs):
        shuffled.shuffle(sentences)
        for sentence in sentences:
            previous = before = "O"
            for at, word in enumerate(sentence.words):
                chosen = "O"
                if tagger.is_candidate(word) or (previous != "O" and tagger.may_go_on(word)):
                    found = tagger.features(
                        sentence.words, sentence.lowers, sentence.kinds, at, previous, before, lists, sentence.context
                    )
                    scores = [0.0] * len(tagger.TAGS)
                    for feature in found:
                        if feature in weights:
                            scores = [a + b for a, b in zip(scores, weights[feature], strict=True)]
                    chosen = tagger.best(scores, previous)
                    gold = sentence.gold[at]
                    if gold[0] == "I" and previous[2:] != gold[2:]:
                        gold = "B" + gold[1:]
                    if chosen != gold:
                        for feature in found:
                            weights[feature][TAG_NUMBER[gold]] += 1
                            weights[feature][TAG_NUMBER[chosen]] -= 1
                            totals[feature][TAG_NUMBER[gold]] += step
                            totals[feature][TAG_NUMBER[chosen]] -= step
                    step += 1
                before, previous = previous, chosen
    return {
        feature: [w - t / step for w, t in zip(row, totals[feature], strict=True)] for feature, row in weights.items()
    }


def together(parts: list[dict[str, list[float]]]) -> dict[str, tuple[int, ...]]:
    """Average models trained in different orders: steadier than any of them. Weights are tenths, small ones dropped."""
    summed: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(tagger.TAGS))
    for part in parts:
        for feature, row in part.items():
            summed[feature] = [a + b / len(parts) for a, b in zip(summed[feature], row, strict=True)]
    return {
        feature: tuple(round(weight * 10) for weight in row)
        for feature, row in sorted(summed.items())
        if max(map(abs, row)) >= LEAST_WEIGHT
    }


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
    lists = word_lists(ewt)
    gum = list(named_mentions(folder / "gum-open-train.conllu.xz"))
    data = prepare([*ewt, *others, *gum])
    parts = [train(data, lists, chosen.epochs, seed) for seed in range(chosen.orders)]
    model = msgspec.structs.replace(lists, weights=together(parts))
    packed = gzip.compress(tagger.packed(model), 9, mtime=0)
    OUT.write_bytes(packed)
    print(f"{len(model.weights)} features, {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")
    print(evaluate(model, prepare(list(universal_ner(folder / "uner-ewt-dev.iob2.xz")))))
    print("GUM dev", evaluate(model, prepare(list(named_mentions(folder / "gum-open-dev.conllu.xz")))))


def evaluate(model: tagger.Model, sentences: list[Sentence]) -> dict[str, float]:
    """Return precision, recall and F1 over whole names on prepared sentences."""
    right = found = gold = 0
    for sentence in sentences:
        mine = _names(tagger.tag(sentence.words, sentence.kinds, model, sentence.context))
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
