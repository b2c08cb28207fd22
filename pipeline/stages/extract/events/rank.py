"""Tell how likely a coded event is right: a logistic regression over how it was read, trained by deploy.models.rank."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.stages.extract.events.cast import FORMS
from pipeline.stages.extract.events.clauses import DUE, MUTUAL, subject_token
from pipeline.stages.extract.events.coder import Coded
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.subjects import EVENTLESS, POLITICS, Manner, Subject

# Below this an event is not shown: see the curve in README.md.
THRESHOLD = 0.5
SCHEDULED_THRESHOLD = 0.25
# CAMEO code of treaties that are signed.
SIGNED = "057"


# News reports in the third person, of politics, and names who said so. What is read there is right more often than the
# weights say, which learn from mail and reviews too: a scale of its own, fitted on articles the weights have not seen.
_TOLD_MIN, _PERSONAL_MAX, _POLITICS_MIN = 0.15, 0.02, 0.2
NEWS_SLOPE, NEWS_SHIFT = "news slope", "news shift"


class Setting(NamedTuple):
    """Hold where a coded event stands: which sentence of the article, what both are about, how they speak."""

    position: int
    article: Subject
    sentence: Subject
    dateline: bool
    manner: Manner = Manner(0.0, 0.0)
    personal: bool = False


NOWHERE = Setting(0, Subject({}), Subject({}), False)


def features(coded: Coded, setting: Setting) -> dict[str, float]:
    """Describe a coded event by how it was read, its predicate and where it stands; never by names."""
    depth, token = 0, coded.trigger
    while token.head != token and depth < 6:
        token, depth = token.head, depth + 1
    actors = {actor.code for actor in coded.actors if actor.code}
    recipients = {actor.code for actor in coded.recipients if actor.code}
    subject = subject_token(coded.trigger)
    politics = setting.article.share(POLITICS)
    values = {
        "bias": 1.0,
        f"type={coded.sense.type}": 1.0,
        f"trigger={lemma(coded.trigger.text)} {coded.sense.type}": 1.0,
        f"rule={'cameo' if coded.sense.rule.startswith('cameo') else 'own'}": 1.0,
        "noun": float(coded.noun),
        "composed": float(coded.composed),
        "actor": float(bool(coded.actors)),
        "actor coded": float(bool(actors)),
        "recipient": float(bool(coded.recipients)),
        "recipient coded": float(bool(recipients)),
        "same country": float(bool(actors & recipients)),
        "actor sector": float(any(actor.sector for actor in coded.actors)),
        "recipient sector": float(any(actor.sector for actor in coded.recipients)),
        "actor unknown": float(any(not actor.sector and not actor.code for actor in coded.actors)),
        "recipient unknown": float(any(not actor.sector and not actor.code for actor in coded.recipients)),
        "two states": float((coded.sense.type in MUTUAL or coded.sense.cameo == SIGNED) and len(actors) > 1),
        "many": float(len(coded.actors) + len(coded.recipients) > 3),
        "needs": float(coded.sense.conditional),
        "depth": depth / 6,
        "root": float(depth == 0),
        "clause": float(coded.trigger.dep_ in ("advcl", "acl", "acl:relcl")),
        "participle": float(coded.trigger.tag_ == "VBG"),
        "infinitive": float(
            any(c.lower_ == "to" and c.tag_ != "MD" and c.dep_ in ("mark", "aux") for c in coded.trigger.children)
            and lemma(coded.trigger.head.text) not in DUE
        ),
        "pronoun": float(subject is not None and subject.lower_ in FORMS),
        "person pronoun": float(setting.personal),
        "negated": float(coded.negated),
        "hypothetical": float(coded.hypothetical),
        "future": float(coded.future),
        "reported": float(coded.speaker is not None),
        "later": float(setting.position > 2),
        "lead": float(setting.position == 0),
        "dateline": float(setting.dateline),
        "article personal": min(setting.manner.personal, 0.1) * 10,
        "article told": min(setting.manner.told, 0.03) * 33,
        "deep": float(setting.position > 20),
        "long": min(len(coded.trigger.doc), 60) / 60,
        "article politics": politics,
        "sentence politics": setting.sentence.share(POLITICS),
        "article eventless": float(setting.article.eventless is not None),
    }
    article, sentence = setting.article.counts, setting.sentence.counts
    in_article, in_sentence = setting.article.total, setting.sentence.total
    for name in EVENTLESS:
        if name in article:
            values[f"article {name}"] = article[name] / in_article
        if name in sentence:
            values[f"sentence {name}"] = sentence[name] / in_sentence
    for side, parties in (("actor", coded.actors), ("recipient", coded.recipients)):
        for found in {party.found or "none" for party in parties}:
            values[f"{side} by {found}"] = 1.0
    return {name: value for name, value in values.items() if value}


def is_report(values: dict[str, float]) -> bool:
    """Say whether the article of a reading reports as news does: who said so is named, and nobody says "I"."""
    return (
        values.get("article told", 0.0) > _TOLD_MIN
        and values.get("article personal", 0.0) < _PERSONAL_MAX
        and values.get("article politics", 0.0) > _POLITICS_MIN
    )


@cache
def _weights() -> dict[str, float]:
    path = files("pipeline.stages.extract.events").joinpath("lexicon", "rank.json")
    weights: dict[str, float] = json.loads(path.read_text("utf-8"))
    return weights


def confidence(values: dict[str, float]) -> float:
    """Return the probability, calibrated on held-out articles, that a reading with these features is right."""
    weights = _weights()
    total = sum(weights.get(name, 0.0) * value for name, value in values.items())
    if is_report(values):
        total = weights.get(NEWS_SLOPE, 1.0) * total + weights.get(NEWS_SHIFT, 0.0)
    return round(1 / (1 + math.exp(-total)), 3)
