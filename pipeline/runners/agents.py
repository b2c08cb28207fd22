"""The distributed runtime: the stages as Faust agents. The only file that knows Faust.

Delivery: an event is acknowledged by hand after its output is durable in Kafka and its facts are on their way; Faust
would acknowledge it also when the agent raised or was cancelled. So an event may be handled twice and is never
skipped: a stage handed the same value again decides the same, or finds it unchanged after its output was made
durable. What cannot be handled goes to news.dead with the reason.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import faust
import msgspec

from pipeline.errors import TerminalError, TransientError
from pipeline.flow import DEAD, MATCH, Stage, dead_letter
from pipeline.model import Record
from pipeline.ports.clock import Clock
from pipeline.ports.log import Message
from pipeline.ports.table import Table
from pipeline.stages.decision import Decision, Fact, Memory, NoMemory

log = logging.getLogger(__name__)

RULES_S = 0.4
WATCH_S = 10.0
STALLED_S = 40.0
IN_FLIGHT = 100
MAX_MESSAGE_BYTES = 20_000_000


def make_app(
    *,
    servers: str,
    flow: Sequence[Stage],
    rules: Callable[[], Table],
    clock: Clock,
    directory: Path,
    prefix: str = "",
    partitions: int = 8,
    session_timeout_s: float = 10.0,
) -> Any:
    """Return the Faust app with one agent per stage; ``rules`` opens the table of alert rules in the worker."""
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
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 4,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
    )
    progress = _Progress()
    dead = _topic(app, prefix + DEAD)
    for stage in flow:
        _Agent(app, stage, prefix, dead, clock, progress, rules if stage.name == MATCH.name else None)
    app.timer(WATCH_S, name="watchdog")(lambda: _watch(app, progress))
    return app


class _Progress:
    """Count handled events, for the watchdog."""

    def __init__(self) -> None:
        self.handled = 0
        self.seen = 0
        self.still_s = 0.0


class _Handled(msgspec.Struct, frozen=True):
    """Hold an event whose output is on its way."""

    event: Any
    sent: Sequence[Any]
    facts: Sequence[Fact]


class _InFlight:
    """Hold handled events in order, a bounded number of them."""

    def __init__(self) -> None:
        self._events: deque[_Handled] = deque()
        self._changed = asyncio.Condition()

    def __iter__(self) -> Iterator[_Handled]:
        return iter(self._events)

    async def put(self, handled: _Handled) -> None:
        """Add an event, once there is room."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._events) < IN_FLIGHT)
            self._events.append(handled)
            self._changed.notify_all()

    async def first(self) -> _Handled:
        """Return the oldest event, once there is one."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._events))
            return self._events[0]

    async def done(self) -> None:
        """Forget the oldest event."""
        async with self._changed:
            self._events.popleft()
            self._changed.notify_all()


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
        rules: Callable[[], Table] | None,
    ) -> None:
        self._app = app
        self._stage = stage
        self._dead = dead
        self._clock = clock
        self._progress = progress
        self._memory: Memory = stage.memory()
        self._in_flight = _InFlight()
        self._reason = ""
        self._rules = rules
        self._rules_known = asyncio.Event()
        self._writes = _topic(app, prefix + stage.writes.name)
        self._table: Any = None
        if rules is not None:
            app.task(lambda: self._follow_rules(rules))
        elif stage.memory is not NoMemory:
            self._table = app.Table(f"{stage.name}-facts", key_type=bytes, value_type=bytes, on_recover=self._remember)
        reads = _topic(app, prefix + stage.reads.name)
        app.agent(reads, name=f"newswire.{stage.name}", concurrency=1)(self._run)

    async def _run(self, stream: Any) -> None:
        settling = asyncio.create_task(self._settle())
        try:
            async for event in stream.noack().events():
                await self._handle(event)
        except Exception as exc:
            await self._give_up(exc)
            raise
        finally:
            settling.cancel()

    async def _handle(self, event: Any) -> None:
        """Decide and send; what waits for Kafka's answer settles meanwhile, a bounded number at a time, in order."""
        if self._rules is not None:
            await self._rules_known.wait()
        decision = await self._decide(event)
        sent = [await self._send(value) for value in decision.emit] if decision else [await self._sent_to_dead(event)]
        for fact in decision.facts if decision else ():
            self._memory.learn(fact.key, fact.value)
        await self._in_flight.put(_Handled(event, sent, decision.facts if decision else ()))

    async def _decide(self, event: Any) -> Decision | None:
        """Return the decision, or ``None`` with the reason kept when none can be made; wait for what may pass."""
        while True:
            try:
                value = msgspec.json.decode(event.value, type=self._stage.reads.type)
                return self._stage.decide(value, self._memory, self._clock())
            except TransientError as exc:
                log.warning("waiting stage=%s error=%s", self._stage.name, exc)
                await asyncio.sleep(exc.retry_after)
            except Exception as exc:  # noqa: BLE001 - one record's bug must not stop the others
                self._reason = exc.reason if isinstance(exc, TerminalError) else _trace(exc)
                log.error("dead letter stage=%s key=%s error=%r", self._stage.name, event.key, exc)
                return None

    async def _settle(self) -> None:
        """Acknowledge events in order, each when its output is durable and its facts are on their way."""
        try:
            while True:
                handled = await self._in_flight.first()
                for durable in handled.sent:
                    await durable
                for fact in handled.facts:
                    self._keep(fact.key.encode(), fact.value, handled.event.message.partition)
                handled.event.ack()
                await self._in_flight.done()
                self._progress.handled += 1
        except Exception as exc:  # noqa: BLE001 - told and raised by crash()
            await self._give_up(exc)

    async def _give_up(self, error: Exception) -> None:
        """Stop the worker: not a record's fault, Kafka did not take what it must. Unacknowledged, it is read again."""
        log.error("stopping stage=%s error=%r", self._stage.name, error)
        await self._app.crash(error)

    async def _send(self, value: Record) -> Any:
        key = self._stage.writes.key(value).encode()
        return await self._writes.send(key=key, value=msgspec.json.encode(value))

    def _keep(self, key: bytes, value: bytes | None, partition: int) -> None:
        """Write a fact to the table and its changelog, in the partition of the event that it came from."""
        self._table.send_changelog(partition, key, value, value_serializer="raw")
        if value is not None:
            self._table.data[key] = value
        else:
            self._table.data.pop(key, None)

    async def _sent_to_dead(self, event: Any) -> Any:
        stage, headers = self._stage, dict(event.headers or {})
        attempts = headers.get("attempts", b"0").decode()
        refused = Message(topic=stage.reads.name, key="", value=b"", headers={"attempts": attempts})
        letter = dead_letter(refused, stage=stage.name, reason=self._reason, returns_to=stage.reads.name)
        encoded = {name: text.encode() for name, text in letter.headers.items()}
        return await self._dead.send(key=event.key, value=event.message.value, headers=encoded)

    async def _remember(self) -> None:
        """Rebuild the memory from the facts, after Faust has recovered the table."""
        memory = self._stage.memory()
        for key, value in self._table.items():
            memory.learn(key.decode(), value)
        for handled in self._in_flight:
            for fact in handled.facts:
                memory.learn(fact.key, fact.value)
        self._memory = memory
        log.info("remembered stage=%s facts=%d", self._stage.name, len(self._table))

    async def _follow_rules(self, rules: Callable[[], Table]) -> None:
        """Keep the rules as they are in their compacted topic, within half a second."""
        table = await asyncio.to_thread(rules)
        while not self._app.should_stop:
            try:
                for key, value in await asyncio.to_thread(table.changes):
                    self._memory.learn(key, value)
            except TransientError as exc:
                log.warning("waiting stage=%s error=%s", self._stage.name, exc)
            else:
                self._rules_known.set()
            await asyncio.sleep(RULES_S)


def _topic(app: Any, name: str) -> Any:
    return app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error, limit=-8))


async def _watch(app: Any, progress: _Progress) -> None:
    """End the process when records wait and none is handled: a stalled consumer recovers by starting anew."""
    consumer = app.consumer
    waiting = 0
    for partition in consumer.assignment() if consumer is not None else ():
        highwater, position = consumer.highwater(partition), consumer._read_offset.get(partition)
        waiting += max(0, (highwater or 0) - (position or 0) - 1)
    progress.still_s = progress.still_s + WATCH_S if waiting and progress.handled == progress.seen else 0.0
    progress.seen = progress.handled
    if progress.still_s >= STALLED_S:
        log.critical("stalled waiting=%d seconds=%d", waiting, progress.still_s)
        await app.crash(RuntimeError(f"{waiting} records wait and none was handled for {STALLED_S:.0f} s"))


def run(app: Any) -> None:
    """Run the worker until SIGTERM or SIGINT."""
    faust.Worker(app, loglevel="WARNING", logfile=None).execute_from_commandline()
