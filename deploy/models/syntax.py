"""Train the syntax model: tagger and dependency parser for English news, from freely licensed treebanks.

``python -m deploy.models.syntax --data ../shared/data/language --minutes 17``, then again with ``--resume MODEL`` at a
lower rate, sentence by sentence, is how the shipped model was made (26 minutes on half a core). It reads UD English
EWT and the open part of UD English GUM, and writes the model (``--model``, which spaCy can go on training) and its
weights alone to ``pipeline/stages/extract/syntax/data``, beside a card with version, licence, scores and SHA-256. The
seed is fixed; a run is repeatable up to how far it gets in its time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.about import __version__ as spacy_version
from spacy.language import Language
from spacy.symbols import IDS
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from spacy.vocab import Vocab
from thinc.api import fix_random_seed

TARGET = Path("pipeline/stages/extract/syntax/data")
SEED = 20220221
WIDTH = 96
ROWS = [3000, 1200, 1500, 1500]
TOK2VEC: dict[str, Any] = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": WIDTH,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        "rows": ROWS,
        "include_static_vectors": False,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": WIDTH,
        "depth": 4,
        "window_size": 1,
        "maxout_pieces": 2,
    },
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"}
PARSER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "parser",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": LISTENER,
}
TAGGER = {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}


def pipeline() -> Language:
    """Build the untrained model: shared hash embeddings, tags of the Penn Treebank, UD relations."""
    language = spacy.blank("en")
    language.add_pipe("tok2vec", config={"model": TOK2VEC})
    language.add_pipe("tagger", config={"model": TAGGER})
    language.add_pipe("parser", config={"model": PARSER, "min_action_freq": 20, "learn_tokens": False})
    return language


def sentences(path: Path) -> Iterator[list[list[str]]]:
    """Yield the sentences of a CoNLL-U file as rows of ten columns, without empty nodes."""
    rows: list[list[str]] = []
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            if not line.strip():
                if rows:
                    yield rows
                rows = []
                continue
            columns = line.rstrip("\n").split("\t")
            if "." not in columns[0]:
                rows.append(columns)


def gold(vocab: Vocab, batch: list[list[list[str]]]) -> Doc:
    """Join gold sentences into one document with heads, relations and tags; multiword tokens lose their space."""
    words: list[str] = []
    spaces: list[bool] = []
    heads: list[int] = []
    relations: list[str] = []
    tags: list[str] = []
    starts: list[bool | int | None] = []
    for rows in batch:
        offset = len(words)
        inside: dict[int, bool] = {}
        for columns in rows:
            if "-" in columns[0]:
                first, last = (int(part) for part in columns[0].split("-"))
                inside.update(dict.fromkeys(range(first, last), False))
                inside[last] = "SpaceAfter=No" not in columns[9]
        for columns in rows:
            if "-" in columns[0]:
                continue
            number = int(columns[0])
            words.append(columns[1])
            spaces.append(inside.get(number, "SpaceAfter=No" not in columns[9]))
            head = int(columns[6])
            heads.append(offset + (head or number) - 1)
            relations.append("ROOT" if head == 0 else columns[7])
            tags.append(columns[4])
            starts.append(number == 1)
        spaces[-1] = True
    return Doc(vocab, words=words, spaces=spaces, heads=heads, deps=relations, tags=tags, sent_starts=starts)


def examples(language: Language, path: Path, joined: int) -> list[Example]:
    """Pair our tokeniser's reading of the raw text with the gold trees, up to ``joined`` sentences at a time."""
    result: list[Example] = []
    batch: list[list[list[str]]] = []
    source = random.Random(SEED)
    size = source.randint(1, joined)
    for rows in sentences(path):
        batch.append(rows)
        if len(batch) < size:
            continue
        reference = gold(language.vocab, batch)
        result.append(Example(language.make_doc(reference.text), reference))
        batch, size = [], source.randint(1, joined)
    return result


def train(data: Path, minutes: float, resume: Path | None) -> tuple[Language, dict[str, float]]:
    """Train until the time is up and keep the best model by LAS on the development sets."""
    fix_random_seed(SEED)
    language = pipeline()
    training = [
        example
        for name in ("ewt-train", "gum-open-train")
        for example in examples(language, data / f"{name}.conllu.xz", 3 if resume is None else 1)
    ]
    held = [
        example for name in ("ewt-dev", "gum-open-dev") for example in examples(language, data / f"{name}.conllu.xz", 1)
    ]
    optimizer = language.initialize(lambda: training)
    if resume is not None:
        language.from_bytes(lzma.decompress(resume.read_bytes()), exclude=["tokenizer", "vocab"])
    source = random.Random(SEED)
    started = time.monotonic()
    best: tuple[float, bytes, dict[str, float]] = (0.0, b"", {})
    seen = 0
    size = 270.0
    while time.monotonic() - started < minutes * 60:
        source.shuffle(training)
        losses: dict[str, float] = {}
        size = min(2000.0, size * 1.5)
        for batch in minibatch_by_words(training, size=round(size), discard_oversize=False):
            done = (time.monotonic() - started) / (minutes * 60)
            if done >= 1:
                break
            optimizer.learn_rate = (0.0015 if resume is None else 0.0007) * max(0.03, 1 - done)
            language.update(batch, sgd=optimizer, drop=0.1, losses=losses)
            seen += len(batch)
        with language.use_params(optimizer.averages):
            scores = language.evaluate(held)
            kept = {name: round(float(scores[name]), 4) for name in ("tag_acc", "dep_uas", "dep_las", "sents_f")}
            print(f"{(time.monotonic() - started) / 60:.1f} min, {seen} examples: {kept}", flush=True)
            if kept["dep_las"] > best[0]:
                best = (kept["dep_las"], language.to_bytes(exclude=["vocab"]), kept)
    language.from_bytes(best[1])
    return language, best[2]


def weights_of(language: Language) -> dict[str, np.ndarray[Any, Any]]:
    """Return the weights of a model by the names that ``pipeline.stages.extract.syntax.network`` reads them by."""
    parts = {name: list(pipe.model.walk()) for name, pipe in language.pipeline}

    def layers(part: str, kind: str) -> list[Any]:
        return [layer for layer in parts[part] if layer.name == kind]

    weights = {f"rows{at}": layer.get_param("E") for at, layer in enumerate(layers("tok2vec", "hashembed"))}
    names = ("mix", *(f"layer{at}" for at in range(TOK2VEC["encode"]["depth"])))
    for name, maxout, norm in zip(names, layers("tok2vec", "maxout"), layers("tok2vec", "layernorm"), strict=True):
        weights |= {f"{name}_W": maxout.get_param("W"), f"{name}_b": maxout.get_param("b")}
        weights |= {f"{name}_scale": norm.get_param("G"), f"{name}_shift": norm.get_param("b")}
    (softmax,), (places,) = layers("tagger", "softmax"), layers("parser", "precomputable_affine")
    upper, lower = sorted(layers("parser", "linear"), key=lambda layer: layer.get_dim("nI"))
    weights |= {"tag_W": softmax.get_param("W"), "tag_b": softmax.get_param("b")}
    weights |= {"lower_W": lower.get_param("W"), "lower_b": lower.get_param("b")}
    weights |= {"upper_W": upper.get_param("W"), "upper_b": upper.get_param("b")}
    # Of the two values that the larger counts of, all first ones come before all second ones.
    weights["places_W"] = places.get_param("W").swapaxes(1, 2).reshape(-1, places.get_dim("nI"))
    weights["places_b"] = places.get_param("b").T.reshape(-1)
    weights["places_pad"] = places.get_param("pad").swapaxes(2, 3).reshape(1, -1)
    symbols = {name: number for name, number in IDS.items() if name}  # which spaCy numbers rather than hashes
    return {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in weights.items()} | {
        "tags": np.array(language.get_pipe("tagger").labels),
        "moves": np.array(language.get_pipe("parser").move_names),
        "symbols": np.array(list(symbols)),
        "symbol_ids": np.array(list(symbols.values()), dtype=np.int64),
    }


def write(language: Language, scores: dict[str, float], target: Path) -> None:
    """Write the weights as one file, and their card."""
    target.mkdir(parents=True, exist_ok=True)
    np.savez(target / "english.npz", allow_pickle=False, **weights_of(language))
    packed = (target / "english.npz").read_bytes()
    card = {
        "name": "newswire-syntax-english",
        "version": "1",
        "trained": datetime.now(UTC).date().isoformat(),
        "spacy": spacy_version,
        "licence": "CC BY-SA 4.0",
        "sha256": hashlib.sha256(packed).hexdigest(),
        "bytes": len(packed),
        "scores": scores,
        "seed": SEED,
        "recipe": "python -m deploy.models.syntax",
    }
    (target / "card.json").write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data/language"))
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--target", type=Path, default=TARGET)
    arguments.add_argument("--model", type=Path, default=Path("english.model.xz"), help="where to keep the whole model")
    arguments.add_argument("--resume", type=Path, help="a whole model to go on from")
    options = arguments.parse_args()
    trained, reached = train(options.data, options.minutes, options.resume)
    options.model.write_bytes(lzma.compress(trained.to_bytes(exclude=["tokenizer", "vocab"]), preset=6))
    write(trained, reached, options.target)
