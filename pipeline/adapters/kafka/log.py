"""The Log port on Kafka."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from kafka import TopicPartition
from kafka.errors import CommitFailedError

from pipeline.adapters.kafka.client import ANSWER_S, MEMBERSHIP, assign_all, consumer_of, producer_of, translated
from pipeline.ports.log import Message


class KafkaLog:
    """Keep topics in Kafka; ``prefix`` is put before every topic and group name."""

    def __init__(self, servers: str, *, prefix: str = "") -> None:
        self._servers = servers
        self._prefix = prefix
        self._producer: Any = None
        self._consumers: dict[tuple[str, str], Any] = {}
        # One a group, which only asks: it must not become a member.
        self._counters: dict[str, Any] = {}
        self._turn = threading.Lock()

    def append(self, messages: Iterable[Message]) -> None:
        """Store all messages durably, in order per key."""
        with translated(self._servers):
            producer = self._sender()
            sent = [
                producer.send(
                    self._prefix + message.topic,
                    key=message.key.encode(),
                    value=message.value,
                    headers=[(name, value.encode()) for name, value in message.headers.items()],
                )
                for message in messages
            ]
            if sent:
                producer.flush(ANSWER_S)
            for future in sent:
                future.get(ANSWER_S)

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to ``limit`` records the group has not yet been given, waiting at most ``timeout`` seconds."""
        with translated(self._servers):
            consumer = self._reader(topic, group)
            polled = consumer.poll(timeout_ms=int(timeout * 1000), max_records=limit)
            return [self._message(record) for records in polled.values() for record in records]

    def commit(self, topic: str, group: str) -> None:
        """Remember all records this reader was given as done.

        Records whose partition meanwhile went to another reader of the group are read again by that one.
        """
        consumer = self._consumers.get((topic, group))
        if consumer is None:
            return
        with translated(self._servers):
            try:
                consumer.commit()
            except CommitFailedError:
                return

    def backlog(self, topic: str, group: str) -> int:
        """Return how many records of the topic the group has not committed."""
        with translated(self._servers):
            consumer = self._counters.get(group)
            if consumer is None:
                consumer = self._counters[group] = consumer_of(
                    self._servers, group_id=f"{self._prefix}newswire-{group}", enable_auto_commit=False
                )
            name = self._prefix + topic
            partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
            ends, begins = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
            done = {partition: consumer.committed(partition) for partition in partitions}
            return sum(max(0, ends[each] - max(done[each] or 0, begins[each])) for each in partitions)

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record kept now, oldest first per key."""
        with translated(self._servers):
            consumer = consumer_of(self._servers, enable_auto_commit=False)
            try:
                partitions = assign_all(consumer, self._prefix + topic)
                ends = consumer.end_offsets(partitions)
                consumer.seek_to_beginning(*partitions)
                while any(consumer.position(partition) < ends[partition] for partition in partitions):
                    for partition, records in consumer.poll(timeout_ms=500).items():
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
            consumer.close(autocommit=False)
        self._consumers.clear()
        self._counters.clear()
        if self._producer is not None:
            self._producer.close(ANSWER_S)
            self._producer = None

    def _sender(self) -> Any:
        with self._turn:
            if self._producer is None:
                self._producer = producer_of(self._servers)
            return self._producer

    def _reader(self, topic: str, group: str) -> Any:
        consumer = self._consumers.get((topic, group))
        if consumer is None:
            consumer = consumer_of(
                self._servers, group_id=f"{self._prefix}newswire-{group}", enable_auto_commit=False, **MEMBERSHIP
            )
            consumer.subscribe([self._prefix + topic])
            self._consumers[topic, group] = consumer
        return consumer

    def _message(self, record: Any) -> Message:
        return Message(
            topic=record.topic.removeprefix(self._prefix),
            key=(record.key or b"").decode("utf-8", "replace"),
            value=record.value or b"",
            headers={name: value.decode("utf-8", "replace") for name, value in record.headers or ()},
            position=f"{record.partition}:{record.offset}",
        )
