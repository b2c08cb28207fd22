"""The distributed runtime: the stages as Faust agents. The only file that knows Faust.

Delivery: an event is acknowledged by hand after its output is durable in Kafka and its facts are on their way; Faust
would acknowledge it also when the agent raised or was cancelled. So an event may be handled twice and is never
skipped: a stage handed the same value again decides the same, or finds it unchanged after its output was made
durable. What cannot be handled goes to news.dead with the reason.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faust
import msgspec

from pipeline.errors import TransientError, UnavailableError
from pipeline.flow import Stage
from pipeline.ports.clock import Clock
from pipeline.ports.table import Table
from pipeline.runners import watchdog
from pipeline.runners.advance import Buried, Decided, Given, Learner, advance, emitted
from pipeline.runners.loading import Loading
from pipeline.runners.measures import Measures
from pipeline.runners.stop import STOP_WITHIN_S, end_within
from pipeline.runners.watchdog import Stall, Verdict, waiting
from pipeline.stages.decision import Fact, Memory
from pipeline.topics import DEAD, TableTopic

log = logging.getLogger(__name__)

FOLLOW_S = 0.4
COMMIT_S = 1.0
IN_FLIGHT = 100
# Small enough that a batch of the slowest stage holds up the loop for a tenth of a second at most.
BATCH = 32
MAX_MESSAGE_BYTES = 20_000_000


def make_app(
    *,
    servers: str,
    flow: Sequence[Stage],
    follow: Callable[[TableTopic], Table],
    clock: Clock,
    directory: Path,
    prefix: str = "",
    partitions: int = 8,
    session_timeout_s: float = 10.0,
    measures: Measures | None = None,
) -> Any:
    """Return the Faust app with one agent per stage; ``follow`` opens, in the worker, a table that a stage follows."""
    app = faust.App(
        f"{prefix}newswire-worker",
        broker=";".join(f"kafka://{server}" for server in servers.split(",")),
        store="memory://",
        datadir=str(directory / "faust"),
        web_enabled=False,
        topic_partitions=partitions,
        topic_disable_leader=True,
        producer_acks=-1,
        producer_max_request_size=MAX_MESSAGE_BYTES,
        producer_compression_type="gzip",
        consumer_auto_offset_reset="earliest",
        # What was committed tells the feeder of history how fast it may go.
        broker_commit_interval=COMMIT_S,
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 4,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
    )
    progress = _Progress(measures or Measures())
    dead = _topic(app, prefix + DEAD.name)
    loading = Loading(flow)
    agents = [_Agent(app, stage, prefix, dead, clock, progress, follow, loading) for stage in flow]
    watching = _Watchdog(app, [prefix + stage.reads.name for stage in flow], agents, progress)
    app.timer(watchdog.WATCH_S, name="watchdog")(watching.look)
    app.on_worker_init.connect(partial(_load, app, loading), weak=False)
    # Faust's clean-up waits for a broker that may be away.
    app.on_before_shutdown.connect(partial(_end_soon, app), weak=False)
    return app


class _Progress:
    """Count what happens, for the watchdog, and what ended here, in the words of ``advance``."""

    def __init__(self, measures: Measures) -> None:
        self.moves = 0
        self.counts: Counter[str] = Counter()
        self.measures = measures
        measures.outcomes = lambda: self.counts


class _Handled:
    """Hold a decided event: the facts to keep, and the sends under way once they were handed over."""

    def __init__(self, event: Any, result: Decided | Buried) -> None:
        self.event = event
        self.result = result
        self.facts: Sequence[Fact] = result.facts if isinstance(result, Decided) else ()
        self.sent: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()


class _InFlight:
    """Hold handled events in order, a bounded number of them."""

    def __init__(self) -> None:
        self._events: deque[_Handled] = deque()
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[_Handled]:
        return iter(self._events)

    def add(self, handled: Sequence[_Handled]) -> None:
        """Add events at once: what the memory learned of them is then never missing from here."""
        self._events.extend(handled)
        self._changed.set()

    async def room(self, count: int) -> None:
        """Return when there is room for ``count`` events."""
        await self._until(lambda: len(self._events) + count <= IN_FLIGHT)

    async def first(self) -> _Handled:
        """Return the oldest event, once there is one."""
        await self._until(lambda: bool(self._events))
        return self._events[0]

    def done(self) -> None:
        """Forget the oldest event."""
        self._events.popleft()
        self._changed.set()

    def clear(self) -> bool:
        """Forget all events: not acknowledged, they are read again. Tell whether there were any."""
        had = bool(self._events)
        self._events.clear()
        self._changed.set()
        return had

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()


class _Agent:
    """Run one stage: its stream, its facts in a Faust table, and its memory derived from them."""

    def __init__(
        self,
        app: Any,
        stage: Stage,
        prefix: str,
        dead: Any,
        clock: Clock,
        progress: _Progress,
        follow: Callable[[TableTopic], Table],
        loading: Loading,
    ) -> None:
        self._app = app
        self._stage = stage
        self._dead = dead
        self._clock = clock
        self._progress = progress
        self._loading = loading
        self._memory: Memory = stage.memory()
        self._learner = Learner(stage.name)
        self._waiting: asyncio.Queue[Any] = asyncio.Queue(BATCH)
        self._in_flight = _InFlight()
        self._tasks: list[asyncio.Task[None]] = []
        self._followed = asyncio.Event()
        self._writes = _topic(app, prefix + stage.writes.name)
        self._table: Any = None
        followed = stage.follows
        if followed is not None:
            app.task(lambda: self._follow(partial(follow, followed)))
        if stage.keeps_facts:
            self._table = app.Table(stage.changelog, key_type=bytes, value_type=bytes, on_recover=self._remember)
        reads = _topic(app, prefix + stage.reads.name)
        app.agent(reads, name=f"newswire.{stage.name}", concurrency=1)(self._run)

    async def _run(self, stream: Any) -> None:
        """Read events; two tasks beside it decide on those that wait, and settle those that were sent."""
        await self.restart()
        try:
            async for event in stream.noack().events():
                await self._waiting.put(event)
        except Exception as exc:
            await self._give_up(exc)
            raise
        finally:
            self._cancel()

    async def restart(self) -> None:
        """Begin anew with nothing in hand; the memory forgets what was learned of events that will be read again."""
        self._cancel()
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._in_flight.clear() and self._table is not None:
            await self._remember()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._settle())]

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _work(self) -> None:
        """Take what waits, a batch at a time: as much as there is, without waiting for more."""
        try:
            while True:
                events = [await self._waiting.get()]
                while len(events) < BATCH and not self._waiting.empty():
                    events.append(self._waiting.get_nowait())
                await self._handle(events)
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _handle(self, events: Sequence[Any]) -> None:
        """Decide and send; what waits for Kafka's answer settles meanwhile, a bounded number at a time, in order."""
        if self._stage.follows is not None:
            await self._followed.wait()
        if self._stage.loads and self._loading.is_under_way:
            await asyncio.to_thread(self._loading.wait)
        while events := [event for event in events if self._is_current(event)]:
            await self._in_flight.room(len(events))
            started = time.perf_counter()
            done = advance(self._stage, self._memory, [_given(event) for event in events], self._clock())
            buried = sum(isinstance(result, Buried) for result in done.results)
            seconds = time.perf_counter() - started
            self._progress.measures.handled(self._stage.name, len(done.results), buried, seconds)
            handled = [_Handled(event, result) for event, result in zip(events, done.results, strict=False)]
            self._in_flight.add(handled)
            self._progress.counts += done.counts
            for each in handled:
                each.sent.set_result(await self._send(each))
            events = events[len(handled) :]
            if done.wait is not None:
                log.warning("waiting stage=%s error=%s", self._stage.name, done.wait)
                self._progress.moves += 1  # it waits on purpose
                await asyncio.sleep(done.wait.retry_after)

    def _is_current(self, event: Any) -> bool:
        """Tell whether an event's partition has not been given away since it was read; its new reader has it, too."""
        return bool(event.message.generation_id == self._app.consumer_generation_id)

    async def _settle(self) -> None:
        """Acknowledge events in order, each when its output is durable and its facts are on their way."""
        try:
            while True:
                handled = await self._in_flight.first()
                for durable in await handled.sent:
                    await durable
                for fact in handled.facts:
                    self._keep(fact.key.encode(), fact.value, handled.event.message.partition)
                handled.event.ack()
                self._in_flight.done()
                self._progress.moves += 1
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _give_up(self, error: Exception) -> None:
        """Stop the worker: not a record's fault, Kafka did not take what it must. Unacknowledged, it is read again."""
        log.error("stopping stage=%s error=%r", self._stage.name, error)
        await self._app.crash(error)

    async def _send(self, handled: _Handled) -> list[Any]:
        """Hand over what came of an event: everything its decision emitted, or its dead letter."""
        event, result = handled.event, handled.result
        if isinstance(result, Buried):
            log.error("dead letter %s", result.error)
            headers = {name: text.encode() for name, text in result.letter.headers.items()}
            return [await self._dead.send(key=event.key, value=event.message.value, headers=headers)]
        return [
            await self._writes.send(
                key=going.key.encode(),
                value=msgspec.json.encode(going.value),
                headers={name: text.encode() for name, text in going.headers.items()},
            )
            for going in emitted(self._stage, result)
        ]

    def _keep(self, key: bytes, value: bytes | None, partition: int) -> None:
        """Write a fact to the table and its changelog, in the partition of the event that it came from."""
        self._table.send_changelog(partition, key, value, value_serializer="raw")
        if value is not None:
            self._table.data[key] = value
        else:
            self._table.data.pop(key, None)

    async def _remember(self) -> None:
        """Rebuild the memory from the facts, after Faust has recovered the table."""
        memory = self._stage.memory()
        for key, value in self._table.items():
            self._learner.learn(memory, key.decode("utf-8", "replace"), value)
        for handled in self._in_flight:
            for fact in handled.facts:
                memory.learn(fact.key, fact.value)
        self._memory = memory
        log.info("remembered stage=%s facts=%d", self._stage.name, len(self._table))

    async def _follow(self, open_table: Callable[[], Table]) -> None:
        """Keep the memory as the followed table is, within half a second."""
        table = await asyncio.to_thread(open_table)
        while not self._app.should_stop:
            try:
                for key, value in await asyncio.to_thread(table.changes):
                    self._learner.learn(self._memory, key, value)
            except (TransientError, UnavailableError) as exc:
                log.warning("waiting stage=%s error=%s", self._stage.name, exc)
            except Exception as exc:
                # Without the table the stage would stand still for good.
                log.exception("not followed stage=%s error=%r", self._stage.name, exc)
            else:
                self._followed.set()
            await asyncio.sleep(FOLLOW_S)


def _given(event: Any) -> Given:
    headers = {name: value.decode("utf-8", "replace") for name, value in (event.headers or {}).items()}
    return Given(key=(event.key or b"").decode("utf-8", "replace"), raw=event.message.value or b"", headers=headers)


def _topic(app: Any, name: str) -> Any:
    return app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


class _Watchdog:
    """Restart streams that stand still, and end the process when that does not help: whoever runs it starts it anew."""

    def __init__(self, app: Any, topics: Collection[str], agents: Sequence[_Agent], progress: _Progress) -> None:
        self._app = app
        self._topics = frozenset(topics)
        self._agents = agents
        self._progress = progress
        self._stall = Stall(watchdog.STALLED_S)
        self._looked = time.monotonic()

    async def look(self) -> None:
        """Look once; a broker that does not answer, or a consumer that is being replaced, is looked at again later."""
        app = self._app
        counted = " ".join(f"{word}={count}" for word, count in sorted(self._progress.counts.items()))
        log.info("counted %s", counted or "nothing")
        try:
            behind = await waiting(app.consumer, self._topics, app.consumer._committed_offset.get)
        except Exception as exc:  # noqa: BLE001 - Faust and aiokafka raise many kinds while they reconnect
            log.warning("not watched error=%r", exc)
            return
        records = sum(end - offset for offset, end in behind.values())
        recovering = app.rebalancing or app.tables.recovery.in_recovery
        elapsed, self._looked = time.monotonic() - self._looked, time.monotonic()
        verdict = self._stall.judge(records, self._progress.moves, elapsed, recovering=recovering)
        if verdict is Verdict.RESTART:
            log.error("stalled, restarting waiting=%d", records)
            await self._restart({partition: offset for partition, (offset, _) in behind.items()})
        elif verdict is Verdict.EXIT:
            log.critical("stalled, stopping waiting=%d", records)
            await app.crash(RuntimeError(f"{records} records wait and none is handled, also after a restart"))

    async def _restart(self, offsets: Mapping[Any, int]) -> None:
        """Read again from where the group has come."""
        for agent in self._agents:
            await agent.restart()
        await self._app.consumer.seek_wait(offsets)
        self._app.consumer.resume_partitions(set(offsets))
        self._app.flow_control.resume()


def _load(app: Any, loading: Loading, *_: Any, **__: Any) -> None:
    """Load beside the start, which takes seconds to join the group and to recover the tables."""
    loading.start(lambda: bool(app.should_stop))


def _end_soon(app: Any, *_: Any, **__: Any) -> None:
    """End the process within seconds, with a code that tells a crash from a stop."""
    end_within(STOP_WITHIN_S, lambda code: os._exit(1 if app.crash_reason is not None else code))


def run(app: Any) -> None:
    """Run the worker until SIGTERM or SIGINT."""
    faust.Worker(app, loglevel="WARNING", logfile=None).execute_from_commandline()
