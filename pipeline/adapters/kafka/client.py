"""Producers and consumers as every part of the adapter makes them, and Kafka's errors as ours.

Producers are idempotent with acks=all and wait for the broker's answer; consumers commit by hand, after the effect.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import AuthorizationError, KafkaError, KafkaTimeoutError

from pipeline.adapters.kafka.access import Access
from pipeline.adapters.kafka.refusals import refusal
from pipeline.errors import TransientError, UnavailableError

CONNECT_MS = 8_000
ANSWER_S = 25.0
# How long a close waits for a server that may be away: nothing depends on it.
CLOSE_S = 3.0
STANDS_STILL_S = 10.0
# When a reader that gets nothing looks whether it should have got something.
IDLE_S, LONGEST_IDLE_S = 15.0, 300.0
AT_ONCE_S, PAUSE_S = 0.01, 0.02
MAX_MESSAGE_BYTES = 20_000_000
MEMBERSHIP = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 2_000}


@contextmanager
def translated(servers: str) -> Iterator[None]:
    """Turn kafka-python's exceptions into ours, each a sentence with the fix."""
    try:
        yield
    except (KafkaTimeoutError, OSError) as exc:
        if why := refusal():
            raise UnavailableError(f"Kafka at {servers} {why}.") from exc
        raise UnavailableError(
            f"Kafka at {servers} does not answer; start it (deploy/servers start, or deploy/compose.yaml) "
            "or set `kafka` in the settings."
        ) from exc
    except AuthorizationError as exc:
        raise UnavailableError(
            f"Kafka at {servers} does not allow kafka_user to do this ({_short(exc)}); "
            "have its administrator grant it, as deploy/kafka-acls does."
        ) from exc
    except KafkaError as exc:
        if getattr(exc, "retriable", False):
            raise TransientError(f"Kafka at {servers}: {_short(exc)}.") from exc
        raise UnavailableError(f"Kafka at {servers} refused: {_short(exc)}. Is `newswire admin setup` done?") from exc


def _short(error: KafkaError) -> str:
    """Return the kind of an error and the beginning of its text: it may hold the whole batch that was not taken."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def producer_of(servers: str, access: Access) -> Any:
    """Return a producer that loses and doubles nothing."""
    return KafkaProducer(
        bootstrap_servers=servers,
        bootstrap_timeout_ms=CONNECT_MS,
        **access.options(),
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        batch_size=262_144,
        compression_type="gzip",
        max_request_size=MAX_MESSAGE_BYTES,
        max_block_ms=CONNECT_MS,
        # What was not taken is given up before its writer is told so, and not kept for minutes after.
        request_timeout_ms=int(ANSWER_S * 800),
        delivery_timeout_ms=int(ANSWER_S * 900),
        allow_auto_create_topics=False,
    )


class _PacedConsumer(KafkaConsumer):  # type: ignore[misc]
    """Poll with a pause when a poll brought nothing at once.

    While a heartbeat is due and its broker stands still, kafka-python 3.0 polls without one, for as long as it was
    given, and keeps something of every time until the fetch under way has failed: a core and 300 MB in half a minute.
    """

    def _poll_once(self, timer: Any, *arguments: Any, **options: Any) -> Any:
        began = time.monotonic()
        records = super()._poll_once(timer, *arguments, **options)
        if not records and time.monotonic() - began < AT_ONCE_S and not timer.expired:
            time.sleep(min(PAUSE_S, timer.timeout_ms / 1000))
        return records


def consumer_of(servers: str, access: Access, **options: Any) -> Any:
    """Return a consumer that starts at the oldest record and never makes a topic."""
    return _PacedConsumer(
        bootstrap_servers=servers,
        bootstrap_timeout_ms=CONNECT_MS,
        **access.options(),
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        metadata_max_age_ms=10_000,
        **options,
    )


def send_all(producer: Any, records: Iterable[dict[str, Any]]) -> None:
    """Send records and wait until all are durable. Raises Kafka's errors."""
    sent = [producer.send(**record) for record in records]
    if sent:
        producer.flush(ANSWER_S)
    for future in sent:
        future.get(ANSWER_S)


def drop(producer: Any) -> None:
    """Let go of a producer that failed, and of all that it has not sent: its writer repeats that."""
    with suppress(Exception):
        producer.close(timeout=0)


def join(consumer: Any, topic: str) -> None:
    """Subscribe a consumer to a topic, as one of its group. Raises ``UnavailableError`` when there is no such topic.

    It knows the topic's partitions before its first ``poll``: kafka-python 3.0 joins again when it learns of them
    later, and when a ``poll`` ends in the middle of that, it never looks at the answer: the reader falls out of the
    group without a word.
    """
    consumer.subscribe([topic])
    if not consumer.partitions_for_topic(topic):
        raise _lacks(topic)


class Patience:
    """Tell when somebody who waits in a group has waited so long that it may have fallen out unnoticed."""

    def __init__(self) -> None:
        self._seconds = IDLE_S
        self._since = time.monotonic()

    def rest(self) -> None:
        """Take note that all is well."""
        self._seconds, self._since = IDLE_S, time.monotonic()

    def is_over(self) -> bool:
        """Tell whether it is time to look; the next time is as long again as the one before."""
        if time.monotonic() - self._since < self._seconds:
            return False
        self._seconds, self._since = min(self._seconds * 2, LONGEST_IDLE_S), time.monotonic()
        return True


class Progress:
    """Raise ``TransientError`` when reading has stood still for longer than an answer may take."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._moved = time.monotonic()

    def note(self, count: int) -> None:
        """Take note of how many records came."""
        now = time.monotonic()
        if count:
            self._moved = now
        elif now - self._moved > STANDS_STILL_S:
            raise TransientError(f"Kafka at {self._servers} does not answer any more.", 1.0)


def assign_all(consumer: Any, topic: str) -> list[TopicPartition]:
    """Give a consumer every partition of a topic. Raises ``UnavailableError`` when there is no such topic."""
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise _lacks(topic)
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    return partitions


def _lacks(topic: str) -> UnavailableError:
    return UnavailableError(f"Kafka has no topic {topic}; run `newswire admin setup`.")
