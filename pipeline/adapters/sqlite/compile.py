"""The syntax tree as conditions for FTS5 and SQL.

FTS5 answers all that is said of words and keywords in one expression; dates and counts are SQL. What FTS5 cannot
express exactly is compiled to a superset and marked inexact: the caller verifies each row with the reference matcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice, product

import msgspec

from pipeline.adapters.sqlite.generations import table_of
from pipeline.adapters.sqlite.plans import Plan, any_of, conjunction, disjunction
from pipeline.adapters.sqlite.terms import COPY, keyword_token, language_token, name_tokens
from pipeline.errors import UsageError
from pipeline.language.numbers import marks_of
from pipeline.language.respelled import read_again
from pipeline.language.tokens import stem
from pipeline.moments import microseconds
from pipeline.query import tree
from pipeline.query.days import resolved
from pipeline.query.evaluate import AHEAD_S
from pipeline.query.grouping import by_language
from pipeline.query.indexing import MAX_KEYWORD, MAX_TOKEN, clip, compound_terms, greatest_key, least_key
from pipeline.query.regex import candidates

MAX_EXPANSION = 2_000
MAX_RESPELLED = 64
# SQLite joins 500 SELECTs at most, and a list has 10,000 names.
MAX_GROUP = 100
_EVERYWHERE = ("title", "body")
_COPIES = "(SELECT count(*) FROM documents AS c WHERE c.original = d.id)"


Pattern = tree.Wildcard | tree.Fuzzy | tree.Ending | tree.Containing


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the compiler what the index holds.

    ``languages``: about how many documents there are by language of stems; ``family``: which tokens have one of these
    stems, given by language; ``like``: tokens like a pattern or word, ``MAX_EXPANSION + 1`` at most; ``earlier``:
    versions of the analysis that have terms in a table of their own; ``respelled``: which tokens of an earlier analysis
    stand for one; ``holds``: whether the index may hold a token; ``expansion``: how many tokens a pattern
    may stand for; ``ahead``: the least position of documents dated at a moment (in microseconds) or later, and later
    than they were first seen.
    """

    languages: Mapping[str, int]
    family: Callable[[Mapping[str, str]], Iterable[str]]
    like: Callable[[Pattern], Sequence[str]]
    now: datetime
    earlier: tuple[int, ...] = ()
    respelled: Callable[[str], Sequence[str]] = lambda _: ()
    holds: Callable[[str], bool] = lambda _: True
    expansion: int = MAX_EXPANSION
    ahead: Callable[[int], int | None] | None = None


def compile_query(node: tree.AnyNode, vocabulary: Vocabulary) -> Plan:
    """Compile a tree. Raises ``UsageError`` for a query that would be ruinous."""
    return _compile(node, _EVERYWHERE, vocabulary)


def quoted(*tokens: str) -> str:
    """Write tokens as an FTS5 phrase."""
    return '"' + " ".join(tokens).replace('"', '""') + '"'


NOTHING = Plan(match=quoted(keyword_token("none", "")))


def _compile(node: tree.AnyNode, parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    match node:
        case tree.And(nodes=nodes):
            return conjunction(vocabulary.earlier, [_negatable(inner, parts, vocabulary) for inner in nodes])
        case tree.Or(nodes=nodes):
            return disjunction(vocabulary.earlier, [_compile(inner, parts, vocabulary) for inner in nodes])
        case tree.Not():
            return conjunction(vocabulary.earlier, [_negatable(node, parts, vocabulary)])
        case tree.Field(name=name, node=inner):
            return _compile(inner, (name,), vocabulary)
        case tree.AtLeast(word=word, count=count):
            plan = _compile(word, parts, vocabulary)
            return plan if count == 1 else msgspec.structs.replace(plan, exact=False)
        case tree.SameSentence(nodes=nodes):
            per_part = [
                conjunction(vocabulary.earlier, [(True, _compile(inner, (part,), vocabulary)) for inner in nodes])
                for part in parts
            ]
            return msgspec.structs.replace(disjunction(vocabulary.earlier, per_part), exact=False)
        case tree.Exact(node=inner):
            return msgspec.structs.replace(_compile(inner, parts, vocabulary), exact=False)
        case tree.Regex(pattern=pattern):
            held = candidates(pattern)
            few = msgspec.structs.replace(vocabulary, expansion=MAX_GROUP)
            plan = _compile(held, parts, few) if held is not None else Plan()
            return msgspec.structs.replace(plan, exact=False)
        case tree.ByGrouping():
            return _compile(by_language(node), parts, vocabulary)
        case tree.Keyword(among=frozenset() as ids):
            # Sorted, so that the same articles are the same statement's parameters.
            listed = msgspec.json.encode(sorted(ids)).decode()
            return Plan(where="d.id IN (SELECT value FROM json_each(?))", params=(listed,))
        case tree.Keyword(name="is", value="copy"):
            return Plan(match=quoted(COPY))
        case tree.Keyword(name=name, value=value, prefix=prefix):
            token = keyword_token(name, value)
            return Plan(match=quoted(token) + (" *" if prefix else ""), exact=len(value) < MAX_KEYWORD)
        case tree.Range() | tree.Last():
            return _instants(node, vocabulary)
        case tree.EventFilter(conditions=conditions):
            # FTS5 does not know which event a code belongs to: two conditions may hold for two events.
            found = conjunction(vocabulary.earlier, [(True, _condition(name, value)) for name, value in conditions])
            return msgspec.structs.replace(found, exact=found.exact and len(conditions) == 1)
        case _:
            return _text(node, parts, vocabulary)


def _text(node: tree.AnyNode, parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    match node:
        case tree.Word(text=text):
            return _word(text, parts, vocabulary)
        case tree.Phrase(tokens=tokens):
            return _phrase(tokens, parts, vocabulary)
        case tree.Hyphenated(tokens=tokens):
            return _hyphenated(tokens, parts, vocabulary)
        case tree.Near(tokens=tokens, distance=distance):
            # FTS5 counts all tokens between the outermost two, and may use one occurrence of a repeated token twice.
            between = distance + max(len(tokens) - 2, 0)
            inner = " ".join(map(quoted, _written(tokens, parts)))
            exact = len(set(tokens)) == len(tokens) and _are_whole(tokens)
            return Plan(match=f"{_column(parts)}NEAR({inner}, {between})", exact=exact)
        case tree.Prefix(text=text):
            return Plan(match=f"{_column(parts)}{quoted(*_written((text,), parts))} *", exact=_are_whole((text,)))
        case tree.Wildcard() | tree.Fuzzy() | tree.Ending() | tree.Containing():
            return _expanded(node, parts, vocabulary)
        case tree.Listed(names=names):
            return _listed([name for several in names.values() for name in several], parts, vocabulary)
        case _:
            raise TypeError(f"{type(node).__name__} is no text leaf")


def _phrase(tokens: Sequence[str], parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    ways = [(token, *vocabulary.respelled(token)) for token in tokens]
    several = list(islice(product(*ways), MAX_RESPELLED))
    found = any_of([quoted(*_written(way, parts)) for way in several])
    # A number may have been read otherwise in the document's language.
    return Plan(match=_column(parts) + found, depth=2, exact=len(several) == 1 and _are_whole(tokens))


def _hyphenated(tokens: Sequence[str], parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    phrase = _phrase(tokens, parts, vocabulary)
    terms = compound_terms(tokens, vocabulary.languages) if set(parts) <= set(_EVERYWHERE) else []
    if not terms:
        return phrase
    inflected = Plan(match=_column(parts) + any_of([quoted(term) for term in terms]), depth=2, exact=_are_whole(terms))
    return disjunction(vocabulary.earlier, [phrase, inflected])


def _listed(names: Sequence[Sequence[str]], parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    """Find any of many names: those that the index can hold at all, in groups, as each row costs FTS5 a look at all."""
    exact = all(map(_are_whole, names))
    held = [name for name in names if all(map(vocabulary.holds, map(clip, name)))]
    phrases = [quoted(*_written(name, parts)) for name in held]
    if len(phrases) <= MAX_GROUP:
        return Plan(match=_column(parts) + any_of(phrases or [quoted(keyword_token("none", ""))]), depth=4, exact=exact)
    groups = [any_of(phrases[n : n + MAX_GROUP]) for n in range(0, len(phrases), MAX_GROUP)]
    selects, params = [], []
    for table, condition in _tables(vocabulary.earlier):
        selects += [f"SELECT rowid FROM {table} WHERE {table} MATCH ?{condition}"] * len(groups)
        params += [_column(parts) + group for group in groups]
    return Plan(
        where=f"d.position IN ({' UNION ALL '.join(selects)})", where_depth=2, params=tuple(params), exact=exact
    )


def _tables(earlier: Sequence[int]) -> list[tuple[str, str]]:
    """Return the tables of terms, and what restricts each to the documents that it counts for."""
    within = " AND rowid IN (SELECT position FROM documents WHERE analysis = {})"
    return [("terms", ""), *((table_of(version), within.format(version)) for version in earlier)]


def _column(parts: Sequence[str]) -> str:
    """Return the column filter; title and body together need none."""
    return "" if len(parts) > 1 else f"{parts[0]} : "


def _written(tokens: Sequence[str], parts: Sequence[str]) -> list[str]:
    return [clip(token) for token in tokens] if set(parts) <= set(_EVERYWHERE) else name_tokens(tokens)


def _word(text: str, parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    """Find a word's tokens: those with its stem, each in documents of the languages in which it has that stem."""
    if not set(parts) <= set(_EVERYWHERE):
        return Plan(match=_column(parts) + quoted(*name_tokens((text,))), exact=_are_whole((text,)))
    stems = {language: stem(text, language or None) for language in vocabulary.languages}
    by_languages: dict[frozenset[str], list[str]] = {}
    family = {text, *stems.values(), *vocabulary.family(stems)}
    family |= {spelling for token in family for spelling in vocabulary.respelled(token)}
    for token in sorted(family):
        languages = frozenset(name for name, wanted in stems.items() if _stem(token, name or None) == wanted)
        by_languages.setdefault(languages, []).append(quoted(clip(token)))
    found = []
    for languages, tokens in by_languages.items():
        expression = _column(parts) + any_of(tokens)
        if len(languages) == len(stems):
            found.append(expression)
        elif languages:
            found.append(_within(languages, expression, vocabulary))
    if not found:  # no language of the index has the word
        return NOTHING
    return Plan(match=any_of(found), depth=4, exact=_are_whole((text,)))


def _stem(token: str, language: str | None) -> str:
    """Return the stem that a token, perhaps of an earlier analysis, has today."""
    return stem(read_again(token, marks_of(language)), language)


def _within(languages: frozenset[str], expression: str, vocabulary: Vocabulary) -> str:
    """Narrow an expression to documents of some languages, by the shorter list: theirs or the others'."""
    others = vocabulary.languages.keys() - languages
    size = sum(vocabulary.languages[name] for name in languages)
    if size > sum(vocabulary.languages[name] for name in others):
        return f"(({expression}) NOT {any_of([quoted(language_token(name)) for name in sorted(others)])})"
    return f"(({expression}) AND {any_of([quoted(language_token(name)) for name in sorted(languages)])})"


def _expanded(node: Pattern, parts: Sequence[str], vocabulary: Vocabulary) -> Plan:
    tokens = vocabulary.like(node)
    if not tokens:
        return NOTHING
    if len(tokens) <= vocabulary.expansion:
        return Plan(match=_column(parts) + any_of([quoted(token) for token in _written(tokens, parts)]), depth=2)
    if isinstance(node, tree.Fuzzy):
        raise UsageError(
            f"{node.text}~{node.distance} stands for more than {MAX_EXPANSION:,} words; use ~1 or spell it."
        )
    if isinstance(node, tree.Ending | tree.Containing):
        return Plan(exact=False)
    literal = node.pattern.split("*")[0].split("?")[0]
    return Plan(match=f"{_column(parts)}{quoted(*_written((literal,), parts))} *", exact=False)


def _are_whole(tokens: Sequence[str]) -> bool:
    return all(len(token) < MAX_TOKEN for token in tokens)


def _condition(name: str, value: str) -> Plan:
    if name in ("event", "scheduled"):
        return Plan(match=quoted(keyword_token(name, value)))
    if name == "when":
        return Plan(match=f"{quoted(keyword_token(name, value))} *")
    tokens = value.split()
    return Plan(match=f"{name} : {quoted(*name_tokens(tokens))}", exact=_are_whole(tokens))


def _instants(node: tree.Range | tree.Last, vocabulary: Vocabulary) -> Plan:
    now = vocabulary.now
    if isinstance(node, tree.Last):
        earliest, latest = now - timedelta(seconds=node.seconds), now + timedelta(seconds=AHEAD_S)
        plan = Plan(
            where="ifnull(d.published, d.seen) BETWEEN ? AND ?", params=(microseconds(earliest), microseconds(latest))
        )
        return _placed(plan, earliest, latest, vocabulary)
    if node.name not in (*tree.DATE_FIELDS, *tree.COUNT_FIELDS):
        raise UsageError(f"The index keeps no {node.name} to compare with.")
    column = _COPIES if node.name == "copies" else f"d.{node.name}"
    low, high = (None if bound is None else resolved(bound, now) for bound in (node.low, node.high))
    conditions, params = [f"{column} IS NOT NULL"], []
    for sign, value in ((">=", low), ("<=", high)):
        if value is not None:
            conditions.append(f"{column} {sign} ?")
            params.append(microseconds(value) if isinstance(value, datetime) else value)
    plan = Plan(where="(" + " AND ".join(conditions) + ")", params=tuple(params))
    if node.name != "published":  # what is compared says nothing of where an article stands
        return plan
    assert not isinstance(low, int) and not isinstance(high, int)
    return _placed(plan, low, high, vocabulary)


def _placed(plan: Plan, earliest: datetime | None, latest: datetime | None, vocabulary: Vocabulary) -> Plan:
    """Tell between which positions articles stand that are dated between two moments."""
    if vocabulary.ahead is None:
        return plan
    low = None if earliest is None else least_key(earliest)
    if earliest is not None and low is not None and (place := vocabulary.ahead(microseconds(earliest))) is not None:
        low = min(low, place)
    return msgspec.structs.replace(plan, low=low, high=None if latest is None else greatest_key(latest))


def _negatable(node: tree.AnyNode, parts: Sequence[str], vocabulary: Vocabulary) -> tuple[bool, Plan]:
    """Return a plan and whether it must hold (or must not)."""
    if isinstance(node, tree.Not):
        return False, _compile(node.node, parts, vocabulary)
    return True, _compile(node, parts, vocabulary)
