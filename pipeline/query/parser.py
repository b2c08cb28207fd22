"""The grammar of the query language: text to syntax tree and back.

    query    = branch { "OR" branch }
    branch   = part { ["AND"] part }
    part     = ["NOT" | "-" | "!"] ( "(" query ")" | SENTENCE "(" query ")" | ATLEASTn "(" query ")" | field | text )
    text     = word | word "*" | "*" ending | word "~" [n] | '"' words '"' [ "~" n ] | "=" word | "/" expression "/"
    field    = name ":" ( text | range | "(" query ")" )
    range    = value ".." value | (">" | ">=" | "<" | "<=") value | value        ("origins>=2" needs no colon)

Operators are in capitals, or ``&&``, ``||``, ``|``; a word that matters as a word goes in quotation marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.language.clean import cleaned, unescaped
from pipeline.language.tokens import tokens_of
from pipeline.query.leaves import exact, leaf
from pipeline.query.lexer import Lexeme, QueryError, lexemes
from pipeline.query.tree import (
    FIELDS,
    LEAVES,
    TEXT_FIELDS,
    And,
    AnyNode,
    AtLeast,
    EventFilter,
    Field,
    Listed,
    Not,
    Or,
    Query,
    SameSentence,
)
from pipeline.query.vocabulary import nearest, nearest_field

MAX_CHARS = 50_000
MAX_LEAVES = 5_000
MAX_DEPTH = 100

Lists = Mapping[str, Sequence[str]]


def parse(text: str, searches: Mapping[str, str] | None = None, lists: Lists | None = None, zone: str = "UTC") -> Query:
    """Parse a query. Raises ``QueryError``.

    ``searches`` are the saved ones that ``search:name`` stands for, ``lists`` the names that ``list:name`` does;
    ``zone`` is the time zone of days.
    """
    root = parse_part(text, searches, lists, zone)
    if not _is_positive(root):
        raise QueryError(1, "it says only what must be absent; add a word that must be present.")
    return Query(text=text, root=root)


def parse_part(
    text: str, searches: Mapping[str, str] | None = None, lists: Lists | None = None, zone: str = "UTC"
) -> AnyNode:
    """Parse a query that is to be joined to another, so that it may say only what must be absent."""
    if len(text) > MAX_CHARS:
        raise QueryError(MAX_CHARS, f"a query may have {MAX_CHARS:,} characters; split it, or make a list of names.")
    parser = _Parser(cleaned(unescaped(text)), _Known(searches or {}, lists or {}, zone))
    root = parser.query(0)
    parser.expect_end()
    return root


def listed(name: str, names: Sequence[str], column: int = 0) -> Listed:
    """Make the leaf for a list of names."""
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for written in names:
        tokens = tokens_of(written)
        if tokens:
            found.setdefault(tokens[0], {})[tokens] = None
    return Listed(name=name, names={first: tuple(several) for first, several in found.items()}, column=column)


class _Known(msgspec.Struct, frozen=True):
    """Hold what the names in a query stand for, and the time zone of its days."""

    searches: Mapping[str, str]
    lists: Lists
    zone: str


class _Parser:
    def __init__(self, text: str, known: _Known, inside: tuple[str, ...] = ()) -> None:
        self._lexemes = lexemes(text)
        self._next = 0
        self._end = len(text) + 1
        self._known = known
        self._inside = inside
        self._leaves = 0

    def query(self, depth: int, field: str | None = None) -> AnyNode:
        if depth > MAX_DEPTH:
            raise QueryError(self._column(), f"brackets and negations may be {MAX_DEPTH} deep.")
        column = self._column()
        branches = [self._branch(depth, field)]
        while self._take("operator", "OR"):
            branches.append(self._branch(depth, field))
        return _joined(Or, branches, column)

    def expect_end(self) -> None:
        if self._next < len(self._lexemes):
            raise QueryError(self._column(), 'a ")" without its "(".')

    def _branch(self, depth: int, field: str | None) -> AnyNode:
        column = self._column()
        parts: list[AnyNode] = []
        bare = False  # whether the part before is a condition on an event or quotation that one more may join
        while True:
            lexeme = self._peek()
            part = self._part(depth, field)
            joins = lexeme is not None and lexeme.kind == "field" and isinstance(part, EventFilter)
            if bare and joins and _bind(parts[-1], part):
                parts[-1] = _bound_together(parts[-1], part)
            else:
                parts.append(part)
            bare = joins
            if self._take("operator", "AND"):
                continue
            lexeme = self._peek()
            if lexeme is None or lexeme.kind == "close" or (lexeme.kind, lexeme.text) == ("operator", "OR"):
                return _joined(And, parts, column)

    def _part(self, depth: int, field: str | None) -> AnyNode:
        lexeme = self._peek()
        if lexeme is None:
            raise QueryError(self._end, "it ends where a word, a phrase or a bracket was expected.")
        if depth > MAX_DEPTH:
            raise QueryError(lexeme.column, f"brackets and negations may be {MAX_DEPTH} deep.")
        self._next += 1
        match lexeme.kind:
            case "minus":
                return _negated(self._part(depth + 1, field), lexeme.column)
            case "operator" if lexeme.text == "NOT":
                return _negated(self._part(depth + 1, field), lexeme.column)
            case "open":
                return self._bracketed(lexeme, depth, field)
            case "function":
                return self._function(lexeme, depth, field)
            case "field":
                return self._field(lexeme, depth, field)
            case "quoted" | "word" | "regex":
                self._count(lexeme)
                return leaf(lexeme, field, self._known.zone)
            case "exact":
                return self._exact(lexeme, field)
            case "close":
                raise QueryError(lexeme.column, 'found ")" where a word, a phrase or "(" was expected.')
            case _:
                raise QueryError(lexeme.column, f"found {lexeme.text} where a word or phrase was expected.")

    def _bracketed(self, opening: Lexeme, depth: int, field: str | None) -> AnyNode:
        inner = self.query(depth + 1, field)
        if not self._take("close"):
            raise QueryError(self._column(), f'the "(" of column {opening.column} is not closed; expected ")".')
        return inner

    def _function(self, lexeme: Lexeme, depth: int, field: str | None) -> AnyNode:
        opening = self._peek()
        assert opening is not None
        self._next += 1
        inner = self._bracketed(opening, depth, field)
        if lexeme.number is not None:
            if not isinstance(inner, LEAVES) or lexeme.number < 1:
                raise QueryError(lexeme.column, "ATLEASTn(...) takes one word, phrase or prefix, and n of 1 or more.")
            return AtLeast(word=inner, count=lexeme.number, column=lexeme.column)
        nodes = inner.nodes if isinstance(inner, And) else (inner,)
        if not all(isinstance(node, LEAVES) for node in nodes):
            raise QueryError(lexeme.column, "SENTENCE(...) takes words, phrases and prefixes, without operators.")
        return SameSentence(nodes=nodes, column=lexeme.column)

    def _field(self, lexeme: Lexeme, depth: int, outer: str | None) -> AnyNode:
        name = lexeme.text
        if name not in FIELDS:
            hint = nearest_field(name, FIELDS) or f"; the fields are {', '.join(FIELDS)}."
            raise QueryError(lexeme.column, f"there is no field {name!r}{hint} "
                             "To search for the text itself, put it in quotation marks.")  # fmt: skip
        if outer is not None:
            raise QueryError(lexeme.column, f"a field inside {outer}:(...) was not expected.")
        value = self._peek()
        if value is None or value.kind not in ("word", "quoted", "open", "regex", "exact"):
            raise QueryError(self._column(), f"expected a value after {name}:")
        self._next += 1
        if value.kind == "open":
            inner = self._bracketed(value, depth, name)
            return Field(name=name, node=inner, column=lexeme.column) if name in TEXT_FIELDS else inner
        if value.kind == "exact":
            inner = self._exact(value, name)
            return Field(name=name, node=inner, column=lexeme.column)
        self._count(value)
        if name == "search":
            return self._saved(value)
        if name == "list":
            return self._list(value)
        if name in TEXT_FIELDS:
            return Field(name=name, node=leaf(value, name), column=lexeme.column)
        return leaf(value, name, self._known.zone)

    def _exact(self, lexeme: Lexeme, field: str | None) -> AnyNode:
        if field is not None and field not in TEXT_FIELDS:
            raise QueryError(lexeme.column, f"= was not expected after {field}:")
        value = self._peek()
        assert value is not None  # there is something behind the sign
        self._next += 1
        self._count(value)
        return exact(value, lexeme.column)

    def _list(self, lexeme: Lexeme) -> AnyNode:
        name = lexeme.text.strip().casefold()
        if name not in self._known.lists:
            known = ", ".join(sorted(self._known.lists)) or "none"
            hint = nearest(name, self._known.lists)
            raise QueryError(lexeme.column, f"there is no list {lexeme.text!r} (there are: {known}){hint}")
        node = listed(name, self._known.lists[name], lexeme.column)
        if not node.names:
            raise QueryError(lexeme.column, f"the list {name!r} holds no name.")
        return node

    def _saved(self, lexeme: Lexeme) -> AnyNode:
        name, searches = lexeme.text, self._known.searches
        if name not in searches:
            known = ", ".join(sorted(searches)) or "none"
            raise QueryError(lexeme.column, f"there is no saved search {name!r} (saved: {known}).")
        if name in self._inside:
            raise QueryError(lexeme.column, f"the saved search {name!r} refers to itself.")
        try:
            parser = _Parser(cleaned(unescaped(searches[name])), self._known, (*self._inside, name))
            root = parser.query(0)
            parser.expect_end()
        except QueryError as exc:
            # Its columns are not those of the query that was typed.
            raise QueryError(lexeme.column, f"the saved search {name!r} cannot be read: {exc.message}") from exc
        return root

    def _count(self, lexeme: Lexeme) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise QueryError(lexeme.column, f"a query may have {MAX_LEAVES:,} words and phrases; split it.")

    def _peek(self) -> Lexeme | None:
        return self._lexemes[self._next] if self._next < len(self._lexemes) else None

    def _take(self, kind: str, text: str | None = None) -> bool:
        lexeme = self._peek()
        if lexeme is None or lexeme.kind != kind or (text is not None and lexeme.text != text):
            return False
        self._next += 1
        return True

    def _column(self) -> int:
        lexeme = self._peek()
        return lexeme.column if lexeme else self._end


def _joined(kind: type[And] | type[Or], nodes: list[AnyNode], column: int) -> AnyNode:
    if len(nodes) == 1:
        return nodes[0]
    flat: list[AnyNode] = []
    for node in nodes:
        flat += node.nodes if isinstance(node, And | Or) and type(node) is kind else (node,)
    return kind(nodes=tuple(flat), column=column)


def _negated(node: AnyNode, column: int) -> AnyNode:
    return node.node if isinstance(node, Not) else Not(node=node, column=column)


def _bind(one: AnyNode, other: AnyNode) -> bool:
    """Tell whether two conditions are on the same kind of thing: an event, or a quotation."""
    return isinstance(one, EventFilter) and isinstance(other, EventFilter) and one.quotation == other.quotation


def _bound_together(one: AnyNode, other: AnyNode) -> EventFilter:
    assert isinstance(one, EventFilter)
    assert isinstance(other, EventFilter)
    return msgspec.structs.replace(one, conditions=one.conditions + other.conditions)


def _is_positive(node: AnyNode) -> bool:
    match node:
        case Not():
            return False
        case And(nodes=nodes):
            return any(_is_positive(inner) for inner in nodes)
        case Or(nodes=nodes):
            return all(_is_positive(inner) for inner in nodes)
        case Field(node=inner):
            return _is_positive(inner)
        case _:
            return True
