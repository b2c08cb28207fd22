"""Whether a document matches a query, without saying where: what ``evaluate.find`` decides, several times faster."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pipeline.language.compounds import compound
from pipeline.language.tokens import MAX_CHARS, stem
from pipeline.query import tree
from pipeline.query.evaluate import EVERYWHERE, MatchView, find, token_test
from pipeline.query.grouping import reading as reading_of
from pipeline.query.regex import compiled

_Test = Callable[[Any, MatchView, datetime, Sequence[str]], bool]


def holds(node: tree.AnyNode, reading: MatchView, now: datetime, parts: Sequence[str] = EVERYWHERE) -> bool:
    """Tell whether ``find`` finds anything; words are looked up in sets, phrases in the joined tokens."""
    return _TESTS.get(type(node), _found)(node, reading, now, parts)


def asks_what_is_read(root: tree.AnyNode) -> bool:
    """Tell whether a query asks anything that an article's text has to be read for: events, quotations, places, dates.

    Whatever else it asks is known of a document before.
    """
    return any(isinstance(node, tree.EventFilter) for node in tree.walk(root))


def _found(node: tree.AnyNode, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    return find(node, reading, now, parts) is not None


def _and(node: tree.And, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    for inner in node.nodes:  # noqa: SIM110 - a generator would cost as much as the test of a word
        if not _TESTS.get(type(inner), _found)(inner, reading, now, parts):
            return False
    return True


def _or(node: tree.Or, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    for inner in node.nodes:  # noqa: SIM110
        if _TESTS.get(type(inner), _found)(inner, reading, now, parts):
            return True
    return False


def _not(node: tree.Not, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    return not holds(node.node, reading, now, parts)


def _field(node: tree.Field, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    return holds(node.node, reading, now, (node.name,))


def _word(node: tree.Word, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    if parts is EVERYWHERE and (known := reading.words(node.text)) is not None:
        return known
    for part in parts:
        stemmed = part in EVERYWHERE
        if (stem(node.text, reading.document.language) if stemmed else node.text) in reading.tokens(part, stemmed):
            return True
    return False


def _phrase(node: tree.Phrase, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    wanted = f" {' '.join(node.tokens)} "
    return any(wanted in reading.joined(part) for part in parts)


def _hyphenated(node: tree.Hyphenated, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    wanted = f" {' '.join(node.tokens)} "
    if any(wanted in reading.joined(part) for part in parts):
        return True
    inflected = compound(node.tokens, reading.document.language)
    return any(part in EVERYWHERE and inflected in reading.compounds(part) for part in parts)


def _near(node: tree.Near, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    present = [part for part in parts if reading.tokens(part).issuperset(node.tokens)]
    if len(node.tokens) != 2 or node.tokens[0] == node.tokens[1]:
        return bool(present) and find(node, reading, now, present) is not None
    one, other = node.tokens
    reach = node.distance + 1
    for part in present:
        positions = reading.positions(part)
        others = positions[other]
        for at in positions[one]:
            nearest = bisect_left(others, at - reach)
            if nearest < len(others) and others[nearest] <= at + reach:
                return True
    return False


def _pattern(
    node: tree.Prefix | tree.Ending | tree.Containing | tree.Wildcard | tree.Fuzzy,
    reading: MatchView,
    now: datetime,
    parts: Sequence[str],
) -> bool:
    if isinstance(node, tree.Prefix):
        text = node.text
        return any([token.startswith(text) for part in parts for token in reading.tokens(part)])  # noqa: C419
    test = token_test(node)
    return any(test(token) for part in parts for token in reading.tokens(part))


def _by_grouping(node: tree.ByGrouping, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    return holds(reading_of(node, reading.document.language), reading, now, parts)


def _regex(node: tree.Regex, reading: MatchView, now: datetime, parts: Sequence[str]) -> bool:
    expression = compiled(node.pattern)
    return any(expression.search(reading.part(part).text[:MAX_CHARS]) is not None for part in parts)


_TESTS: dict[type, _Test] = {
    tree.And: _and,
    tree.Or: _or,
    tree.Not: _not,
    tree.Field: _field,
    tree.Word: _word,
    tree.Phrase: _phrase,
    tree.Hyphenated: _hyphenated,
    tree.Near: _near,
    tree.Prefix: _pattern,
    tree.Wildcard: _pattern,
    tree.Fuzzy: _pattern,
    tree.Ending: _pattern,
    tree.Containing: _pattern,
    tree.ByGrouping: _by_grouping,
    tree.Regex: _regex,
}
