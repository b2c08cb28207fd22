"""The records that travel through Newswire, as they are in memory, in topics, in the API and in exports.

All are frozen, slotted and keyword-only; sequences are tuples; times are aware and in UTC; ``None`` is
"unknown" and the empty string never is. JSON field names are the attribute names. Unknown fields are ignored
on reading and missing ones have defaults, so that neighbouring versions understand each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

SCHEMA_VERSION = 1


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Mark a value that is stored or sent, with the version of its shape."""


class Span(Record, frozen=True):
    """Point at characters ``start`` to ``end`` (exclusive) of the article's ``text``."""

    text: str
    start: int
    end: int


class Mark(Span, frozen=True):
    """Point at characters of the title or of the text that made a query match."""

    part: Literal["title", "text"] = "text"


class Enclosure(Record, frozen=True):
    """Name a file that belongs to an article, such as the sound of an episode; ``length`` is in bytes."""

    address: str
    type: str | None = None
    length: int | None = None


class Article(Record, frozen=True):
    """Hold one article as its source published it.

    ``id`` is derived from ``source`` identity and entry identity. ``html`` is sanitized markup, ``text`` its plain
    reading; with ``full_text`` they are those of its page, not of its feed. ``seen`` is when a connector first met this
    version. ``revision`` is our own counter: 0 before ``identify``, then 1, 2, ... With ``title_is_text`` the title is
    plain words in which nothing is markup. ``image`` is the address of its picture. ``history`` marks what its feed had
    before it was followed, as far as the feed's dates tell.
    """

    id: str
    source: str
    seen: datetime
    url: str | None = None
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    text: str | None = None
    html: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    feed: str | None = None
    revision: int = 0
    changes: tuple[Change, ...] = ()
    withdrawn: bool = False
    backfill: bool = False
    history: bool = False
    full_text: bool = False
    title_is_text: bool = False
    image: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    schema_version: int = SCHEMA_VERSION


class Change(Record, frozen=True):
    """Show what one revision changed: ``part`` of the article, with the words before and after."""

    part: Literal["title", "text", "figures", "quotations", "withdrawn"]
    before: str | None = None
    after: str | None = None


class Place(Record, frozen=True):
    """Name a place: GeoNames id, WGS 84 degrees and ISO 3166-1 alpha-3 country where known."""

    text: str
    start: int
    end: int
    name: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    geonames_id: int | None = None
    found: str | None = None


class Entity(Record, frozen=True):
    """Name a person (PER), organisation (ORG) or place (LOC) where the text mentions it.

    A place has its country, GeoNames id and WGS 84 degrees where known; ``found`` is the kind of place: the degrees of
    a ``country`` or ``region`` are the middle of its towns.
    """

    text: str
    type: Literal["PER", "ORG", "LOC"]
    name: str
    start: int
    end: int
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    geonames_id: int | None = None
    found: str | None = None


class ResolvedDate(Record, frozen=True):
    """Resolve a date the text mentions against the publication time.

    ``value`` is ISO 8601 to the ``granularity``: ``2022-02-24``, ``2022-02``, ``2022``, or ``A/B`` for a range.
    """

    value: str
    granularity: Literal["time", "day", "week", "month", "quarter", "year", "range"]
    text: str
    start: int
    end: int
    relative: bool = False


class Actor(Record, frozen=True):
    """Name who acts or is acted on: ISO 3166-1 alpha-3 or organisation ``code``, and ``sector`` such as GOV or MIL.

    ``found`` says where the code comes from: the kind of name in the party's own words (country, demonym, capital,
    city, region, office, org, group, person, leader), ``role`` (said of them elsewhere in the article), ``owner``
    ("its army"), else ``place`` (of the event) or ``article`` (its dateline, tags or address).
    """

    text: str
    start: int
    end: int
    name: str | None = None
    code: str | None = None
    sector: str | None = None
    found: str | None = None


class Speaker(Record, frozen=True):
    """Name who is quoted: the mention in the text, and whom it stands for with the role the text gives."""

    text: str
    start: int
    end: int
    name: str | None = None
    role: str | None = None


class Quotation(Record, frozen=True):
    """Quote what somebody said: ``kind`` tells marks all round, marks in part, or reported speech."""

    text: str
    start: int
    end: int
    kind: Literal["direct", "mixed", "indirect"]
    speaker: Speaker | None = None
    cue: Span | None = None


class Schedule(Record, frozen=True):
    """Announce something that is to happen: what, when, and how firmly the text puts it."""

    what: str
    status: Literal["announced", "reported", "conditional", "cancelled"]
    when: ResolvedDate | None = None
    where: Place | None = None


class Event(Record, frozen=True):
    """Code who did what to whom, in PLOVER 2.0 terms, with the sentence that proves it."""

    id: str
    type: str
    trigger: Span
    sentence: Span
    mode: str | None = None
    context: tuple[str, ...] = ()
    cameo: str | None = None
    actors: tuple[Actor, ...] = ()
    recipients: tuple[Actor, ...] = ()
    negated: bool = False
    future: bool = False
    hypothetical: bool = False
    historical: bool = False
    date: ResolvedDate | None = None
    location: Place | None = None
    attributed_to: Speaker | None = None
    schedule: Schedule | None = None
    confidence: float = 1.0
    rule: str | None = None
    reports: int = 1
    origins: int = 1
    versions: str | None = None


class Figure(Record, frozen=True):
    """Give one of several numbers that ``sources`` put to what is ``counted`` in an event."""

    counted: str
    value: str
    sources: tuple[str, ...]


class Report(Record, frozen=True):
    """Name an article that reports an event, and the id and sentence it does so with."""

    article: str
    source: str
    event: str
    sentence: str


class ReportedEvent(Record, frozen=True):
    """Hold an event as all articles of its story report it; ``figures`` are those on which they disagree.

    ``confirmed`` says that independent publishers report it: worked out when reports are merged, and never stored.
    """

    event: Event
    told_by: tuple[Report, ...]
    figures: tuple[Figure, ...] = ()
    confirmed: bool = False


class Document(Article, frozen=True):
    """Hold an article with what the stages found out about it.

    ``duplicate_of`` is the id of the original this is a copy of, ``copies`` the ids of this original's copies
    (filled in when read back), ``story_id`` the story it belongs to, ``merged`` the ids of stories that had
    turned out to be this one by then, ``origins`` how many independent publishers had reported that story when this
    one came, itself included (see the function of that name).
    """

    duplicate_of: str | None = None
    story_id: str | None = None
    merged: tuple[str, ...] = ()
    origins: int = 1
    copies: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    quotations: tuple[Quotation, ...] = ()
    dates: tuple[ResolvedDate, ...] = ()
    entities: tuple[Entity, ...] = ()


def origins(documents: Iterable[Document]) -> set[str]:
    """Return the independent publishers of some articles of a story: the sources of those that copy no other.

    A source counts once, however many reports it published, and not at all for copies: what many print of one text
    has one origin. ``origins`` of a document, ``origins>=2`` in a query, ``--origins 2`` of an alert and of ``story
    list``, and what that prints, are all the number of these, and 1 where only copies are known.
    """
    return {document.source for document in documents if document.duplicate_of is None}


class AlertRule(Record, frozen=True):
    """Ask to be told about every article that ``query`` finds, or that its number falls silent or surges.

    ``channels`` are names from the settings or addresses; none means the terminal. ``feeds``, ``tags`` and
    ``languages`` narrow the query. ``kind`` silence tells that nothing came for ``window_s`` seconds, surge that
    ``times`` as much as usual came within them. ``once_per`` story sends one alert per story and then updates;
    ``min_origins`` is how many independent publishers must report it first. ``digest`` says when collected alerts go
    (``hourly``, ``daily@08:00``, ``weekdays@07:30``, ``weekly@mon 08:00``); ``digest_s`` collects over so many seconds
    instead. ``asked`` is the query as it was written, where it names saved searches: ``query`` has them written out.
    Quiet hours are local times ``HH:MM`` in ``time_zone`` (IANA), which the days in the query are of, too. ``lists``
    holds the names of the lists that the query uses: whoever reads a rule looks nothing up. Priority high passes quiet
    hours, digests and caps.
    ``owner`` is the reader who keeps the rule, ``None`` where there is one reader only; matching does not look at it.
    """

    id: str
    name: str
    query: str
    created: datetime
    channels: tuple[str, ...] = ()
    paused: bool = False
    feeds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kind: Literal["match", "silence", "surge"] = "match"
    window_s: int = 86_400
    times: float = 5.0
    once_per: Literal["story", "article"] = "story"
    min_origins: int = 1
    digest_s: int = 0
    digest: str | None = None
    asked: str | None = None
    cap_per_hour: int | None = None
    cap_per_day: int | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    time_zone: str = "UTC"
    snoozed_until: datetime | None = None
    expires: datetime | None = None
    priority: Literal["low", "normal", "high"] = "normal"
    owner: str | None = None
    lists: dict[str, tuple[str, ...]] = {}
    schema_version: int = SCHEMA_VERSION


class Alert(Record, frozen=True):
    """Tell that an article matched a rule: ``spans`` are the words that made it match, ``id`` the idempotency key.

    ``subject`` is the story or article it is about: the alerts of one rule about one subject are a first one and its
    updates. ``note`` says what is new in an update, or what fell silent or surged, which need not have an article.
    """

    id: str
    rule_id: str
    rule: str
    matched: datetime
    article: Document | None = None
    spans: tuple[Mark, ...] = ()
    subject: str = ""
    reason: Literal["match", "update", "silence", "surge"] = "match"
    note: str | None = None
    schema_version: int = SCHEMA_VERSION


def as_document(article: Article, **found: object) -> Document:
    """Return an article as a document with what stages ``found`` about it, by the names of ``Document``'s fields."""
    fields = msgspec.structs.asdict(article)
    fields.update(found)
    return Document(**fields)


def derive_id(*parts: str) -> str:
    """Derive a stable id of 32 hexadecimal digits from ``parts``.

    sha256 over the UTF-8 parts, each followed by a NUL, cut to 128 bits: no two lists of parts share an input.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()[:32]


# msgspec learns a type when it is first used, and a second thread that uses it meanwhile crashes the whole process:
# pipeline, notifier and each channel read alerts in threads of their own. So all are learned before any thread starts.
for _record in (Article, Document, ReportedEvent, Alert, AlertRule):
    msgspec.json.Decoder(_record)
