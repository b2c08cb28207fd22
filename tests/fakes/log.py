"""A log in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from pipeline.ports.log import Message


class MemoryLog:
    """Keep records for groups of one reader each; what was not committed is read again after ``restart``."""

    def __init__(self) -> None:
        self._topics: defaultdict[str, list[Message]] = defaultdict(list)
        self._given: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._committed: defaultdict[tuple[str, str], int] = defaultdict(int)

    def append(self, messages: Iterable[Message]) -> None:
        """Store all messages."""
        for message in list(messages):
            records = self._topics[message.topic]
            records.append(msgspec.structs.replace(message, position=str(len(records))))

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to ``limit`` records the group has not been given."""
        at = self._given[topic, group]
        found = self._topics[topic][at : at + limit]
        self._given[topic, group] = at + len(found)
        return found

    def rewind(self, topic: str, group: str) -> None:
        """Begin again after what the group committed last."""
        self._given[topic, group] = self._committed[topic, group]

    def commit(self, topic: str, group: str) -> None:
        """Remember all records the group was given as done."""
        self._committed[topic, group] = self._given[topic, group]

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record."""
        return iter(list(self._topics[topic]))

    def backlog(self, topic: str, group: str) -> int:
        """Return how many records the group has not committed."""
        return len(self._topics[topic]) - self._committed[topic, group]

    def waiting_since(self, topic: str, group: str) -> datetime | None:
        """Return a moment that is as good as any, where something waits."""
        return datetime(2026, 11, 24, tzinfo=UTC) if self.backlog(topic, group) else None

    def expire(self, topic: str, before: datetime) -> int:
        """Leave everything, as a log does whose server has a retention of its own."""
        return 0

    def close(self) -> None:
        """Do nothing."""

    def restart(self) -> None:
        """Begin again where each group committed last."""
        self._given = defaultdict(int, self._committed)
