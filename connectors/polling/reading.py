"""From the bytes of a fetched feed to the articles in it that are new or have changed.

Most of a feed is what it was at the last poll. Entries are recognised by a hash of their raw bytes before anything is
parsed; only the rest is. What must be remembered for that is one opaque value per feed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from datetime import UTC, datetime

import msgspec

from connectors.formats.bounds import MAX_ENTRIES
from connectors.formats.dates import parse_date
from connectors.formats.document import parse_document
from connectors.formats.parsed import ParsedFeed
from connectors.polling.articles import articles_of
from connectors.polling.identity import Seen, candidate_of, content_of, digest, identify_entries
from connectors.polling.schedule import rate_per_day
from pipeline.model import Article

KEPT = 1_000
KEYS_KEPT = 12
VERSION = 1
SHORTEST_QUOTE = 4
_QUOTING = ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->"))
_DATE = re.compile(
    rb"<(?:\w+:)?(?:pubDate|published|updated|date|issued|modified)\b[^<>]*>([^<>]{4,60})<", re.IGNORECASE
)
Parse = Callable[[bytes, str | None, str], ParsedFeed]
_OPENING = re.compile(rb"<((?:\w+:)?(?:item|entry))[\s>]")


class Origin(msgspec.Struct, frozen=True):
    """Name the feed that articles come from, and what its reader wants them to be called."""

    url: str
    source: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()


class FeedReading(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one poll, push or document of a feed brought, from reading it to publishing it.

    ``parsed`` is what the feed says of itself, with the errors that are new but without entries; ``entries`` counts all
    that stand in it and ``published`` has their dates, ``arrived`` those of entries never seen before; ``articles`` are
    new or changed and still to be published; ``per_day`` counts entries remembered. ``recent`` is what the next reading
    is to be given, ``parts`` the same by address for each sitemap of an index. ``muted`` counts the articles that were
    left out as the feed's options ask, ``full_text_note`` says why a page was not used. ``left_out`` counts the oldest
    entries of a document that has more than are read. Of the entries that were known before, ``revised`` have changed
    and ``stable`` have not.
    """

    parsed: ParsedFeed
    entries: int
    articles: tuple[Article, ...]
    published: tuple[datetime, ...]
    recent: bytes
    arrived: tuple[datetime, ...] = ()
    per_day: float = 0.0
    parts: dict[str, bytes] = {}
    muted: int = 0
    full_text_note: str | None = None
    left_out: int = 0
    revised: int = 0
    stable: int = 0


class _Recent(msgspec.Struct, array_like=True, frozen=True):
    version: int
    seen: tuple[Seen, ...]


def read(
    body: bytes,
    content_type: str | None,
    url: str,
    origin: Origin,
    seen: datetime,
    recent: bytes | None = None,
    kept: int = KEPT,
    parse: Parse = parse_document,
) -> FeedReading:
    """Read a feed of any kind, given what the last reading remembered. Raises ``NotAFeedError``.

    ``kept`` is how many entries are remembered at least, those of this document first. ``parse`` reads what is no feed
    document; only of one that is, known parts can be told by their bytes.
    """
    before = _remembered(recent)
    pieces = _raw_entries(body) if parse is parse_document else []
    standing = len(pieces)
    body, pieces = _newest(body, pieces)
    raws = [digest(body[start:end]) for start, end in pieces]
    familiar = {entry.raw: entry for entry in before.values() if entry.raw}
    parsed = parse(_without(body, pieces, raws, familiar), content_type, url)
    unchanged = {familiar[raw].identity: familiar[raw] for raw in raws if raw in familiar}
    found = identify_entries(
        [candidate_of(entry) for entry in parsed.entries], before.values(), origin.url, parsed.home, unchanged.values()
    )
    identities = [identity for identity, _ in found]
    articles = articles_of(
        parsed, origin.url, seen, identities, source=origin.source, language=origin.language, tags=origin.tags
    )
    current, changed, arrived = dict(unchanged), [], []
    revised, stable = 0, len(unchanged)
    raw_of, unreadable = _raws_of(parsed, [raw for raw in raws if raw not in familiar])
    for entry, article, (identity, keys), raw in zip(parsed.entries, articles, found, raw_of, strict=True):
        if article.withdrawn and identity not in before:
            continue  # what was never seen need not be taken back
        if identity in current:
            continue  # it stands here twice
        content = content_of(entry)
        earlier = before.get(identity)
        if earlier is None or earlier.content != content:
            changed.append(article)
            revised += earlier is not None
        else:
            stable += 1
        if earlier is None and article.published:
            arrived.append(article.published)
        keys = tuple(dict.fromkeys((*keys, *(earlier.keys if earlier else ()))))[:KEYS_KEPT]
        published = int(article.published.timestamp()) if article.published else 0
        current[identity] = Seen(identity, raw, content, published, keys)
    for raw in unreadable:
        current[raw.hex()] = Seen(raw.hex(), raw, b"", 0, ())
    older = [entry for identity, entry in before.items() if identity not in current]
    remembered = (*current.values(), *older[: max(0, kept - len(current))])
    return FeedReading(
        parsed=msgspec.structs.replace(parsed, entries=()),
        entries=len(unchanged) + len(articles),
        articles=tuple(changed),
        published=tuple(datetime.fromtimestamp(entry.published, UTC) for entry in current.values() if entry.published),
        recent=msgspec.msgpack.encode(_Recent(VERSION, remembered)),
        arrived=tuple(arrived),
        left_out=standing - len(pieces) + parsed.left_out,
        revised=revised,
        stable=stable,
        per_day=rate_per_day([entry.published for entry in remembered if entry.published], seen),
    )


def _remembered(recent: bytes | None) -> dict[str, Seen]:
    if recent is None:
        return {}
    try:
        known = msgspec.msgpack.decode(recent, type=_Recent)
    except Exception:  # noqa: BLE001 - damaged, or of another version: the feed starts over, and nothing new is lost
        return {}
    return {entry.identity: entry for entry in known.seen} if known.version == VERSION else {}


def entries_left_out(body: bytes) -> int:
    """Return how many entries of a document are not read because there are too many."""
    return max(0, len(_raw_entries(body)) - MAX_ENTRIES)


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


def _raw_entries(body: bytes) -> list[tuple[int, int]]:
    """Return where each entry stands in an XML feed, or nothing where bytes alone do not tell for sure."""
    opening = _OPENING.search(body)
    if opening is None:
        return []
    begin, close = re.compile(rb"<" + opening.group(1) + rb"[\s>]"), b"</" + opening.group(1) + b">"
    pairs = [(start, end) for start, end in _QUOTING if start in body]
    found, last = [], 0
    while opening is not None:
        start, end = opening.start(), body.find(close, opening.end()) + len(close)
        if end < len(close):
            return []
        piece = body[start:end]
        if not (_is_closed(piece, pairs) and _is_closed(body[last:start], pairs)) or begin.search(piece, 1):
            return []
        found.append((start, end))
        last = end
        opening = begin.search(body, end)
    return found if _is_closed(body[last:], pairs) and close not in body[last:] else []


def _is_closed(piece: bytes, pairs: Sequence[tuple[bytes, bytes]]) -> bool:
    """Tell whether no CDATA section or comment begins here and ends elsewhere."""
    return len(piece) < SHORTEST_QUOTE or all(piece.count(start) == piece.count(end) for start, end in pairs)


def _without(
    body: bytes, pieces: Sequence[tuple[int, int]], raws: Sequence[bytes], familiar: Container[bytes]
) -> bytes:
    kept, last = [], 0
    for (start, end), raw in zip(pieces, raws, strict=True):
        if raw in familiar:
            kept.append(body[last:start])
            last = end
    return b"".join((*kept, body[last:])) if kept else body


def _raws_of(parsed: ParsedFeed, raws: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the digests of the entries that were read and of those that could not be, where they can be told apart."""
    standing = sum(not entry.withdrawn for entry in parsed.entries)  # what was taken back comes last
    if standing + len(parsed.errors) != len(raws):
        return [b""] * len(parsed.entries), []
    read_ones = [raw for place, raw in enumerate(raws) if place not in parsed.errors]
    gone = [b""] * (len(parsed.entries) - standing)
    return read_ones + gone, [raws[place] for place in parsed.errors]
