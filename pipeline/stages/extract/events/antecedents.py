"""Tell what a noun can be the antecedent of: one person, one body, or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.stages.extract.events.cast import Form
from pipeline.stages.extract.events.lemmas import lemma
from pipeline.stages.extract.events.lexicon import lexicon

if TYPE_CHECKING:
    from pipeline.stages.extract.names.gazetteer import Mention
    from pipeline.stages.extract.syntax.trees import Token

_BODIES = frozenset(
    "government administration authority ministry cabinet delegation embassy consulate leadership regime army military "
    "navy force air_force unit parliament congress senate legislature assembly court tribunal jury opposition party "
    "coalition company firm bank corporation business union newspaper agency broadcaster television church council "
    "commission group militia faction alliance gang cartel hospital school university charity junta treasury "
    "department regulator watchdog house association foundation retailer airline chain carrier country bloc "
    "organisation organization kingdom republic state brigade battalion".split()
)
_CROWDS = frozenset("police people crowd youth media staff family mob public".split())
_BODY_NAMES = frozenset(
    "party court ministry union commission council agency corp inc ltd bank group army university committee movement "
    "front forces assembly parliament congress senate department association federation alliance company house office "
    "service tribunal police guard brigade".split()
)


def form_of(head: Token, mention: Mention | None) -> Form | None:
    """Return what a noun is one of, or ``None`` when it is neither person nor body."""
    if any(child.dep_ == "conj" and child.tag_.startswith("NN") for child in head.children):
        return "several"
    word = lemma(head.text)
    if mention is not None:
        if mention.kind in ("person", "leader"):
            return "person"
        if head.tag_.startswith("NNP"):
            return "body"
    if head.tag_ in ("NNS", "NNPS") or word in _CROWDS:
        return "several"
    if head.tag_ == "NNP":
        last = max((t for t in head.subtree if t.dep_ in ("flat", "compound") or t == head), key=lambda t: t.i)
        return "body" if last.lower_ in _BODY_NAMES or head.lower_ in _BODY_NAMES else "person"
    if word in _BODIES:
        return "body"
    return "person" if word in lexicon().sectors else None
