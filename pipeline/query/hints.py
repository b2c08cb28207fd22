"""What a query that found nothing may have meant otherwise."""

from __future__ import annotations

import re

from pipeline.query.lexer import lexemes
from pipeline.query.tree import Keyword, Query, walk

_OPERATORS = ("and", "or", "not")
_TIME = re.compile(r"today|yesterday|now-\d{1,5}[mhdw]")


def hints(query: Query) -> tuple[str, ...]:
    """Return sentences that may help, for a query that can be read and found nothing."""
    words = {lexeme.text for lexeme in lexemes(query.text) if lexeme.kind == "word"}
    found = [
        f"“{word}” was searched for as a word; in capitals, {word.upper()}, it is an operator."
        for word in _OPERATORS
        if word in words
    ]
    found += [
        f"“{word}” was searched for as a word; for what was published since then, write after:{word}."
        for word in sorted(words)
        if _TIME.fullmatch(word)
    ]
    found += [
        f"url: takes a whole address; for all articles of a site, write site:{node.value}."
        for node in walk(query.root)
        if isinstance(node, Keyword) and node.name == "url" and not node.prefix and "://" not in node.value
    ]
    return tuple(found)
