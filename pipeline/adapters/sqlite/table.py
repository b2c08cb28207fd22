"""The Table port as rows of the store, each with the number of the write that last set it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.adapters.sqlite.database import Database

# Keys that one statement asks for.
AT_ONCE = 500


class SqliteTable:
    """Keep the latest value per key of the table called ``name``.

    One that is not ``followed`` keeps nothing of what was removed, for nobody asks for its changes; but where a memory
    of it was saved, what was removed since.
    """

    def __init__(self, database: Database, name: str, *, followed: bool = True) -> None:
        self._database = database
        self._name = name
        self._followed = followed
        self._told = 0

    def get(self, key: str) -> bytes | None:
        """Return the latest value, or ``None``."""
        row = self._database.connection.execute(
            "SELECT value FROM entries WHERE name = ? AND key = ?", (self._name, key)
        ).fetchone()
        return row[0] if row else None

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return the latest values of those keys that have one."""
        found: dict[str, bytes] = {}
        asked = list(keys)
        for start in range(0, len(asked), AT_ONCE):
            part = asked[start : start + AT_ONCE]
            found |= self._database.connection.execute(
                "SELECT key, value FROM entries WHERE name = ? AND value IS NOT NULL "
                f"AND key IN ({', '.join('?' * len(part))})",
                (self._name, *part),
            ).fetchall()
        return found

    def put(self, key: str, value: bytes | None) -> None:
        """Set the value of a key. A removal stays as a row without value, so that ``changes`` can tell of it."""
        self.update({key: value})

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many values in one transaction."""
        with self._database.transaction():
            is_told = self._followed or self._is_saved()
            kept = {key: value for key, value in values.items() if is_told or value is not None}
            self._database.connection.executemany(
                "INSERT OR REPLACE INTO entries (name, key, value) VALUES (?, ?, ?)",
                [(self._name, key, value) for key, value in kept.items()],
            )
            self._database.connection.executemany(
                "DELETE FROM entries WHERE name = ? AND key = ?",
                [(self._name, key) for key in values.keys() - kept.keys()],
            )

    def _is_saved(self) -> bool:
        row = self._database.connection.execute("SELECT 1 FROM memories WHERE name = ?", (self._name,)).fetchone()
        return row is not None

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over all present keys with their values, sorted by key."""
        after = ""
        while True:
            rows = self._database.connection.execute(
                "SELECT key, value FROM entries WHERE name = ? AND key > ? AND value IS NOT NULL "
                "ORDER BY key LIMIT 1000",
                (self._name, after),
            ).fetchall()
            if not rows:
                return
            yield from rows
            after = rows[-1][0]

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what was put since this object last asked, oldest first; at first, everything present."""
        rows = self._database.connection.execute(
            "SELECT version, key, value FROM entries WHERE name = ? AND version > ? ORDER BY version",
            (self._name, self._told),
        ).fetchall()
        if not rows:
            return ()
        first = self._told == 0
        self._told = rows[-1][0]
        return [(key, value) for _, key, value in rows if not (first and value is None)]
