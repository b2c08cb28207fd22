"""The distributed runtime: the stages as Faust agents. Only this file, ``rereading`` and ``worker_facts`` know Faust.

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
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
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
from pipeline.runners.advance import Buried, Given, Learner, advance, emitted
from pipeline.runners.in_flight import Handled, InFlight
from pipeline.runners.loading import Loading
from pipeline.runners.measures import Measures
from pipeline.runners.rereading import RereadingConsumer
from pipeline.runners.stop import STOP_WITHIN_S, end_within
from pipeline.runners.watchdog import Stall, Verdict, waiting
from pipeline.runners.worker_facts import FORGET_S, Forgetting, WorkerFacts
from pipeline.stages.decision import Memory
from pipeline.topics import DEAD, TableTopic

log = logging.getLogger(__name__)

FOLLOW_S = 0.4
COMMIT_S = 1.0
# Small enough that a batch of the slowest stage holds up the loop for a tenth of a second at most.
BATCH = 32
MAX_MESSAGE_BYTES = 20_000_000


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
) -> Any:
    """Return the Faust app with one agent per stage; ``follow`` opens, in the worker, a table that a stage follows.

    ``access`` is how the brokers are reached, in the arguments that Kafka's clients for Python take. Facts of articles
    first seen before ``facts_before()`` are forgotten.
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
        consumer_auto_offset_reset="earliest",
        # What was committed tells the feeder of history how fast it may go.
        broker_commit_interval=COMMIT_S,
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 4,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
    )
    app.transport.Consumer = RereadingConsumer  # type: ignore[misc]
    progress = _Progress(measures or Measures())
    dead = _topic(app, prefix + DEAD.name)
    loading = Loading(flow)
    agents = [_Agent(app, stage, prefix, dead, clock, progress, follow, loading) for stage in flow]
    watching = _Watchdog(app, [prefix + stage.reads.name for stage in flow], agents, progress)
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


class _Progress:
    """Count what happens, for the watchdog, and what ended here, in the words of ``advance``."""

    def __init__(self, measures: Measures) -> None:
        self.moves = 0
        self.counts: Counter[str] = Counter()
        self.measures = measures
        measures.outcomes = lambda: self.counts


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
        self._in_flight = InFlight()
        self._tasks: list[asyncio.Task[None]] = []
        self._followed = asyncio.Event()
        self._writes = _topic(app, prefix + stage.writes.name)
        self._facts: WorkerFacts | None = None
        followed = stage.follows
        if followed is not None:
            app.task(lambda: self._follow(partial(follow, followed)))
        if stage.keeps_facts:
            table = app.Table(stage.changelog, key_type=bytes, value_type=bytes, on_recover=self._remember)
            self._facts = WorkerFacts(table)
        self._reads = _topic(app, prefix + stage.reads.name)
        app.agent(self._reads, name=f"newswire.{stage.name}", concurrency=1)(self._run)

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
        if self._in_flight.clear() and self._facts is not None:
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
                if self._facts is not None:
                    for fact in handled.facts:
                        self._facts.keep(fact.key.encode(), fact.value, handled.event.message.partition)
                handled.event.ack()
                self._in_flight.done()
                self._progress.moves += 1
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _give_up(self, error: Exception) -> None:
        """Stop the worker: not a record's fault, Kafka did not take what it must. Unacknowledged, it is read again."""
        log.error("stopping stage=%s error=%r", self._stage.name, error)
        await self._app.crash(error)

    async def _send(self, handled: Handled) -> list[Any]:
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

    def forget(self, before: datetime, assigned: Collection[Any]) -> None:
        """Forget a slice of the facts of articles first seen before a moment."""
        if self._facts is None:
            return
        partitions = {place.partition for place in assigned if place.topic in self._reads.topics}
        busy = {fact.key for handled in self._in_flight for fact in handled.facts}
        self._facts.forget(self._stage, self._memory, before, partitions, busy)

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
        log.info("remembered stage=%s facts=%d", self._stage.name, len(self._facts))

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
            await self._restart(behind)
        elif verdict is Verdict.EXIT:
            log.critical("stalled, stopping waiting=%d", records)
            await app.crash(RuntimeError(f"{records} records wait and none is handled, also after a restart"))

    async def _restart(self, partitions: Collection[Any]) -> None:
        """Read again from where the group has come."""
        for agent in self._agents:
            await agent.restart()
        self._app.consumer.resume_partitions(set(partitions))
        self._app.flow_control.resume()
        self._app.consumer.resume_flow()


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
    try:
        faust.Worker(app, loglevel="WARNING", logfile=None).execute_from_commandline()
    except SystemExit:
        if stopping.was_told:
            raise SystemExit(0) from None
        raise
