"""The Table port as a compacted topic."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from pipeline.adapters.kafka.access import OPEN, Access
from pipeline.adapters.kafka.client import (
    CLOSE_S,
    Progress,
    assign_all,
    consumer_of,
    drop,
    producer_of,
    send_all,
    translated,
)


class KafkaTable:
    """Keep the latest value per key in the compacted topic ``topic``; each reader holds a copy in memory."""

    def __init__(self, servers: str, topic: str, *, prefix: str = "", access: Access = OPEN) -> None:
        self._servers = servers
        self._access = access
        self._topic = prefix + topic
        self._producer: Any = None
        self._consumer: Any = None
        self._partitions: list[TopicPartition] = []
        self._values: dict[str, bytes] = {}
        self._changed: dict[str, bytes | None] = {}
        self._was_read = False
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
                self._producer = producer_of(self._servers, self._access)
            records = ({"topic": self._topic, "key": key.encode(), "value": value} for key, value in values.items())
            try:
                send_all(self._producer, records)
            except BaseException:
                producer, self._producer = self._producer, None
                drop(producer)
                raise

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
                with suppress(KafkaError, OSError):
                    self._consumer.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))
                self._consumer = None
            if self._producer is not None:
                with suppress(KafkaError, OSError):
                    self._producer.close(timeout=CLOSE_S)
                self._producer = None

    def _catch_up(self) -> None:
        """Read to the end of the topic as it is now."""
        with translated(self._servers):
            if self._consumer is None:
                self._consumer = self._connected()
            ends = self._consumer.end_offsets(self._partitions)
            progress = Progress(self._servers)
            while any(self._consumer.position(partition) < ends[partition] for partition in self._partitions):
                polled = self._consumer.poll(timeout_ms=500)
                progress.note(len(polled))
                for records in polled.values():
                    for record in records:
                        self._apply((record.key or b"").decode("utf-8", "replace"), record.value)
            if not self._was_read:
                # Whoever asks first is told what there is, not what there was.
                self._changed = {key: value for key, value in self._changed.items() if value is not None}
                self._was_read = True

    def _connected(self) -> Any:
        """Return a consumer at the beginning of the topic; one that failed on the way is closed, and made anew."""
        consumer = consumer_of(self._servers, self._access, enable_auto_commit=False)
        try:
            self._partitions = assign_all(consumer, self._topic)
            consumer.seek_to_beginning(*self._partitions)
        except BaseException:
            with suppress(Exception):
                consumer.close(autocommit=False)
            raise
        return consumer

    def _apply(self, key: str, value: bytes | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        # Taken out first, so that the order is that of the latest writes.
        self._changed.pop(key, None)
        self._changed[key] = value
