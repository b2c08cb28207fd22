"""The KeptRecords port on the store's log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.packing import unpacked
from pipeline.ports.log import Message
from pipeline.ports.records import KeptRecord


class SqliteRecords:
    """Look into the log of one store. There is no index for it: it costs reading the topic once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, topic: str, key: str) -> Sequence[KeptRecord]:
        """Return the records of a key that are still kept, oldest first."""
        rows = self._database.connection.execute(
            "SELECT written, packed, value FROM log WHERE topic = ? AND key = ? ORDER BY position", (topic, key)
        )
        return [
            KeptRecord(
                written=datetime.fromtimestamp(written, UTC),
                message=Message(topic=topic, key=key, value=unpacked(how, value)),
            )
            for written, how, value in rows
        ]
