"""The log between the stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one record of a topic. ``position`` is opaque: it orders records of one key and serves to commit."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str] = {}
    position: str = ""


class Backlog(Protocol):
    """Tell what waits."""

    def backlog(self, topic: str, group: str) -> int:
        """Return how many records of a topic a group has not committed. Raises as ``Log``."""

    def waiting_since(self, topic: str, group: str) -> datetime | None:
        """Return when the oldest record that a group has not committed was written; ``None`` where nothing waits."""


class Log(Protocol):
    """Keep records in topics, in order per key, and remember how far each reading group has come.

    At least once: what ``append`` returned for is durable. ``read`` hands out and ``commit`` moves: what was handed out
    and not committed is handed out again, to the same reader once it is rewound, and to the next one of its group.
    All methods raise ``UnavailableError`` or ``TransientError``.
    """

    def append(self, messages: Iterable[Message]) -> None:
        """Store all messages durably, or raise and have the caller repeat (a repeat may store some twice)."""

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to ``limit`` records the group has not yet been given, waiting at most ``timeout`` seconds."""

    def rewind(self, topic: str, group: str) -> None:
        """Have ``read`` begin again after what is committed: for a reader that failed.

        Idempotent; it asks no server, and raises nothing.
        """

    def commit(self, topic: str, group: str) -> None:
        """Remember all records this reader was given as done; with a transaction around it, only if that is kept."""

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record still kept, oldest first per key, and end at the records present at the call."""

    def expire(self, topic: str, before: datetime) -> int:
        """Forget records written before a moment that every group has committed; return how many.

        A log whose server has a retention of its own leaves it to that and returns 0.
        """

    def close(self) -> None:
        """Release connections; idempotent."""


class CountingLog(Log, Backlog, Protocol):
    """Keep records and tell what waits."""
