"""Tell how likely a coded event is right: a logistic regression over how it was read, trained by deploy.models.rank."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.resources import files

from pipeline.stages.extract.events.coder import Coded

# Below this an event is not shown: see the curve in README.md.
THRESHOLD = 0.25
SCHEDULED_THRESHOLD = 0.15


def features(coded: Coded, position: int) -> dict[str, float]:
    """Describe a coded event by how it was read: never by its words or names."""
    depth, token = 0, coded.trigger
    while token.head != token and depth < 6:
        token, depth = token.head, depth + 1
    actors = {actor.code for actor in coded.actors if actor.code}
    recipients = {actor.code for actor in coded.recipients if actor.code}
    return {
        "bias": 1.0,
        f"type={coded.sense.type}": 1.0,
        "noun": float(coded.noun),
        "composed": float(coded.composed),
        "actor": float(bool(coded.actors)),
        "actor coded": float(bool(actors)),
        "recipient": float(bool(coded.recipients)),
        "recipient coded": float(bool(recipients)),
        "same country": float(bool(actors & recipients)),
        "actor sector": float(any(actor.sector for actor in coded.actors)),
        "many": float(len(coded.actors) + len(coded.recipients) > 3),
        "needs": float(bool(coded.sense.needs)),
        "depth": depth / 6,
        "root": float(depth == 0),
        "clause": float(coded.trigger.dep_ in ("advcl", "acl", "acl:relcl")),
        "negated": float(coded.negated),
        "hypothetical": float(coded.hypothetical),
        "future": float(coded.future),
        "reported": float(coded.speaker is not None),
        "later": float(position > 2),
    }


@cache
def _weights() -> dict[str, float]:
    path = files("pipeline.stages.extract.events").joinpath("lexicon", "rank.json")
    weights: dict[str, float] = json.loads(path.read_text("utf-8"))
    return weights


def confidence(coded: Coded, position: int) -> float:
    """Return the probability, calibrated on held-out sentences, that type and parties are right."""
    weights = _weights()
    total = sum(weights.get(name, 0.0) * value for name, value in features(coded, position).items())
    return round(1 / (1 + math.exp(-total)), 3)
