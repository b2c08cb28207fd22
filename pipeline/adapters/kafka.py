"""The Log and Table ports on Kafka, with kafka-python.

Producers are idempotent with acks=all and wait for the broker's answer; consumers commit by hand, after the effect.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import CommitFailedError, KafkaError, KafkaTimeoutError, TopicAlreadyExistsError

from pipeline.errors import TransientError, UnavailableError
from pipeline.ports.log import Message

CONNECT_MS = 8_000
ANSWER_S = 30.0
MAX_MESSAGE_BYTES = 20_000_000
OLDEST = (4, 0)
DAY_MS = 86_400_000
_MEMBERSHIP = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 2_000}
TABLES = ("news.feeds", "news.polls", "news.pushes", "news.recent", "news.rules", "news.searches")


class KafkaLog:
    """Keep topics in Kafka; ``prefix`` is put before every topic and group name."""

    def __init__(self, servers: str, *, prefix: str = "") -> None:
        self._servers = servers
        self._prefix = prefix
        self._producer: Any = None
        self._consumers: dict[tuple[str, str], Any] = {}
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

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record kept now, oldest first per key."""
        with translated(self._servers):
            consumer = _consumer(self._servers, enable_auto_commit=False)
            try:
                partitions = _assign_all(consumer, self._prefix + topic)
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
        for consumer in self._consumers.values():
            consumer.close(autocommit=False)
        self._consumers.clear()
        if self._producer is not None:
            self._producer.close(ANSWER_S)
            self._producer = None

    def _sender(self) -> Any:
        with self._turn:
            if self._producer is None:
                self._producer = _producer(self._servers)
            return self._producer

    def _reader(self, topic: str, group: str) -> Any:
        consumer = self._consumers.get((topic, group))
        if consumer is None:
            consumer = _consumer(
                self._servers, group_id=f"{self._prefix}newswire-{group}", enable_auto_commit=False, **_MEMBERSHIP
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
                self._producer = _producer(self._servers)
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
                self._consumer = _consumer(self._servers, enable_auto_commit=False)
                self._partitions = _assign_all(self._consumer, self._topic)
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


class KafkaShares:
    """Share a list of keys between the processes of a group: each key belongs to one of them, and to another when that
    one goes.

    Holding a partition of ``topic`` stands for holding a share of the keys; its records do not matter.
    """

    def __init__(self, servers: str, topic: str, group: str, *, prefix: str = "") -> None:
        self._servers = servers
        self._topic = prefix + topic
        self._group = f"{prefix}newswire-{group}"
        self._held: frozenset[int] = frozenset()
        self._count = 1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"shares of {topic}", daemon=True)

    def __enter__(self) -> KafkaShares:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join(ANSWER_S)

    def mine(self, key: str) -> bool:
        """Tell whether a key belongs to this process now."""
        return zlib.crc32(key.encode()) % self._count in self._held

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with translated(self._servers):
                    self._keep_up()
            except (TransientError, UnavailableError):
                self._held = frozenset()  # whoever cannot reach Kafka cannot publish either
                self._stopping.wait(CONNECT_MS / 1000)

    def _keep_up(self) -> None:
        """Stay in the group and follow what it assigns."""
        consumer = _consumer(self._servers, group_id=self._group, enable_auto_commit=False, **_MEMBERSHIP)
        try:
            self._count = len(consumer.partitions_for_topic(self._topic) or (0,))
            consumer.subscribe([self._topic])
            while not self._stopping.is_set():
                consumer.poll(timeout_ms=500)
                self._held = frozenset(held.partition for held in consumer.assignment())
        finally:
            self._held = frozenset()
            consumer.close(autocommit=False)


def create_topics(servers: str, *, prefix: str = "", partitions: int = 8, replication: int = -1) -> list[str]:
    """Create the topics that are missing, with their retention or compaction; return their names. Safe to repeat."""
    with translated(servers):
        admin = KafkaAdminClient(bootstrap_servers=servers, bootstrap_timeout_ms=CONNECT_MS)
        try:
            _check_version(servers, admin)
            present = set(admin.list_topics())
            wanted = {
                prefix + name: {"num_partitions": count, "replication_factor": replication, "configs": configs}
                for name, (count, configs) in _topics(partitions).items()
                if prefix + name not in present
            }
            if wanted:
                try:
                    admin.create_topics(wanted, wait_for_metadata=True)
                except TopicAlreadyExistsError:
                    return []
            return sorted(wanted)
        finally:
            admin.close()


def missing_topics(servers: str, *, prefix: str = "") -> list[str]:
    """Return the topics that ``create_topics`` would create. Raises ``UnavailableError``."""
    with translated(servers):
        admin = KafkaAdminClient(bootstrap_servers=servers, bootstrap_timeout_ms=CONNECT_MS)
        try:
            _check_version(servers, admin)
            present = set(admin.list_topics())
            return sorted(prefix + name for name in _topics(1) if prefix + name not in present)
        finally:
            admin.close()


@contextmanager
def translated(servers: str) -> Iterator[None]:
    """Turn kafka-python's exceptions into ours, each a sentence with the fix."""
    try:
        yield
    except KafkaTimeoutError as exc:
        raise UnavailableError(
            f"Kafka at {servers} does not answer; start it (deploy/servers start, or deploy/compose.yaml) "
            "or set `kafka` in the settings."
        ) from exc
    except KafkaError as exc:
        if getattr(exc, "retriable", False):
            raise TransientError(f"Kafka at {servers}: {exc!r}.") from exc
        raise UnavailableError(f"Kafka at {servers} refused: {exc!r}. Is `newswire admin setup` done?") from exc


def _topics(partitions: int) -> dict[str, tuple[int, dict[str, str]]]:
    size = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    week, quarter = {"retention.ms": str(7 * DAY_MS)}, {"retention.ms": str(90 * DAY_MS)}
    compacted = {"cleanup.policy": "compact", **size}
    return {
        "news.articles": (partitions, size | quarter),
        "news.revisions": (partitions, size | week),
        "news.documents": (partitions, size | week),
        "news.enriched": (partitions, size | week),
        "news.alerts": (partitions, size | week),
        "news.dead": (1, size | quarter),
        **dict.fromkeys(TABLES, (1, compacted)),
        "news.feeds": (partitions, compacted),  # connectors share the feeds by sharing its partitions
    }


def _check_version(servers: str, admin: Any) -> None:
    version = tuple(admin.config.get("api_version") or ()) or None
    found = getattr(getattr(admin, "_manager", None), "broker_version", version)
    if found and tuple(found) < OLDEST:
        shown = ".".join(map(str, found))
        raise UnavailableError(f"Kafka at {servers} is version {shown}; Newswire needs 4.0 or newer.")


def _producer(servers: str) -> Any:
    return KafkaProducer(
        bootstrap_servers=servers,
        bootstrap_timeout_ms=CONNECT_MS,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        batch_size=262_144,
        compression_type="gzip",
        max_request_size=MAX_MESSAGE_BYTES,
        max_block_ms=CONNECT_MS,
        allow_auto_create_topics=False,
    )


def _consumer(servers: str, **options: Any) -> Any:
    return KafkaConsumer(
        bootstrap_servers=servers,
        bootstrap_timeout_ms=CONNECT_MS,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        metadata_max_age_ms=10_000,
        **options,
    )


def _assign_all(consumer: Any, topic: str) -> list[TopicPartition]:
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise UnavailableError(f"Kafka has no topic {topic}; run `newswire admin setup`.")
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    return partitions
