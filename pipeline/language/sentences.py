"""Where sentences begin and end: by rule, paragraph by paragraph."""

from __future__ import annotations

import re
from functools import lru_cache

# Words that end in a full stop without ending a sentence. Folded, without the stop.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sen rep gov gen col lt sgt capt cmdr adm st jr sr hon rev pres vs etc inc ltd co corp ed al "
    "approx dept est jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun e.g i.e a.m p.m "
    "u.s u.k u.n bzw z.b dr. sra srta ud ca bsp nr str mme mlle cf".split()
)
# These stand before a number only: "No. 10", but "He said no. Then …".
_BEFORE_NUMBER = frozenset("no nos vol pp p fig art".split())
# "Acme Inc. The firm …" ends a sentence, "Acme Inc. of Ohio" does not.
_MAY_END = frozenset("inc ltd co corp jr sr etc".split())
# Languages that write "3. Mai".
_ORDINAL_DOTS = frozenset(("de", "da", "no", "fi", "cs", "sk", "hu", "pl", "tr", "hr", "sl", "et", "lv"))
_PARAGRAPH = re.compile(r"[^\n]+")
# A run of marks is looked at once, from its first: else a page of dots takes the square of its length.
# That a set of marks comes first in the pattern lets `re` skip to them.
_BREAK = re.compile(
    r"([.!?…。！？｡](?<![.!?…][.!?…])(?:(?<=[.!?…])[.!?…]*+|(?<=[。！？｡])))([\"'”’»)\]]*)(\s+|(?<=[。！？｡])|$)"
)
_OPENERS = "\"'“‘«„([-–—"
_LAST_WORD = re.compile(r"(\S+)$")


def split_sentences(text: str, language: str | None = None) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each sentence, in order, without the white space around them; linear time."""
    return _split(text, language in _ORDINAL_DOTS)


@lru_cache(maxsize=8)  # each stage asks for those of the article at hand
def _split(text: str, ordinal_dots: bool) -> tuple[tuple[int, int], ...]:
    sentences: list[tuple[int, int]] = []
    for paragraph in _PARAGRAPH.finditer(text):
        _split_paragraph(text, paragraph.start(), paragraph.end(), ordinal_dots, sentences)
    return tuple(sentences)


def _split_paragraph(text: str, start: int, end: int, ordinal_dots: bool, sentences: list[tuple[int, int]]) -> None:
    begin = start
    for found in _BREAK.finditer(text, start, end):
        if not _ends_sentence(text, begin, found, end, ordinal_dots):
            continue
        _add(text, begin, found.end(2), sentences)
        begin = found.end()
    _add(text, begin, end, sentences)


def _ends_sentence(text: str, begin: int, found: re.Match[str], end: int, ordinal_dots: bool) -> bool:
    mark, following = found.group(1), found.end()
    if following >= end:
        return True
    after = text[following]
    if after.islower():
        return False
    if mark != "." or found.group(2):
        return True
    word = _LAST_WORD.search(text[max(begin, found.start() - 30) : found.start()])
    if word is None:
        return True
    last = word.group().lstrip(_OPENERS)
    # An initial ("J. Smith") or a known abbreviation ("Gen. Milley"); "U.S. The" does end one.
    if len(last) == 1 and last.isalpha() and last.isupper() and last != "I":
        return False
    if ordinal_dots and last.isdigit() and len(last) <= 2:
        return False
    lower = last.lower()
    if lower in _BEFORE_NUMBER:
        return not after.isdigit()
    if lower not in _ABBREVIATIONS:
        return True
    return (lower in _MAY_END or "." in last) and _starts_sentence(text, following)


def _starts_sentence(text: str, position: int) -> bool:
    return text[position : position + 24].split(" ", 1)[0].strip(_OPENERS) in _STARTERS


_STARTERS = frozenset("The A An In On At He She It They We But And This That These Those However According".split())


def _add(text: str, begin: int, end: int, sentences: list[tuple[int, int]]) -> None:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    if begin < end:
        sentences.append((begin, end))
