"""Positions in the index: no two documents share one."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.adapters.sqlite.database import Database


class Places:
    """Give documents positions that no other has: that of their order key, or the next one that is free.

    Which of the ``wanted`` are taken is asked once for all, in the transaction that is open.
    """

    def __init__(self, database: Database, wanted: Sequence[int]) -> None:
        self._connection = database.connection
        marks = ", ".join("?" * len(wanted))
        rows = self._connection.execute(f"SELECT position FROM documents WHERE position IN ({marks})", wanted)
        self._taken = {position for (position,) in rows}
        self._asked = set(wanted)

    def leave(self, position: int) -> None:
        """Give back a position whose document is replaced."""
        self._asked.add(position)
        self._taken.discard(position)

    def take(self, position: int) -> int:
        """Take the first free position from this one on."""
        while self._is_taken(position):
            position += 1
        self._taken.add(position)
        return position

    def _is_taken(self, position: int) -> bool:
        if position not in self._asked and position not in self._taken:
            self._asked.add(position)
            look_up = "SELECT 1 FROM documents WHERE position = ?"
            if self._connection.execute(look_up, (position,)).fetchone():
                self._taken.add(position)
        return position in self._taken
