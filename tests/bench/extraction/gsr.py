"""How right events and contexts of PLOVER's gold-standard sentences are; the lexicon was made while looking at them."""

from __future__ import annotations

from typing import Any

from deploy.models.rank import TODAY, code_sentence, codes, gold_codes
from pipeline.model import Actor
from pipeline.stages.extract.events.contexts import contexts_of
from pipeline.stages.extract.events.rank import NOWHERE, confidence, features

# Spellings in the gold data.
CONTEXTS = {"refugees": "refugee", "politics": "political", "assets": "economic", "unknown": ""}


def gold_standard(gold: list[dict[str, Any]]) -> dict[str, float]:
    """Return gsr_type and gsr_codes over all sentences, the surest event of each."""
    types = whole = 0
    for item in gold:
        found = code_sentence(item["text"])
        if not found:
            continue
        best = max(found, key=lambda coded: confidence(features(coded, NOWHERE)))
        if best.sense.type != TODAY.get(item["event"], item["event"]):
            continue
        types += 1
        whole += codes(best.actors) == gold_codes(item["source"]) and codes(best.recipients) == gold_codes(
            item.get("target")
        )
    return {"gsr_type": types / len(gold), "gsr_codes": whole / len(gold)}


def contexts(gold: list[dict[str, Any]]) -> dict[str, float]:
    """Return gsr_context_f1: contexts told and wanted, over all gold sentences that have one we know."""
    right = told = wanted = 0
    for item in gold:
        theirs = {CONTEXTS.get(name.strip(), name.strip()) for name in (item.get("context") or "").split(",")} - {""}
        given = [item[side] if isinstance(item.get(side), list) else [] for side in ("source", "target")]
        parties = [
            [Actor(text="", start=0, end=0, code=p.get("code"), sector=p.get("sector")) for p in g] for g in given
        ]
        mine = set(contexts_of(item["text"], TODAY.get(item["event"], item["event"]), *parties)) if theirs else set()
        right, told, wanted = right + len(mine & theirs), told + len(mine), wanted + len(theirs)
    return {"gsr_context_f1": 2 * right / (told + wanted)}
