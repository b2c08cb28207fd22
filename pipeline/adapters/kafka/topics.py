"""The topics, made as the table of the flow says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    NotCoordinatorError,
    TopicAlreadyExistsError,
)

from pipeline.adapters.kafka.access import OPEN, Access
from pipeline.adapters.kafka.client import CONNECT_MS, MAX_MESSAGE_BYTES, translated
from pipeline.errors import UnavailableError
from pipeline.topics import Topic

OLDEST = (4, 0)
# Kafka removes and compacts whole segments, and not the one that it writes to: with its own seven days, a topic that
# keeps a day keeps eight.
SEGMENTS = 4
SHORTEST_SEGMENT, LONGEST_SEGMENT = timedelta(hours=1), timedelta(days=7)
COMPACTED_SEGMENT = timedelta(days=1)
# Who keeps the groups is being found out: in the first seconds of brokers, and while one takes over from another.
_NOT_NOW = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)


def create_topics(
    servers: str,
    topics: Sequence[Topic],
    *,
    prefix: str = "",
    partitions: int = 8,
    replication: int = -1,
    keep: Mapping[str, timedelta] | None = None,
    access: Access = OPEN,
) -> list[str]:
    """Create the topics that are missing, with their retention or compaction; return their names. Safe to repeat.

    ``keep`` sets how long topics of the given names keep their records, instead of what the table says; those that are
    there already are changed to it.
    """
    with _admin(servers, access) as admin:
        present = set(admin.list_topics())
        wanted = {
            prefix + topic.name: {
                "num_partitions": partitions if topic.partitioned else 1,
                "replication_factor": replication,
                "configs": topic_configs(topic, keep or {}),
            }
            for topic in topics
            if prefix + topic.name not in present
        }
        if wanted:
            try:
                admin.create_topics(wanted, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                wanted = {}
        _keep_as_set(admin, [topic for topic in topics if prefix + topic.name in present], keep or {}, prefix)
        return sorted(wanted)


def _keep_as_set(admin: Any, topics: Sequence[Topic], keep: Mapping[str, timedelta], prefix: str) -> None:
    """Have topics that are there keep their records for as long as ``keep`` says now, and tables be compacted daily."""
    changed = [
        ConfigResource(ConfigResourceType.TOPIC, prefix + topic.name, _keeping(topic, keep))
        for topic in topics
        if topic.name in keep or topic.keep is None
    ]
    if changed:
        admin.alter_configs(changed)


def set_retention(
    servers: str, topics: Sequence[Topic], keep: Mapping[str, timedelta], *, prefix: str = "", access: Access = OPEN
) -> None:
    """Have the topics that are there keep their records for as long as ``keep`` says. Raises ``UnavailableError``."""
    with _admin(servers, access) as admin:
        present = set(admin.list_topics())
        _keep_as_set(admin, [topic for topic in topics if prefix + topic.name in present], keep, prefix)


def missing_topics(servers: str, topics: Sequence[Topic], *, prefix: str = "", access: Access = OPEN) -> list[str]:
    """Return the topics that ``create_topics`` would create. Raises ``UnavailableError``."""
    with _admin(servers, access) as admin:
        present = set(admin.list_topics())
        return sorted(prefix + topic.name for topic in topics if prefix + topic.name not in present)


def broker_version(servers: str, access: Access = OPEN) -> str:
    """Return the version of the brokers, as far as they tell by what they understand. Raises ``UnavailableError``."""
    with _admin(servers, access) as admin:
        return ".".join(map(str, _version(admin))) or "unknown"


def groups_without_readers(
    servers: str, groups: Sequence[str], *, prefix: str = "", access: Access = OPEN
) -> tuple[str, ...]:
    """Return the groups that nobody reads for; none where that is not told now. Raises ``UnavailableError``."""
    names = {f"{prefix}newswire-{group}": group for group in groups}
    with _admin(servers, access) as admin:
        try:
            told = admin.describe_groups(list(names))
        except (GroupAuthorizationFailedError, *_NOT_NOW):
            return ()
    return tuple(group for name, group in names.items() if told[name]["group_state"] in ("Empty", "Dead"))


def topic_configs(topic: Topic, keep: Mapping[str, timedelta]) -> dict[str, str]:
    """Return what Kafka is to know of a topic: how large its records may be, and how long it keeps them."""
    size = {"max.message.bytes": str(MAX_MESSAGE_BYTES)} | _keeping(topic, keep)
    return size | {"cleanup.policy": "compact"} if topic.keep is None else size


def _keeping(topic: Topic, keep: Mapping[str, timedelta]) -> dict[str, str]:
    if topic.keep is None:
        return {"segment.ms": _milliseconds(COMPACTED_SEGMENT)}
    kept = keep.get(topic.name, topic.keep)
    segment = min(LONGEST_SEGMENT, max(SHORTEST_SEGMENT, kept / SEGMENTS))
    return {"retention.ms": _milliseconds(kept), "segment.ms": _milliseconds(segment)}


def _milliseconds(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))


@contextmanager
def _admin(servers: str, access: Access) -> Iterator[Any]:
    with translated(servers):
        admin = KafkaAdminClient(bootstrap_servers=servers, bootstrap_timeout_ms=CONNECT_MS, **access.options())
        try:
            _check_version(servers, admin)
            yield admin
        finally:
            admin.close()


def _check_version(servers: str, admin: Any) -> None:
    found = _version(admin)
    if found and found < OLDEST:
        shown = ".".join(map(str, found))
        raise UnavailableError(f"Kafka at {servers} is version {shown}; Newswire needs 4.0 or newer.")


def _version(admin: Any) -> tuple[int, ...]:
    version = tuple(admin.config.get("api_version") or ())
    return tuple(getattr(getattr(admin, "_manager", None), "broker_version", None) or version)
