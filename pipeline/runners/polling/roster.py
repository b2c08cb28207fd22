"""What a process knows of the feeds: which are followed, how the last polls went, and when the next are due.

Commands write the same tables while feeds are polled, in this process or another. So what a poll brings is written on
top of what the tables hold by then: a feed that was removed leaves nothing, and one that was made due stays due.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from connectors.fetch.host_limits import HostLimits
from connectors.polling.outcome import interrupted
from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription
from pipeline.ports.clock import Clock
from pipeline.ports.log import Log, Message
from pipeline.ports.table import Table, Transaction
from pipeline.records import read_record


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is known of a feed when it is asked; ``stored`` is what the table held of its last poll."""

    subscription: Subscription
    poll: Poll
    stored: Poll

    @property
    def url(self) -> str:
        """Return the address that names the feed."""
        return self.subscription.url


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is written of a feed at once: messages to the log, recent entries by key, and what ``after`` makes of
    its last poll, if there is one. ``stored`` is what the table held when the feed was asked.

    ``full_texts`` are counted now and written with the next poll: a count is not worth a write of its own.
    """

    url: str
    messages: Sequence[Message] = ()
    recent: dict[str, bytes] = {}
    after: Callable[[Poll, Subscription], Poll] | None = None
    stored: Poll | None = None
    full_texts: int = 0


class Roster:
    """Follow the tables of feeds and of polls, and write to the latter. ``mine`` tells which feeds this process polls.

    Threads may call all of it; what is known of a feed changes only here.
    """

    def __init__(
        self,
        *,
        feeds: Table,
        polls: Table,
        recent: Table,
        log: Log,
        transaction: Transaction,
        repeatable: Transaction | None = None,
        limits: HostLimits,
        clock: Clock,
        mine: Callable[[str], bool],
    ) -> None:
        self._feeds = feeds
        self._polls_table = polls
        self._recent = recent
        self._log = log
        self._transaction = transaction
        self._repeatable = repeatable or transaction
        self._limits = limits
        self._clock = clock
        self._mine = mine
        self._turn = threading.RLock()
        self._untaken: dict[str, bytes | None] = {}
        self._stored: dict[str, Poll] = {}
        self._held: set[str] = set()
        self.subscriptions: dict[str, Subscription] = {}
        self.polls: dict[str, Poll] = {}
        self.due: dict[str, datetime] = {}

    def known(self, url: str) -> Known | None:
        """Return what is known of a feed, ``None`` of one that is not followed."""
        subscription, poll, stored = self.subscriptions.get(url), self.polls.get(url), self._stored.get(url)
        if subscription is None or poll is None or stored is None:
            return None
        return Known(subscription=subscription, poll=poll, stored=stored)

    def learn(self) -> None:
        """Learn which feeds were followed, changed and removed since the last time."""
        with self._turn:
            # Told once only: what cannot be learned now, for want of its poll, is learned the next time.
            self._untaken |= dict(self._feeds.changes())
            for url, value in list(self._untaken.items()):
                self._learn_feed(url, value)
                del self._untaken[url]

    def take_over(self, running: Collection[str]) -> list[str]:
        """Return the feeds of this process that are due; of one that was another's, read first when it was polled."""
        with self._turn:
            mine = {url for url in list(self.due) if self._mine(url)}
            for url in mine - self._held:
                self.plan(url, self._load(url).next_check)
            self._held, now = mine, self._clock()
            return [url for url, due in list(self.due.items()) if due <= now and url in mine and url not in running]

    def reload(self, url: str) -> None:
        """Learn how another process has polled a feed."""
        with self._turn:
            if url in self.subscriptions:
                self._load(url)

    def plan(self, url: str, due: datetime) -> None:
        """Poll a feed next at a time; not at all if it was paused, retired or unsubscribed, be it during its poll."""
        subscription, poll = self.subscriptions.get(url), self.polls.get(url)
        if subscription is None or poll is None or subscription.paused or poll.retired:
            self.due.pop(url, None)
        else:
            self.due[url] = due

    def hasten(self, url: str, within_s: float) -> None:
        """Poll a feed that is polled at all within some seconds."""
        due = self.due.get(url)
        if due is not None:
            self.plan(url, min(due, self._clock() + timedelta(seconds=within_s)))

    def write(self, writes: Sequence[Write]) -> None:
        """Write what polls brought, in one transaction; of feeds that were removed meanwhile nothing.

        Polls that brought nothing do not wait for the disk: undone by a power cut, they are only made again.
        """
        brought = any(write.messages or write.recent for write in writes)
        with self._turn:
            with self._transaction() if brought else self._repeatable():
                self.learn()
                writes = [write for write in writes if write.url in self.subscriptions]
                polls = {write.url: self.polls[write.url] for write in writes}
                for write in writes:
                    polls[write.url] = self._after(write, polls[write.url])
                written = {write.url: polls[write.url] for write in writes if write.after is not None}
                self._log.append([message for write in writes for message in write.messages])
                self._polls_table.update({url: msgspec.json.encode(poll) for url, poll in written.items()})
                self._recent.update({key: value for write in writes for key, value in write.recent.items()})
            self.polls |= polls
            self._stored |= written
            for url, poll in written.items():
                self.plan(url, poll.next_check)

    def pass_on_tags(self, source: Subscription, target: str) -> bool:
        """Give the tags of a feed to the one it has moved to; tell whether that is followed and works."""
        with self._transaction():
            kept = read_record(target, self._feeds.get(target), Subscription)
            if kept is None or kept.paused or not self.works(target):
                return False
            tagged = msgspec.structs.replace(kept, tags=tuple(dict.fromkeys((*kept.tags, *source.tags))))
            if tagged != kept:
                self._feeds.put(target, msgspec.json.encode(tagged))
        return True

    def works(self, url: str) -> bool:
        """Tell whether a feed was read once and is not retired, whoever polls it."""
        return self._read(url).works

    def _after(self, write: Write, poll: Poll) -> Poll:
        poll = msgspec.structs.replace(poll, full_texts=poll.full_texts + write.full_texts)
        if write.after is None:
            return poll
        after, stored = write.after(poll, self.subscriptions[write.url]), self._stored[write.url]
        return after if write.stored is None else interrupted(after, write.stored, stored)

    def _learn_feed(self, url: str, value: bytes | None) -> None:
        if value is None:
            for forgotten in (self.subscriptions, self.polls, self._stored, self.due):
                forgotten.pop(url, None)
            return
        subscription = read_record(url, value, Subscription)
        if subscription is None:
            return  # as it was, if it could be read before
        poll = self._load(url)
        self.subscriptions[url] = subscription
        if poll.held_until is not None:  # as the host asked before this process was started
            self._limits.rest(poll.held_at or poll.address(url), (poll.held_until - self._clock()).total_seconds())
        self.plan(url, poll.next_check)
        if self._mine(url):
            self._held.add(url)

    def _load(self, url: str) -> Poll:
        """Learn how a feed's last poll went."""
        poll = self.polls[url] = self._stored[url] = self._read(url)
        return poll

    def _read(self, url: str) -> Poll:
        """Return how a feed's last poll went; one whose memory cannot be read starts over."""
        return read_record(url, self._polls_table.get(url), Poll) or Poll(next_check=self._clock())
