"""The polling shell: which feed is due, fetch, parse, recognise, publish, remember - in that order.

At least once: a poll is remembered after the log has its articles; published again, ``identify`` finds them unchanged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from datetime import timedelta
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
from pipeline.runners.polling.fulltext import EXTRA_MISSING, FullText
from pipeline.runners.polling.gathering import Gathering, remembered
from pipeline.runners.polling.mute import is_muted
from pipeline.runners.polling.outbox import Outbox
from pipeline.runners.polling.publishing import message_of, messages_of
from pipeline.runners.polling.pushes import Pushes
from pipeline.runners.polling.roster import Known, Roster, Write
from pipeline.runners.trouble import Trouble

LOOK_S, AFTER_PING_S = 0.5, 60
UNWRITTEN_S = 15
# Makes a poll of the last one, and of what is asked of the feed by then.
After = Callable[[Poll, Subscription], Poll]

_log = logging.getLogger(__name__)


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how one poll went: how many entries the feed had, how many were published, and what went wrong."""

    url: str
    entries: int = 0
    published: int = 0
    error: str | None = None


class _LeftAloneError(FetchError):
    """End a poll whose feed was paused or removed while it waited for its turn."""

    def __init__(self, url: str) -> None:
        super().__init__("left alone", f"{url} is paused, or not followed any more.")


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
        repeatable: Transaction | None = None,
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
        self._roster = Roster(
            feeds=feeds, polls=polls, recent=recent, log=log, transaction=transaction, repeatable=repeatable,
            limits=limits, clock=clock, mine=mine,
        )  # fmt: skip
        self._sources = sources
        self._gathering = gathering
        self._clock = clock
        self._pace = pace
        self._turn = asyncio.Semaphore(concurrency)
        self._full_text = full_text
        self._pushes = pushes
        self._report = report
        self._mine = mine
        self._outbox = Outbox(self._roster.write)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._begun: list[str] = []

    async def once(self) -> None:
        """Poll every feed that is not paused one time, due or not."""
        await asyncio.to_thread(self._roster.learn)
        followed = list(self._roster.subscriptions.items())
        await asyncio.gather(*(self.poll(url) for url, subscription in followed if not subscription.paused))
        if self._full_text is not None:
            await self._full_text.settle()

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll feeds as they fall due until told to stop; subscriptions may come and go meanwhile."""
        trouble = Trouble(_log, "polling")
        # Without the feeds it would seem that no hub is wanted any more.
        while not await self._looked(trouble, stopping, self._roster.learn) and not stopping.is_set():
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
                if url not in self._running:  # a hub may have sent something of it since
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
        self._roster.learn()
        # While what was read cannot be written, no more is read.
        self._begun = [] if self._outbox.is_full else self._roster.take_over(list(self._running))

    async def poll(self, url: str) -> None:
        """Fetch one feed and take in what it brings; whatever goes wrong is this feed's failure, and no other's."""
        if (known := self._roster.known(url)) is None or known.subscription.paused:
            return  # by a change since it fell due
        try:
            await self._poll(known)
        except _LeftAloneError:
            return
        except (FetchError, NotAFeedError) as exc:
            await self._fail(known, exc)
        except Exception as exc:  # noqa: BLE001 - a bug over one feed must neither end the round nor be met every second
            what = exc if isinstance(exc, NewswireError) else f"{type(exc).__name__}: {exc}"
            _log.error("a poll failed feed=%s", url, exc_info=what is not exc)
            await self._fail(known, NotAFeedError(f"{url} could not be read: {what}"))

    async def _poll(self, known: Known) -> None:
        if await self._is_folded(known):
            return
        has_place = False

        async def enter() -> None:
            nonlocal has_place
            has_place = await self._turn.acquire()
            await self._outbox.room()
            subscription = self._roster.subscriptions.get(known.url)
            if subscription is None or subscription.paused:
                raise _LeftAloneError(known.url)

        try:
            fetched = await self._sources.ask(known.subscription, known.poll, enter)
            body_hash = digest(fetched.body) if fetched.body is not None and not fetched.sent_nothing else None
            reading = await self._gathered(known.url, fetched, body_hash)
        finally:
            if has_place:
                self._turn.release()
        published = await self._publish(known, reading, partial(self._success, fetched, reading, body_hash))
        if self._pushes is not None:
            self._pushes.polled(known.url, published)

    async def take(self, url: str, pushed: Fetched | None) -> None:
        """Take in what a hub sent of a feed; if that is nothing, or no feed, poll the feed now.

        What is asked right after a change may come from a cache that does not know it, so it is asked once more.
        """
        if not self._mine(url):  # the hub called this process, though another one polls the feed
            await asyncio.to_thread(self._roster.reload, url)
        while (running := self._running.get(url)) is not None and not running.done():
            await asyncio.wait([running])
        task = self._running[url] = asyncio.create_task(self._take(url, pushed))
        await task

    async def _take(self, url: str, pushed: Fetched | None) -> None:
        known = self._roster.known(url)
        if known is None or known.subscription.paused:
            return
        if pushed is not None and pushed.body:
            try:
                reading = await self._gathering.document(known.subscription, pushed)
            except NotAFeedError:
                pass
            else:
                await self._publish(known, reading, lambda poll, _: pinged(poll, reading, self._clock()))
                return
        await self.poll(url)
        self.hasten(url, AFTER_PING_S)

    def hasten(self, url: str, within_s: float | None = None) -> None:
        """Poll a feed soon: within some seconds, else at its usual pace."""
        poll = self._roster.polls.get(url)
        if poll is not None:
            self._roster.hasten(url, within_s if within_s is not None else poll.interval_s or self._pace.floor_s)

    def offers(self) -> Mapping[str, Offer]:
        """Return what the feeds that are polled have said about hubs."""
        # Copied: a thread may learn of feeds meanwhile.
        polls = [(url, self._roster.polls.get(url)) for url in list(self._roster.due)]
        return {url: Offer(poll.hubs, poll.topic or url) for url, poll in polls if poll is not None and poll.hubs}

    def owns(self, url: str) -> bool:
        """Tell whether a feed is this process's to poll."""
        return self._mine(url)

    async def _gathered(self, url: str, fetched: Fetched, body_hash: str | None) -> FeedReading | None:
        """Read an answer and what belongs to it, unless it is byte for byte what it was. Raises ``NotAFeedError``."""
        known = self._roster.known(url)
        if known is None:
            return None  # unsubscribed meanwhile
        if body_hash is None or body_hash == known.poll.body_hash:
            return None
        return await self._gathering.whole(
            known.subscription, fetched, known.poll.last_success, lambda why: self._report(Polled(url=url, error=why))
        )

    async def _publish(self, known: Known, reading: FeedReading | None, after: After) -> int:
        """Publish what was read and remember the poll that ``after`` makes of the last; return how many articles."""
        count = entries = 0
        url, subscription, is_new = known.url, self._roster.subscriptions.get(known.url), not known.poll.last_success
        if subscription is None:
            return 0  # unsubscribed meanwhile
        if reading is not None:
            if reading.left_out and is_new:
                left_out = (
                    f"{reading.left_out:,} older entries of {url} were left out; it has too many to be read whole."
                )
                self._report(Polled(url=url, error=left_out))
            # The place among the polls is given back by now: other feeds are polled while pages are waited for.
            reading = await self._without_muted(subscription, reading)
            if is_new:
                reading = msgspec.structs.replace(reading, articles=marked(reading.articles, subscription.added))
            count, entries = len(reading.articles), reading.entries
            reading = await self._filled(subscription, reading)
        if not await self._remember(known, reading, after):
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
        subscription = self._roster.subscriptions.get(article.feed or "")
        if subscription is None or not subscription.fulltext:
            return False
        write = Write(url=subscription.url, messages=[message_of(article)], full_texts=int(article.full_text))
        try:
            await self._outbox.put(write)
        except Exception as exc:  # noqa: BLE001 - the feed's text stands; the page is read again with the next change
            self._report(Polled(url=write.url, error=f"{article.url} was read but could not be published: {exc}"))
            return False
        return write.url in self._roster.subscriptions

    async def _remember(self, known: Known, reading: FeedReading | None, after: After) -> bool:
        """Write what a poll brought; where that fails the poll counts as not done, and is done again.

        Return whether it was written: of a feed that was removed meanwhile nothing is.
        """
        messages = messages_of(known.url, reading) if reading is not None else []
        recent = remembered(known.url, reading) if reading is not None else {}
        counted = partial(_counted, reading, after)
        write = Write(url=known.url, messages=messages, recent=recent, after=counted, stored=known.stored)
        if self._prepared is not None and reading is not None:
            self._prepared.keep(reading.finished)
        try:
            await self._outbox.put(write)
        except Exception as exc:  # noqa: BLE001 - whatever kept it from being written: it counts as not done
            self._roster.plan(known.url, self._clock() + timedelta(seconds=UNWRITTEN_S))
            self._report(Polled(url=known.url, error=f"{known.url} was read but could not be published: {exc}"))
            return False
        return known.url in self._roster.subscriptions

    def _success(
        self,
        fetched: Fetched,
        reading: FeedReading | None,
        body_hash: str | None,
        poll: Poll,
        subscription: Subscription,
    ) -> Poll:
        sparse = self._pushes.sparseness(subscription.url) if self._pushes is not None else 1.0
        return succeeded(poll, subscription, fetched, reading, self._clock(), self._pace, sparse, body_hash)

    async def _fail(self, known: Known, error: FetchError | NotAFeedError) -> None:
        now, pace = self._clock(), self._pace

        def after(poll: Poll, _: Subscription) -> Poll:
            return held(poll, error, now) if isinstance(error, HostRestsError) else failed(poll, error, now, pace)

        if await self._remember(known, None, after):
            self._report(Polled(url=known.url, error=str(error)))

    async def _is_folded(self, known: Known) -> bool:
        """Tell whether a feed has moved to where another one is followed and works; its tags become that one's."""
        moved_to = known.poll.moved_to_if_believed
        target = self._roster.subscriptions.get(whole_address(moved_to)) if moved_to else None
        if target is None or target.url == known.url or target.paused:
            return False
        if known.poll.retired and known.poll.error:
            return await asyncio.to_thread(self._roster.works, target.url)
        if not await asyncio.to_thread(self._roster.pass_on_tags, known.subscription, target.url):
            return False
        told = folded(known.poll, known.url, target.url)
        if await self._remember(known, None, lambda poll, _: folded(poll, known.url, target.url)):
            self._report(Polled(url=known.url, error=told.error))
        return True


def _counted(reading: FeedReading | None, after: After, poll: Poll, subscription: Subscription) -> Poll:
    """Return the poll after a reading with what became of its articles."""
    poll = after(poll, subscription)
    if reading is None:
        return poll
    return msgspec.structs.replace(
        poll,
        full_texts=poll.full_texts + sum(article.full_text for article in reading.articles),
        full_text_note=reading.full_text_note or poll.full_text_note,
        muted=poll.muted + reading.muted,
    )
