"""RSS 0.90-2.0, RDF and Atom 0.3/1.0, well-formed or not: decoded, mended where needed, and read from the tree."""

from __future__ import annotations

import html
import re
from itertools import islice

import msgspec

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.characters import text_of
from connectors.formats.dates import parse_date
from connectors.formats.entries import domain_of
from connectors.formats.heads import changed_of, icon_of
from connectors.formats.parsed import Entry, NotAFeedError, ParsedEntry, ParsedFeed
from connectors.formats.plainfeed import read_tree
from connectors.formats.update_hints import SEARCHED_BYTES, update_hints
from connectors.formats.xmltree import tree_of
from connectors.formats.zones import Home

# RFC 6721: an entry that its feed took back.
_DELETED = re.compile(r"<(?:\w+:)?deleted-entry\s([^<>]{1,10000})>", re.IGNORECASE)
_REF = re.compile(r"""\bref=["']([^"'<>]+)["']""", re.IGNORECASE)
_WHEN = re.compile(r"""\bwhen=["']([^"'<>]+)["']""", re.IGNORECASE)


def parse_feed(body: bytes, content_type: str | None, url: str, *, fast: bool = True) -> ParsedFeed:
    """Parse an XML feed. Raises ``NotAFeedError``; an entry that cannot be read costs only itself.

    ``fast`` allows the parser of plain feeds, which makes no difference but to time.
    """
    return read_feed(text_of(body, content_type), url, fast=fast)


def read_feed(text: str, url: str, *, fast: bool = True) -> ParsedFeed:
    """Read the XML feed in a text, as ``parse_feed`` does."""
    tree = tree_of(text)
    if tree is None:
        raise NotAFeedError(f"{url} is no feed that Newswire can read.")
    parsed = read_tree(tree.root, url) if fast else None
    if parsed is None:
        from connectors.formats.oddfeed import read_by_feedparser  # brings feedparser, which few feeds need

        parsed = read_by_feedparser(tree.root, url)
    return msgspec.structs.replace(
        parsed,
        entries=(*parsed.entries, *_tombstones(text)),
        icon=icon_of(tree.root, parsed.home or url),
        updated=changed_of(tree.root, Home(parsed.language, domain_of(parsed.home or url))),
        hints=update_hints(text[:SEARCHED_BYTES].encode("utf-8", "replace")),
        flaw=tree.flaw,
    )


def _tombstones(text: str) -> list[ParsedEntry]:
    if "deleted-entry" not in text:
        return []
    entries = []
    for match in islice(_DELETED.finditer(text), MAX_ENTRIES):
        ref, found = _REF.search(match.group(1)), _WHEN.search(match.group(1))
        if ref:
            when = found.group(1) if found else None
            identity = Entry(html.unescape(ref.group(1)), None, None, when)
            entries.append(ParsedEntry(identity=identity, updated=parse_date(when), withdrawn=True))
    return entries
