"""Take all topics of a distributed runtime out of Kafka, and put them into an empty one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import CoordinatorNotAvailableError
from kafka.structs import OffsetAndMetadata

from tests.integration.upgrade import Dump, Dumped, Offsets

BYTES = 20_000_000


def dump_topics(servers: str, prefix: str) -> Dump:
    """Read every topic under a prefix, and how far each group under it has come."""
    admin = KafkaAdminClient(bootstrap_servers=servers)
    consumer = KafkaConsumer(
        bootstrap_servers=servers,
        enable_auto_commit=False,
        max_partition_fetch_bytes=BYTES,
        allow_auto_create_topics=False,
    )
    try:
        names = sorted(name for name in admin.list_topics() if name.startswith(prefix))
        records = [record for name in names for record in _read(consumer, name, prefix)]
        offsets = [offset for group in groups(admin, prefix) for offset in _offsets(admin, group, prefix)]
        return Dump(tuple(records), tuple(offsets))
    finally:
        consumer.close(autocommit=False)
        admin.close()


def groups(admin: Any, prefix: str) -> list[str]:
    """Return the groups under a prefix."""
    found = [group["group_id"] if isinstance(group, dict) else group[0] for group in admin.list_groups()]
    return sorted(group for group in found if group.startswith(prefix))


def load_topics(servers: str, prefix: str, dumped: Dump, wanted: Callable[[str], bool] = lambda topic: True) -> None:
    """Write the records of the wanted topics under a prefix, in order, and set the groups where they were.

    Topics that are missing, which are those that Faust makes, are created with compaction.
    """
    records = [record for record in dumped.records if wanted(record.topic)]
    topics = {prefix + record.topic for record in records}
    admin = KafkaAdminClient(bootstrap_servers=servers)
    try:
        missing = topics - set(admin.list_topics())
        compacted = {"num_partitions": 1, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
        if missing:
            admin.create_topics(dict.fromkeys(sorted(missing), compacted), wait_for_metadata=True)
    finally:
        admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=BYTES, enable_idempotence=True)
    sent = []
    for record in records:
        headers = [(name, value.encode()) for name, value in record.headers.items()]
        sent.append(
            producer.send(prefix + record.topic, key=record.key, value=record.value, headers=headers, partition=0)
        )
    producer.flush(60)
    for future in sent:
        future.get(30)
    producer.close(30)
    admin = KafkaAdminClient(bootstrap_servers=servers)
    try:
        for group in sorted({offset.group for offset in dumped.offsets if wanted(offset.topic)}):
            places = {
                TopicPartition(prefix + each.topic, 0): OffsetAndMetadata(each.offset, "", -1)
                for each in dumped.offsets
                if each.group == group and wanted(each.topic)
            }
            _place(admin, prefix + group, places)
    finally:
        admin.close()


def _place(admin: Any, group: str, places: dict[TopicPartition, OffsetAndMetadata]) -> None:
    """Set a group where it was; a broker that has just started makes its topic of groups first, which takes a while."""
    for left in reversed(range(60)):
        try:
            admin.alter_group_offsets(group, places)
            return
        except CoordinatorNotAvailableError:
            if not left:
                raise
            time.sleep(0.5)


def send(servers: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    """Write records into a topic's only partition, in order."""
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=BYTES, enable_idempotence=True)
    for future in [producer.send(topic, key=key, value=value, partition=0) for key, value in records]:
        future.get(30)
    producer.close(30)


def end_of(servers: str, topic: str) -> int:
    """Return how many records were ever written into a topic's only partition."""
    consumer = KafkaConsumer(bootstrap_servers=servers, allow_auto_create_topics=False)
    try:
        place = TopicPartition(topic, 0)
        return int(consumer.end_offsets([place])[place])
    finally:
        consumer.close()


def _read(consumer: Any, name: str, prefix: str) -> list[Dumped]:
    partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    found = []
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            found += [
                Dumped(
                    topic=name.removeprefix(prefix),
                    partition=record.partition,
                    offset=record.offset,
                    at=record.timestamp,
                    key=record.key,
                    value=record.value,
                    headers={header: value.decode() for header, value in record.headers or ()},
                )
                for record in records
            ]
    return found


def _offsets(admin: Any, group: str, prefix: str) -> list[Offsets]:
    found = admin.list_group_offsets(group)
    found = found.get(group, found)
    return [
        Offsets(group.removeprefix(prefix), place.topic.removeprefix(prefix), int(at.offset))
        for place, at in found.items()
        if place.partition == 0 and at.offset >= 0
    ]
