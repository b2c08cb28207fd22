"""Tell what an event is about, in the contexts of PLOVER 2.0, by the words of its sentence and by who takes part."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

from pipeline.model import Actor
from pipeline.stages.extract.events.lemmas import lemma

# Who takes part and in what says less than a word.
HINT = 0.9
# A second context needs as many words as this.
SECOND = 1.5
# What says where a happening belongs only when nothing else does: there is a government in most news.
WEAK = frozenset(("government", "legislative", "political", "religion", "culture"))
ARMED = frozenset(("MIL", "REB"))
_BETWEEN_STATES = frozenset("ACCUSE AGREE CONCEDE CONSULT COOPERATE REJECT REQUEST RETREAT SUPPORT THREATEN".split())
_AT_HOME = frozenset(("PROTEST", "COERCE"))
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")


def contexts_of(sentence: str, kind: str, actors: Sequence[Actor], recipients: Sequence[Actor]) -> tuple[str, ...]:
    """Return at most two contexts, the surest first; none when nothing in the sentence tells."""
    known = _contexts()
    words = [lemma(word) for word in _WORD.findall(sentence)]
    pairs = [f"{first}-{second}" for first, second in pairwise(words)]
    counts: defaultdict[str, float] = defaultdict(float)
    for word in known.keys() & {*words, *pairs}:
        for context in known[word]:
            counts[context] += 1
    parties = (*actors, *recipients)
    if any(party.sector in ARMED for party in parties):
        counts["military"] += HINT
    if kind in _BETWEEN_STATES and len({party.code for party in parties if party.code}) > 1:
        counts["diplomatic"] += HINT
    if kind in _AT_HOME:
        counts["political"] += HINT
    ranked = sorted(counts, key=lambda context: (context in WEAK, -counts[context], context))
    return tuple(ranked[:1] + [context for context in ranked[1:2] if counts[context] >= SECOND])


@cache
def _contexts() -> dict[str, tuple[str, ...]]:
    """Return the contexts that a lemma, or a pair of them, speaks for."""
    found: dict[str, list[str]] = {}
    for line in (
        files("pipeline.stages.extract.events").joinpath("lexicon", "contexts.txt").read_text("utf-8").splitlines()
    ):
        context, colon, words = line.partition(": ")
        if colon and not line.startswith("#"):
            for word in words.split():
                found.setdefault(lemma(word), []).append(context)
    return {word: tuple(contexts) for word, contexts in found.items()}
