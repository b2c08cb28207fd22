"""Pair quotation marks in their several styles, and tell them from apostrophes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

PAIRS = {"“": "”", "„": "“”", "«": "»", "»": "«", "‘": "’", "「": "」", "『": "』", '"': '"', "'": "'"}
_MARKS = re.compile("[\"'“”„«»‘’「」『』]")
MAX_QUOTE = 5_000
# So far ahead it is looked for another mark that may close a quotation in single marks.
LOOK_AHEAD = 400
_SINGLE = frozenset("‘'")
# "'90s", "'n'", "'em": words that begin with an apostrophe.
_ELIDED = re.compile(r"'(?:\d\ds?\b|n['’]|em\b|til\b|tis\b|twas\b|cause\b|bout\b|round\b|s\b)", re.IGNORECASE)
_ENDED = frozenset(",.!?…")


class Marked(msgspec.Struct, frozen=True):
    """Hold marked text: the outer span with marks, and whether the mark was left open for the next paragraph."""

    start: int
    end: int
    paragraph: int
    open: bool


def marked(text: str, paragraphs: list[tuple[int, int]]) -> Iterator[Marked]:
    """Pair marks paragraph by paragraph; an opening mark without its closing one runs to the paragraph's end."""
    for number, (first, last) in enumerate(paragraphs):
        opened: int | None = None
        closers = ""
        for match in _MARKS.finditer(text, first, last):
            at, mark = match.start(), match.group()
            if (
                opened is not None
                and text[opened] == "'"
                and mark in PAIRS
                and mark not in "'’"
                and _opens(text, at, first)
            ):
                opened = None  # an apostrophe after all: doubles are not opened within it
            if opened is None:
                if mark in PAIRS and _opens(text, at, first) and not _is_elided(text, at):
                    opened, closers = at, PAIRS[mark]
            elif mark in closers and not (mark in '’"' and _opens(text, at, first) and not _closes(text, at, last)):
                if mark in "’'" and (not _closes(text, at, last) or _is_possessive(text, opened, at, last)):
                    continue
                yield Marked(opened, at + 1, number, False)
                opened = None
        if opened is not None and text[opened] not in _SINGLE and last - opened < MAX_QUOTE:
            yield Marked(opened, last, number, True)


def _is_elided(text: str, at: int) -> bool:
    return text[at] == "'" and (_ELIDED.match(text, at) is not None or not text[at + 1 : at + 2].isalnum())


def _is_possessive(text: str, opened: int, at: int, last: int) -> bool:
    """Say whether the mark after a plural is its apostrophe: a better end follows before another quotation begins.

    "‘The teachers’ union will not sign,’ he said": the mark after the comma is better than the one after "teachers".
    """
    if text[at - 1] != "s" or not (text[at + 1 : at + 2].isspace() and text[at + 2 : at + 3].isalpha()):
        return False
    opening, closing = text[opened], "’" if text[opened] == "‘" else "'"
    place = at
    while (place := text.find(closing, place + 1, min(last, at + LOOK_AHEAD))) >= 0:
        if opening != closing and text.find(opening, at, place) >= 0:
            return False
        if opening == closing and _opens(text, place, at) and not _closes(text, place, last):
            return False
        if text[place - 1] in _ENDED or (_closes(text, place, last) and text[place - 1] != "s"):
            return True
    return False


def _opens(text: str, at: int, first: int) -> bool:
    return at == first or text[at - 1].isspace() or text[at - 1] in '([—–-:/“"‘' or text[at] in "„「『“"


def _closes(text: str, at: int, last: int) -> bool:
    if text[at] == "'" and text[at - 1].isspace():
        return False
    return at + 1 >= last or text[at + 1].isspace() or text[at + 1] in '.,;:!?)]—–-”"’'


def inner_of(text: str, mark: Marked) -> tuple[int, int] | None:
    """Return the span within the marks, without spaces at its ends."""
    start, end = mark.start + 1, mark.end if mark.open else mark.end - 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
