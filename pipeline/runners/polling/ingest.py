"""The polling shell: which feed is due, fetch, parse, recognise, publish, remember - in that order.

At least once: a poll is remembered after the log has its articles; published again, ``identify`` finds them unchanged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext, suppress
from datetime import datetime, timedelta
from functools import partial

import msgspec

from connectors.fetch.host_limits import HostLimits, HostRestsError
from connectors.fetch.http import Fetched, FetchError
from connectors.formats.parsed import NotAFeedError
from connectors.polling.history import marked
from connectors.polling.outcome import USUAL, Pace, digest, failed, folded, held, pinged, succeeded
from connectors.polling.reading import FeedReading
from connectors.polling.schedule import Poll
from connectors.polling.sources import Sources
from connectors.polling.subscription import Subscription, whole_address
from connectors.websub import Offer
from pipeline.errors import NewswireError
from pipeline.model import Article
from pipeline.ports.clock import Clock
from pipeline.ports.log import Log
from pipeline.ports.prepared import Prepared
from pipeline.ports.table import Table, Transaction
from pipeline.records import read_record
from pipeline.runners.polling.fulltext import EXTRA_MISSING, FullText
from pipeline.runners.polling.gathering import Gathering, remembered
from pipeline.runners.polling.mute import is_muted
from pipeline.runners.polling.outbox import Outbox
from pipeline.runners.polling.publishing import NOTHING, Write, message_of, messages_of
from pipeline.runners.polling.pushes import Pushes
from pipeline.runners.trouble import Trouble

LOOK_S, AFTER_PING_S = 0.5, 60
UNWRITTEN_S = 15

_log = logging.getLogger(__name__)


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how one poll went: how many entries the feed had, how many were published, and what went wrong."""

    url: str
    entries: int = 0
    published: int = 0
    error: str | None = None


class Ingest:
    """Poll the feeds of a table when they are due and publish their articles to the log."""

    def __init__(
        self,
        *,
        feeds: Table,
        polls: Table,
        recent: Table,
        log: Log,
        transaction: Transaction,
        sources: Sources,
        gathering: Gathering,
        limits: HostLimits,
        clock: Clock,
        full_text: FullText | None = None,
        pushes: Pushes | None = None,
        pace: Pace = USUAL,
        concurrency: int = 64,
        report: Callable[[Polled], None] = lambda polled: None,
        mine: Callable[[str], bool] = lambda url: True,
        prepared: Prepared | None = None,
    ) -> None:
        self._prepared = prepared
        self._feeds = feeds
        self._polls_table = polls
        self._recent = recent
        self._log = log
        self._transaction = transaction
        self._sources = sources
        self._gathering = gathering
        self._clock = clock
        self._pace = pace
        self._turn = asyncio.Semaphore(concurrency)
        self._limits = limits
        self._full_text = full_text
        self._pushes = pushes
        self._report = report
        self._mine = mine
        self._outbox = Outbox(self._write)
        self._subscriptions: dict[str, Subscription] = {}
        self._polls: dict[str, Poll] = {}
        self._due: dict[str, datetime] = {}
        self._held: set[str] = set()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._begun: list[str] = []
        self._untaken: dict[str, bytes | None] = {}

    async def once(self) -> None:
        """Poll every feed that is not paused one time, due or not."""
        await asyncio.to_thread(self._learn_feeds)
        await asyncio.gather(*(self.poll(url) for url, s in list(self._subscriptions.items()) if not s.paused))
        if self._full_text is not None:
            await self._full_text.settle()

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll feeds as they fall due until told to stop; subscriptions may come and go meanwhile."""
        trouble = Trouble(_log, "polling")
        # Without the feeds it would seem that no hub is wanted any more.
        while not await self._looked(trouble, stopping, self._learn_feeds) and not stopping.is_set():
            continue
        async with self._pushes.serving(self) if self._pushes is not None else nullcontext():
            while not stopping.is_set():
                if await self._looked(trouble, stopping, self._begin_due):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stopping.wait(), LOOK_S)
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._full_text is not None:
            await self._full_text.close()

    async def _looked(self, trouble: Trouble, stopping: asyncio.Event, look: Callable[[], object]) -> bool:
        """Look, in a thread; after a failure wait a while, or until told to stop. Tell whether it went well."""
        try:
            await asyncio.to_thread(look)
            self._running = {url: task for url, task in self._running.items() if not task.done()}
            for url in self._begun:
                self._running[url] = asyncio.create_task(self.poll(url))
            self._begun = []
        except Exception as exc:  # noqa: BLE001 - a store or server that is away, or a bug: neither ends polling
            wait_s = trouble.failed(exc)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), wait_s)
            return False
        trouble.over()
        return True

    def _begin_due(self) -> None:
        self._learn_feeds()
        # While what was read cannot be written, no more is read.
        self._begun = [] if self._outbox.is_full else self._take_over()

    def _take_over(self) -> list[str]:
        """Return the feeds of this process that are due; of one that was another's, read first when it was polled."""
        mine = {url for url in list(self._due) if self._mine(url)}
        for url in mine - self._held:
            self._polls[url] = self._load(url)
            self._due[url] = self._polls[url].next_check
        self._held, now = mine, self._clock()
        return [url for url, due in list(self._due.items()) if due <= now and url in mine and url not in self._running]

    async def poll(self, url: str) -> None:
        """Fetch one feed and take in what it brings; whatever goes wrong is this feed's failure, and no other's."""
        try:
            await self._poll(url)
        except (FetchError, NotAFeedError) as exc:
            await self._fail(url, exc)
        except Exception as exc:  # noqa: BLE001 - a bug over one feed must neither end the round nor be met every second
            what = exc if isinstance(exc, NewswireError) else f"{type(exc).__name__}: {exc}"
            _log.error("a poll failed feed=%s", url, exc_info=what is not exc)
            await self._fail(url, NotAFeedError(f"{url} could not be read: {what}"))

    async def _poll(self, url: str) -> None:
        subscription = self._subscriptions[url]
        if await self._is_folded(url):
            return
        async with AsyncExitStack() as place:

            async def enter() -> None:
                await place.enter_async_context(self._turn)
                await self._outbox.room()

            fetched = await self._sources.ask(subscription, self._polls[url], enter)
            reading = await self._gathered(url, fetched)
        published = await self._publish(url, reading, partial(self._success, subscription, fetched, reading))
        if self._pushes is not None:
            self._pushes.polled(url, published)

    async def take(self, url: str, pushed: Fetched | None) -> None:
        """Take in what a hub sent of a feed; if that is nothing, or no feed, poll the feed now.

        What is asked right after a change may come from a cache that does not know it, so it is asked once more.
        """
        while (running := self._running.get(url)) is not None and not running.done():
            await asyncio.wait([running])
        if url not in self._subscriptions:
            return
        if not self._mine(url):  # the hub called this process, though another one polls the feed
            self._polls[url] = await asyncio.to_thread(self._load, url)
        task = self._running[url] = asyncio.create_task(self._take(url, pushed))
        await task

    async def _take(self, url: str, pushed: Fetched | None) -> None:
        if pushed is not None and pushed.body:
            try:
                reading = await self._gathering.document(self._subscriptions[url], pushed)
            except NotAFeedError:
                pass
            else:
                await self._publish(url, reading, lambda poll: pinged(poll, reading, self._clock()))
                return
        await self.poll(url)
        self.hasten(url, AFTER_PING_S)

    def hasten(self, url: str, within_s: float | None = None) -> None:
        """Poll a feed soon: within some seconds, else at its usual pace."""
        poll = self._polls.get(url)
        if poll is None or url not in self._due:
            return
        wait = within_s if within_s is not None else poll.interval_s or self._pace.floor_s
        soon = min(poll.next_check, self._clock() + timedelta(seconds=wait))
        self._polls[url] = msgspec.structs.replace(poll, next_check=soon)
        self._due[url] = soon

    def offers(self) -> Mapping[str, Offer]:
        """Return what the feeds that are polled have said about hubs."""
        # Copied: a thread may learn of feeds meanwhile.
        polls = [(url, self._polls.get(url)) for url in list(self._due)]
        return {url: Offer(poll.hubs, poll.topic or url) for url, poll in polls if poll is not None and poll.hubs}

    def owns(self, url: str) -> bool:
        """Tell whether a feed is this process's to poll."""
        return self._mine(url)

    async def _gathered(self, url: str, fetched: Fetched) -> FeedReading | None:
        """Read an answer and what belongs to it, unless it is byte for byte what it was. Raises ``NotAFeedError``."""
        subscription, poll = self._subscriptions.get(url), self._polls.get(url)
        if subscription is None or poll is None:
            return None  # unsubscribed meanwhile
        if fetched.body is None or fetched.sent_nothing or digest(fetched.body) == poll.body_hash:
            return None
        return await self._gathering.whole(
            subscription, fetched, poll.last_success, lambda why: self._report(Polled(url=url, error=why))
        )

    async def _publish(self, url: str, reading: FeedReading | None, after: Callable[[Poll], Poll]) -> int:
        """Publish what was read and remember the poll that ``after`` makes of the last; return how many articles."""
        count = entries = 0
        subscription, known = self._subscriptions.get(url), self._polls.get(url)
        if subscription is None or known is None:
            return 0  # unsubscribed meanwhile
        if reading is not None:
            if reading.left_out and known.last_success is None:
                left_out = (
                    f"{reading.left_out:,} older entries of {url} were left out; it has too many to be read whole."
                )
                self._report(Polled(url=url, error=left_out))
            # The place among the polls is given back by now: other feeds are polled while pages are waited for.
            reading = await self._without_muted(subscription, reading)
            if known.last_success is None:
                reading = msgspec.structs.replace(reading, articles=marked(reading.articles, subscription.added))
            count, entries = len(reading.articles), reading.entries
            reading = await self._filled(subscription, reading)
        if (latest := self._polls.get(url)) is None:
            return 0  # while its pages were waited for
        poll, brought = after(latest), NOTHING
        if reading is not None:
            poll = msgspec.structs.replace(
                poll,
                full_texts=poll.full_texts + sum(article.full_text for article in reading.articles),
                full_text_note=reading.full_text_note or poll.full_text_note,
                muted=poll.muted + reading.muted,
            )
            brought = Write(
                messages=messages_of(url, reading), recent=remembered(url, reading), finished=reading.finished
            )
        if not await self._remember(url, poll, brought):
            return 0
        self._report(Polled(url=url, entries=entries, published=count))
        return count

    async def _without_muted(self, subscription: Subscription, reading: FeedReading) -> FeedReading:
        """Leave out what the feed's reader has muted, judged by what the feed says."""
        if not subscription.mute or not reading.articles:
            return reading
        muted = await asyncio.to_thread(self._muted, subscription, reading.articles)
        wanted = tuple(article for article, is_muted in zip(reading.articles, muted, strict=True) if not is_muted)
        return msgspec.structs.replace(reading, articles=wanted, muted=sum(muted))

    def _muted(self, subscription: Subscription, articles: tuple[Article, ...]) -> list[bool]:
        now = self._clock()
        return [is_muted(article, subscription.mute, now) for article in articles]

    async def _filled(self, subscription: Subscription, reading: FeedReading) -> FeedReading:
        if not subscription.fulltext or not reading.articles:
            return reading
        if self._full_text is None:
            self._report(Polled(url=subscription.url, error=EXTRA_MISSING))
            return msgspec.structs.replace(reading, full_text_note=EXTRA_MISSING)
        return await self._full_text.fill(subscription, reading, self._publish_apart)

    async def _publish_apart(self, article: Article) -> bool:
        """Publish an article before or after its poll is remembered; return whether that could be done."""
        if article.feed not in self._subscriptions:
            return False
        try:
            await self._outbox.put(Write(messages=[message_of(article)]))
        except Exception as exc:  # noqa: BLE001 - the feed's text stands; the page is read again with the next change
            self._report(Polled(url=article.feed, error=f"{article.url} was read but could not be published: {exc}"))
            return False
        if article.full_text and article.feed in self._polls:
            poll = self._polls[article.feed]
            # Written with the next poll: a count is not worth a write of its own.
            self._polls[article.feed] = msgspec.structs.replace(poll, full_texts=poll.full_texts + 1)
        return True

    async def _remember(self, url: str, poll: Poll, brought: Write = NOTHING) -> bool:
        """Write what a poll brought; where that fails the poll counts as not done, and is done again."""
        try:
            await self._outbox.put(msgspec.structs.replace(brought, polls={url: poll}))
        except Exception as exc:  # noqa: BLE001 - whatever kept it from being written: it counts as not done
            self._plan(url, self._clock() + timedelta(seconds=UNWRITTEN_S))
            self._report(Polled(url=url, error=f"{url} was read but could not be published: {exc}"))
            return False
        if url in self._subscriptions:
            self._polls[url] = poll
            self._plan(url, poll.next_check)
        return True

    def _plan(self, url: str, due: datetime) -> None:
        """Poll a feed next at a time; not at all if it was paused, retired or unsubscribed, be it during its poll."""
        subscription, poll = self._subscriptions.get(url), self._polls.get(url)
        if subscription is None or poll is None or subscription.paused or poll.retired:
            self._due.pop(url, None)
        else:
            self._due[url] = due

    def _write(self, writes: Sequence[Write]) -> None:
        if self._prepared is not None:
            self._prepared.keep([made for write in writes for made in write.finished])
        with self._transaction():
            self._log.append([message for write in writes for message in write.messages])
            polls = {url: poll for write in writes for url, poll in write.polls.items()}
            self._polls_table.update({url: msgspec.json.encode(poll) for url, poll in polls.items()})
            self._recent.update({key: value for write in writes for key, value in write.recent.items()})

    def _success(self, subscription: Subscription, fetched: Fetched, reading: FeedReading | None, poll: Poll) -> Poll:
        sparse = self._pushes.sparseness(subscription.url) if self._pushes is not None else 1.0
        return succeeded(poll, subscription, fetched, reading, self._clock(), self._pace, sparse)

    async def _fail(self, url: str, error: FetchError | NotAFeedError) -> None:
        if (last := self._polls.get(url)) is None:
            return  # unsubscribed meanwhile
        now = self._clock()
        poll = held(last, error, now) if isinstance(error, HostRestsError) else failed(last, error, now, self._pace)
        if await self._remember(url, poll):
            self._report(Polled(url=url, error=str(error)))

    async def _is_folded(self, url: str) -> bool:
        """Tell whether a feed has moved to where another one is followed and works; its tags become that one's."""
        poll, subscription = self._polls[url], self._subscriptions[url]
        target = self._subscriptions.get(whole_address(poll.moved_to_if_believed or ""))
        if target is None or target.url == url or target.paused or not self._load(target.url).works:
            return False
        if poll.retired and poll.error:
            return True
        tagged = msgspec.structs.replace(target, tags=tuple(dict.fromkeys((*target.tags, *subscription.tags))))
        if tagged != target:
            await asyncio.to_thread(self._feeds.put, target.url, msgspec.json.encode(tagged))
        poll = folded(poll, url, target.url)
        if await self._remember(url, poll):
            self._report(Polled(url=url, error=poll.error))
        return True

    def _learn_feeds(self) -> None:
        # Told once only: what cannot be learned now, for want of its poll, is learned the next time.
        self._untaken |= dict(self._feeds.changes())
        for url, value in list(self._untaken.items()):
            self._learn_feed(url, value)
            del self._untaken[url]

    def _learn_feed(self, url: str, value: bytes | None) -> None:
        if value is None:
            for forgotten in (self._subscriptions, self._polls, self._due):
                forgotten.pop(url, None)
            return
        subscription = read_record(url, value, Subscription)
        if subscription is None:
            return  # as it was, if it could be read before
        poll = self._load(url)
        self._subscriptions[url] = subscription
        self._polls[url] = poll
        if poll.held_until is not None:  # as the host asked before this process was started
            self._limits.rest(poll.held_at or poll.address(url), (poll.held_until - self._clock()).total_seconds())
        self._plan(url, poll.next_check)
        if self._mine(url):
            self._held.add(url)

    def _load(self, url: str) -> Poll:
        """Return how a feed's last poll went; one whose memory cannot be read starts over."""
        return read_record(url, self._polls_table.get(url), Poll) or Poll(next_check=self._clock())
