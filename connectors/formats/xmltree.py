"""From the text of an XML feed to its tree, whatever stands around it and however well it is formed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.entities import html5
from xml.etree.ElementTree import Element, ParseError, fromstring

import msgspec

from connectors.formats.mending import mended
from connectors.formats.names import PREFIXES, prefix_of

SEARCHED_CHARS = 100_000
MAX_ENTITIES = 100
MAX_ENTITY_CHARS = 200
MAX_EXPANDED_CHARS = 1_000_000
_ROOT_NAMES = "rss|feed|RDF|channel"
_ALONE = re.compile(r"(?:[\w-]+:)?entry$", re.IGNORECASE)
_ROOT = re.compile(rf"<(?P<name>(?:[\w-]+:)?(?:{_ROOT_NAMES}))(?=[\s>/])", re.IGNORECASE)
_OPENING = re.compile(r"<!--|<!\[CDATA\[")
_BEFORE = re.compile(
    r"\s+|\ufeff|<!--.*?-->|<\?.*?>|<!DOCTYPE\b(?!\s+html)[^>\[]*(?:\[(?P<subset>.*?)\]\s*>|>)",
    re.DOTALL | re.IGNORECASE,
)
_FIRST = re.compile(r"<(!doctype\s+html|[A-Za-z_][\w:.-]*)", re.IGNORECASE)
_ENTITY = re.compile(
    rf"""<!ENTITY\s+([\w.-]{{1,64}})\s+(?:"([^"<&%]{{0,{MAX_ENTITY_CHARS}}})"|'([^'<&%]{{0,{MAX_ENTITY_CHARS}}})')\s*>"""
)
_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)(?:([A-Za-z][\w.-]{0,63});)?")
_XMLNS = re.compile(r"""\sxmlns(?::([\w-]+))?\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Start(msgspec.Struct, frozen=True):
    """Tell where the first element of a feed begins, and which entities its document declares."""

    place: int
    name: str
    entities: dict[str, str]


class Tree(msgspec.Struct, frozen=True):
    """Hold the root of a feed; ``flaw`` says in words where its XML was ill-formed and why."""

    root: Element
    flaw: str | None = None


def feed_start(text: str) -> Start | None:
    """Return where the feed in a document begins, or nothing where there is none; what is quoted is not it."""
    begin, entities = _prolog(text)
    first = _FIRST.match(text, begin)
    if first and _ALONE.match(first.group(1)):
        return Start(begin, first.group(1), entities)  # an entry of Atom by itself
    place = begin
    for start, end in (*_quotations(text[:SEARCHED_CHARS]), (SEARCHED_CHARS, SEARCHED_CHARS)):
        if match := _ROOT.search(text, place, max(place, start)):
            return Start(match.start(), match["name"], entities)
        place = max(place, end)
    return None


def first_element(text: str) -> str:
    """Return the name of the first element, in lower case, ``!doctype html`` for a page, or nothing."""
    match = _FIRST.match(text, prolog_end(text)) or _FIRST.search(text, prolog_end(text), SEARCHED_CHARS)
    return " ".join(match.group(1).lower().split()) if match else ""


def prolog_end(text: str) -> int:
    """Return where what an XML document begins with ends: declarations, comments and its DOCTYPE."""
    return _prolog(text)[0]


def _prolog(text: str) -> tuple[int, dict[str, str]]:
    entities: dict[str, str] = {}
    place = 0
    while place < SEARCHED_CHARS and (match := _BEFORE.match(text, place)):
        entities |= _entities(match["subset"] or "")
        place = match.end()
    return place, entities


def _quotations(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each comment and each section of character data begins and ends; one that never ends is none."""
    endless: set[str] = set()
    place = 0
    while match := _OPENING.search(text, place):
        ending = "-->" if match.group() == "<!--" else "]]>"
        end = -1 if ending in endless else text.find(ending, match.end())
        if end < 0:
            endless.add(ending)
            place = match.end()
        else:
            place = end + len(ending)
            yield match.start(), place


def tree_of(text: str) -> Tree | None:
    """Return the tree of the feed in a document, or nothing where there is none."""
    tree = _tree_of(text)
    if tree is not None:
        _name_as_feeds_do(tree.root)
    return tree


def _name_as_feeds_do(root: Element) -> None:
    """Take a namespace that nobody knows off a feed that has all of itself in it: its root says what it is."""
    namespace, brace, _ = root.tag.rpartition("}")
    if not brace or prefix_of(namespace[1:]) is not None:
        return
    for element in root.iter():
        if element.tag.startswith(f"{namespace}}}"):
            element.tag = element.tag[len(namespace) + 1 :]


def _tree_of(text: str) -> Tree | None:
    start = feed_start(text)
    if start is None:
        return None
    end = text.rfind(f"</{start.name}")
    close = text.find(">", end) if end > start.place else -1
    feed = text[start.place : close + 1] if close > 0 else text[start.place :]
    if start.entities:
        feed = _outside_quotes(feed, lambda piece: _expanded(piece, start.entities))
    if has_own_namespaces(feed):
        root = mended(feed)
        return Tree(root) if root is not None else None
    try:
        return Tree(fromstring(feed))
    except ParseError as exc:
        line, flaw = exc.position[0] + text.count("\n", 0, start.place), exc.msg.partition(":")[0]
    except ValueError as exc:
        line, flaw = 1, str(exc)
    flaw = f"line {line}: {flaw}"
    if flaw.endswith("undefined entity") or "not well-formed" in flaw:
        try:
            return Tree(fromstring(_outside_quotes(feed, lambda piece: _AMPERSAND.sub(_whole_reference, piece))), flaw)
        except (ParseError, ValueError):
            pass
    root = mended(feed)
    return Tree(root, flaw) if root is not None else None


def _entities(subset: str) -> dict[str, str]:
    """Return the entities that stand for a few plain words; no others have bounds, and no feed needs them."""
    found = [(name, double or single) for name, double, single in _ENTITY.findall(subset)]
    return dict(found[:MAX_ENTITIES])


def _expanded(piece: str, entities: dict[str, str]) -> str:
    if len(piece) > MAX_EXPANDED_CHARS:
        return piece
    return re.sub(r"&([\w.-]{1,64});", lambda match: entities.get(match.group(1), match.group()), piece)


def _outside_quotes(text: str, change: Callable[[str], str]) -> str:
    pieces, place = [], 0
    for start, end in _quotations(text):
        pieces += [change(text[place:start]), text[start:end]]
        place = end
    return "".join((*pieces, change(text[place:])))


def _whole_reference(match: re.Match[str]) -> str:
    name = match.group(1)
    if name and (found := html5.get(f"{name};")):
        return found.replace("&", "&amp;").replace("<", "&lt;")
    return f"&amp;{match.group()[1:]}"


def has_own_namespaces(text: str) -> bool:
    """Tell whether a prefix that feeds use, or none, is bound to a namespace that nobody knows."""
    for prefix, double, single in _XMLNS.findall(text):
        uri = double or single
        if uri and prefix_of(uri) is None and (not prefix or prefix in PREFIXES):
            return True
    return False
