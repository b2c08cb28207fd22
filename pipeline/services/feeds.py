"""What is followed: subscriptions are added, changed, paused, removed, and asked how they fare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.fetch.origin import same_origin
from connectors.polling.schedule import USUAL, Pace, Poll, asked_s, rescheduled
from connectors.polling.subscription import Subscription, merged, whole_address, without_credentials
from connectors.websub import Push
from pipeline.errors import NotFoundError, UsageError
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table, Transaction
from pipeline.query.vocabulary import nearest
from pipeline.records import read_record, read_records
from pipeline.services.feed_health import Health, duration, judged
from pipeline.services.feed_settings import FeedOptions, changed, cleared
from pipeline.services.push_health import push_words, pushes_by_feed

if TYPE_CHECKING:
    from connectors.files.opml import Outline
    from pipeline.services.feed_test import Step
    from pipeline.services.find_feeds import FoundFeed


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a subscription with its last poll, its subscription at a hub, and how it fares."""

    subscription: Subscription
    poll: Poll | None
    push: Push | None
    health: Health


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of a feed that was to be followed.

    ``elsewhere`` is the address it has moved to where that is followed already; then ``subscription`` is ``None``.
    ``headers_kept_back`` says that the feed is of another origin than the address asked for, so that nothing of what
    was given for that is sent to it.
    """

    feed: FoundFeed
    subscription: Subscription | None
    elsewhere: str | None = None
    headers_kept_back: bool = False


class Feeds:
    """Keep the subscriptions.

    ``forget`` drops the entries remembered of a feed; ``check_full_text`` raises ``UsageError`` where pages cannot be
    read. Every method that takes an address of a followed feed also takes its title or a part of the address that no
    other has, and raises ``UsageError`` where there is none.
    """

    def __init__(
        self,
        *,
        feeds: Table,
        polls: Table,
        pushes: Table,
        transaction: Transaction,
        clock: Clock,
        forget: Callable[[str], None],
        check_full_text: Callable[[], None],
        pace: Pace = USUAL,
    ) -> None:
        self._feeds = feeds
        self._polls = polls
        self._pushes = pushes
        self._transaction = transaction
        self._clock = clock
        self._forget = forget
        self._check_full_text = check_full_text
        self._pace = pace

    def all(self) -> list[Subscription]:
        """Return all subscriptions, by address."""
        return [subscription for _, subscription in read_records(self._feeds, Subscription)]

    def asked(self, url: str, options: FeedOptions | None = None) -> Subscription:
        """Return the subscription to an address as it would be with some options, or a new one; nothing is kept."""
        new = new_subscription(url, self._clock())
        known = read_record(new.url, self._feeds.get(new.url), Subscription)
        if known is not None:
            new = msgspec.structs.replace(known, headers=merged(known.headers, new.headers))
        return new if options is None else self._changed(new, options)

    def unchecked(self, asked: Subscription) -> FoundFeed:
        """Return the address itself as the feed, unfetched. Raises ``UsageError`` for what cannot be fetched."""
        from connectors.fetch.http import FetchError, check_scheme  # brings the HTTP client, which listing needs not
        from pipeline.services.find_feeds import FoundFeed

        try:
            check_scheme(asked.url)
        except FetchError as exc:
            raise UsageError(str(exc)) from exc
        return FoundFeed(url=asked.url, title=None, entries=0)

    def follow(self, feed: FoundFeed, options: FeedOptions, asked: Subscription) -> Followed:
        """Subscribe to a feed that was found at ``asked``, unless it is followed already where it has moved to."""
        if feed.moved_to is not None and self._feeds.get(feed.moved_to) and not self._feeds.get(feed.url):
            return Followed(feed=feed, subscription=None, elsewhere=feed.moved_to)
        subscription = self.subscribe(feed.url, options, feed.title, asked, feed.connector)
        kept_back = bool(asked.headers) and not same_origin(asked.url, feed.url)
        return Followed(feed=feed, subscription=subscription, headers_kept_back=kept_back)

    def subscribe(
        self,
        url: str,
        options: FeedOptions | None = None,
        title: str | None = None,
        asked: Subscription | None = None,
        connector: str | None = None,
    ) -> Subscription:
        """Add or change a subscription; options that are not given keep what they were.

        ``asked`` is the address the user gave, with what is sent to it; that is kept for a feed of the same origin
        only. ``connector`` names who reads it, where that is not ours of feeds.
        """
        with self._transaction():
            before = self.asked(url)
            after = self._changed(before, options or FeedOptions())
            if asked is not None:
                kept = asked.headers if same_origin(asked.url, before.url) else {}
                after = msgspec.structs.replace(after, headers=merged(before.headers, kept))
            after = msgspec.structs.replace(after, title=after.title or title, connector=connector or after.connector)
            self._put(after)
        return after

    def edit(self, url: str, options: FeedOptions, clear: Sequence[str] = ()) -> tuple[Subscription, bool]:
        """Change the options of a feed after some were cleared; return it, and whether anything is different."""
        with self._transaction():
            before = self.known(url)
            after = self._changed(cleared(before, clear), options)
            poll = self.poll_of(after.url)
            if poll is not None and after.interval_s != before.interval_s:
                due = rescheduled(poll, after.interval_s, self._clock(), self._pace)
                self._polls.put(after.url, msgspec.json.encode(due))
            self._put(after)
        return after, after != before

    def retag(self, url: str, change: Callable[[tuple[str, ...]], tuple[str, ...]], title: str | None = None) -> bool:
        """Give a feed the tags that are made of those it has, and a title if one is given; tell whether any differs."""
        with self._transaction():
            before = self.known(url)
            options = FeedOptions(title=title, tags=change(before.tags))
            return self.edit(before.url, options, ["tags"])[1]

    def pace_words(self, subscription: Subscription) -> str:
        """Say at what pace a feed is polled that has an interval of its own, and what wins over that; else nothing."""
        if subscription.interval_s is None:
            return ""
        seconds, bound = asked_s(subscription.interval_s, self._pace)
        poll, now = self.poll_of(subscription.url), self._clock()
        words = f"It is polled every {duration(seconds)}"
        if bound is not None:
            words += f": {bound} = {seconds:g} under [fetch] wins over the interval of {subscription.interval_s} s"
        if poll is not None and poll.held_until is not None and poll.held_until > now:
            words += f", but not before {poll.held_until:%Y-%m-%d %H:%M} UTC, as its host asked"
        elif poll is not None:
            words += f", next in {duration(max(0.0, (poll.next_check - now).total_seconds()))}"
        return f"{words}."

    def pause(self, url: str, paused: bool = True) -> Subscription:
        """Stop polling a feed, or go on."""
        with self._transaction():
            subscription = msgspec.structs.replace(self.known(url), paused=paused)
            self._put(subscription)
        return subscription

    def remove(self, url: str) -> Subscription:
        """Follow a feed no longer; its articles stay."""
        with self._transaction():
            subscription = self.known(url)
            self._feeds.put(subscription.url, None)
            self._polls.put(subscription.url, None)
            self._forget(subscription.url)
        return subscription

    def restore(self, subscription: Subscription) -> None:
        """Follow a removed feed again as it was. Raises ``UsageError`` where it is followed again already."""
        with self._transaction():
            if self._feeds.get(subscription.url) is not None:
                raise UsageError(f"{subscription.url} is followed again already.")
            self._put(subscription)

    def refresh(self, url: str | None = None) -> int:
        """Make a feed, or all, due now; return how many."""
        dropped: dict[str, Any] = {"body_hash": None, "etag": None, "modified": None, "unchanged": 0}
        with self._transaction():
            chosen = [self.known(url)] if url else self.all()
            polls = {subscription.url: self.poll_of(subscription.url) for subscription in chosen}
            due = {
                name: msgspec.structs.replace(poll, next_check=self._clock(), retired=False, **dropped)
                for name, poll in polls.items()
                if poll is not None
            }
            self._polls.update({name: msgspec.json.encode(poll) for name, poll in due.items()})
            # Putting the subscription again is what makes a running `up` look at it.
            self._feeds.update({each.url: msgspec.json.encode(each) for each in chosen})
        return len(chosen)

    def take_over(self, outlines: Iterable[Outline]) -> int:
        """Follow the feeds of a subscription list, all or none of them; return how many."""
        now, outlines = self._clock(), list(outlines)
        followed: dict[str, Subscription] = {}
        with self._transaction():
            known = {subscription.url: subscription for subscription in self.all()}
            for outline in outlines:
                url, headers = without_credentials(whole_address(outline.url))
                before = followed.get(url) or known.get(url) or Subscription(url=url, added=now)
                followed[url] = _listed(before, outline, headers)
            self._feeds.update({url: msgspec.json.encode(subscription) for url, subscription in followed.items()})
        return len(followed)

    def outlines(self) -> list[Outline]:
        """Return what is followed as a subscription list."""
        from connectors.files.opml import Outline

        return [Outline(s.url, s.title, s.tags) for s in self.all()]

    def known(self, url: str) -> Subscription:
        """Return a feed that is followed."""
        for name in (url, new_subscription(url, self._clock()).url):
            if (known := read_record(name, self._feeds.get(name), Subscription)) is not None:
                return known
        near = [s for s in self.all() if (url and url in s.url) or url.casefold() == (s.title or "").casefold()]
        if len(near) == 1:
            return near[0]
        if near:
            raise UsageError(f"{url} is more than one feed; `newswire feed list` shows all addresses.")
        names = [name for s in self.all() for name in (s.url, s.title) if name]
        meant = nearest(url, names) or "; `newswire feed list` shows all addresses."
        raise NotFoundError(f"{url} is not followed{meant}")

    def poll_of(self, url: str) -> Poll | None:
        """Return how the last poll of a feed went, if there was one."""
        return read_record(url, self._polls.get(url), Poll)

    def to_test(self, url: str) -> Subscription:
        """Return what a test is to fetch: an address, followed or not, or else the feed that a name stands for."""
        return self.asked(url) if "." in url or ":" in url else self.known(url)

    def push_steps(self, url: str) -> list[Step]:
        """Tell of a feed's hub as steps of its test."""
        from pipeline.services.feed_test import Step

        push = pushes_by_feed(self._pushes).get(url)
        return [Step("", "more", words) for words in push_words(self.poll_of(url), push, self._clock())]

    def status(self, url: str) -> FeedStatus:
        """Tell how a feed fares."""
        return self._status(self.known(url), pushes_by_feed(self._pushes))

    def statuses(self) -> Iterator[FeedStatus]:
        """Tell of every feed how it fares, by address."""
        pushes = pushes_by_feed(self._pushes)
        for subscription in self.all():
            yield self._status(subscription, pushes)

    def _status(self, subscription: Subscription, pushes: dict[str, Push]) -> FeedStatus:
        poll = self.poll_of(subscription.url)
        return FeedStatus(
            subscription=subscription,
            poll=poll,
            push=pushes.get(subscription.url),
            health=judged(subscription, poll, self._clock()),
        )

    def _changed(self, before: Subscription, options: FeedOptions) -> Subscription:
        if options.fulltext:
            self._check_full_text()
        return changed(before, options)

    def _put(self, subscription: Subscription) -> None:
        self._feeds.put(subscription.url, msgspec.json.encode(subscription))


def new_subscription(url: str, now: datetime) -> Subscription:
    """Return a subscription without options; a user and password that stand in the address become a header."""
    address, headers = without_credentials(whole_address(url))
    return Subscription(url=address, added=now, headers=headers)


def _listed(before: Subscription, outline: Outline, headers: dict[str, str]) -> Subscription:
    """Return a subscription with the title, tags and credentials of a list, where that has some."""
    return msgspec.structs.replace(
        before,
        title=outline.title or before.title,
        tags=outline.tags or before.tags,
        headers=merged(before.headers, headers),
    )
