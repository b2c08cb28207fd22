"""What the processes of a group share between them."""

from __future__ import annotations

import logging
import threading
import zlib
from contextlib import suppress

from kafka.errors import KafkaError

from pipeline.adapters.kafka.access import OPEN, Access
from pipeline.adapters.kafka.client import CLOSE_S, CONNECT_MS, MEMBERSHIP, Patience, consumer_of, join, translated
from pipeline.errors import TransientError, UnavailableError

_log = logging.getLogger(__name__)


class KafkaShares:
    """Share a list of keys between the processes of a group: each key belongs to one of them, and to another when that
    one goes.

    Holding a partition of ``topic`` stands for holding a share of the keys; its records do not matter.
    """

    def __init__(self, servers: str, topic: str, group: str, *, prefix: str = "", access: Access = OPEN) -> None:
        self._servers = servers
        self._access = access
        self._topic = prefix + topic
        self._group = f"{prefix}newswire-{group}"
        self._held: frozenset[int] = frozenset()
        self._count = 1
        self._patience = Patience()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"shares of {topic}", daemon=True)

    def __enter__(self) -> KafkaShares:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join(CLOSE_S * 2)

    def mine(self, key: str) -> bool:
        """Tell whether a key belongs to this process now."""
        return zlib.crc32(key.encode()) % self._count in self._held

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with translated(self._servers):
                    self._keep_up()
            except Exception as exc:  # noqa: BLE001 - whoever cannot reach Kafka cannot publish either
                if not isinstance(exc, TransientError | UnavailableError):
                    _log.error("sharing feeds failed and is tried again", exc_info=exc)
                self._held = frozenset()
                self._stopping.wait(CONNECT_MS / 1000)

    def _keep_up(self) -> None:
        """Stay in the group and follow what it assigns."""
        consumer = consumer_of(
            self._servers, self._access, group_id=self._group, enable_auto_commit=False, **MEMBERSHIP
        )
        try:
            join(consumer, self._topic)
            self._count = len(consumer.partitions_for_topic(self._topic) or (0,))
            while not self._stopping.is_set():
                consumer.poll(timeout_ms=500)
                self._held = frozenset(held.partition for held in consumer.assignment())
                if self._held:
                    self._patience.rest()
                elif self._patience.is_over():
                    return  # as one of more processes than shares, or as one that fell out of the group
        finally:
            self._held = frozenset()
            with suppress(KafkaError, OSError):
                consumer.close(autocommit=False, timeout_ms=int(CLOSE_S * 1000))
