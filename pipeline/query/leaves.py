"""The leaves of a query: the meaning of one word, quoted text or value, under the field it stands under if any."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from typing import NoReturn

from pipeline.errors import UsageError
from pipeline.language.compounds import is_compound
from pipeline.language.numbers import is_ambiguous
from pipeline.language.scripts import BY_CHARACTER
from pipeline.language.tokens import analyze, fold, tokens_of
from pipeline.query.conditions import condition
from pipeline.query.lexer import Lexeme, QueryError
from pipeline.query.regex import compiled
from pipeline.query.tree import (
    TEXT_FIELDS,
    And,
    AnyNode,
    ByGrouping,
    Containing,
    Ending,
    Exact,
    Fuzzy,
    Hyphenated,
    Near,
    Or,
    Phrase,
    Prefix,
    Regex,
    Wildcard,
    Word,
)

MIN_PREFIX = 2
MIN_ENDING = 3
MAX_DISTANCE = 100
MAX_FUZZY = 40
MAX_PHRASE = 200
_ONE_CHARACTER = re.compile(f"[{BY_CHARACTER}]")
_AROUND = frozenset("\"'.,;:!?()[]{}<>&+-=/\\|@#%^~`_")
_CHARACTERS = re.compile(f"[{BY_CHARACTER}]+")
# "cedarvale,granholm": nobody means one word.
_RUN_TOGETHER = re.compile(r"(?<=[^\W\d_])(?:[,;]+|&&)(?=[^\W\d_])")
_ALTERNATIVES = re.compile(r"(?<=[^\W\d_])\|\|?(?=[^\W\d_])")
_Tokenise = Callable[[str], tuple[str, ...]]
# One language for each way to group the digits of a number.
_BY_COMMA, _BY_POINT, _BY_EITHER = None, "de", "es"


def leaf(lexeme: Lexeme, field: str | None, zone: str = "UTC") -> AnyNode:
    """Make the leaf for a word, quoted text or expression, in the field it stands under, if any."""
    if field is not None and field not in TEXT_FIELDS:
        if lexeme.kind == "regex":
            raise QueryError(lexeme.column, f"a regular expression was not expected after {field}:")
        return condition(lexeme, field, zone)
    if lexeme.kind == "regex":
        return _regex(lexeme)
    if lexeme.kind == "quoted":
        return _by_grouping(lexeme, lambda tokenise: _quoted(lexeme, tokenise))
    if lexeme.text.isalnum():
        return _word(lexeme, field, tokens_of)
    for apart, joined in ((_ALTERNATIVES, Or), (_RUN_TOGETHER, And)):
        parts = apart.split(lexeme.text)
        if len(parts) > 1:
            pieces = [Lexeme("word", part, lexeme.column) for part in parts]
            return joined(nodes=tuple(leaf(piece, field) for piece in pieces), column=lexeme.column)
    return _by_grouping(lexeme, lambda tokenise: _word(lexeme, field, tokenise))


def exact(lexeme: Lexeme, column: int) -> AnyNode:
    """Make the leaf for what has to be written with these very letters, this case and these accents."""
    if lexeme.kind not in ("word", "quoted") or lexeme.number is not None or re.search(r"[*?~]", lexeme.text):
        raise QueryError(column, "= takes one word or quoted text as it is written, without * ? ~.")
    analysis = analyze(lexeme.text)
    if not analysis.tokens:
        raise QueryError(lexeme.column, f"{lexeme.text!r} has no letter or digit to search for.")
    text = as_written(lexeme.text[analysis.starts[0] : analysis.ends[-1]])
    quoted = Lexeme("quoted", text, lexeme.column)
    return Exact(text=text, node=leaf(quoted, None), column=column)


def as_written(text: str) -> str:
    """Return a text as exact forms compare it: one kind of apostrophe, one space between words."""
    return " ".join(text.replace("’", "'").split())


def _by_grouping(lexeme: Lexeme, make: Callable[[_Tokenise], AnyNode]) -> AnyNode:
    node = make(tokens_of)
    if (
        lexeme.text.isalpha()
        or not is_ambiguous(lexeme.text)
        or not isinstance(node, Word | Phrase | Hyphenated | Near)
    ):
        return node
    comma, point, either = (make(_tokens_in(language)) for language in (_BY_COMMA, _BY_POINT, _BY_EITHER))
    shown = lexeme.text if lexeme.kind == "word" else f'"{" ".join(lexeme.text.split())}"'
    if isinstance(node, Near):
        shown += f"~{node.distance}"
    return ByGrouping(text=shown, comma=comma, point=point, either=either, column=lexeme.column)


def _tokens_in(language: str | None) -> _Tokenise:
    return lambda text: tuple(map(sys.intern, analyze(text, language).tokens))


def _quoted(lexeme: Lexeme, tokenise: _Tokenise) -> AnyNode:
    tokens = tokenise(lexeme.text)
    if not tokens:
        if lexeme.text.strip() and _is_symbol(lexeme.text):
            return _symbol(lexeme)
        raise QueryError(lexeme.column, "there is no letter or digit between the quotation marks.")
    if len(tokens) > MAX_PHRASE:
        raise QueryError(lexeme.column, f"a phrase may have {MAX_PHRASE} words; search for its beginning.")
    if lexeme.number is not None and len(tokens) > 1:
        return Near(tokens=tokens, distance=min(lexeme.number, MAX_DISTANCE), column=lexeme.column)
    return _character(tokens, lexeme) or Phrase(tokens=tokens, column=lexeme.column)


def _word(lexeme: Lexeme, field: str | None, tokenise: _Tokenise) -> AnyNode:
    column, text = lexeme.column, lexeme.text
    fuzzy = re.fullmatch(r"(.+?)~(-?\d*)", text) if "~" in text else None
    if fuzzy:
        tokens = tokenise(fuzzy.group(1))
        if len(tokens) != 1 or not 3 <= len(tokens[0]) <= MAX_FUZZY:
            raise QueryError(column, f"word~ takes one word of three to {MAX_FUZZY} letters.")
        if fuzzy.group(2) not in ("", "0", "1", "2"):
            raise QueryError(column, f"word~ takes 0, 1 or 2 letters that may differ; did you mean {tokens[0]}~2?")
        return Fuzzy(text=tokens[0], distance=int(fuzzy.group(2) or 1), column=column)
    if "*" in text and _CHARACTERS.fullmatch(text.strip("*")):
        text = text.strip("*")  # these are found inside words anyway
    if "*" in text or "?" in text.rstrip("?"):
        return _pattern(lexeme)
    tokens = tokenise(text)
    if not tokens:
        if _is_symbol(text):
            return _symbol(lexeme)
        raise QueryError(column, f"{text!r} has no letter or digit to search for.")
    if len(tokens) > 1 and field not in ("author", "source") and is_compound(text):
        return Hyphenated(tokens=tokens, column=column)
    if len(tokens) > 1 or field in ("author", "source"):
        return _character(tokens, lexeme) or Phrase(tokens=tokens, column=column)
    return _character(tokens, lexeme) or Word(text=tokens[0], column=column)


def _character(tokens: tuple[str, ...], lexeme: Lexeme) -> AnyNode | None:
    """Return the leaf for one character of a script whose words are kept as pairs of characters."""
    if len(tokens) == 1 and len(tokens[0]) == 1 and _ONE_CHARACTER.fullmatch(tokens[0]):
        return Containing(text=tokens[0], column=lexeme.column)
    return None


def _pattern(lexeme: Lexeme) -> AnyNode:
    text = lexeme.text
    pattern = "".join(part if part in "*?" else fold(part) for part in re.split(r"([*?])", text) if part)
    ending = pattern.removeprefix("*")
    if len(ending) < len(pattern) and ending and not re.search(r"[*?]", ending):
        return _ending(lexeme, ending)
    literal = re.split(r"[*?]", pattern)[0]
    if not re.fullmatch(r"[\w&+#.,*?]+", pattern) or len(tokens_of(literal)) > 1:
        _refuse(lexeme, f"{text!r}: * and ? stand inside one word; quote a phrase, or search its words.")
    if len(literal) < MIN_PREFIX:
        _refuse(lexeme, f"{text!r} would match nearly everything; give {MIN_PREFIX} letters or more before * or ?.")
    if pattern == literal + "*":
        return Prefix(text=sys.intern(literal), column=lexeme.column)
    return Wildcard(pattern=pattern, column=lexeme.column)


def _ending(lexeme: Lexeme, ending: str) -> AnyNode:
    if not re.fullmatch(r"\w+", ending) or len(tokens_of(ending)) != 1:
        _refuse(lexeme, f"{lexeme.text!r}: * stands before the end of one word; quote a phrase, or search its words.")
    if len(ending) < MIN_ENDING:
        _refuse(lexeme, f"{lexeme.text!r} would match nearly everything; give {MIN_ENDING} letters or more after *.")
    return Ending(text=sys.intern(ending), column=lexeme.column)


def _regex(lexeme: Lexeme) -> AnyNode:
    try:
        compiled(lexeme.text)
    except UsageError as exc:
        raise QueryError(lexeme.column, str(exc)) from None
    return Regex(pattern=lexeme.text, column=lexeme.column)


def _is_symbol(text: str) -> bool:
    return not any(character.isalnum() or character in "*?" for character in text)


def _is_punctuation(character: str) -> bool:
    """Tell whether a character only stands around what is looked for: spaces, dashes, quotation marks and the like."""
    return character in _AROUND or unicodedata.category(character) in ("Cc", "Zs", "Zl", "Zp", "Pd", "Pi", "Pf")


def _symbol(lexeme: Lexeme) -> AnyNode:
    """Return the leaf for a symbol such as an emoji, which is no token: it is looked for in the text as it is."""
    symbol = lexeme.text.strip("".join(filter(_is_punctuation, lexeme.text)))
    if not symbol:
        raise QueryError(lexeme.column, f"{lexeme.text!r} has no letter or digit to search for.")
    pattern = "".join(rf"\x{{{ord(character):x}}}" for character in symbol)
    return Regex(pattern=pattern, symbol=symbol, column=lexeme.column)


def _refuse(lexeme: Lexeme, message: str) -> NoReturn:
    raise QueryError(lexeme.column, message)
