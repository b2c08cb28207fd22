"""The Log port on Kafka."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaError

from pipeline.adapters.kafka.access import OPEN, Access
from pipeline.adapters.kafka.client import (
    CLOSE_S,
    CONNECT_MS,
    MEMBERSHIP,
    Patience,
    Progress,
    assign_all,
    consumer_of,
    drop,
    join,
    producer_of,
    send_all,
    translated,
)
from pipeline.ports.log import Message

COMMITS_FAIL_AT_MOST = 3
# How long is waited for what stands first in each partition.
FIRST_S = 3.0

_log = logging.getLogger(__name__)


class KafkaLog:
    """Keep topics in Kafka; ``prefix`` is put before every topic and group name."""

    def __init__(self, servers: str, *, prefix: str = "", access: Access = OPEN) -> None:
        self._servers = servers
        self._access = access
        self._prefix = prefix
        self._producer: Any = None
        self._consumers: dict[tuple[str, str], Any] = {}
        # One a group, which only asks: it must not become a member.
        self._counters: dict[str, Any] = {}
        # By reader, the first offset in each partition that was handed out and not committed.
        self._given: dict[tuple[str, str], dict[Any, int]] = {}
        self._rewound: set[tuple[str, str]] = set()
        self._patience: dict[tuple[str, str], Patience] = {}
        self._failed_commits: dict[tuple[str, str], int] = {}
        self._turn = threading.Lock()

    def append(self, messages: Iterable[Message]) -> None:
        """Store all messages durably, in order per key."""
        with translated(self._servers):
            producer = self._sender()
            try:
                send_all(producer, map(self._record, messages))
            except BaseException:
                self._forget(producer)
                raise

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to ``limit`` records the group has not yet been given, waiting at most ``timeout`` seconds."""
        with translated(self._servers):
            consumer = self._reader(topic, group)
            if (topic, group) in self._rewound:
                self._go_back(consumer, self._given.setdefault((topic, group), {}))
                self._rewound.discard((topic, group))
            polled = consumer.poll(timeout_ms=int(timeout * 1000), max_records=limit)
            given = self._given.setdefault((topic, group), {})
            for partition, records in polled.items():
                given.setdefault(partition, records[0].offset)
            patience = self._patience[topic, group]
            if polled:
                patience.rest()
            elif patience.is_over() and self._stands_still(consumer, topic, group):
                _log.warning("a reader stood still and joins its group again topic=%s group=%s", topic, group)
                self._leave(topic, group)
            return [self._message(record) for records in polled.values() for record in records]

    def rewind(self, topic: str, group: str) -> None:
        """Hand out again what was not committed, where its partition is still this reader's."""
        self._rewound.add((topic, group))

    def commit(self, topic: str, group: str) -> None:
        """Remember all records this reader was given as done.

        Records whose partition meanwhile went to another reader of the group are read again by that one.
        """
        consumer = self._consumers.get((topic, group))
        if consumer is None:
            return
        with translated(self._servers):
            failed = self._failed_commits.get((topic, group), 0) + 1
            try:
                consumer.commit()
                failed = 0
            except CommitFailedError:
                # Once, the group was shared out anew meanwhile; again and again, it is no member any more.
                _log.info("not committed, it is read again topic=%s group=%s", topic, group)
            self._failed_commits[topic, group] = failed
            self._given.pop((topic, group), None)
            if failed >= COMMITS_FAIL_AT_MOST:
                self._leave(topic, group)

    def backlog(self, topic: str, group: str) -> int:
        """Return how many records of the topic the group has not committed."""
        with translated(self._servers):
            return sum(end - begin for begin, end in self._behind(topic, group)[1].values())

    def waiting_since(self, topic: str, group: str) -> datetime | None:
        """Return when the oldest record that the group has not committed was written."""
        with translated(self._servers):
            consumer, behind = self._behind(topic, group)
            partitions = [each for each, (begin, end) in behind.items() if end > begin]
            if not partitions:
                return None
            consumer.assign(partitions)
            for partition in partitions:
                consumer.seek(partition, behind[partition][0])
            first: dict[Any, int] = {}
            deadline = time.monotonic() + FIRST_S
            while len(first) < len(partitions) and time.monotonic() < deadline:
                for partition, records in consumer.poll(timeout_ms=200).items():
                    first.setdefault(partition, records[0].timestamp)
                    consumer.pause(partition)
            consumer.unsubscribe()
            return datetime.fromtimestamp(min(first.values()) / 1000, UTC) if first else None

    def _behind(self, topic: str, group: str) -> tuple[Any, dict[Any, tuple[int, int]]]:
        """Return by partition what the group has to read first, and the end, with who asked."""
        consumer = self._counters.get(group)
        if consumer is None:
            consumer = self._counters[group] = consumer_of(
                self._servers, self._access, group_id=f"{self._prefix}newswire-{group}", enable_auto_commit=False
            )
        name = self._prefix + topic
        partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
        ends, begins = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
        done = {partition: consumer.committed(partition) for partition in partitions}
        firsts = {each: max(done[each] or 0, begins[each]) for each in partitions}
        return consumer, {each: (firsts[each], max(firsts[each], ends[each])) for each in partitions}

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record kept now, oldest first per key."""
        with translated(self._servers):
            consumer = consumer_of(self._servers, self._access, enable_auto_commit=False)
            try:
                partitions = assign_all(consumer, self._prefix + topic)
                ends = consumer.end_offsets(partitions)
                consumer.seek_to_beginning(*partitions)
                progress = Progress(self._servers)
                while any(consumer.position(partition) < ends[partition] for partition in partitions):
                    polled = consumer.poll(timeout_ms=500)
                    progress.note(len(polled))
                    for partition, records in polled.items():
                        for record in records:
                            if record.offset < ends[partition]:
                                yield self._message(record)
            finally:
                consumer.close(autocommit=False)

    def expire(self, topic: str, before: datetime) -> int:
        """Leave it to the topics' own retention."""
        return 0

    def close(self) -> None:
        """Leave the groups and release connections; idempotent."""
        for consumer in (*self._consumers.values(), *self._counters.values()):
            with suppress(KafkaError, OSError):
                consumer.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))
        self._consumers.clear()
        self._counters.clear()
        if self._producer is not None:
            with suppress(KafkaError, OSError):
                self._producer.close(timeout=CLOSE_S)
            self._producer = None

    def _go_back(self, consumer: Any, given: dict[Any, int]) -> None:
        mine = consumer.assignment()
        for partition in [each for each in given if each in mine]:
            consumer.seek(partition, given[partition])
        given.clear()

    def _stands_still(self, consumer: Any, topic: str, group: str) -> bool:
        """Tell whether a reader that gets nothing should: what is its own waits, or nothing is and something waits."""
        mine = consumer.assignment()
        if not mine:
            return self.backlog(topic, group) > 0
        ends = consumer.end_offsets(mine)
        return any(ends[each] > (consumer.position(each, timeout_ms=CONNECT_MS) or 0) for each in mine)

    def _leave(self, topic: str, group: str) -> None:
        """Let go of a reader; the next one begins behind what was committed."""
        consumer = self._consumers.pop((topic, group))
        self._given.pop((topic, group), None)
        self._failed_commits.pop((topic, group), None)
        with suppress(KafkaError, OSError):
            consumer.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))

    def _sender(self) -> Any:
        with self._turn:
            if self._producer is None:
                self._producer = producer_of(self._servers, self._access)
            return self._producer

    def _forget(self, producer: Any) -> None:
        with self._turn:
            if self._producer is producer:
                self._producer = None
        drop(producer)

    def _record(self, message: Message) -> dict[str, Any]:
        return {
            "topic": self._prefix + message.topic,
            "key": message.key.encode("utf-8", "replace"),
            "value": message.value,
            "headers": [(name, value.encode("utf-8", "replace")) for name, value in message.headers.items()],
        }

    def _reader(self, topic: str, group: str) -> Any:
        consumer = self._consumers.get((topic, group))
        if consumer is None:
            consumer = consumer_of(
                self._servers,
                self._access,
                group_id=f"{self._prefix}newswire-{group}",
                enable_auto_commit=False,
                **MEMBERSHIP,
            )
            try:
                join(consumer, self._prefix + topic)
            except BaseException:
                drop(consumer)
                raise
            self._consumers[topic, group] = consumer
            self._patience.setdefault((topic, group), Patience())
        return consumer

    def _message(self, record: Any) -> Message:
        return Message(
            topic=record.topic.removeprefix(self._prefix),
            key=(record.key or b"").decode("utf-8", "replace"),
            value=record.value or b"",
            headers={name: value.decode("utf-8", "replace") for name, value in record.headers or ()},
            position=f"{record.partition}:{record.offset}",
        )
