"""The lexemes of a query: words, quoted texts, brackets, operators and fields, each with its column.

What people type or paste is read as they mean it: any pair of quotation marks opens a phrase, ``!``, a minus sign or a
dash in front of something negates it, ``&&``, ``||`` and ``|`` are AND and OR, marks that stand alone are nothing.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from pipeline.errors import UsageError
from pipeline.query.tree import COUNT_FIELDS, DATE_FIELDS, FIELDS

# One character for one, so that columns stay those of the query.
_MARKS = str.maketrans(
    dict.fromkeys("“”„‟«»‹›＂❝❞「」『』｢｣《》〈〉【】〝〞〟″", '"')
    | dict.fromkeys("‐‑﹣－⁻˗", "-")
    | dict.fromkeys("—―‒﹘¬", "–")
    | dict.fromkeys("，；、", " ")
    | {"！": "!", "：": ":", "｜": "|", "＆": "&", "＋": "+", "＊": "*", "＇": "'"}
)
_WIDE_BRACKETS = str.maketrans("（）", "()")
_WIDE_OPERATOR = re.compile(r"(?<!\S)(?:ＡＮＤ|ＯＲ|ＮＯＴ)(?!\S)")
# Two small marks on either side, as TeX has them, or a pair of grave accents.
_DOUBLED = re.compile(r"(?<![^\s(:])(?:``|'')(?=[^\s'`])([^`]*?[^\s'`])(?:''|``)(?![^\s)])")
_GRAVE = re.compile(r"(?<![^\s(:])`(?=[^\s`])([^`]*)`(?![^\s)])")
_KNOWN = "|".join(FIELDS)
_COMPARED = "|".join((*COUNT_FIELDS, *DATE_FIELDS))
# "origins >= 2": the value stands behind the sign for whoever reads on.
_SPACED = re.compile(rf"(?<![\w:])((?i:{_COMPARED}))\s*([<>]=?|==?|[≥≤])\s*(?=\w)([^\s()\"]+)")
# Inside a word or phrase: the mark of Hebrew abbreviations, and of inches.
_HEBREW_MARK = r'(?<=[\u0590-\u05ff])"(?=[\u0590-\u05ff])'
_LETTER_MARK = r'(?<=[^\W\d_])"(?=[^\W\d_])|(?<=\d)"(?=[\s)]|$)'
_BEGINS = r"(?=[\"(\w'‘‚’/=*#@$€£])"
_LEXEME = re.compile(
    r"\s*(?:"
    rf"(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[^\s)])|[!−–]{_BEGINS})|(?P<plus>\+{_BEGINS})"
    rf"|(?P<field>(?i:{_KNOWN})|[a-z_]+):(?!//)(?=\S)"
    rf"|(?P<empty>(?i:{_KNOWN})):(?=\s|$)"
    rf"|(?P<compared>(?i:{_COMPARED}))(?=[<>≥≤])"
    r"|(?P<exact>=)(?=[\"\w'‘‚#@$€£])"
    r"|(?P<and>&&)(?=[\s(]|$)|(?P<or>\|\|?)(?=[\s(]|$)"
    rf'|"(?P<quoted>(?:[^"]|{_HEBREW_MARK})*)"(?:~(?P<distance>[^\s()"]*))?'
    r"|['‘‚‛’](?P<single>(?:[^'‘’]|(?<=\w)['’](?=\w))*(?<=\S))['’‘](?:~(?P<reach>[^\s()\"]*)|(?=[\s)]|$))"
    r"|/(?P<regex>(?!\s)(?:[^/\\\n]|\\.)*(?<!\s))/i?(?=[\s)]|$)"
    r"|(?P<function>SENTENCE|ATLEAST(?P<count>\d+))(?=\s*\()"
    r"|(?P<operator>AND|OR|NOT)(?=[\s()\"]|$)"
    rf'|(?P<word>(?:[^\s()"]|{_LETTER_MARK})+)'
    r'|(?P<unclosed>"))'
)
_KINDS = {"distance": "quoted", "count": "function", "compared": "field", "single": "quoted", "reach": "quoted",
          "and": "operator", "or": "operator"}  # fmt: skip
_TEXTS = {"distance": "quoted", "reach": "single", "count": "function"}
_TAKE_A_VALUE = ("field", "exact")


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
    """Take a query apart. Raises ``QueryError`` for a quotation mark that is not closed, and for a field of nothing."""
    typed, text = text, _plain(text)
    found: list[Lexeme] = []
    position = 0
    stripped = len(text.rstrip())
    while position < stripped:
        match = _LEXEME.match(text, position)
        assert match is not None  # every character begins a word, a mark or white space
        lexeme = _lexeme(match, typed)
        position = match.end()
        if lexeme.kind != "plus":
            found.append(lexeme)
    kept = [lexeme for n, lexeme in enumerate(found) if not _is_loose(lexeme, found[n - 1] if n else None)]
    if found and not kept:
        raise QueryError(found[0].column, f"{found[0].text!r} has no letter or digit to search for.")
    return kept


def _plain(text: str) -> str:
    """Return a query with one way to write each mark, one character for one, so that columns stay."""
    if not text.isascii():
        if text.count("（") == text.count("）"):
            text = text.translate(_WIDE_BRACKETS)
        text = _WIDE_OPERATOR.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text.translate(_MARKS))
    if "<" in text or ">" in text or "=" in text or "≥" in text or "≤" in text:
        text = _SPACED.sub(_comparison, text)
    if "`" in text or "''" in text:
        text = _GRAVE.sub(r'"\1"', _DOUBLED.sub(r' "\1" ', text))
    return text


def _comparison(match: re.Match[str]) -> str:
    sign = ":" if match[2].startswith("=") else match[2]
    return f"{match[1]}{sign}{match[3]}".ljust(len(match[0]))


def _lexeme(match: re.Match[str], typed: str) -> Lexeme:
    found_as = match.lastgroup or ""
    kind = _KINDS.get(found_as, found_as)
    text_of = _TEXTS.get(found_as, found_as)
    column = match.start(text_of) + (0 if kind in ("quoted", "regex") else 1)
    if kind == "unclosed":
        raise QueryError(column, 'the quotation mark is not closed; expected ".')
    text = match.group(text_of)
    if kind in ("quoted", "regex"):
        text = typed[slice(*match.span(text_of))]  # what is looked for as it is written
    if kind == "empty":
        raise QueryError(match.end() + 1, f"expected a value right after {text.lower()}:, without a space; "
                         f'to search for the word itself, write "{text}".')  # fmt: skip
    if kind in ("field", "operator"):
        text = {"&&": "AND", "|": "OR", "||": "OR"}.get(text) or (text if kind == "operator" else text.lower())
    return Lexeme(kind, text, column, _number(match, column))


def _number(match: re.Match[str], column: int) -> int | None:
    distance = match.group("distance") if match.group("distance") is not None else match.group("reach")
    if distance is not None and not (distance.isascii() and distance.isdecimal()):
        raise QueryError(column, f'expected how many words may stand between after ~, such as "a b"~5; '
                         f"found {distance or 'nothing'!r}.")  # fmt: skip
    number = distance or match.group("count")
    return int(number[:9]) if number else None


def _is_loose(lexeme: Lexeme, before: Lexeme | None) -> bool:
    """Tell whether this is a mark that stands alone, as in ``fish & chips`` or ``Macron ?``."""
    if (
        lexeme.kind != "word"
        or lexeme.text[0].isalnum()
        or "*" in lexeme.text
        or (before is not None and before.kind in _TAKE_A_VALUE)
    ):
        return False
    return not any(character.isalnum() or unicodedata.category(character) == "So" for character in lexeme.text)
