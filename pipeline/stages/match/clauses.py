"""What a document must hold to match a query, in terms that can be looked up: grams.

A gram is (kind, text): ``("word", "run")`` is held by a document one of whose stems is that word's; the other kinds are
tokens, pairs of neighbouring tokens, patterns of tokens, and values of fields. A query is turned into clauses, of which
a matching document satisfies at least one: it holds all the clause's grams and none of its ``absent`` ones. Where the
clause is ``exact`` the converse is true too; where it is not, the syntax tree has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, product

import msgspec

from pipeline.query import tree
from pipeline.query.regex import candidates

Gram = tuple[str, str]
# Multiplying out "(a OR b) (c OR d)" makes verification cheaper and filing dearer; more than this is not worth it.
MAX_PRODUCT = 8


class Clause(msgspec.Struct, frozen=True):
    """Hold the grams a matching document has and has not; ``exact`` when that is all there is to the query."""

    grams: frozenset[Gram] = frozenset()
    absent: frozenset[Gram] = frozenset()
    exact: bool = True


_ANYTHING = Clause(exact=False)


def clauses(node: tree.AnyNode, part: str = "") -> list[Clause]:
    """Return the clauses of a query; one without grams says that every document has to be tried."""
    match node:
        case tree.Word(text=text):
            return [_text_clause(part, "word", (text,))]
        case tree.Phrase(tokens=tokens):
            return [_phrase_clause(part, tokens)]
        case tree.Hyphenated(tokens=tokens):
            inflected = [_text_clause(part, "compound", (" ".join(tokens),))] if part in ("", "title", "body") else []
            return [_phrase_clause(part, tokens), *inflected]
        case tree.Near(tokens=tokens):
            return [_text_clause(part, "token", tokens, exact=False)]
        case (
            tree.Prefix(text=text)
            | tree.Wildcard(pattern=text)
            | tree.Fuzzy(text=text)
            | tree.Ending(text=text)
            | tree.Containing(text=text)
        ):
            return [_pattern_clause(node, text, part)]
        case tree.Listed(names=names):
            return [_phrase_clause(part, name) for several in names.values() for name in several]
        case tree.ByGrouping(comma=comma, point=point, either=either):
            return [_inexact(clause) for inner in (comma, point, either) for clause in clauses(inner, part)]
        case tree.Exact(node=inner):
            return [_inexact(clause) for clause in clauses(inner, part)]
        case tree.Regex(pattern=pattern):
            held = candidates(pattern)
            return [_ANYTHING] if held is None else [_inexact(clause) for clause in clauses(held, part)]
        case tree.Keyword(name=name, value=value, prefix=False):
            return [Clause(frozenset({(name, value)}))]
        case tree.EventFilter():
            return [Clause(frozenset(_event_grams(node)), exact=False)]
        case tree.AtLeast(word=word, count=count):
            return [_inexact(clause) if count > 1 else clause for clause in clauses(word, part)]
        case tree.SameSentence(nodes=nodes):
            return [_inexact(clause) for clause in _all(nodes, part)]
        case tree.Field(name=name, node=inner):
            return clauses(inner, name)
        case tree.And(nodes=nodes):
            return _all(nodes, part)
        case tree.Or(nodes=nodes):
            return [clause for inner in nodes for clause in clauses(inner, part)]
        case tree.Not(node=inner):
            return [_negation(clauses(inner, part))]
        case _:
            return [_ANYTHING]


def _text_clause(part: str, kind: str, texts: Iterable[str], exact: bool = True) -> Clause:
    if part in ("author", "source"):
        kind = part
    elif part == "title":
        kind = f"title {kind}"
    # What the body holds, title and body hold; that the converse fails makes the clause inexact.
    return Clause(frozenset((kind, text) for text in texts), exact=exact and part != "body")


def _phrase_clause(part: str, tokens: Sequence[str]) -> Clause:
    """Demand each two neighbours of a phrase next to each other: all there is to a phrase of two."""
    if len(tokens) == 1 or part in ("author", "source"):
        return _text_clause(part, "token", tokens, exact=len(tokens) == 1)
    return _text_clause(part, "pair", map(" ".join, pairwise(tokens)), exact=len(tokens) == 2)


_KINDS: dict[type, str] = {
    tree.Prefix: "prefix",
    tree.Wildcard: "wildcard",
    tree.Ending: "ending",
    tree.Containing: "containing",
}


def _pattern_clause(
    node: tree.Prefix | tree.Ending | tree.Containing | tree.Wildcard | tree.Fuzzy, text: str, part: str
) -> Clause:
    if part in ("author", "source"):
        return _ANYTHING
    kind = f"fuzzy{node.distance}" if isinstance(node, tree.Fuzzy) else _KINDS[type(node)]
    return Clause(frozenset({(kind, text)}), exact=not part)


def _event_grams(node: tree.EventFilter) -> list[Gram]:
    grams = [
        (name, token)
        for name, value in node.conditions
        if name in ("event", "actor", "target", "place", "said")
        for token in value.split()
    ]
    return grams or [("some", "quotation" if node.quotation else "event")]


def _inexact(clause: Clause) -> Clause:
    return Clause(clause.grams, clause.absent, exact=False)


def _negation(inner: list[Clause]) -> Clause:
    if len(inner) == 1 and inner[0].exact and len(inner[0].grams) == 1 and not inner[0].absent:
        return Clause(absent=inner[0].grams)
    return _ANYTHING


def _all(nodes: Sequence[tree.AnyNode], part: str) -> list[Clause]:
    """Combine what several conditions demand, those with few alternatives first, the longest perhaps left out."""
    demands = sorted((clauses(inner, part) for inner in nodes), key=len)
    together = [Clause()]
    for demand in demands:
        if len(together) * len(demand) <= MAX_PRODUCT:
            together = [_both(one, other) for one, other in product(together, demand)]
        elif all(clause.grams for clause in together):
            together = [_inexact(clause) for clause in together]
        elif len(together) == 1:
            together = [_both(together[0], other) for other in demand]
        else:
            together = [_inexact(clause) for clause in demand]
    return together


def _both(one: Clause, other: Clause) -> Clause:
    return Clause(one.grams | other.grams, one.absent | other.absent, one.exact and other.exact)
