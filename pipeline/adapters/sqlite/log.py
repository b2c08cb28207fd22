"""The Log port as rows of the store: one table for all topics, one for how far each group has read."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.packing import packed, unpacked
from pipeline.adapters.sqlite.prepared import SqlitePrepared
from pipeline.ports.log import Message


class SqliteLog:
    """Keep topics in the store; readers of one group in one process share nothing and must be one."""

    def __init__(self, database: Database, prepared: SqlitePrepared | None = None) -> None:
        self._database = database
        self._prepared = prepared
        self._given: dict[tuple[str, str], int] = {}
        # What each reader was handed last, by position, as it is stored: much of it is passed on unchanged.
        self._handed: dict[tuple[str, str], dict[str, tuple[bytes, tuple[int, bytes]]]] = {}

    def append(self, messages: Iterable[Message]) -> None:
        """Store all messages in one transaction."""
        rows = [(m.topic, m.key, *self._packed(m), _headers(m)) for m in messages]
        with self._database.transaction():
            self._database.connection.executemany(
                "INSERT INTO log (topic, key, packed, value, headers) VALUES (?, ?, ?, ?, ?)", rows
            )

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        """Return up to ``limit`` records the group has not yet been given, waiting at most ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        after = self._given.get((topic, group))
        if after is None:
            after = self._committed(topic, group)
        while True:
            rows = self._database.connection.execute(
                "SELECT position, key, packed, value, headers FROM log WHERE topic = ? AND position > ? "
                "ORDER BY position LIMIT ?",
                (topic, after, limit),
            ).fetchall()
            if rows or time.monotonic() >= deadline:
                break
            self._database.wait_for_commit(deadline - time.monotonic())
        self._given[topic, group] = rows[-1][0] if rows else after
        messages = [_message(topic, *row) for row in rows]
        self._handed[topic, group] = {
            str(position): (message.value, (how, value))
            for message, (position, _, how, value, _) in zip(messages, rows, strict=True)
        }
        return messages

    def rewind(self, topic: str, group: str) -> None:
        """Hand out again what was not committed, or whose commit was dropped with its transaction."""
        self._given.pop((topic, group), None)

    def commit(self, topic: str, group: str) -> None:
        """Remember all records this reader was given as done."""
        position = self._given.get((topic, group))
        if position is None:
            return
        with self._database.transaction():
            self._database.connection.execute(
                "INSERT OR REPLACE INTO offsets (topic, reader, position) VALUES (?, ?, ?)",
                (topic, group, position),
            )

    def replay(self, topic: str) -> Iterator[Message]:
        """Iterate over every record kept now, oldest first."""
        connection = self._database.connection
        (last,) = connection.execute("SELECT max(position) FROM log WHERE topic = ?", (topic,)).fetchone()
        position = 0
        while last is not None and position < last:
            rows = connection.execute(
                "SELECT position, key, packed, value, headers FROM log WHERE topic = ? AND position > ? "
                "AND position <= ? ORDER BY position LIMIT 1000",
                (topic, position, last),
            ).fetchall()
            for row in rows:
                yield _message(topic, *row)
            position = rows[-1][0] if rows else last

    def backlog(self, topic: str, group: str) -> int:
        """Return how many records of the topic the group has not committed."""
        (count,) = self._database.connection.execute(
            "SELECT count(*) FROM log WHERE topic = ? AND position > ?",
            (topic, self._committed(topic, group)),
        ).fetchone()
        return int(count)

    def waiting_since(self, topic: str, group: str) -> datetime | None:
        """Return when the oldest record that the group has not committed was written, to the second."""
        row = self._database.connection.execute(
            "SELECT written FROM log WHERE topic = ? AND position > ? ORDER BY position LIMIT 1",
            (topic, self._committed(topic, group)),
        ).fetchone()
        return datetime.fromtimestamp(row[0], UTC) if row else None

    def expire(self, topic: str, before: datetime) -> int:
        """Forget records written before a moment, except those that a group has still to read."""
        return self._database.delete_in_slices(
            "DELETE FROM log WHERE position IN (SELECT position FROM log WHERE topic = :topic AND written < :before "
            "AND position <= (SELECT min(position) FROM offsets WHERE topic = :topic) LIMIT :slice)",
            topic=topic,
            before=int(before.timestamp()),
        )

    def close(self) -> None:
        """Do nothing: the database is closed by who opened it."""

    def _packed(self, message: Message) -> tuple[int, bytes]:
        """Return how a message is stored, as it was read if it is one that was just handed out."""
        if message.position:
            for handed in list(self._handed.values()):  # copied: each reader may be in a thread of its own
                value, stored = handed.get(message.position, (None, (0, b"")))
                if value is message.value:
                    return stored
        elif self._prepared is not None and (made := self._prepared.stored(message.value)) is not None:
            return made
        return packed(message.value)

    def _committed(self, topic: str, group: str) -> int:
        row = self._database.connection.execute(
            "SELECT position FROM offsets WHERE topic = ? AND reader = ?", (topic, group)
        ).fetchone()
        return row[0] if row else 0


def _headers(message: Message) -> bytes | None:
    return msgspec.json.encode(message.headers) if message.headers else None


def _message(topic: str, position: int, key: str, how: int, value: bytes, headers: bytes | None) -> Message:
    return Message(
        topic=topic,
        key=key,
        value=unpacked(how, value),
        headers=msgspec.json.decode(headers, type=dict[str, str]) if headers else {},
        position=str(position),
    )
