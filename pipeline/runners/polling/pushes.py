"""The WebSub shell: ask hubs, answer them, and hand on what they send, while the polls go on more slowly.

A push is stored before its hub is asked, since the hub may call back before it answers, at any process that shares the
store. A ping is answered before it is taken in; if the process dies in between, the next poll finds what it brought.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol

import msgspec

from connectors import websub
from connectors.fetch.host_limits import HostLimits
from connectors.fetch.http import Fetched, Fetcher, FetchError
from connectors.websub import HubAnswer, Offer, Push
from pipeline.errors import TransientError, UnavailableError
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table, Transaction
from pipeline.records import read_record
from pipeline.runners.polling.outbox import Outbox

LOOK_S = 1.0
MAX_HELD_BYTES = 64_000_000
THIN_PAUSE_S = 10.0
SETTLE_S = 5.0

_log = logging.getLogger(__name__)


class Intake(Protocol):
    """Poll feeds, and take in what hubs send of them."""

    def offers(self) -> Mapping[str, Offer]:
        """Return what the feeds that are polled have said about hubs."""

    def owns(self, url: str) -> bool:
        """Tell whether a feed is this process's to poll."""

    async def take(self, url: str, pushed: Fetched | None) -> None:
        """Take in what a hub sent of a feed; without anything, poll it now."""

    def hasten(self, url: str, within_s: float | None = None) -> None:
        """Poll a feed soon: within some seconds, else at its usual pace."""


class Pushes:
    """Keep subscriptions at hubs for the feeds that offer them; ``base`` is the address that callbacks lie below."""

    def __init__(
        self,
        *,
        table: Table,
        transaction: Transaction,
        fetcher: Fetcher,
        limits: HostLimits,
        clock: Clock,
        base: str,
        listen: Callable[[Pushes], AbstractAsyncContextManager[None]],
        fewer_polls: float,
        report: Callable[[str, str], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._table = table
        self._transaction = transaction
        self._fetcher = fetcher
        self._limits = limits
        self._clock = clock
        self._base = base
        self._listen = listen
        self._fewer_polls = fewer_polls
        self._report = report
        self._jitter = jitter
        self._outbox: Outbox[str] = Outbox(self._write)
        self._unwritten: dict[str, int] = {}
        self._learning = asyncio.Lock()
        self._touched: set[str] = set()
        self._pushes: dict[str, Push] = {}
        self._of_feed: dict[str, str] = {}
        self._proved: set[str] = set()
        self._waiting: dict[str, list[Fetched | None]] = {}
        self._held = 0
        self._last_thin: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: set[str] = set()
        self._intake: Intake | None = None

    @asynccontextmanager
    async def serving(self, intake: Intake) -> AsyncIterator[None]:
        """Keep subscriptions and answer hubs for as long as the block runs."""
        self._intake = intake
        with suppress(Exception):  # it is tried again every second, and told then
            await self._learn()
        self._proved = {push.feed for push in self._pushes.values() if push.last_ping is not None}
        async with self._listen(self):
            keeping = asyncio.create_task(self._keep(intake))
            try:
                yield
            finally:
                keeping.cancel()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=SETTLE_S)
                for task in (keeping, *self._tasks):
                    task.cancel()
                await asyncio.gather(keeping, *self._tasks, return_exceptions=True)

    def sparseness(self, feed: str) -> float:
        """Return how many times less often than usual a feed needs to be polled."""
        push = self._push_of(feed)
        return self._fewer_polls if push is not None and push.is_proved(self._clock()) else 1.0

    def polled(self, feed: str, published: int) -> None:
        """Learn how many new articles a poll found: of a feed that is pushed there should be none."""
        push = self._push_of(feed)
        if push is None:
            return
        after = websub.polled(push, published, self._clock())
        if after is not push:
            self._keep_soon(after)

    async def verify(self, name: str, query: Mapping[str, str]) -> tuple[int, str]:
        """Answer a hub that asks whether a subscription was meant, or that denies it."""
        await self._learn()  # it may have been asked for by another process
        push = self._pushes.get(name)
        if push is None:
            return 404, ""
        answer = websub.verified(push, query, self._clock(), self._jitter())
        if answer.push is not push:
            try:
                await self._put(name, answer.push)
            except BaseException:
                # The hub is told of a failure, and believes that nothing was agreed.
                self._apply(name, push)
                raise
            if answer.push.note is not None and answer.push.note != push.note:
                self._report(push.feed, answer.push.note)
        return answer.status, answer.text

    async def find(self, name: str) -> Push | None:
        """Return a subscription by its name, also one that another process has just made."""
        if name not in self._pushes:
            await self._learn()
        return self._pushes.get(name)

    def receive(self, push: Push, body: bytes, signature: str | None, content_type: str | None) -> int:
        """Answer a ping and, if it is true, have it taken in soon."""
        push = self._pushes.get(push.id, push)
        answer: HubAnswer = websub.received(push, body, signature, self._clock())
        if answer.push is not push:
            self._keep_soon(answer.push)
        if answer.push.pings > push.pings:
            headers = {"content-type": content_type} if content_type else {}
            self._hold(push.feed, Fetched(url=push.topic, status=200, body=body, headers=headers) if body else None)
        return answer.status

    async def _keep(self, intake: Intake) -> None:
        """Look what is to be asked for, renewed or ended, for ever."""
        while True:
            try:
                await self._learn()
                self._look(intake)
            except (TransientError, UnavailableError) as exc:
                self._report("WebSub", str(exc))
            except Exception as exc:  # noqa: BLE001 - one lease's bug must not let all others run out
                _log.error("subscriptions at hubs could not be looked after", exc_info=exc)
            await asyncio.sleep(LOOK_S)

    def _look(self, intake: Intake) -> None:
        now, offers = self._clock(), intake.offers()
        covered = set()
        for name, push in list(self._pushes.items()):
            offer = offers.get(push.feed)
            if not intake.owns(push.feed) or name in self._asked:
                covered.add(push.feed)
                continue
            if push.ended is not None:
                self._leave(name, push)
                continue
            if offer is None or not websub.fits(push, offer, self._base, now):
                self._keep_soon(websub.ending(push, now))
                continue
            covered.add(push.feed)
            if push.next_ask <= now:
                self._ask_soon(websub.asking(push, offer, now))
        for feed in offers.keys() - covered:
            if intake.owns(feed):
                fresh = websub.new_push(feed, offers[feed], self._base, now)
                self._ask_soon(websub.asking(fresh, offers[feed], now))
        proved = {push.feed for push in self._pushes.values() if push.is_proved(now)}
        for feed in self._proved - proved:
            intake.hasten(feed)
        self._proved = proved

    def _leave(self, name: str, push: Push) -> None:
        """Tell the hub of an ended subscription, and forget it when there is nothing more to say."""
        now = self._clock()
        if push.ended is not None and push.ended <= now:
            self._start(self._put(name, None))
        elif push.pending == "unsubscribe" and push.next_ask <= now:
            self._ask_soon(websub.unsubscribing(push, now))

    def _ask_soon(self, push: Push) -> None:
        self._asked.add(push.id)
        self._start(self._ask(push))

    async def _ask(self, push: Push) -> None:
        try:
            await self._put(push.id, push)
            async with self._limits.at(push.hub):
                await self._fetcher.post(push.hub, websub.form(push))
        except FetchError as exc:
            latest = self._pushes.get(push.id)
            if latest is not None and latest.pending is not None:
                self._keep_soon(msgspec.structs.replace(latest, note=str(exc)))
            self._report(push.feed, f"its hub cannot be used: {exc}")
        finally:
            self._asked.discard(push.id)

    def _hold(self, feed: str, pushed: Fetched | None) -> None:
        """Keep a ping until the earlier ones of its feed are taken in; too much at once is polled for instead."""
        size = len(pushed.body or b"") if pushed is not None else 0
        if self._held + size > MAX_HELD_BYTES:
            pushed, size = None, 0
        self._held += size
        queue = self._waiting.get(feed)
        if queue is None:
            self._waiting[feed] = [pushed]
            self._start(self._hand_on(feed))
        elif pushed is not None or queue[-1:] != [None]:
            queue.append(pushed)

    async def _hand_on(self, feed: str) -> None:
        assert self._intake is not None
        queue = self._waiting[feed]
        try:
            while queue:
                pushed = queue.pop(0)
                if pushed is None:
                    await self._rest(feed)
                try:
                    await self._intake.take(feed, pushed)
                except Exception as exc:  # noqa: BLE001 - one ping's bug must not stop the others
                    self._report(feed, f"a ping could not be taken in: {exc!r}")
                self._held -= len(pushed.body or b"") if pushed is not None else 0
        finally:
            del self._waiting[feed]

    async def _rest(self, feed: str) -> None:
        """Wait so long that a hub cannot make us poll a feed without pause."""
        now = asyncio.get_running_loop().time()
        begun = self._last_thin[feed] = max(now, self._last_thin.get(feed, float("-inf")) + THIN_PAUSE_S)
        await asyncio.sleep(begun - now)

    def _push_of(self, feed: str) -> Push | None:
        return self._pushes.get(self._of_feed.get(feed, ""))

    async def _put(self, name: str, push: Push | None) -> None:
        """Keep a push, durably on return."""
        self._change(name, push)
        await self._written(name)

    def _keep_soon(self, push: Push) -> None:
        self._change(push.id, push)
        self._start(self._written(push.id))

    def _change(self, name: str, push: Push | None) -> None:
        self._unwritten[name] = self._unwritten.get(name, 0) + 1
        self._touched.add(name)
        self._apply(name, push)

    async def _written(self, name: str) -> None:
        try:
            await self._outbox.put(name)
        finally:
            self._unwritten[name] -= 1
            if not self._unwritten[name]:
                del self._unwritten[name]

    def _apply(self, name: str, push: Push | None) -> None:
        if push is None:
            self._pushes.pop(name, None)
            return
        self._pushes[name] = push
        if push.ended is None:
            self._of_feed[push.feed] = name
        elif self._of_feed.get(push.feed) == name:
            del self._of_feed[push.feed]

    async def _learn(self) -> None:
        """Learn what this or another process has kept; what is written here meanwhile, or is yet to be, is newer."""
        async with self._learning:
            self._touched = set(self._unwritten)
            for name, value in await asyncio.to_thread(self._table.changes):
                # One that cannot be read is as if it had never been asked for: it is asked for anew.
                if name not in self._touched:
                    self._apply(name, read_record(name, value, Push))

    def _write(self, names: Sequence[str]) -> None:
        with self._transaction():
            for name in set(names):
                push = self._pushes.get(name)
                self._table.put(name, msgspec.json.encode(push) if push is not None else None)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (TransientError, UnavailableError) as exc:
            self._report("WebSub", str(exc))
        except Exception as exc:  # noqa: BLE001 - the task ends, and what it was for is looked at again
            _log.error("something about a hub failed", exc_info=exc)
