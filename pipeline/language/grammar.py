"""The grammar of the query language: text to syntax tree and back.

    query    = branch { "OR" branch }
    branch   = part { ["AND"] part }
    part     = ["NOT" | "-"] ( "(" query ")" | SENTENCE "(" query ")" | ATLEASTn "(" query ")" | field | text )
    text     = word | word "*" | word "~" [n] | '"' words '"' [ "~" n ]
    field    = name ":" ( text | range | "(" query ")" )
    range    = value ".." value | (">" | ">=" | "<" | "<=") value | value

Operators are in capitals; a word that matters as a word goes in quotation marks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import msgspec

from pipeline.errors import UsageError
from pipeline.language.analysis import fold, tokens_of
from pipeline.language.query import (
    COUNT_FIELDS,
    DATE_FIELDS,
    EVENT_FIELDS,
    KEYWORD_FIELDS,
    QUOTATION_FIELDS,
    TEXT_FIELDS,
    And,
    AnyNode,
    AtLeast,
    EventFilter,
    Field,
    Fuzzy,
    Keyword,
    Last,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Range,
    SameSentence,
    Wildcard,
    Word,
)

MAX_CHARS = 50_000
MAX_LEAVES = 5_000
MAX_DEPTH = 100
MIN_PREFIX = 2
MAX_DISTANCE = 100
MAX_FUZZY = 40
MAX_PHRASE = 200

FIELDS = (
    *TEXT_FIELDS, *KEYWORD_FIELDS, *DATE_FIELDS, *COUNT_FIELDS, *EVENT_FIELDS, *QUOTATION_FIELDS,
    "last", "corrected", "search",
)  # fmt: skip
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LEXEME = re.compile(
    r"\s*(?:"
    r"(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[^\s)]))"
    r"|(?P<field>[a-z_]+):(?!//)(?=\S)"
    r'|"(?P<quoted>[^"]*)"(?:~(?P<distance>\d+))?'
    r"|(?P<function>SENTENCE|ATLEAST(?P<count>\d+))(?=\s*\()"
    r"|(?P<operator>AND|OR|NOT)(?=[\s()\"]|$)"
    r'|(?P<word>[^\s()"]+)'
    r'|(?P<unclosed>"))'
)


class QueryError(UsageError):
    """Say where a query cannot be read (``column``, from 1) and what was expected there."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"The query cannot be read at column {column}: {message}")
        self.column = column


class _Lexeme(msgspec.Struct, frozen=True):
    kind: str
    text: str
    column: int
    number: int | None = None


def parse(text: str, searches: Mapping[str, str] | None = None) -> Query:
    """Parse a query; ``searches`` are the saved ones that ``search:name`` stands for. Raises ``QueryError``."""
    if len(text) > MAX_CHARS:
        raise QueryError(MAX_CHARS, f"a query may have {MAX_CHARS:,} characters; split it.")
    parser = _Parser(text, searches or {})
    root = parser.query(0)
    parser.expect_end()
    if not _is_positive(root):
        raise QueryError(1, "it says only what must be absent; add a word that must be present.")
    return Query(text=text, root=root)


class _Parser:
    def __init__(self, text: str, searches: Mapping[str, str], inside: tuple[str, ...] = ()) -> None:
        self._lexemes = _lexemes(text)
        self._next = 0
        self._end = len(text) + 1
        self._searches = searches
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
            case "quoted" | "word":
                self._count(lexeme)
                return _text(lexeme, field)
            case "close":
                raise QueryError(lexeme.column, 'found ")" where a word, a phrase or "(" was expected.')
            case _:
                raise QueryError(lexeme.column, f"found {lexeme.text} where a word or phrase was expected.")

    def _bracketed(self, opening: _Lexeme, depth: int, field: str | None) -> AnyNode:
        inner = self.query(depth + 1, field)
        if not self._take("close"):
            raise QueryError(self._column(), f'the "(" of column {opening.column} is not closed; expected ")".')
        return inner

    def _function(self, lexeme: _Lexeme, depth: int, field: str | None) -> AnyNode:
        opening = self._peek()
        assert opening is not None
        self._next += 1
        inner = self._bracketed(opening, depth, field)
        if lexeme.number is not None:
            if not isinstance(inner, Word | Phrase | Prefix) or lexeme.number < 1:
                raise QueryError(lexeme.column, "ATLEASTn(...) takes one word, phrase or prefix, and n of 1 or more.")
            return AtLeast(word=inner, count=lexeme.number, column=lexeme.column)
        nodes = inner.nodes if isinstance(inner, And) else (inner,)
        if not all(isinstance(node, Word | Phrase | Prefix) for node in nodes):
            raise QueryError(lexeme.column, "SENTENCE(...) takes words, phrases and prefixes, without operators.")
        return SameSentence(nodes=nodes, column=lexeme.column)

    def _field(self, lexeme: _Lexeme, depth: int, outer: str | None) -> AnyNode:
        name = lexeme.text
        if name not in FIELDS:
            raise QueryError(lexeme.column, f"there is no field {name!r}; the fields are {', '.join(FIELDS)}. "
                             "To search for the text itself, put it in quotation marks.")  # fmt: skip
        if outer is not None:
            raise QueryError(lexeme.column, f"a field inside {outer}:(...) was not expected.")
        value = self._peek()
        if value is None or value.kind not in ("word", "quoted", "open"):
            raise QueryError(self._column(), f"expected a value after {name}:")
        self._next += 1
        if value.kind == "open":
            inner = self._bracketed(value, depth, name)
            return Field(name=name, node=inner, column=lexeme.column) if name in TEXT_FIELDS else inner
        self._count(value)
        if name == "search":
            return self._saved(value)
        if name in TEXT_FIELDS:
            return Field(name=name, node=_text(value, name), column=lexeme.column)
        return _text(value, name)

    def _saved(self, lexeme: _Lexeme) -> AnyNode:
        name = lexeme.text
        if name not in self._searches:
            known = ", ".join(sorted(self._searches)) or "none"
            raise QueryError(lexeme.column, f"there is no saved search {name!r} (saved: {known}).")
        if name in self._inside:
            raise QueryError(lexeme.column, f"the saved search {name!r} refers to itself.")
        parser = _Parser(self._searches[name], self._searches, (*self._inside, name))
        root = parser.query(0)
        parser.expect_end()
        return root

    def _count(self, lexeme: _Lexeme) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise QueryError(lexeme.column, f"a query may have {MAX_LEAVES:,} words and phrases; split it.")

    def _peek(self) -> _Lexeme | None:
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


def _lexemes(text: str) -> list[_Lexeme]:
    found: list[_Lexeme] = []
    position = 0
    stripped = len(text.rstrip())
    while position < stripped:
        match = _LEXEME.match(text, position)
        assert match is not None  # every character begins a word, a mark or white space
        kind = match.lastgroup or ""
        kind = {"distance": "quoted", "count": "function"}.get(kind, kind)
        column = match.start(kind) + (0 if kind == "quoted" else 1)
        if kind == "unclosed":
            raise QueryError(column, 'the quotation mark is not closed; expected ".')
        number = match.group("distance") or match.group("count")
        found.append(_Lexeme(kind, match.group(kind), column, int(number[:9]) if number else None))
        position = match.end()
    return found


def _text(lexeme: _Lexeme, field: str | None) -> AnyNode:
    """Make the leaf for a word or quoted text, in the field it stands under, if any."""
    column, text = lexeme.column, lexeme.text
    if field in KEYWORD_FIELDS:
        return _keyword(lexeme, field)
    if field in DATE_FIELDS or field in COUNT_FIELDS:
        return _range(lexeme, field)
    if field == "last":
        return _last(lexeme)
    if field == "corrected":
        if text not in ("yes", "no"):
            raise QueryError(column, "expected corrected:yes or corrected:no.")
        return Range(name="revision", low=2, column=column) if text == "yes" else Range(
            name="revision", high=1, column=column
        )  # fmt: skip
    if field in EVENT_FIELDS or field in QUOTATION_FIELDS:
        return _condition(lexeme, field)
    return _quoted(lexeme, field) if lexeme.kind == "quoted" else _word(lexeme, field)


def _quoted(lexeme: _Lexeme, field: str | None) -> AnyNode:
    tokens = tokens_of(lexeme.text)
    if not tokens:
        raise QueryError(lexeme.column, "there is no letter or digit between the quotation marks.")
    if len(tokens) > MAX_PHRASE:
        raise QueryError(lexeme.column, f"a phrase may have {MAX_PHRASE} words; search for its beginning.")
    if lexeme.number is not None and len(tokens) > 1:
        return Near(tokens=tokens, distance=min(lexeme.number, MAX_DISTANCE), column=lexeme.column)
    return Phrase(tokens=tokens, column=lexeme.column)


def _word(lexeme: _Lexeme, field: str | None) -> AnyNode:
    column, text = lexeme.column, lexeme.text
    fuzzy = re.fullmatch(r"(.+?)~([0-2])?", text)
    if fuzzy:
        tokens = tokens_of(fuzzy.group(1))
        if len(tokens) != 1 or not 3 <= len(tokens[0]) <= MAX_FUZZY:
            raise QueryError(column, f"word~ takes one word of three to {MAX_FUZZY} letters.")
        return Fuzzy(text=tokens[0], distance=int(fuzzy.group(2) or 1), column=column)
    if "*" in text or "?" in text.rstrip("?"):
        return _pattern(lexeme)
    tokens = tokens_of(text)
    if not tokens:
        raise QueryError(column, f"{text!r} has no letter or digit to search for.")
    if len(tokens) > 1 or field in ("author", "source"):
        return Phrase(tokens=tokens, column=column)
    return Word(text=tokens[0], column=column)


def _pattern(lexeme: _Lexeme) -> AnyNode:
    text = lexeme.text
    pattern = "".join(part if part in "*?" else fold(part) for part in re.split(r"([*?])", text) if part)
    literal = re.split(r"[*?]", pattern)[0]
    if not re.fullmatch(r"[\w&+#.,*?]+", pattern) or len(tokens_of(literal)) > 1:
        _refuse(lexeme, f"{text!r}: * and ? stand inside one word; quote a phrase, or search its words.")
    if len(literal) < MIN_PREFIX:
        _refuse(lexeme, f"{text!r} would match nearly everything; give {MIN_PREFIX} letters or more before * or ?.")
    if pattern == literal + "*":
        return Prefix(text=sys.intern(literal), column=lexeme.column)
    return Wildcard(pattern=pattern, column=lexeme.column)


def _keyword(lexeme: _Lexeme, field: str) -> AnyNode:
    value = lexeme.text.strip().casefold()
    prefix = value.endswith("*") or (field in ("id", "story") and len(value) < 32)
    value = value.rstrip("*")
    if not value:
        raise QueryError(lexeme.column, f"expected a value after {field}:")
    return Keyword(name=field, value=value, prefix=prefix, column=lexeme.column)


def _condition(lexeme: _Lexeme, field: str) -> AnyNode:
    value = lexeme.text.strip()
    if field == "event":
        value = value.upper()
    elif field == "scheduled":
        if value not in ("yes", "no"):
            raise QueryError(lexeme.column, "expected scheduled:yes or scheduled:no.")
    elif field == "when":
        if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
            raise QueryError(lexeme.column, f"{value!r} is no date; expected 2022, 2022-02 or 2022-02-24.")
    else:
        value = " ".join(tokens_of(value))
    if not value:
        raise QueryError(lexeme.column, f"expected a value after {field}:")
    return EventFilter(conditions=((field, value),), column=lexeme.column)


def _range(lexeme: _Lexeme, field: str) -> AnyNode:
    text = lexeme.text
    low: datetime | int | None = None
    high: datetime | int | None = None
    if ".." in text:
        first, _, second = text.partition("..")
        low = _bound(first, lexeme, field)[0] if first else None
        high = _bound(second, lexeme, field)[1] if second else None
    elif text.startswith((">", "<")):
        sign = text[: 2 if text[1:2] == "=" else 1]
        start, end = _bound(text[len(sign) :], lexeme, field)
        if sign[0] == ">":
            low = start if sign == ">=" else _after(end)
        else:
            high = end if sign == "<=" else _before(start)
    else:
        low, high = _bound(text, lexeme, field)
    if low is None and high is None:
        raise QueryError(lexeme.column, f"expected a value, or two with .. between, after {field}:")
    return Range(name=field, low=low, high=high, column=lexeme.column)


def _bound(text: str, lexeme: _Lexeme, field: str) -> tuple[datetime, datetime] | tuple[int, int]:
    """Return the first and last value that ``text`` stands for: a day, month and year are spans of time."""
    if field in COUNT_FIELDS:
        if not text.isdecimal() or len(text) > 9:
            raise QueryError(lexeme.column, f"{text!r} is no number; expected {field}:>1 or {field}:2..5.")
        return int(text), int(text)
    try:
        return _moment(text)
    except (ValueError, OverflowError):
        raise QueryError(lexeme.column, f"{text!r} is no date; expected 2022-02-24, 2022-02 or 2022.") from None


def _moment(text: str) -> tuple[datetime, datetime]:
    tick = timedelta(microseconds=1)
    if re.fullmatch(r"\d{4}", text):
        start = datetime(int(text), 1, 1, tzinfo=UTC)
        return start, start.replace(year=start.year + 1) - tick
    if re.fullmatch(r"\d{4}-\d\d", text):
        start = datetime(int(text[:4]), int(text[5:]), 1, tzinfo=UTC)
        return start, (start + timedelta(days=31)).replace(day=1) - tick
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return (moment, moment + timedelta(days=1) - tick) if len(text) == 10 else (moment, moment)


def _after(value: datetime | int) -> datetime | int:
    return value + 1 if isinstance(value, int) else value + timedelta(microseconds=1)


def _before(value: datetime | int) -> datetime | int:
    return value - 1 if isinstance(value, int) else value - timedelta(microseconds=1)


def _last(lexeme: _Lexeme) -> AnyNode:
    found = re.fullmatch(r"(\d{1,5})([mhdw])", lexeme.text)
    if not found:
        raise QueryError(lexeme.column, "expected a number and m, h, d or w, such as last:7d.")
    return Last(seconds=int(found.group(1)) * _UNITS[found.group(2)], column=lexeme.column)


def _refuse(lexeme: _Lexeme, message: str) -> NoReturn:
    raise QueryError(lexeme.column, message)


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
