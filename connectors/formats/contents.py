"""The words and the markup that an element of a feed holds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from html import escape
from xml.etree.ElementTree import Element

from connectors.formats.dates import parse_date
from connectors.formats.entries import Words
from connectors.formats.markup import is_markup
from connectors.formats.names import is_atom, name_of

_VOID = frozenset("br hr img input wbr area col embed source track".split())
_KINDS = {"text/plain": "text", "plain": "text", "text": "text", "text/html": "html", "html": "html"}
_ATOM_TEXTS = ("title", "summary", "content")
_XHTML = ("xhtml", "application/xhtml+xml", "application/xml", "text/xml", "xml")
_DATES = frozenset(("pubdate", "published", "updated", "dc:date", "issued", "modified"))
MAX_DEPTH = 100


def content_of(element: Element, default: str) -> Words:
    """Return the words of an element; in Atom they are text unless it says otherwise, elsewhere nobody can tell."""
    said = (element.get("type") or "").partition(";")[0].strip().lower()
    if said in _XHTML and len(element):
        return Words(inner_markup(element, exact=True), "html")
    value = inner_markup(element) if len(element) else (element.text or "").strip()
    atom = is_atom(element.tag) and name_of(element.tag) in _ATOM_TEXTS
    if element.get("mode") == "base64" or (atom and name_of(element.tag) == "content" and _is_binary(said)):
        value = _unpacked(value)
    value = regained(value)
    if len(element) or said in _XHTML:
        return Words(value, "html")
    kind = _KINDS.get(said)
    if not atom:
        return Words(value, "html" if kind == "html" else default)
    return Words(value, kind or ("text" if not said else default))


def _unpacked(value: str) -> str:
    """Return the words that base64 holds; a picture or other file holds none, and what is no base64 is as it is."""
    try:
        packed = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return value
    try:
        return packed.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _is_binary(kind: str) -> bool:
    """Tell whether Atom's content of a type is encoded in base64 (RFC 4287, 4.1.3.3)."""
    return "/" in kind and not kind.startswith(("text/", "message/")) and not kind.endswith(("+xml", "/xml"))


def words_of(element: Element) -> str:
    text = "".join(element.itertext()) if len(element) else element.text
    return regained(text.strip()) if text else ""


def regained(text: str) -> str:
    """Return a text that was encoded twice as it was before: UTF-8, taken for Latin-1, and encoded again."""
    if text.isascii():
        return text
    try:
        return text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return text


def inner_markup(element: Element, *, exact: bool = False) -> str:
    """Return what an element holds as HTML; one division around all of it is left out.

    Where it is not ``exact``, part of the words between elements may be HTML already: a quotation ended early.
    """
    children = list(element)
    around = (element.text or "") + "".join(child.tail or "" for child in children[:1])
    if len(children) == 1 and name_of(children[0].tag).endswith("div") and not around.strip():
        element = children[0]
    pieces: list[str] = []
    _write(element, pieces, MAX_DEPTH, _exact if exact else _escaped)
    return "".join(pieces).strip()


def _write(element: Element, pieces: list[str], depth: int, words: Callable[[str | None], str]) -> None:
    pieces.append(words(element.text))
    for child in element:
        tag = child.tag.rpartition("}")[2]
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in child.items() if "}" not in name)
        if depth:
            pieces.append(f"<{tag}{attributes}>")
            _write(child, pieces, depth - 1, words)
            if tag.lower() not in _VOID:
                pieces.append(f"</{tag}>")
        else:
            pieces.append(escape(" ".join(child.itertext()), quote=False))
        pieces.append(words(child.tail))


def _exact(text: str | None) -> str:
    return escape(text or "", quote=False)


def _escaped(text: str | None) -> str:
    return (text if is_markup(text) else escape(text, quote=False)) if text else ""


def date_of(item: Element) -> datetime | None:
    """Return the first date of an entry that is understood, whatever it is the date of."""
    return next((date for one in item if name_of(one.tag) in _DATES and (date := parse_date(words_of(one)))), None)
