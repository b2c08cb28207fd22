"""One line of plain words from what a feed gives as a title, a name or a tag."""

from __future__ import annotations

import re

from connectors.formats.markup import without_section
from connectors.formats.mending import unescaped

MAX_CHARS = 4_000
TIMES_ESCAPED = 3
# What is written to be seen as formatting; a title that speaks of any other element means its name.
_INLINE = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark nobr q s samp small span strike "
    "strong sub sup time tt u var"
).split()
_BLOCK = "article blockquote center div h1 h2 h3 h4 h5 h6 header li ol p pre section table td tr ul".split()
_FORMATTING = frozenset((*_INLINE, *_BLOCK))
_OPEN = re.compile(r"<([A-Za-z][A-Za-z0-9]*)(?=[\s/>])[^<>]*>")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])[^<>]*>")
_CLOSE = re.compile(r"</([A-Za-z][A-Za-z0-9]*)\s*>")
_EMPTY = re.compile(r"<(?:br|wbr|hr|img)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)(?=[\s>])[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)


def plain_line(text: str | None) -> str | None:
    """Return words that are no markup as one line, or nothing where there are none."""
    return " ".join(text[:MAX_CHARS].split()) or None if text else None


def line_of_markup(text: str | None) -> str | None:
    """Return the words of a title that may be HTML, escaped once, twice or not at all; ``<head>`` is a word in it."""
    if not text:
        return None
    text = text[:MAX_CHARS]
    if "<" in text or "&" in text:
        text = without_section(text)
        for _ in range(TIMES_ESCAPED):
            before = text
            text = without_section(unescaped(_without_formatting(text)))
            if text == before:
                break
        text = _without_formatting(text)
    return " ".join(text.split()) or None


def _without_formatting(text: str) -> str:
    if "<" not in text:
        return text
    text = _EMPTY.sub(" ", _UNSEEN.sub(" ", text))
    opened = {name.lower() for name in _OPEN.findall(text)}
    paired = opened & {name.lower() for name in _CLOSE.findall(text)} & _FORMATTING
    if not paired:
        return text

    def replaced(match: re.Match[str]) -> str:
        name = match.group(2).lower()
        if name not in paired:
            return match.group()
        return " " if name in _BLOCK else ""

    return _TAG.sub(replaced, text)
