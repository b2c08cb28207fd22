"""Tell what of a sentence is only the content of a demand, threat, promise, refusal or charge, and what goes on beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.stages.extract.events.clauses import FACTLESS, is_misread_clause, subject_token

if TYPE_CHECKING:
    from pipeline.stages.extract.syntax.trees import Token

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
            parts += [c for c in child.children if c.dep_ == "acl"]
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
