"""Tell what is only the content of a demand, threat, promise, refusal or charge, and what stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.stages.extract.events.clauses import DUE, FACTLESS, TOLD, case_of, is_misread_clause, subject_token
from pipeline.stages.extract.events.lemmas import lemma

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

# Verbs and nouns whose complement is only wanted, planned, feared or kept from happening.
_WISHED = frozenset(
    "want hope plan consider intend seek expect fear wish prepare aim like need try attempt mull weigh contemplate "
    "prevent stop avoid threaten vow refuse decline fail demand urge ask call press propose suggest advise warn "
    "encourage allow enable authorise authorize believe doubt deny deter ban bar forbid help let would".split()
)
_WISHES = frozenset(
    "plan attempt threat proposal demand call intention effort bid offer promise pledge vow desire ability right power "
    "way chance request readiness willingness need wish hope fear pressure order mandate invitation refusal failure "
    "move campaign motion goal aim mission suffice".split()
)
_GATHER = frozenset("gather march rally take meet assemble stream come pour".split())
# What tells when or where, and not what is demanded.
_TIMES = frozenset("after since when while where".split())


def contents_of(token: Token, kind: str) -> set[int]:
    """Return the words of what is demanded, threatened, promised, refused or alleged: it is content, and no event."""
    if kind == "COERCE":  # what somebody is arrested for is alleged: "for looting"
        parts = [c for c in token.children if c.dep_ == "advcl" and c.tag_ == "VBG" and c.left_edge.lower_ == "for"]
        return {t.i for part in parts for t in part.subtree}
    if kind not in FACTLESS and kind != "ACCUSE":
        return set()
    parts = [c for c in token.children if c.dep_ in ("xcomp", "ccomp", "advcl") and c.i > token.i and not is_apart(c)]
    for child in token.children:
        if child.dep_ in ("obj", "obl") and child.i > token.i:
            if kind == "ACCUSE":
                parts.append(child)
            parts += [c for c in child.children if c.dep_ in ("acl", "ccomp")]
    if kind == "ACCUSE" and token.dep_ == "amod" and is_misread_clause(token):
        parts += [c for c in token.head.children if c.i > token.head.i]
    own = {t.i for part in parts for below in part.subtree if is_apart(below) for t in below.subtree}
    return {t.i for part in parts for t in part.subtree} - own


def is_apart(clause: Token) -> bool:
    """Say whether a clause tells of its own what happened, though it hangs on what is demanded or alleged.

    "... after he had declared martial law" tells when, "called on it to leave, and the Union has frozen" goes on.
    """
    if clause.dep_ == "advcl":
        marks = {c.lower_ for c in clause.children if c.dep_ in ("mark", "advmod")}
        if marks & _TIMES and subject_token(clause) is not None and _is_finite(clause):
            return True
        return not marks and _goes_on(clause)
    return clause.dep_ == "conj" and clause.head.tag_ == "VB" and _goes_on(clause)


def _goes_on(clause: Token) -> bool:
    """Say whether a clause has its own subject, verb and comma: it was joined to an infinitive by mistake."""
    subject = subject_token(clause)
    if subject is None or subject.i > clause.i or not _is_finite(clause):
        return False
    at = subject.left_edge.i
    while at < subject.i and (clause.doc[at].is_punct or clause.doc[at].dep_ == "cc"):
        at += 1
    if clause.doc[at - 1].dep_ == "cc":
        at -= 1
    return at > 1 and clause.doc[at - 1].text in (",", ";")


def _is_finite(clause: Token) -> bool:
    modal = any(c.tag_ == "MD" or c.lower_ == "to" for c in clause.children)
    if clause.tag_ in ("VBD", "VBZ", "VBP"):
        return not modal
    return clause.tag_ == "VBN" and not modal and any(c.lower_ in ("has", "have", "had") for c in clause.children)


def is_beside(phrase: Token, verb: Token) -> bool:
    """Say whether a phrase is no part of a verb's meaning: "for its part, it called", "called it a sham for that"."""
    if phrase.i < verb.i:
        return any(c.dep_ == "nsubj" and c.i > phrase.i for c in verb.children) or phrase.lower_ == "part"
    return lemma(verb.text) == "call" and any(c.dep_ in ("obj", "xcomp") and c.i < phrase.i for c in verb.children)


def is_said_to_be(word: Token) -> bool:
    """Say whether a noun is what something is called: "called it a punishment"."""
    return word.dep_ == "xcomp" and word.tag_ in ("NN", "NNS") and not case_of(word)


def is_unasserted(token: Token, kind: str) -> bool:
    """Say whether a clause is only wanted, planned, tried or meant: "decided to", "a plan to", "in order to"."""
    infinitive = any(c.lower_ == "to" and c.dep_ in ("mark", "aux") for c in token.children)
    head = token.head
    if head == token:
        return False
    if token.dep_ in ("xcomp", "ccomp") and lemma(head.text) in _WISHED:
        return True
    if token.dep_ == "xcomp" and lemma(head.text) in TOLD:
        return True
    if token.tag_ == "VBN" and token.dep_ in ("acl", "acl:relcl", "ccomp") and _is_wanted(token):
        return True
    if token.i > 1 and token.nbor(-1).lower_ == "of" and token.nbor(-2).lower_ == "short":
        return True  # "stopped short of declaring"
    if token.dep_ == "advcl" and any(c.dep_ == "mark" and c.lower_ == "from" for c in token.children):
        return lemma(head.text) in _WISHED
    if not infinitive or lemma(head.text) in DUE:
        return False
    if token.dep_ == "acl":
        return lemma(head.text) in _WISHES
    if lemma(head.text) == "vote":  # "voted on Monday to strip him of his seat"
        return False
    return token.dep_ == "advcl" and not (kind == "PROTEST" and lemma(head.text) in _GATHER)


def _is_wanted(clause: Token) -> bool:
    """Say whether a clause says what shall be by its bare "be": "a recommendation that he be suspended"."""
    auxiliaries = [c.lower_ for c in clause.children if c.dep_ in ("aux", "aux:pass") or c.tag_ == "MD"]
    return auxiliaries == ["be"]


def is_prospect(noun: Token) -> bool:
    """Say whether an event noun names only what is prepared, feared or possible."""
    words = {lemma(t.text) for t in noun.ancestors} | {lemma(t.text) for t in noun.children}
    return bool(
        words
        & {
            "preparation",
            "prepare",
            "possible",
            "potential",
            "fear",
            "threat",
            "risk",
            "plan",
            "prevent",
            "avoid",
            "future",
            "toward",
        }
    )
