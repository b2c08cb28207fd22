"""The distributed runtime: the stages as Faust agents. Only this file, ``rereading`` and ``worker_facts`` know Faust.

Delivery: an event is acknowledged by hand after first its output and then its facts are durable in Kafka; Faust would
acknowledge it also when the agent raised or was cancelled. So an event may be handled twice and is never skipped: a
stage handed the same value again decides the same, or finds it unchanged after its output was made durable. What cannot
be handled goes to news.dead with the reason.

Partitions change hands in between: what was decided and whose facts were not yet written is dropped and read again,
what was written is waited for, and nothing is decided until the facts of the new assignment are remembered.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import faust
import msgspec

from pipeline.flow import Stage
from pipeline.ports.clock import Clock
from pipeline.ports.readers import Readers
from pipeline.ports.table import Table
from pipeline.runners import watchdog
from pipeline.runners.advance import Advanced, Buried, Given, Learner, advance, emitted, passed
from pipeline.runners.asking import Asking
from pipeline.runners.following import Followed
from pipeline.runners.in_flight import IN_FLIGHT, Handled, InFlight
from pipeline.runners.loading import Loading
from pipeline.runners.measures import Measures
from pipeline.runners.rereading import BUFFER, FETCHED_AT_ONCE, ChangelogQueue, RereadingConsumer
from pipeline.runners.stop import STOP_WITHIN_S, end_within
from pipeline.runners.watchdog import Progress, Watchdog
from pipeline.runners.worker_facts import FORGET_S, Forgetting, WorkerFacts
from pipeline.stages.decision import Memory
from pipeline.topics import DEAD, TableTopic

log = logging.getLogger(__name__)

COMMIT_S = 1.0
# How long the next reader of a partition waits for facts that are on their way; half of Faust's shortest session here.
HAND_OVER_S = 3.0
# Small enough that a batch of the slowest stage holds up the loop for a tenth of a second at most.
BATCH = 32
MAX_MESSAGE_BYTES = 20_000_000
# What is sent within so long goes in one request: one each takes a fifth of a worker's time. It passes five topics.
LINGER_S = 0.005


def make_app(
    *,
    servers: str,
    access: Mapping[str, Any] | None = None,
    flow: Sequence[Stage],
    follow: Callable[[TableTopic], Table],
    clock: Clock,
    directory: Path,
    prefix: str = "",
    partitions: int = 8,
    session_timeout_s: float = 10.0,
    measures: Measures | None = None,
    facts_before: Callable[[], datetime] | None = None,
    readers: Readers | None = None,
) -> Any:
    """Return the Faust app with one agent per stage; ``follow`` opens, in the worker, a table that a stage follows.

    ``access`` is how the brokers are reached, in the arguments that Kafka's clients for Python take. Facts of articles
    first seen before ``facts_before()`` are forgotten. ``readers`` decide what takes its time, or a thread does.
    """
    app = faust.App(
        f"{prefix}newswire-worker",
        broker=";".join(f"kafka://{server}" for server in servers.split(",")),
        broker_credentials=_credentials(access or {}),
        store="memory://",
        datadir=str(directory / "faust"),
        web_enabled=False,
        topic_partitions=partitions,
        topic_disable_leader=True,
        producer_acks=-1,
        producer_max_request_size=MAX_MESSAGE_BYTES,
        producer_compression_type="gzip",
        producer_linger=LINGER_S,
        consumer_auto_offset_reset="earliest",
        # What was committed tells the feeder of history how fast it may go.
        broker_commit_interval=COMMIT_S,
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 4,
        # Faust drops what a standby reads while the flow resumes, and would go on from there when it takes over.
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=BUFFER,
        broker_max_poll_records=FETCHED_AT_ONCE,
        worker_redirect_stdouts=False,
        Worker=_Worker,
    )
    app.transport.Consumer = RereadingConsumer  # type: ignore[misc]
    app.tables._changelog_queue = ChangelogQueue(app)  # type: ignore[attr-defined]
    progress = Progress(measures or Measures())
    dead = _topic(app, prefix + DEAD.name)
    loading = Loading(flow, readers.begin if readers is not None else None)
    followed = {stage.follows: Followed(app, stage, follow) for stage in flow if stage.follows is not None}
    agents = [_Agent(app, stage, prefix, dead, clock, progress, followed, loading, readers) for stage in flow]
    watching = Watchdog(app, [prefix + stage.reads.name for stage in flow], agents, progress)
    app.timer(watchdog.WATCH_S, name="watchdog")(watching.look)
    if facts_before is not None:
        app.timer(FORGET_S, name="forgetting")(Forgetting(app, [agent.forget for agent in agents], facts_before).step)
    app.on_worker_init.connect(partial(_load, app, loading), weak=False)
    return app


def _credentials(access: Mapping[str, Any]) -> Any:
    """Return the same in Faust's words, which it hands to its consumer, its producer and its admin client."""
    context = access.get("ssl_context")
    if "sasl_mechanism" in access:
        return faust.SASLCredentials(
            username=access["sasl_plain_username"],
            password=access["sasl_plain_password"],
            ssl_context=context,
            mechanism=access["sasl_mechanism"],
        )
    return faust.SSLCredentials(context) if context is not None else None


class _Agent:
    """Run one stage: its stream, its facts in a Faust table, and its memory derived from them."""

    def __init__(
        self,
        app: Any,
        stage: Stage,
        prefix: str,
        dead: Any,
        clock: Clock,
        progress: Progress,
        followed: Mapping[TableTopic, Followed],
        loading: Loading,
        readers: Readers | None,
    ) -> None:
        self._app = app
        self._stage = stage
        self._dead = dead
        self._clock = clock
        self._progress = progress
        self._loading = loading
        self._followed = followed[stage.follows] if stage.follows is not None else None
        self._memory: Memory = self._followed.memory if self._followed is not None else stage.memory()
        self._learner = Learner(stage.name)
        self._waiting: asyncio.Queue[Any] = asyncio.Queue(BATCH)
        self._in_flight = InFlight()
        self._kept: asyncio.Queue[tuple[Any, list[Any]]] = asyncio.Queue(IN_FLIGHT)
        self._tasks: list[asyncio.Task[None]] = []
        self._asking = Asking(readers, stage, clock) if readers is not None and stage.is_apart else None
        # One thread: the parser is no matter for two, and what was dropped may still be at it.
        self._beside = ThreadPoolExecutor(1, stage.name)
        self._remembered: int | None = None
        self._writes = _topic(app, prefix + stage.writes.name)
        self._passes = _topic(app, prefix + stage.passes.name) if stage.passes is not None else None
        self._facts: WorkerFacts | None = None
        if stage.keeps_facts:
            table = app.Table(stage.changelog, key_type=bytes, value_type=bytes, on_recover=self._remember)
            self._facts = WorkerFacts(table)
        app.on_partitions_revoked.connect(self._pause, weak=False)
        app.on_partitions_assigned.connect(self._resume, weak=False)
        self._reads = _topic(app, prefix + stage.reads.name)
        app.agent(self._reads, name=f"newswire.{stage.name}", concurrency=1)(self._run)

    async def _run(self, stream: Any) -> None:
        """Read events; tasks beside it decide on those that wait, keep the facts of those that were sent, acknowledge.

        The last goes on while partitions change hands.
        """
        acknowledging = asyncio.create_task(self._acknowledge())
        await self.restart()
        try:
            async for event in stream.noack().events():
                if self._asking is not None:
                    self._asking.ask(event, _given(event))
                await self._waiting.put(event)
        except Exception as exc:
            await self._give_up(exc)
            raise
        finally:
            self._drop()
            acknowledging.cancel()

    async def restart(self) -> None:
        """Begin anew with nothing in hand; the memory forgets what was learned of events that will be read again."""
        if self._drop() and self._facts is not None:
            await self._remember()
        self._begin()

    async def _pause(self, *_: Any, **__: Any) -> None:
        """Take nothing further before a rebalance, and wait for the facts on their way: the next reader needs them."""
        self._remembered = None
        self._drop()
        try:
            await asyncio.wait_for(self._kept.join(), HAND_OVER_S)
        except TimeoutError:
            log.warning("handed over while facts are on their way stage=%s", self._stage.name)

    async def _resume(self, *_: Any, **__: Any) -> None:
        self._drop()
        self._begin()

    def _begin(self) -> None:
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._settle())]

    def _drop(self) -> bool:
        """Have nothing in hand, and nothing at work; tell whether the memory had learned of what is dropped."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._asking is not None:
            self._asking.drop()
        return self._in_flight.clear()

    async def _work(self) -> None:
        """Take what waits, a batch at a time: as much as there is, without waiting for more."""
        try:
            while True:
                events = [await self._waiting.get()]
                while len(events) < min(BATCH, self._stage.batch) and not self._waiting.empty():
                    events.append(self._waiting.get_nowait())
                await self._handle(events)
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _handle(self, events: Sequence[Any]) -> None:
        """Decide and send; what waits for Kafka's answer settles meanwhile, a bounded number at a time, in order."""
        if self._followed is not None:
            await self._followed.is_there.wait()
        if self._asking is None and self._stage.loads and self._loading.is_under_way:
            await asyncio.to_thread(self._loading.wait)
        while events := [event for event in events if self._is_current(event)]:
            await self._in_flight.room(len(events))
            started = time.perf_counter()
            done = await self._advance(events)
            buried = sum(isinstance(result, Buried) for result in done.results)
            seconds = done.apart_s or time.perf_counter() - started
            self._progress.measures.handled(self._stage.name, len(done.results), buried, seconds)
            handled = [Handled(event, result) for event, result in zip(events, done.results, strict=False)]
            self._in_flight.add(handled)
            self._progress.counts += done.counts
            for each in handled:
                each.sent.set_result(await self._send(each))
            events = events[len(handled) :]
            if done.wait is not None:
                log.warning("waiting stage=%s error=%s", self._stage.name, done.wait)
                self._progress.moves += 1  # it waits on purpose
                await asyncio.sleep(done.wait.retry_after)

    async def _advance(self, events: Sequence[Any]) -> Advanced:
        """Decide; what takes its time does so beside the loop, in which alerts to words go on meanwhile."""
        given = [_given(event) for event in events]
        if self._asking is not None:
            return await self._asking.answered(events, given)
        decide = partial(advance, self._stage, self._memory, given, self._clock())
        if not self._stage.slow:
            return decide()
        return await asyncio.get_running_loop().run_in_executor(self._beside, decide)

    def _is_current(self, event: Any) -> bool:
        """Tell whether an event was read since the last rebalance, and its facts are remembered; others come again."""
        generation = event.message.generation_id
        remembered = self._facts is None or generation == self._remembered
        return bool(remembered and generation == self._app.consumer_generation_id)

    async def _settle(self) -> None:
        """Keep the facts of events in order, each event's when its output is durable."""
        try:
            while True:
                handled = await self._in_flight.first()
                for durable in await handled.sent:
                    await durable
                kept = []
                if self._facts is not None:
                    partition = handled.event.message.partition
                    kept = [await self._facts.keep(fact.key.encode(), fact.value, partition) for fact in handled.facts]
                self._in_flight.done()
                await self._kept.put((handled.event, kept))
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _acknowledge(self) -> None:
        """Acknowledge events in order, each when its facts are durable."""
        try:
            while True:
                event, kept = await self._kept.get()
                for durable in kept:
                    await durable
                event.ack()
                self._kept.task_done()
                self._progress.moves += 1
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _give_up(self, error: Exception) -> None:
        """Stop the worker: not a record's fault, Kafka did not take what it must. Unacknowledged, it is read again."""
        log.error("stopping stage=%s error=%r", self._stage.name, error)
        await self._app.crash(error)

    async def _send(self, handled: Handled) -> list[Any]:
        """Hand over what came of an event: everything its decision emitted, or its dead letter; and what passes it."""
        event, result = handled.event, handled.result
        sent = [await _send(self._passes, going) for going in passed(self._stage, result)]
        if isinstance(result, Buried):
            log.error("dead letter %s", result.error)
            headers = {name: text.encode() for name, text in result.letter.headers.items()}
            return [*sent, await self._dead.send(key=event.key, value=event.message.value, headers=headers)]
        return sent + [await _send(self._writes, going) for going in emitted(self._stage, result)]

    async def forget(self, before: datetime, assigned: Collection[Any]) -> None:
        """Forget a slice of the facts of articles first seen before a moment."""
        if self._facts is None:
            return
        partitions = {place.partition for place in assigned if place.topic in self._reads.topics}
        busy = {fact.key for handled in self._in_flight for fact in handled.facts}
        await self._facts.forget(self._stage, self._memory, before, partitions, busy)

    async def _remember(self) -> None:
        """Rebuild the memory from the facts, after Faust has recovered the table."""
        memory = self._stage.memory()
        assert self._facts is not None
        for key, value in self._facts.items():
            self._learner.learn(memory, key.decode("utf-8", "replace"), value)
        for handled in self._in_flight:
            for fact in handled.facts:
                memory.learn(fact.key, fact.value)
        self._memory = memory
        self._remembered = self._app.consumer_generation_id
        log.info("remembered stage=%s facts=%d", self._stage.name, len(self._facts))


async def _send(topic: Any, going: Given) -> Any:
    return await topic.send(
        key=going.key.encode(),
        value=msgspec.json.encode(going.value),
        headers={name: text.encode() for name, text in going.headers.items()},
    )


def _given(event: Any) -> Given:
    headers = {name: value.decode("utf-8", "replace") for name, value in (event.headers or {}).items()}
    return Given(key=(event.key or b"").decode("utf-8", "replace"), raw=event.message.value or b"", headers=headers)


def _topic(app: Any, name: str) -> Any:
    return app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


class _Worker(faust.Worker):
    """Run without the spinner that Faust turns at every record of a log: for it, all libraries write theirs in full."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.spinner = None


class _Stopping:
    """Remember whether the worker was told to stop, before anything failed, and end it within seconds then.

    Faust's clean-up waits for a broker that may be away, and fails in the middle of a rebalance.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.was_told = False
        app.on_before_shutdown.connect(self._begins, weak=False)

    def _begins(self, *_: Any, **__: Any) -> None:
        self.was_told = self._app.crash_reason is None
        end_within(STOP_WITHIN_S, lambda code: os._exit(code if self.was_told else 1))


def _load(app: Any, loading: Loading, *_: Any, **__: Any) -> None:
    """Load beside the start, which takes seconds to join the group and to recover the tables."""
    loading.start(lambda: bool(app.should_stop))


def run(app: Any) -> None:
    """Run the worker until SIGTERM or SIGINT. Raises ``SystemExit``, with 1 if something else ended it."""
    stopping = _Stopping(app)
    app.on_worker_init.send()  # as only the command `faust` does of itself
    try:
        # The log is written as the command was told to; Faust would have one of its own.
        _Worker(app, override_logging=False).execute_from_commandline()
    except SystemExit:
        if stopping.was_told:
            raise SystemExit(0) from None
        raise
