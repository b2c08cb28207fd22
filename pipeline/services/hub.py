"""A WebSub hub (W3C Recommendation of 23 January 2018) for the feeds that we give at secret addresses: who is told.

Whoever knows the address of a feed may ask that an address of theirs, the callback, be told when there is news in it.
Nothing is sent there but what that callback, asked back, confirms. What is kept of it stands in the table of the page's
tokens and keys, in both runtimes. Where several processes serve pages, one of them tells of news, and another soon
after it has ended.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import UnavailableError, UsageError
from pipeline.model import derive_id
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table
from pipeline.records import read_record

Mode = Literal["subscribe", "unsubscribe"]
LEASE = timedelta(days=10)
SHORTEST_LEASE, LONGEST_LEASE = timedelta(minutes=5), timedelta(days=30)
LONGEST_ADDRESS = 2_048
LONGEST_SECRET = 199
MOST_OF_A_TOPIC = 100
MOST_SUBSCRIBERS = 1_000
# A callback that cannot be reached is asked again so often, so long after.
CONFIRM_TRIES = 3
CONFIRM_AGAIN = timedelta(minutes=1)
# What could not be told is told again after a minute, two, four, ... and given up, with its subscriber, after two days.
RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP = timedelta(days=2)
_SUBSCRIBER = "hub subscriber "
_TOPIC = "hub topic "


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a feed as it is now; ``entries`` are keys of what is in it that change with what is said."""

    content_type: str
    body: bytes
    entries: tuple[str, ...]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what was asked for and is not confirmed yet."""

    mode: Mode
    lease_s: int
    secret: str | None
    next_try: datetime
    tries: int = 0


class Subscriber(msgspec.Struct, frozen=True, kw_only=True):
    """Keep whom to tell of what; ``until`` is set once it was confirmed, ``told`` is the version it was told last.

    ``failing`` is since when its callback has not taken what it was sent.
    """

    topic: str
    callback: str
    request: Request | None = None
    until: datetime | None = None
    secret: str | None = None
    told: int = 0
    failures: int = 0
    failing: datetime | None = None
    next_try: datetime | None = None

    @property
    def id(self) -> str:
        """Return what it is kept by: there is one of each topic and callback."""
        return derive_id(self.topic, self.callback)

    def is_live(self, now: datetime) -> bool:
        """Tell whether it is to be told of news."""
        return self.until is not None and self.until > now


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what was in a feed: its version counts how often something new was."""

    topic: str
    version: int
    entries: tuple[str, ...]


class Hub:
    """Keep who is to be told of which feed."""

    def __init__(self, *, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        # Pages and deliveries change subscribers from several threads.
        self._turn = threading.Lock()

    def ask(self, mode: str, topic: str, callback: str, lease: str, secret: str) -> Subscriber:
        """Note what is asked for, to be confirmed. Raises ``UsageError`` for what cannot be, ``UnavailableError`` where
        there are too many subscribers already.

        ``topic`` must be the address of a feed of ours: who calls has checked that.
        """
        if mode not in ("subscribe", "unsubscribe"):
            raise UsageError(f"hub.mode {mode[:20]!r} is neither subscribe nor unsubscribe.")
        _check_callback(callback)
        if len(secret.encode("utf-8", "surrogatepass")) > LONGEST_SECRET:
            raise UsageError(f"hub.secret has more than {LONGEST_SECRET} bytes.")
        now = self._clock()
        chosen: Mode = "subscribe" if mode == "subscribe" else "unsubscribe"
        request = Request(mode=chosen, lease_s=_lease_s(lease), secret=secret or None, next_try=now)
        with self._turn:
            asked = Subscriber(topic=topic, callback=callback)
            kept = self._get(asked.id)
            if kept is None:
                if mode == "unsubscribe":
                    raise UsageError("There is no subscription of this callback to this topic.")
                self._check_room(topic)
            after = msgspec.structs.replace(kept or asked, request=request)
            self._put(after)
        return after

    def all(self) -> list[Subscriber]:
        """Return all that are kept, those of one topic together."""
        found = (
            read_record(key, value, Subscriber) for key, value in self._table.items() if key.startswith(_SUBSCRIBER)
        )
        return sorted((each for each in found if each is not None), key=lambda each: (each.topic, each.callback))

    def confirmed(self, subscriber: Subscriber, version: int) -> None:
        """Do what was asked for and is confirmed; who subscribes is told of what comes after this version."""
        request = subscriber.request
        if request is None:
            return
        if request.mode == "unsubscribe":
            self.forget(subscriber)
            return
        until = self._clock() + timedelta(seconds=request.lease_s)

        def renewed(kept: Subscriber) -> Subscriber:
            told = kept.told if kept.is_live(self._clock()) else version
            asked_since = kept.request if kept.request != request else None
            return msgspec.structs.replace(
                kept, request=asked_since, until=until, secret=request.secret, told=told, failures=0, failing=None,
                next_try=None,
            )  # fmt: skip

        self._change(subscriber, renewed)

    def unconfirmed(self, subscriber: Subscriber, *, may_come: bool) -> None:
        """Note that a callback did not confirm; where it could not be reached, it is asked again."""
        request = subscriber.request
        if request is None:
            return

        def after(kept: Subscriber) -> Subscriber | None:
            if kept.request != request:
                return kept
            if may_come and request.tries + 1 < CONFIRM_TRIES:
                wait = CONFIRM_AGAIN * (request.tries + 1)
                again = msgspec.structs.replace(request, tries=request.tries + 1, next_try=self._clock() + wait)
                return msgspec.structs.replace(kept, request=again)
            return msgspec.structs.replace(kept, request=None) if kept.until is not None else None

        self._change(subscriber, after)

    def told(self, subscriber: Subscriber, version: int) -> None:
        """Note that a subscriber has been told of a version."""
        self._change(
            subscriber,
            lambda kept: msgspec.structs.replace(kept, told=version, failures=0, failing=None, next_try=None),
        )

    def not_told(self, subscriber: Subscriber) -> None:
        """Note that a subscriber could not be told: later again, and not at all after two days."""
        now = self._clock()

        def after(kept: Subscriber) -> Subscriber | None:
            failing = kept.failing or now
            if now - failing > GIVE_UP:
                return _left(kept, subscriber.request)
            wait = min(RETRY * 2 ** min(kept.failures, 10), LONGEST_RETRY)
            return msgspec.structs.replace(kept, failures=kept.failures + 1, failing=failing, next_try=now + wait)

        self._change(subscriber, after)

    def forget(self, subscriber: Subscriber) -> None:
        """Tell a subscriber nothing any more; what was asked for since it was read is asked back all the same."""
        self._change(subscriber, lambda kept: _left(kept, subscriber.request))

    def version(self, topic: str, entries: Sequence[str]) -> int:
        """Return the version of a feed that has these entries now: a new one if any of them was not in it before."""
        key = _TOPIC + derive_id(topic)
        before = read_record(key, self._table.get(key), Topic)
        if before is not None and set(entries) <= set(before.entries):
            if set(entries) != set(before.entries):
                # What has left a feed and comes again is news again.
                self._table.put(key, msgspec.json.encode(msgspec.structs.replace(before, entries=tuple(entries))))
            return before.version
        after = Topic(topic=topic, version=before.version + 1 if before is not None else 1, entries=tuple(entries))
        self._table.put(key, msgspec.json.encode(after))
        return after.version

    def tidy(self, topics: Iterable[str]) -> None:
        """Forget the feeds that nobody is told of."""
        kept = {_TOPIC + derive_id(topic) for topic in topics}
        gone = [key for key, _ in self._table.items() if key.startswith(_TOPIC) and key not in kept]
        if gone:
            self._table.update(dict.fromkeys(gone))

    def _change(self, subscriber: Subscriber, change: Callable[[Subscriber], Subscriber | None]) -> None:
        """Change what is kept of a subscriber now, if anything is."""
        with self._turn:
            kept = self._get(subscriber.id)
            if kept is None:
                return
            after = change(kept)
            if after is None:
                self._table.put(_SUBSCRIBER + kept.id, None)
            elif after != kept:
                self._put(after)

    def _check_room(self, topic: str) -> None:
        kept = self.all()
        if len(kept) >= MOST_SUBSCRIBERS or sum(each.topic == topic for each in kept) >= MOST_OF_A_TOPIC:
            raise UnavailableError("There are too many subscribers already; subscribe again later, or poll the feed.")

    def _get(self, subscriber_id: str) -> Subscriber | None:
        key = _SUBSCRIBER + subscriber_id
        return read_record(key, self._table.get(key), Subscriber)

    def _put(self, subscriber: Subscriber) -> None:
        self._table.put(_SUBSCRIBER + subscriber.id, msgspec.json.encode(subscriber))


def _left(kept: Subscriber, known: Request | None) -> Subscriber | None:
    """Return what is left of a subscriber who is told nothing any more: what was asked for since, if anything was."""
    if kept.request is None or kept.request == known:
        return None
    return Subscriber(topic=kept.topic, callback=kept.callback, request=kept.request)


def signature(secret: str, body: bytes) -> str:
    """Return the X-Hub-Signature of a body."""
    return f"sha256={hmac.new(secret.encode('utf-8', 'surrogatepass'), body, hashlib.sha256).hexdigest()}"


def key_of(*parts: object) -> str:
    """Return a short key for an entry of a feed: another one as soon as any part of what is said changes."""
    return derive_id(*map(str, parts))[:16]


def by_topic(subscribers: Sequence[Subscriber]) -> Iterator[tuple[str, list[Subscriber]]]:
    """Yield each topic with its subscribers."""
    topics: dict[str, list[Subscriber]] = {}
    for each in subscribers:
        topics.setdefault(each.topic, []).append(each)
    yield from topics.items()


def _check_callback(callback: str) -> None:
    if not callback or len(callback) > LONGEST_ADDRESS:
        raise UsageError(f"hub.callback must be an address of 1 to {LONGEST_ADDRESS:,} characters.")
    if not callback.isascii() or any(c <= " " or c in '<>"\\^`{|}' for c in callback):
        raise UsageError("hub.callback must be written in ASCII, with what an address cannot hold escaped.")
    try:
        parts = urlsplit(callback)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or "#" in callback or "@" in parts.netloc:
        raise UsageError("hub.callback must be an address of the web, without a password and without a fragment.")


def _lease_s(text: str) -> int:
    text = text.strip()
    if not text:
        return int(LEASE.total_seconds())
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f"hub.lease_seconds {text[:20]!r} is no number.")
    asked = int(text[:12]) or int(LEASE.total_seconds())
    return min(max(asked, int(SHORTEST_LEASE.total_seconds())), int(LONGEST_LEASE.total_seconds()))
