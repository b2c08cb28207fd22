"""Producers and consumers as every part of the adapter makes them, and Kafka's errors as ours.

Producers are idempotent with acks=all and wait for the broker's answer; consumers commit by hand, after the effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from pipeline.errors import TransientError, UnavailableError

CONNECT_MS = 8_000
ANSWER_S = 30.0
MAX_MESSAGE_BYTES = 20_000_000
MEMBERSHIP = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 2_000}


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


def producer_of(servers: str) -> Any:
    """Return a producer that loses and doubles nothing."""
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


def consumer_of(servers: str, **options: Any) -> Any:
    """Return a consumer that starts at the oldest record and never makes a topic."""
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


def assign_all(consumer: Any, topic: str) -> list[TopicPartition]:
    """Give a consumer every partition of a topic. Raises ``UnavailableError`` when there is no such topic."""
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise UnavailableError(f"Kafka has no topic {topic}; run `newswire admin setup`.")
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    return partitions
