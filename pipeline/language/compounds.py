"""Words that hyphens join: what a query for one is found by in any of its inflections.

``by-elections`` is two tokens, and a phrase finds it by these alone. In a language with stems it is also known by the
stems of what is joined, ``by-elect``, so that ``by-election`` finds it; ``led by elected officials`` joins nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from pipeline.language.tokens import MAX_CHARS, MAX_PIECE, STEMMERS, Analysis, located_tokens, stem

# Of more joined words, such as the end of an address, each so many are looked at.
MAX_JOINED = 5
# Marks that join words as the hyphen does.
_OTHERS = "\u2010\u2011\u2012\u2013\ufe63\uff0d\u05be\u058a"
_Run = tuple[str, ...]


def compounds(text: str | None, language: str | None) -> list[str]:
    """Return what the words that hyphens join in a text are found by; nothing where words have no stems."""
    if not text or language not in STEMMERS or (text.isascii() and "-" not in text):
        return []
    found = (part for run in _runs(text[:MAX_CHARS], language) for part in _within(run))
    return list(dict.fromkeys(compound(part, language) for part in found))


def compound(tokens: Sequence[str], language: str | None) -> str:
    """Return what these folded tokens are found by in a language where hyphens join them."""
    return "-".join([_part(token, language) for token in tokens])


def is_compound(text: str) -> bool:
    """Tell whether a word of a query is words that hyphens join, and few enough to be found in any inflection."""
    tokens = [token for token, _, _ in located_tokens(text, None)]
    runs = list(_runs(text, None))
    return len(runs) == 1 and len(runs[0]) == len(tokens) <= MAX_JOINED and _has_letters(runs[0])


def is_joined(analysis: Analysis, token: int) -> bool:
    """Tell whether a hyphen joins a token of a text with the next one."""
    if token + 1 >= len(analysis.tokens):
        return False
    return _is_hyphen(analysis.text[analysis.ends[token] : analysis.starts[token + 1]])


def _is_hyphen(text: str) -> bool:
    return text == "-" or (len(text) == 1 and text in _OTHERS)


def _part(token: str, language: str | None) -> str:
    # The plural of a number in a name: F-16s, A-10s. Of years it is the decade, which is another thing.
    if language == "en" and token[-1:] == "s" and token[:-1].isdecimal() and len(token) <= 4:
        return token[:-1]
    return stem(token, language)


def _runs(text: str, language: str | None) -> Iterator[_Run]:
    """Yield the tokens of each two or more that hyphens join."""
    if not text.isascii():
        for other in _OTHERS:
            text = text.replace(other, "-")
    at = text.find("-")
    while at >= 0:
        # No token goes over a space.
        end = text.find(" ", at)
        around = text[text.rfind(" ", 0, at) + 1 : end if end >= 0 else len(text)]
        for piece in around.split():
            if "-" in piece:
                yield from _short(piece, language) if len(piece) < MAX_PIECE else _in_piece(piece, language)
        at = text.find("-", end) if end >= 0 else -1


def _in_piece(piece: str, language: str | None) -> tuple[_Run, ...]:
    found: list[_Run] = []
    run: list[str] = []
    before = 0
    for token, start, end in located_tokens(piece, language):
        if run and piece[before:start] != "-":
            found.append(tuple(run))
            run = []
        run.append(token)
        before = end
    found.append(tuple(run))
    return tuple(run for run in found if len(run) > 1)


_short = lru_cache(maxsize=1 << 14)(_in_piece)


def _within(run: _Run) -> Iterator[_Run]:
    """Yield each few neighbours of a run that are more than numbers."""
    for first in range(len(run) - 1):
        for end in range(first + 2, min(first + MAX_JOINED, len(run)) + 1):
            if _has_letters(run[first:end]):
                yield run[first:end]


def _has_letters(tokens: _Run) -> bool:
    return any(not token.isdecimal() and any(map(str.isalpha, token)) for token in tokens)
