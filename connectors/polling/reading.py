"""From the bytes of a fetched feed to the articles in it that are new or have changed.

Most of a feed is what it was at the last poll. Entries are recognised by a hash of their raw bytes before anything is
parsed; only the rest is. What must be remembered for that is one opaque value per feed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from connectors.formats.document import parse_document
from connectors.formats.parsed import ParsedFeed
from connectors.polling.articles import articles_of
from connectors.polling.identity import identify_entries
from connectors.polling.schedule import rate_per_day
from pipeline.model import Article

KEPT = 1_000
KEYS_KEPT = 12
VERSION = 1
SHORTEST_QUOTE = 4
_QUOTING = ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->"))
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
    left out as the feed's options ask, ``full_text_note`` says why a page was not used.
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


class _Seen(msgspec.Struct, array_like=True, frozen=True):
    """Remember an entry: ``raw`` and ``content`` are digests, ``published`` is in seconds, 0 when unknown."""

    identity: str
    raw: bytes
    content: bytes
    published: int
    keys: tuple[str, ...]


class _Recent(msgspec.Struct, array_like=True, frozen=True):
    version: int
    seen: tuple[_Seen, ...]


def read(
    body: bytes,
    content_type: str | None,
    url: str,
    origin: Origin,
    seen: datetime,
    recent: bytes | None = None,
    kept: int = KEPT,
) -> FeedReading:
    """Read a feed of any kind, given what the last reading remembered. Raises ``NotAFeedError``.

    ``kept`` is how many entries are remembered at least, those of this document first.
    """
    before = _remembered(recent)
    pieces = _raw_entries(body)
    raws = [_digest(body[start:end]) for start, end in pieces]
    familiar = {entry.raw: entry for entry in before.values() if entry.raw}
    parsed = parse_document(_without(body, pieces, raws, familiar), content_type, url)
    unchanged = {familiar[raw].identity: familiar[raw] for raw in raws if raw in familiar}
    found = identify_entries(
        [entry.identity for entry in parsed.entries],
        _known(before.values()),
        origin.url,
        parsed.home,
        {identity: entry.keys for identity, entry in unchanged.items()},
    )
    identities = [identity for identity, _ in found]
    articles = articles_of(
        parsed, origin.url, seen, identities, source=origin.source, language=origin.language, tags=origin.tags
    )
    current, changed, arrived = dict(unchanged), [], []
    raw_of, unreadable = _raws_of(parsed, [raw for raw in raws if raw not in familiar])
    for article, (identity, keys), raw in zip(articles, found, raw_of, strict=True):
        if article.withdrawn and identity not in before:
            continue  # what was never seen need not be taken back
        content = _digest(f"{article.title}\0{article.html}\0{article.text}".encode("utf-8", "surrogatepass"))
        earlier = before.get(identity)
        if earlier is None or earlier.content != content:
            changed.append(article)
        if earlier is None and article.published:
            arrived.append(article.published)
        keys = tuple(dict.fromkeys((*keys, *(earlier.keys if earlier else ()))))[:KEYS_KEPT]
        published = int(article.published.timestamp()) if article.published else 0
        current[identity] = _Seen(identity, raw, content, published, keys)
    for raw in unreadable:
        current[raw.hex()] = _Seen(raw.hex(), raw, b"", 0, ())
    older = [entry for identity, entry in before.items() if identity not in current]
    remembered = (*current.values(), *older[: max(0, kept - len(current))])
    return FeedReading(
        parsed=msgspec.structs.replace(parsed, entries=()),
        entries=len(unchanged) + len(articles),
        articles=tuple(changed),
        published=tuple(datetime.fromtimestamp(entry.published, UTC) for entry in current.values() if entry.published),
        recent=msgspec.msgpack.encode(_Recent(VERSION, remembered)),
        arrived=tuple(arrived),
        per_day=rate_per_day([entry.published for entry in remembered if entry.published], seen),
    )


def _remembered(recent: bytes | None) -> dict[str, _Seen]:
    if recent is None:
        return {}
    try:
        known = msgspec.msgpack.decode(recent, type=_Recent)
    except Exception:  # noqa: BLE001 - damaged, or of another version: the feed starts over, and nothing new is lost
        return {}
    return {entry.identity: entry for entry in known.seen} if known.version == VERSION else {}


def _known(entries: Iterable[_Seen]) -> dict[str, str]:
    """Map keys to identities; a key that several entries have had says nothing."""
    known: dict[str, str] = {}
    ambiguous = set()
    for entry in entries:
        for key in entry.keys:
            if known.setdefault(key, entry.identity) != entry.identity:
                ambiguous.add(key)
    return {key: identity for key, identity in known.items() if key not in ambiguous}


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


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=8).digest()
