"""Train the re-ranker of coded events: a logistic regression that tells how likely a reading is right.

``python -m deploy.models.rank --data ../shared/data/events`` codes the PLOVER gold-standard sentences with every
candidate kept, trains on them and on our own annotated articles, prints the scores of a five-fold cross-validation with
the precision/recall curve, and writes ``lexicon/rank.json``. Features say how a reading came about, never its words.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.model import Actor
from pipeline.stages.extract.events.cast import Cast
from pipeline.stages.extract.events.coder import Coded, Coder
from pipeline.stages.extract.events.lexicon import lexicon
from pipeline.stages.extract.events.participants import Sentence
from pipeline.stages.extract.events.rank import NOWHERE, features
from pipeline.stages.extract.events.syntax import parser
from pipeline.stages.extract.names.gazetteer import find

TARGET = Path("pipeline/stages/extract/events/lexicon/rank.json")
TODAY = {"DEMAND": "REQUEST", "DISAPPROVE": "ACCUSE", "INVESTIGATE": "ACCUSE", "FIGHT": "ASSAULT"}
# Two codes of the gold file are not ISO 3166.
ISO = {"JAP": "JPN", "ITL": "ITA"}
OLD_BODIES = {"UNO": "IGO", "EUR": "IGO"}
FOLDS, STEPS, PENALTY = 5, 600, 2.0
SEED = 20220221


class Candidate(NamedTuple):
    """Hold one reading of one sentence with what the gold says about it."""

    sentence: int
    values: dict[str, float]
    type_right: bool
    right: bool


def gold_codes(parties: Any) -> frozenset[str]:
    """Return the codes of a gold source or target, which may be missing or empty text."""
    if not isinstance(parties, list):
        return frozenset()
    return frozenset(ISO.get(party["code"], party["code"]) for party in parties if party.get("code"))


def codes(actors: Sequence[Actor]) -> frozenset[str]:
    """Return the codes we gave, in those of the gold: bodies of states had one code before the manual of 2021."""
    return frozenset(OLD_BODIES.get(actor.code, actor.code) for actor in actors if actor.code)


def code_sentence(text: str) -> list[Coded]:
    """Code one sentence with every candidate kept."""
    mentions = find(text)
    return Coder(lexicon(), Sentence(0, mentions, Cast(text, mentions))).code(parser().parse([text])[0])


def candidates(gold: Sequence[dict[str, Any]]) -> list[Candidate]:
    """Code every gold sentence; a sentence that stands twice with two events accepts either."""
    accepted: dict[str, set[tuple[str, frozenset[str], frozenset[str]]]] = {}
    for item in gold:
        key = TODAY.get(item["event"], item["event"]), gold_codes(item["source"]), gold_codes(item.get("target"))
        accepted.setdefault(item["text"], set()).add(key)
    result: list[Candidate] = []
    for number, (text, keys) in enumerate(accepted.items()):
        for coded in code_sentence(text):
            reading = (coded.sense.type, codes(coded.actors), codes(coded.recipients))
            right_type = any(key[0] == reading[0] for key in keys)
            result.append(Candidate(number, features(coded, NOWHERE), right_type, reading in keys))
    return result


def fit(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Fit a logistic regression with an L2 penalty by Newton's method."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chance - labels) + PENALTY * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + PENALTY * np.eye(rows.shape[1])
        weights -= np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    """Train, cross-validate, print the curve and write the weights."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data/events"))
    found = candidates(json.loads((arguments.parse_args().data / "plover-gsr-dev.json").read_text("utf-8")))
    names = sorted({name for candidate in found for name in candidate.values})
    rows = np.array([[candidate.values.get(name, 0.0) for name in names] for candidate in found])
    labels = np.array([float(candidate.right) for candidate in found])
    sentences = np.array([candidate.sentence for candidate in found])
    folds = np.random.default_rng(SEED).integers(0, FOLDS, sentences.max() + 1)[sentences]
    chance = np.zeros(len(found))
    for fold in range(FOLDS):
        chance[folds == fold] = 1 / (1 + np.exp(-rows[folds == fold] @ fit(rows[folds != fold], labels[folds != fold])))
    total = len(set(sentences))
    best = {s: max(np.flatnonzero(sentences == s), key=lambda i: chance[i]) for s in set(sentences)}
    print(f"candidates {len(found)}, sentences with one {total}; cross-validated:")
    print(f"first type right {sum(found[i].type_right for i in best.values()) / total:.3f}, "
          f"type and codes {sum(found[i].right for i in best.values()) / total:.3f}")  # fmt: skip
    for threshold in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        kept = chance >= threshold
        print(
            f"threshold {threshold}: precision {labels[kept].mean():.3f}, kept {labels[kept].sum() / labels.sum():.3f}"
        )
    weights = dict(zip(names, (round(float(w), 4) for w in fit(rows, labels)), strict=True))
    TARGET.write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
    print(f"written {datetime.now(UTC).date()}: {len(weights)} weights")


if __name__ == "__main__":
    main()
