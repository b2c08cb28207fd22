"""What a query that found nothing may have meant otherwise."""

from __future__ import annotations

import re
from datetime import datetime

from pipeline.query.conditions import host_of
from pipeline.query.lexer import lexemes
from pipeline.query.tree import And, Keyword, Query, Range, walk

_OPERATORS = ("and", "or", "not")
# What other programs call nearness.
_NEAR = re.compile(r"(?:NEAR|AROUND|WITHIN|ADJ|W)(?:/?\d+)?|[wW]/\d+")
_TIME = re.compile(r"today|yesterday|now-\d{1,5}[mhdw]")


def hints(query: Query) -> tuple[str, ...]:
    """Return sentences that may help, for a query that can be read and found nothing."""
    typed = lexemes(query.text)
    befores = [None, *typed]
    words = {
        lexeme.text
        for before, lexeme in zip(befores, typed, strict=False)
        if lexeme.kind == "word" and (before is None or before.kind != "field")
    }
    found = [
        f"“{word}” was searched for as a word; in capitals, {operator.upper()}, it is an operator."
        for word in sorted(words)
        if (operator := word.strip(",").casefold()) in _OPERATORS
    ]
    found += [
        f'“{word}” was searched for as a word; for words near each other, write "one two"~5.'
        for word in sorted(words)
        if _NEAR.fullmatch(word)
    ]
    found += [
        f"“{word}” was searched for as a word; for what was published since then, write after:{word}."
        for word in sorted(words)
        if _TIME.fullmatch(word)
    ]
    found += [
        f"{node.name}: takes a whole address; for all articles of a site, write site:{host_of(node.value)}."
        for node in walk(query.root)
        if isinstance(node, Keyword) and node.name in ("url", "feed") and not node.prefix and ":" not in node.value
    ]
    if any(isinstance(node, And) and _is_of_no_day(node) for node in walk(query.root)):
        found.append("No article is of these days: the first begins after the last has ended.")
    return tuple(found)


def _is_of_no_day(node: And) -> bool:
    """Tell whether days are asked for that exclude each other."""
    spans = [each for each in node.nodes if isinstance(each, Range) and each.name == "published"]
    lows = [each.low for each in spans if isinstance(each.low, datetime)]
    highs = [each.high for each in spans if isinstance(each.high, datetime)]
    return bool(lows and highs) and max(lows) > min(highs)
