"""What the stages' shells need from the outside world, each with the promises every adapter keeps.

One contract suite per port under ``tests/contract`` runs against every adapter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from pipeline.language.query import Query
from pipeline.model import Alert, Document


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one record of a topic. ``position`` is opaque: it orders records of one key and serves to commit."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str] = {}
    position: str = ""


class Log(Protocol):
    """Keep records in topics, in order per key, and remember how far each reading group has come.

    At least once: what ``append`` returned for is durable, and what was read but not committed is read again by
    the group after a restart. All methods raise ``UnavailableError`` or ``TransientError``.
    """

    def append(self, messages: Iterable[Message]) -> None:
        """Store all messages durably, or raise and have the caller repeat (a repeat may store some twice)."""

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to ``limit`` records the group has not yet been given, waiting at most ``timeout`` seconds."""

    def commit(self, topic: str, group: str) -> None:
        """Remember all records this reader was given as done."""

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record still kept, oldest first per key, and end at the records present at the call."""

    def expire(self, topic: str, before: datetime) -> int:
        """Forget records written before a moment that every group has committed; return how many.

        A log whose server has a retention of its own leaves it to that and returns 0.
        """

    def close(self) -> None:
        """Release connections; idempotent."""


class Table(Protocol):
    """Keep the latest value per key: subscriptions, polls, rules, facts. A put is durable when it returns."""

    def get(self, key: str) -> bytes | None:
        """Return the latest value, or ``None``."""

    def put(self, key: str, value: bytes | None) -> None:
        """Set the value of a key; ``None`` removes it. Idempotent."""

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many values, which is faster than one by one."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over all present keys with their values, sorted by key."""

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what any process put since this object last asked; at first, everything. ``None`` is a removal."""


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a page of documents: ``cursor`` continues after an earlier page, ``copies`` unfolds duplicates."""

    query: Query | None
    now: datetime
    limit: int = 20
    sort: str = "newest"
    copies: bool = False
    cursor: str | None = None


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer a request: documents in order, how many match in all, and the cursor of the next page if any."""

    documents: tuple[Document, ...]
    total: int
    cursor: str | None = None
    estimated: bool = False  # the total is an estimate: too many candidates to verify each


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how many matching documents have a value of a facet."""

    value: str
    documents: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how many documents of a day (``2022-02-24``, UTC) match, and how many there are in all."""

    day: str
    documents: int
    all: int

    @property
    def share(self) -> float:
        """Return the matching part of the day's coverage, from 0 to 1."""
        return self.documents / self.all if self.all else 0.0


class Coverage(Protocol):
    """Count what a query finds. Limit, sort and cursor of the request are ignored. Raises as ``search`` does."""

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count by source, language, day, tag, story, actor, place or event: most frequent first, days newest first."""

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count by day, oldest first, days without a match left out."""

    def similar(self, document: Document, request: SearchRequest) -> SearchPage:
        """Return documents about the same, best first; the request's query, if any, narrows them."""


class SearchIndex(Coverage, Protocol):
    """Keep documents searchable by the query language. Every engine finds exactly what the matcher matches."""

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one.

        Return (article id, reason) for each one that can never be stored. Idempotent. Raises ``TransientError``
        when nothing can be said about some of them: repeat the whole call.
        """

    def get(self, article_id: str) -> Document | None:
        """Return the newest revision of a document, with the ids of its copies."""

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page. Raises ``UsageError`` for a query that would be ruinous."""

    def refresh(self) -> None:
        """Make everything upserted so far visible to ``search``."""

    def prune(self, before: datetime) -> int:
        """Forget documents first seen before a moment (whole months of them, where those are the unit)."""

    def close(self) -> None:
        """Release connections; idempotent."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Record one alert on its way to one channel. ``id`` is (alert id, channel) and the idempotency key.

    ``channel`` is a name or a redacted address, never a secret. A withheld one is kept to tell why nobody was paged.
    Those with ``digest`` go out in one message with the others of their rule. ``receipt`` is the receiver's answer.
    """

    id: str
    channel: str
    alert: Alert
    state: Literal["queued", "sent", "failed", "withheld"]
    due: datetime
    changed: datetime
    attempts: int = 0
    error: str | None = None
    digest: bool = False
    priority: Literal["low", "normal", "high"] = "normal"
    receipt: str | None = None


class Deliveries(Protocol):
    """Look back at what was delivered. All raise ``UnavailableError`` or ``TransientError``."""

    def entries(self, limit: int, rule: str | None = None, subjects: Sequence[str] | None = None) -> Sequence[Delivery]:
        """Return the latest deliveries, newest first, of one rule (by id or name) and about any subject, if given."""

    def paged(self, rule_id: str, channel: str, since: datetime) -> int:
        """Count the deliveries of a rule to a channel, sent or on their way, that were or are due after ``since``."""

    def prune(self, before: datetime) -> int:
        """Forget deliveries that were due before a moment and are not queued any more; return how many."""


class Ledger(Deliveries, Protocol):
    """Remember every delivery, so that none is lost and none is started twice.

    Each method sees what the ones before it wrote, from any process. All raise ``UnavailableError`` or
    ``TransientError``.
    """

    def enter(self, deliveries: Sequence[Delivery]) -> int:
        """Keep those whose id is not yet known; return how many were new. Idempotent."""

    def waiting(self, now: datetime) -> Sequence[str]:
        """Return the channels that have queued deliveries whose time has come."""

    def claim(self, channel: str, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Return a channel's queued deliveries whose time has come, earliest first, and put them off ``until`` then.

        Two claimants are never given the same one; one that is not marked by ``until`` is given out again.
        """

    def mark(self, deliveries: Sequence[Delivery]) -> None:
        """Replace deliveries by their newer states. Idempotent."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one message: an alert, or the several of a digest. ``id`` is the idempotency key, ``text`` plain lines."""

    id: str
    rule: str
    title: str
    text: str
    alerts: tuple[Alert, ...]
    url: str | None = None
    priority: Literal["low", "normal", "high"] = "normal"


class Notifier(Protocol):
    """Send notices by one means, within a bounded time."""

    def send(self, notice: Notice) -> str | None:
        """Hand over one notice; return the receiver's acknowledgement, or ``None`` where there is none.

        Raises ``TransientError`` to be repeated with the same id, ``TerminalError`` when that cannot help. Messages of
        errors hold no secrets.
        """


class Transaction(Protocol):
    """Make several writes one: all are kept or none."""

    def __call__(self) -> AbstractContextManager[None]:
        """Open the block; leaving it normally keeps the writes, leaving it by an exception drops them."""


class Clock(Protocol):
    """Tell the time."""

    def __call__(self) -> datetime:
        """Return the present moment, aware, in UTC."""
