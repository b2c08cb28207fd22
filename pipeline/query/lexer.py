"""The lexemes of a query: words, quoted texts, brackets, operators and fields, each with its column."""

from __future__ import annotations

import re

import msgspec

from pipeline.errors import UsageError
from pipeline.query.tree import COUNT_FIELDS, DATE_FIELDS

_LEXEME = re.compile(
    r"\s*(?:"
    r"(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[^\s)]))"
    r"|(?P<field>[a-z_]+):(?!//)(?=\S)"
    rf"|(?P<compared>{'|'.join((*COUNT_FIELDS, *DATE_FIELDS))})(?=[<>]=?\d)"
    r'|"(?P<quoted>[^"]*)"(?:~(?P<distance>\d+))?'
    r"|(?P<function>SENTENCE|ATLEAST(?P<count>\d+))(?=\s*\()"
    r"|(?P<operator>AND|OR|NOT)(?=[\s()\"]|$)"
    r'|(?P<word>[^\s()"]+)'
    r'|(?P<unclosed>"))'
)
_KINDS = {"distance": "quoted", "count": "function", "compared": "field"}


class QueryError(UsageError):
    """Say where a query cannot be read (``column``, from 1) and what was expected there."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"The query cannot be read at column {column}: {message}")
        self.column = column
        self.message = message


class Lexeme(msgspec.Struct, frozen=True):
    """Hold a piece of a query: what it is, its text, its column from 1, and a number that belongs to it."""

    kind: str
    text: str
    column: int
    number: int | None = None


def lexemes(text: str) -> list[Lexeme]:
    """Take a query apart. Raises ``QueryError`` for a quotation mark that is not closed."""
    found: list[Lexeme] = []
    position = 0
    stripped = len(text.rstrip())
    while position < stripped:
        match = _LEXEME.match(text, position)
        assert match is not None  # every character begins a word, a mark or white space
        found_as = match.lastgroup or ""
        kind = _KINDS.get(found_as, found_as)
        text_of = kind if found_as != "compared" else found_as
        column = match.start(text_of) + (0 if kind == "quoted" else 1)
        if kind == "unclosed":
            raise QueryError(column, 'the quotation mark is not closed; expected ".')
        number = match.group("distance") or match.group("count")
        found.append(Lexeme(kind, match.group(text_of), column, int(number[:9]) if number else None))
        position = match.end()
    return found
