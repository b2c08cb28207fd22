"""From the bytes of a fetched feed to the articles in it that are new or have changed.

Most of a feed is what it was at the last poll. Entries are recognised by a hash of their raw bytes before anything is
parsed; only the rest is. What must be remembered for that is one opaque value per feed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain

import msgspec

from connectors.formats.characters import text_of
from connectors.formats.document import parse_document
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.formats.update_hints import NO_HINTS, SEARCHED_BYTES, UpdateHints, asks_for_something, update_hints
from connectors.polling.articles import articles_of
from connectors.polling.edits import traits_of
from connectors.polling.history import marked
from connectors.polling.identity import Candidate, Seen, candidate_of, content_of, identify_entries
from connectors.polling.schedule import PACED_BY, rate_per_day
from connectors.polling.splitting import Split, split_at_entries
from pipeline.model import Article

KEPT = 1_000
KEYS_KEPT = 12
VERSION = 1
# What is made of new articles beyond reading them takes at most so long for one document.
FINISHED_S = 5.0
Parse = Callable[[bytes, str | None, str], ParsedFeed]
Finish = Callable[[Article], bytes]


class Origin(msgspec.Struct, frozen=True):
    """Name the feed that articles come from, and what its reader wants them to be called.

    ``followed`` is since when, where this is its first reading: what is older is history.
    """

    url: str
    source: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    followed: datetime | None = None


class FeedReading(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one poll, push or document of a feed brought, from reading it to publishing it.

    ``parsed`` is what the feed says of itself, with the errors that are new but without entries; ``entries`` counts all
    that stand in it and ``published`` has the latest of their dates, ``arrived`` those of entries never seen before;
    ``articles`` are new or changed and still to be published; ``per_day`` counts entries remembered. ``recent`` is what
    the next reading is to be given, ``parts`` the same by address for each sitemap of an index. ``muted`` counts the
    articles that were left out as the feed's options ask, ``full_text_note`` says why a page was not used. ``left_out``
    counts the oldest entries of a document that has more than are read. Of the entries that were known before,
    ``revised`` have changed and ``stable`` have not. ``finished`` is what was made of the articles as they stand here,
    for whoever stores them.
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
    finished: tuple[bytes, ...] = ()


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
    finish: Finish | None = None,
) -> FeedReading:
    """Read a feed of any kind, given what the last reading remembered. Raises ``NotAFeedError``.

    ``kept`` is how many entries are remembered at least, those of this document first. ``parse`` reads what is no feed
    document; only of one that is, known parts can be told by their bytes. What is read is what ``read_whole`` reads.
    ``finish`` is given each new article.
    """
    document = Document(body, content_type, url, origin, seen, kept, parse)
    split, before = document.split(), _remembered(recent)
    found = _skipping(document, split, before)
    reading = found if found is not None else _whole(document, split, before)
    if origin.followed is not None:
        reading = msgspec.structs.replace(reading, articles=marked(reading.articles, origin.followed))
    return msgspec.structs.replace(reading, finished=_finished(reading.articles, finish)) if finish else reading


def read_whole(
    body: bytes,
    content_type: str | None,
    url: str,
    origin: Origin,
    seen: datetime,
    recent: bytes | None = None,
    kept: int = KEPT,
    parse: Parse = parse_document,
) -> FeedReading:
    """Read a feed as ``read`` does, but parse every entry, known or not."""
    document = Document(body, content_type, url, origin, seen, kept, parse)
    return _whole(document, document.split(), _remembered(recent))


class Document(msgspec.Struct, frozen=True):
    """Hold what is to be read and how."""

    body: bytes
    content_type: str | None
    url: str
    origin: Origin
    seen: datetime
    kept: int
    parse: Parse

    def split(self) -> Split:
        """Return where its entries stand, if that can be told."""
        if self.parse is not parse_document:
            return Split(body=self.body)
        return split_at_entries(self.body, f"{self.origin.url}\n{self.url}")

    def parsed(self, body: bytes) -> ParsedFeed:
        """Parse the document, or what is left of it."""
        return self.parse(body, self.content_type, self.url)


def _skipping(document: Document, split: Split, before: Mapping[str, Seen]) -> FeedReading | None:
    """Read only the entries whose bytes are not known; ``None`` where the full way might find something else."""
    familiar = {entry.raw: entry for entry in before.values() if entry.raw}
    standing = [familiar.get(raw) for raw in split.raws]
    beside = [entry for entry in standing if entry is not None]
    if not beside:
        return None
    try:
        parsed = document.parsed(split.without([entry is not None for entry in standing]))
    except NotAFeedError:
        return None
    if parsed.flaw or len(parsed.entries) + len(parsed.errors) != standing.count(None):
        return None
    candidates = [candidate_of(entry) for entry in parsed.entries]
    found = identify_entries(candidates, before.values(), document.origin.url, parsed.home, beside)
    if not _stand_apart(candidates, found, beside, before.values()):
        return None
    places = [place for place, entry in enumerate(standing) if entry is None]
    parsed = msgspec.structs.replace(
        parsed,
        errors={places[number]: error for number, error in parsed.errors.items()},
        hints=_hints(split.body),
    )
    return _reading(document, split, before, parsed, found, standing)


def _whole(document: Document, split: Split, before: Mapping[str, Seen]) -> FeedReading:
    parsed = document.parsed(split.body)
    found = identify_entries(
        [candidate_of(entry) for entry in parsed.entries], before.values(), document.origin.url, parsed.home
    )
    return _reading(document, split, before, parsed, found, [None] * len(split.pieces))


def _stand_apart(
    candidates: Sequence[Candidate],
    found: Sequence[tuple[str, tuple[str, ...]]],
    beside: Sequence[Seen],
    before: Collection[Seen],
) -> bool:
    """Tell whether entries that stand as they were are known by what no other entry is or was known by.

    Only then are they sure to be taken for what they were, and none of the others for one of them.
    """
    held = Counter(chain.from_iterable(set(entry.keys) for entry in before))
    if any(entry.content and (not entry.keys or held[entry.keys[0]] > 1) for entry in beside):
        return False
    keys = set(chain.from_iterable(entry.keys for entry in beside))
    contents = {entry.content for entry in beside}
    return keys.isdisjoint(key for _, names in found for key in names) and contents.isdisjoint(
        candidate.content for candidate in candidates
    )


def _hints(body: bytes) -> UpdateHints:
    """Return what a document asks of its readers, which is looked for in the beginning of all of it."""
    if not asks_for_something(body):
        return NO_HINTS
    return update_hints(text_of(body)[:SEARCHED_BYTES].encode("utf-8", "replace"))


def _reading(
    document: Document,
    split: Split,
    before: Mapping[str, Seen],
    parsed: ParsedFeed,
    found: Sequence[tuple[str, tuple[str, ...]]],
    standing: Sequence[Seen | None],
) -> FeedReading:
    """Tell what is new among the entries that were parsed; at the places of the others those ``standing`` are known."""
    origin = document.origin
    articles = articles_of(
        parsed,
        origin.url,
        document.seen,
        [identity for identity, _ in found],
        source=origin.source,
        language=origin.language,
        tags=origin.tags,
    )
    current: dict[str, Seen] = {}
    changed: list[Article] = []
    arrived: list[datetime] = []
    revised = stable = entries = 0
    rest = iter(zip(parsed.entries, articles, found, strict=True))
    marks = _marks(split, parsed, standing)
    for mark in marks:
        if isinstance(mark, Seen):
            current[mark.identity] = mark
            stable += bool(mark.content)
            entries += bool(mark.content)
            continue
        entry, article, (identity, keys) = next(rest)
        entries += 1
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
        current[identity] = Seen(identity, mark, content, published, keys, traits_of(entry))
    older = [entry for identity, entry in before.items() if identity not in current]
    remembered = (*current.values(), *older[: max(0, document.kept - len(current))])
    errors = {
        place: error
        for place, error in parsed.errors.items()
        if len(marks) <= place or not isinstance(mark := marks[place], Seen) or mark.identity not in before
    }
    return FeedReading(
        parsed=msgspec.structs.replace(parsed, entries=(), errors=errors),
        entries=entries,
        articles=tuple(changed),
        published=_telling([entry.published for entry in current.values() if entry.published], document.seen),
        recent=msgspec.msgpack.encode(_Recent(VERSION, remembered)),
        arrived=tuple(arrived),
        left_out=split.left_out + parsed.left_out,
        revised=revised,
        stable=stable,
        per_day=rate_per_day([entry.published for entry in remembered if entry.published], document.seen),
    )


def _telling(published: Sequence[int], seen: datetime) -> tuple[datetime, ...]:
    """Return the dates that tell how often a feed publishes, the latest first, and those that are yet to come."""
    moments, now = sorted(published, reverse=True), seen.timestamp()
    coming = sum(moment > now for moment in moments)
    return tuple(datetime.fromtimestamp(moment, UTC) for moment in moments[: coming + PACED_BY])


def _finished(articles: Sequence[Article], finish: Finish) -> tuple[bytes, ...]:
    """Return what is made of articles, of as many as there is time for: it is only work that is saved elsewhere."""
    until = time.monotonic() + FINISHED_S
    finished = []
    for article in articles:
        if time.monotonic() > until:
            break
        with suppress(Exception):  # whoever needs it works it out again, and tells what is wrong with it
            finished.append(finish(article))
    return tuple(finished)


def _marks(split: Split, parsed: ParsedFeed, standing: Sequence[Seen | None]) -> list[Seen | bytes]:
    """Return for each place in a document the entry that stands there, known or unreadable, else what tells its bytes.

    Where entries and bytes cannot be told apart, that is nothing for each of those that were read. What was taken back
    comes last.
    """
    gone = sum(entry.withdrawn for entry in parsed.entries)
    if len(parsed.entries) - gone + len(parsed.errors) != standing.count(None) or not standing:
        return [b""] * len(parsed.entries)
    is_sure = bool(split.raws) and not parsed.flaw
    marks: list[Seen | bytes] = []
    digests = split.digests() if parsed.errors else []
    for place, entry in enumerate(standing):
        raw = split.raws[place] if is_sure else b""
        if entry is None and place in parsed.errors:
            entry = Seen(digests[place].hex(), raw, b"", 0, ())
        marks.append(entry if entry is not None else raw)
    return [*marks, *[b""] * gone]


def _remembered(recent: bytes | None) -> dict[str, Seen]:
    if recent is None:
        return {}
    try:
        known = msgspec.msgpack.decode(recent, type=_Recent)
    except Exception:  # noqa: BLE001 - damaged, or of another version: the feed starts over, and nothing new is lost
        return {}
    return {entry.identity: entry for entry in known.seen} if known.version == VERSION else {}
