"""The Table port as a compacted topic."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka import TopicPartition

from pipeline.adapters.kafka.client import ANSWER_S, assign_all, consumer_of, producer_of, translated


class KafkaTable:
    """Keep the latest value per key in the compacted topic ``topic``; each reader holds a copy in memory."""

    def __init__(self, servers: str, topic: str, *, prefix: str = "") -> None:
        self._servers = servers
        self._topic = prefix + topic
        self._producer: Any = None
        self._consumer: Any = None
        self._partitions: list[TopicPartition] = []
        self._values: dict[str, bytes] = {}
        self._changed: dict[str, bytes | None] = {}
        self._turn = threading.RLock()

    def get(self, key: str) -> bytes | None:
        """Return the latest value, or ``None``."""
        with self._turn:
            self._catch_up()
            return self._values.get(key)

    def put(self, key: str, value: bytes | None) -> None:
        """Set the value of a key durably; ``None`` writes a tombstone."""
        self.update({key: value})

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many values durably, in one batch."""
        with self._turn, translated(self._servers):
            if self._producer is None:
                self._producer = producer_of(self._servers)
            sent = [self._producer.send(self._topic, key=key.encode(), value=value) for key, value in values.items()]
            self._producer.flush(ANSWER_S)
            for future in sent:
                future.get(ANSWER_S)

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over all present keys with their values, sorted by key."""
        with self._turn:
            self._catch_up()
            return iter(sorted(self._values.items()))

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what any process put since this object last asked; at first, everything present."""
        with self._turn:
            self._catch_up()
            changed, self._changed = self._changed, {}
            return list(changed.items())

    def close(self) -> None:
        """Release connections; idempotent."""
        with self._turn:
            if self._consumer is not None:
                self._consumer.close(autocommit=False)
                self._consumer = None
            if self._producer is not None:
                self._producer.close(ANSWER_S)
                self._producer = None

    def _catch_up(self) -> None:
        """Read to the end of the topic as it is now."""
        with translated(self._servers):
            first = self._consumer is None
            if first:
                self._consumer = consumer_of(self._servers, enable_auto_commit=False)
                self._partitions = assign_all(self._consumer, self._topic)
                self._consumer.seek_to_beginning(*self._partitions)
            ends = self._consumer.end_offsets(self._partitions)
            while any(self._consumer.position(partition) < ends[partition] for partition in self._partitions):
                for records in self._consumer.poll(timeout_ms=500).values():
                    for record in records:
                        self._apply(record.key.decode(), record.value)
            if first:
                self._changed = {key: value for key, value in self._changed.items() if value is not None}

    def _apply(self, key: str, value: bytes | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        # Taken out first, so that the order is that of the latest writes.
        self._changed.pop(key, None)
        self._changed[key] = value
