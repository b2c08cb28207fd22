"""The text of markup that is plain and well-formed, as sanitized markup mostly is: what a parser of HTML makes of it.

Only what HTML's rules of mending cannot touch is read here; ``None`` leaves all else to the parser. A property holds
the two equal.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from pipeline.language.blocks import BLOCK_ELEMENTS

MAX_DEPTH = 50
_ENTITY = r"&(?:amp|lt|gt|quot|nbsp|#39);"
_PIECE = re.compile(
    rf"((?:[^<>&\0\r\ufeff\ud800-\udfff]++|{_ENTITY})++)"
    r"""|<(?:/([a-z][a-z0-9]*+)|([a-z][a-z0-9]*+)(?:\s++[a-z-]++="[^"<>\0\r]*+")*+\s*+/?)>"""
)
_VOID = frozenset(("br", "hr", "img", "wbr"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_BLOCKS = frozenset(("blockquote", "div", "figcaption", "figure", "li", "ol", "p", "ul")) | _HEADINGS
_INLINE = frozenset("a abbr b cite code em i q small span strong sub sup time u".split())
_BEFORE_BODY = " \t\n\f"


def plain_pieces(markup: str, words: Callable[[str], str], breaks: Callable[[str], str]) -> list[str] | None:
    """Return ``words`` of each text and ``breaks`` of each block in order, or ``None`` where a parser has to tell."""
    pieces: list[str] = []
    opened: list[str] = []
    place = 0
    for match in _PIECE.finditer(markup):
        if match.start() != place:
            return None
        text, closed, name = match.groups()
        if text is not None:
            text = text if place else text.lstrip(_BEFORE_BODY)
            pieces.append(words(html.unescape(text) if "&" in text else text))
        elif closed is not None:
            if not opened or opened.pop() != closed:
                return None
        elif name in _BLOCKS or name in _INLINE:
            if not _fits(name, opened):
                return None
            opened.append(name)
            if name in _BLOCKS:
                pieces.append(breaks(name))
        elif name not in _VOID or (name == "hr" and "p" in opened):
            return None
        elif name in BLOCK_ELEMENTS:
            pieces.append(breaks(name))
        place = match.end()
    return pieces if place == len(markup) and not opened else None


def _fits(name: str, opened: list[str]) -> bool:
    """Tell whether an element may stand in those that are open without closing one of them."""
    if len(opened) >= MAX_DEPTH:
        return False
    if name == "li":
        return bool(opened) and opened[-1] in ("ul", "ol")
    if name in _HEADINGS and not _HEADINGS.isdisjoint(opened):
        return False
    if name in _BLOCKS:
        # A block ends a paragraph, and one within a link or the like is mended in ways of its own.
        return "p" not in opened and _INLINE.isdisjoint(opened)
    return name not in opened
