"""The syntax tree as Elasticsearch queries.

What it cannot express exactly is compiled to a superset and marked inexact: the caller verifies each hit with the
reference matcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.adapters.elasticsearch.template import EVENT_CODES
from pipeline.errors import UsageError
from pipeline.language.tokens import ANALYSIS_VERSION, STEMMERS
from pipeline.moments import microseconds
from pipeline.query import tree
from pipeline.query.days import resolved
from pipeline.query.evaluate import AHEAD_S
from pipeline.query.grouping import by_language
from pipeline.query.indexing import (
    MAX_KEYWORD,
    MAX_TOKEN,
    clip,
    clip_keyword,
    compound_terms,
    earlier_stem_terms,
    stem_terms,
)
from pipeline.query.regex import candidates

# Elasticsearch takes 30 levels of brackets and 65,536 terms in a list.
MAX_DEPTH = 12
MAX_TERMS = 60_000
# Elasticsearch takes a thousand clauses on the smallest machine, and each word of a phrase is one.
MAX_PHRASES = 200
# What a common query is scored by; the rest of a very long one only filters.
MAX_SCORED = 30
_EVERYWHERE = ("title", "body")
_LANGUAGES = ("", *STEMMERS)
_ALL: dict[str, Any] = {"match_all": {}}
_WEIGHTS = {"title": 4.0, "body": 1.0}


class Plan(msgspec.Struct, frozen=True):
    """Hold a filter; ``exact`` is false when hits that do not match may be among those found."""

    filter: dict[str, Any]
    exact: bool = True


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold when a query is asked, and what to ask the index for: the ids of articles with so many copies.

    ``copied`` is given the least (1 or more) and the greatest number, if there is one.
    """

    now: datetime
    copied: Callable[[int, int | None], Sequence[str]]


def compile_query(node: tree.AnyNode, asked: Asked) -> Plan:
    """Compile a tree to a filter. Raises ``UsageError`` for what the index does not keep."""
    return _compile(node, _EVERYWHERE, asked, 0)


def scored(node: tree.AnyNode) -> list[dict[str, Any]]:
    """Return queries that give a hit its BM25 score: one per positive word or phrase."""
    return [query for _, query in zip(range(MAX_SCORED), _scored(node, _EVERYWHERE), strict=False)]


def _compile(node: tree.AnyNode, parts: Sequence[str], asked: Asked, depth: int) -> Plan:
    if depth > MAX_DEPTH:
        return Plan(_ALL, exact=False)
    match node:
        case tree.And(nodes=nodes):
            return _all(nodes, parts, asked, depth)
        case tree.Or(nodes=nodes):
            return _any(nodes, parts, asked, depth)
        case tree.Not():
            return _all((node,), parts, asked, depth)
        case tree.Field(name=name, node=inner):
            return _compile(inner, (name,), asked, depth)
        case tree.AtLeast(word=word, count=count):
            plan = _compile(word, parts, asked, depth)
            return plan if count == 1 else Plan(plan.filter, exact=False)
        case tree.SameSentence(nodes=nodes):
            plans = [_all(nodes, (part,), asked, depth + 1) for part in parts]
            return Plan(_should([plan.filter for plan in plans]), exact=False)
        case tree.Exact(node=inner):
            return Plan(_compile(inner, parts, asked, depth).filter, exact=False)
        case tree.Regex(pattern=pattern):
            held = candidates(pattern)
            return Plan(_ALL if held is None else _compile(held, parts, asked, depth).filter, exact=False)
        case tree.ByGrouping():
            return _compile(by_language(node), parts, asked, depth)
        case tree.Keyword(among=frozenset() as ids):
            return Plan({"terms": {"nw.id": sorted(ids)}})
        case tree.Keyword(name="is" | "mark" as name, value=value) if (name, value) != ("is", "copy"):
            return Plan({"match_none": {}})
        case tree.Keyword(name="is"):
            return Plan({"exists": {"field": "nw.original"}})
        case tree.Keyword(name=name, value=value, prefix=prefix):
            kind = "prefix" if prefix else "term"
            return Plan({kind: {f"nw.keys.{name}": clip_keyword(value)}}, exact=len(value) < MAX_KEYWORD)
        case tree.Range():
            return _copied(node, asked) if node.name == "copies" else _range(node, asked.now)
        case tree.Last(seconds=seconds):
            latest = microseconds(asked.now + timedelta(seconds=AHEAD_S))
            within = {"gte": microseconds(asked.now - timedelta(seconds=seconds)), "lte": latest}
            unknown = {"bool": {"must_not": {"exists": {"field": "nw.published"}}}}
            seen = {"bool": {"filter": [unknown, {"range": {"nw.seen": within}}]}}
            return Plan(_should([{"range": {"nw.published": within}}, seen]))
        case tree.EventFilter(conditions=conditions):
            return _nested(conditions)
        case _:
            plans = [_text(node, part) for part in parts]
            return Plan(_should([plan.filter for plan in plans]), exact=all(plan.exact for plan in plans))


def _text(node: tree.AnyNode, part: str) -> Plan:
    field = f"nw.terms.{part}"
    match node:
        case tree.Word(text=text):
            if part not in _EVERYWHERE:
                return Plan({"term": {field: clip(text)}}, _are_whole(text))
            return Plan(_should(_words((text,), part)), _are_whole(text))
        case tree.Phrase(tokens=tokens):
            return Plan(_phrase(field, tokens), _are_whole(*tokens))
        case tree.Hyphenated(tokens=tokens):
            if part not in _EVERYWHERE:
                return Plan(_phrase(field, tokens), _are_whole(*tokens))
            terms = compound_terms(tokens, _LANGUAGES)
            inflected = {"terms": {f"{field}_stems": terms}}
            return Plan(_should([_phrase(field, tokens), inflected]), _are_whole(*tokens, *terms))
        case tree.Near(tokens=tokens, distance=distance):
            return _near(field, tokens, distance)
        case tree.Prefix(text=text):
            return Plan({"prefix": {field: clip(text)}}, _are_whole(text))
        case tree.Wildcard(pattern=pattern):
            return Plan({"wildcard": {field: {"value": pattern.replace("\\", "\\\\")}}}, _are_whole(pattern))
        case tree.Ending(text=text):
            return Plan({"wildcard": {field: {"value": f"*{text}"}}}, _are_whole(text))
        case tree.Containing(text=text):
            return Plan({"wildcard": {field: {"value": f"*{text}*"}}}, _are_whole(text))
        case tree.Listed(names=names):
            return _listed(field, [name for several in names.values() for name in several])
        case tree.Fuzzy(text=text, distance=distance):
            options = {"value": clip(text), "fuzziness": str(distance), "rewrite": "constant_score"}
            return Plan({"fuzzy": {field: options}}, _are_whole(text))
        case _:
            raise TypeError(f"{type(node).__name__} is no text leaf")


def _words(words: Sequence[str], part: str) -> list[dict[str, Any]]:
    """Return filters for any of some words, by lists of terms: clauses are limited, terms hardly."""
    field = f"nw.terms.{part}_stems"
    terms = sorted({term for word in words for term in stem_terms(word, _LANGUAGES)})
    filters: list[dict[str, Any]] = [
        {"terms": {field: terms[n : n + MAX_TERMS]}} for n in range(0, len(terms), MAX_TERMS)
    ]
    if earlier := sorted({term for word in words for term in earlier_stem_terms(word, _LANGUAGES)}):
        current = {"term": {"nw.analysis": ANALYSIS_VERSION}}
        filters.append({"bool": {"filter": {"terms": {field: earlier[:MAX_TERMS]}}, "must_not": current}})
    return filters


def _phrase(field: str, tokens: Sequence[str]) -> dict[str, Any]:
    clipped = [clip(token) for token in tokens]
    if len(clipped) == 1:
        return {"term": {field: clipped[0]}}
    return {"match_phrase": {field: " ".join(clipped)}}


def _listed(field: str, names: Sequence[tuple[str, ...]]) -> Plan:
    """Find any of many names: those of one word as a list of terms, the others as one condition."""
    words = sorted({clip(name[0]) for name in names if len(name) == 1})
    filters: list[dict[str, Any]] = [
        {"terms": {field: words[n : n + MAX_TERMS]}} for n in range(0, len(words), MAX_TERMS)
    ]
    several = [name for name in names if len(name) > 1]
    exact = all(_are_whole(*name) for name in names)
    if len(several) > MAX_PHRASES:
        # What holds a first and a last word; which of them hold a name is seen in their text.
        ends = ({clip(name[end]) for name in several} for end in (0, -1))
        filters.append({"bool": {"filter": [{"terms": {field: sorted(words)}} for words in ends]}})
        return Plan(_should(filters), exact=False)
    phrases = [" ".join(map(clip, name)) for name in several]
    if phrases:
        each = [{"match": {"query": phrase, "ordered": True, "max_gaps": 0}} for phrase in phrases]
        filters.append({"intervals": {field: {"any_of": {"intervals": each}}}})
    return Plan(_should(filters), exact)


def _near(field: str, tokens: Sequence[str], distance: int) -> Plan:
    if len(set(tokens)) < len(tokens) or not _are_whole(*tokens):
        return Plan({"bool": {"filter": [{"term": {field: clip(token)}} for token in set(tokens)]}}, exact=False)
    each = [{"match": {"query": token}} for token in tokens]
    return Plan({"intervals": {field: {"all_of": {"ordered": False, "max_gaps": distance, "intervals": each}}}})


def _are_whole(*tokens: str) -> bool:
    return all(len(token) < MAX_TOKEN for token in tokens)


def _range(node: tree.Range, now: datetime) -> Plan:
    if node.name not in (*tree.DATE_FIELDS, *tree.COUNT_FIELDS):
        raise UsageError(f"The index keeps no {node.name} to compare with.")
    found = (
        (sign, resolved(bound, now)) for sign, bound in (("gte", node.low), ("lte", node.high)) if bound is not None
    )
    bounds = {sign: microseconds(value) if isinstance(value, datetime) else value for sign, value in found}
    return Plan({"range": {f"nw.{node.name}": bounds}})


def _copied(node: tree.Range, asked: Asked) -> Plan:
    """Find by the number of copies, which only the copies know: those with too many are excluded if none will do."""
    low = node.low if isinstance(node.low, int) else 0
    high = node.high if isinstance(node.high, int) else None
    if low > 0:
        return Plan({"terms": {"nw.id": asked.copied(low, high)}})
    return Plan(_ALL if high is None else {"bool": {"must_not": {"terms": {"nw.id": asked.copied(high + 1, None)}}}})


def _nested(conditions: Sequence[tuple[str, str]]) -> Plan:
    path = "nw.quotations" if conditions[0][0] in tree.QUOTATION_FIELDS else "nw.events"
    filters: list[dict[str, Any]] = []
    for name, value in conditions:
        if name == "when":
            filters.append({"prefix": {f"{path}.{name}": value}})
        elif name in EVENT_CODES:
            filters.append({"term": {f"{path}.{name}": value}})
        else:
            filters.append(_phrase(f"{path}.{name}", value.split()))
    return Plan({"nested": {"path": path, "query": {"bool": {"filter": filters}}}})


def _all(nodes: Sequence[tree.AnyNode], parts: Sequence[str], asked: Asked, depth: int) -> Plan:
    wanted, unwanted, exact = [], [], True
    for node in nodes:
        negated = isinstance(node, tree.Not)
        plan = _compile(node.node if isinstance(node, tree.Not) else node, parts, asked, depth + 1)
        exact = exact and plan.exact
        if not negated:
            wanted.append(plan.filter)
        elif plan.exact:
            unwanted.append(plan.filter)
        # To exclude what an inexact plan finds would lose hits: the verification excludes them.
    query: dict[str, Any] = {"filter": wanted or [_ALL]}
    if unwanted:
        query["must_not"] = unwanted
    return Plan({"bool": query}, exact)


def _any(nodes: Sequence[tree.AnyNode], parts: Sequence[str], asked: Asked, depth: int) -> Plan:
    words = [node.text for node in nodes if isinstance(node, tree.Word)]
    rest: list[tree.AnyNode] = [node for node in nodes if not isinstance(node, tree.Word)]
    if len(words) < 2 or not set(parts) <= set(_EVERYWHERE):
        words, rest = [], list(nodes)
    plans = [_compile(node, parts, asked, depth + 1) for node in rest]
    filters = [found for part in parts for found in _words(words, part)] if words else []
    filters += [plan.filter for plan in plans]
    return Plan(_should(filters), all(plan.exact for plan in plans) and _are_whole(*words))


def _should(filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if len(filters) == 1:
        return filters[0]
    return {"bool": {"should": list(filters), "minimum_should_match": 1}}


def _scored(node: tree.AnyNode, parts: Sequence[str]) -> Iterator[dict[str, Any]]:
    match node:
        case tree.And(nodes=nodes) | tree.Or(nodes=nodes) | tree.SameSentence(nodes=nodes):
            for inner in nodes:
                yield from _scored(inner, parts)
        case tree.Field(name=name, node=inner):
            yield from _scored(inner, (name,))
        case tree.AtLeast(word=word):
            yield from _scored(word, parts)
        case tree.Word(text=text):
            for part in parts:
                field = f"nw.terms.{part}_stems" if part in _EVERYWHERE else f"nw.terms.{part}"
                terms = stem_terms(text, _LANGUAGES) if part in _EVERYWHERE else [clip(text)]
                yield {"match": {field: {"query": " ".join(terms), "boost": _WEIGHTS.get(part, 1.0)}}}
        case tree.Hyphenated(tokens=tokens):
            yield from _scored(tree.Phrase(tokens=tokens), parts)
            for part in set(parts) & set(_EVERYWHERE):
                inflected = " ".join(compound_terms(tokens, _LANGUAGES))
                yield {"match": {f"nw.terms.{part}_stems": {"query": inflected, "boost": _WEIGHTS.get(part, 1.0)}}}
        case tree.Phrase(tokens=tokens) | tree.Near(tokens=tokens):
            for part in parts:
                query = {"query": " ".join(map(clip, tokens)), "boost": _WEIGHTS.get(part, 1.0), "slop": 5}
                yield {"match_phrase": {f"nw.terms.{part}": query}}
        case _:
            return
