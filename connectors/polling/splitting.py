"""Where each entry stands in the bytes of an XML feed, so that one that is as it was need not be parsed again.

It is found by reading character data, comments, instructions and the tags of entries in their order, and nothing else.
Where these bytes do not tell for sure, or an entry may mean something else than its own bytes say, nothing is skipped:
the document goes the full way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.dates import parse_date
from connectors.formats.xmltree import feed_start, first_element, has_own_namespaces
from connectors.polling.identity import digest

_CLOSING = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<?": b"?>"}
_TOKEN = re.compile(rb"<(?:!\[CDATA\[|!--|\?|!|(/?)((?:[\w.-]+:)?(?:item|entry))(?=[\s/>]))")
# An entry as nearly all are: the quotes in its first tag are in pairs, and in it stand no declarations, comments,
# instructions and tags of other entries. Most tags in it are told from those by their first letter.
_WHOLE = re.compile(
    rb"<((?:[\w.-]+:)?(?:item|entry))(?:\s(?:[^<>\"'/]++|\"[^<>\"']*+\"|'[^<>\"']*+')*+)?>[^<]*+"
    rb"(?:<(?:/?+[a-df-hj-z][\w.-]*+(?!:)|(?!!|\?|/?(?:[\w.-]+:)?(?:item|entry)[\s/>])|"
    rb"!\[CDATA\[(?:[^]]++|\](?!\]>))*+\]\]>)[^<]*+)*+</\1>(\s*+)"
)
_BETWEEN = re.compile(rb"(?:\s|<!--.*?-->)*", re.DOTALL)
_DATE = re.compile(
    rb"<(?:\w+:)?(?:pubDate|published|updated|date|issued|modified)\b[^<>]*>([^<>]{4,60})<", re.IGNORECASE
)
# What a feed says of itself that no entry takes over, and that changes with each answer: its dates, white space,
# comments, and RSS 1.0's table of contents. Character data is left as it is.
_PASSING = re.compile(
    rb"(<!\[CDATA\[.*?\]\]>)|(<(?:\w+:)?(?:lastBuildDate|pubDate|published|updated|modified|date)\b[^<>]*>)[^<>]*|"
    rb"(?:\s|<!--.*?-->|</?(?:\w+:)?li\b[^<>]*>)+",
    re.DOTALL,
)
_ROOTS = frozenset(("rss", "feed", "rdf", "channel"))
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']\s*([^"'<>]{0,60})""", re.IGNORECASE)
# These are read as UTF-8 where the bytes are UTF-8.
_HARMLESS = re.compile(rb"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d", re.IGNORECASE)
_XHTML = re.compile(rb"""xmlns(?::\w+)?\s*=\s*["']http://www\.w3\.org/1999/xhtml/?["']""")


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a document and where the entries that are read stand in it; ``left_out`` counts those that are too many.

    ``raws`` are what each entry is known again by: digests of its bytes and of all that they depend on. There are none
    where bytes alone do not tell.
    """

    body: bytes
    pieces: tuple[tuple[int, int], ...] = ()
    raws: tuple[bytes, ...] = ()
    left_out: int = 0

    def without(self, places: Sequence[bool]) -> bytes:
        """Return the document without the entries at some places."""
        kept, last = [], 0
        for (start, end), is_gone in zip(self.pieces, places, strict=True):
            if is_gone:
                kept.append(self.body[last:start])
                last = end
        return b"".join((*kept, self.body[last:]))

    def digests(self) -> list[bytes]:
        """Return digests of the entries' bytes alone."""
        return [digest(self.body[start:end]) for start, end in self.pieces]


def split_at_entries(body: bytes, origin: str) -> Split:
    """Split a document; ``origin`` is what its entries depend on beside it, such as its address."""
    found = _entries_in(body)
    kept, pieces = _newest(body, found)
    context = _context(kept, pieces, origin) if pieces else None
    raws = tuple(digest(context + kept[start:end]) for start, end in pieces) if context is not None else ()
    if len(set(raws)) < len(raws):
        raws = ()  # of entries that are alike to the last byte each is asked what the other is
    return Split(body=kept, pieces=tuple(pieces), raws=raws, left_out=len(found) - len(pieces))


def entries_left_out(body: bytes) -> int:
    """Return how many entries of a document are not read because there are too many."""
    return max(0, len(_entries_in(body)) - MAX_ENTRIES)


def _entries_in(body: bytes) -> list[tuple[int, int]]:
    """Return where each entry stands, one beside the other, or nothing where that is not sure."""
    found: list[tuple[int, int]] = []
    place, start, name = 0, -1, b""
    while token := _TOKEN.search(body, place):
        after = token.end()
        if start < 0 and not token[1] and token[2] and (not name or token[2] == name):
            rest = _run_of_whole(body, token.start(), token[2], found)
            if rest is not None:
                name, place = token[2], rest
                continue
        closing = _CLOSING.get(token[0])
        if closing is not None:
            end = body.find(closing, after)
            place = end + len(closing)
            if end < 0:
                return []
            continue
        slash, named = token.groups()
        end = body.find(b">", after)
        place = end + 1
        if slash and start >= 0 and named == name and end == after:  # what nearly all are
            begin, start = start, -1
        else:
            tag = body[token.start() : end]
            if end < 0 or tag.count(b'"') % 2 or tag.count(b"'") % 2:
                return []
            if named is None:  # a declaration
                if found or start >= 0 or b"[" in tag:
                    return []
                continue
            is_whole = tag.endswith(b"/")
            if (name and named != name) or bool(slash) != (start >= 0) or (slash and is_whole):
                return []
            name, begin = named, start if slash else token.start()
            start = -1 if slash or is_whole else begin
        if start < 0:
            if found and not _BETWEEN.fullmatch(body, found[-1][1], begin):
                return []
            found.append((begin, place))
    return found if start < 0 else []


def _run_of_whole(body: bytes, place: int, name: bytes, found: list[tuple[int, int]]) -> int | None:
    """Add the whole entries of one name that follow each other from a place on; return where they end, if there are."""
    if found and not _BETWEEN.fullmatch(body, found[-1][1], place):
        return None
    entry, end = _WHOLE.match(body, place), None
    while entry is not None and entry[1] == name:
        found.append((entry.start(), entry.start(2)))
        end = entry.end()
        entry = _WHOLE.match(body, end)
    return end


def _newest(body: bytes, pieces: list[tuple[int, int]]) -> tuple[bytes, list[tuple[int, int]]]:
    """Return a document with as many entries as are read, the newest ones, whether these come first or last."""
    if len(pieces) <= MAX_ENTRIES:
        return body, pieces
    first, last = (_dated(body[start:end]) for start, end in (pieces[0], pieces[-1]))
    if first is None or last is None or first >= last:
        kept = pieces[:MAX_ENTRIES]
        return body[: kept[-1][1]] + body[pieces[-1][1] :], kept
    kept = pieces[-MAX_ENTRIES:]
    gone = kept[0][0] - pieces[0][0]
    return body[: pieces[0][0]] + body[kept[0][0] :], [(start - gone, end - gone) for start, end in kept]


def _dated(piece: bytes) -> datetime | None:
    found = _DATE.search(piece)
    return parse_date(found.group(1).decode("utf-8", "replace").strip()) if found else None


def _context(body: bytes, pieces: Sequence[tuple[int, int]], origin: str) -> bytes | None:
    """Return a digest of all that the meaning of entries depends on beside their bytes; ``None`` where that is open.

    That is what stands before and after them, without what passes: declarations, namespaces, bases, languages, people.
    """
    first, last = pieces[0][0], pieces[-1][1]
    encoding = _ENCODING.search(body[:1_000])
    if encoding is not None and not _HARMLESS.fullmatch(encoding.group(1).strip()):
        return None
    if b"\0" in body or b"deleted-entry" in body or _has_namespaces(body, first, last):
        return None
    try:
        body.decode()  # one bad byte changes what all others are taken for
        around = b"\0".join((body[:first], body[last:]))
        text = around.decode()
    except UnicodeDecodeError:
        return None
    if first_element(text).rpartition(":")[2] not in _ROOTS or has_own_namespaces(text):
        return None
    begin = feed_start(text)
    if begin is None or begin.place >= first or begin.entities:
        return None
    passing = _PASSING.sub(lambda match: match.group(1) or match.group(2) or b" ", around)
    return digest(origin.encode("utf-8", "surrogatepass") + b"\0" + passing)


def _has_namespaces(body: bytes, first: int, last: int) -> bool:
    """Tell whether an entry declares a namespace other than that of the markup in it."""
    if body.find(b"xmlns", first, last) < 0:
        return False
    return b"xmlns" in _XHTML.sub(b"", body[first:last])
