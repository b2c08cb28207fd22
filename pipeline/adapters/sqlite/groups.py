"""Copies in groups: which member of a group stands for it among what a query finds.

A group is an original with its copies. The original stands for it if it was found itself, else the earliest copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from pipeline.adapters.sqlite.database import Database

# Among more positions than this, all that is found is listed once: FTS5 begins anew for each that is asked.
_ASKED_ONE_BY_ONE = 50
Select = tuple[str, tuple[str | int, ...]]


class Groups:
    """Fold what one query finds; ``found`` returns which of some positions are found by it."""

    def __init__(self, database: Database, found: Callable[[Sequence[int]], Collection[int]]) -> None:
        self._database = database
        self._found = found
        self._standing: dict[str, int] = {}

    def standing(self, positions: Sequence[int]) -> list[int]:
        """Return, in order, those positions that stand for their group."""
        copied = self._originals(positions)
        new = sorted(set(copied.values()) - self._standing.keys())
        if new:
            members = self._members(new)
            found = set(self._found([position for position, _, _ in members]))
            for position, group, _ in sorted(members, key=lambda member: (member[2], member[0])):
                if position in found:
                    self._standing.setdefault(group, position)
        return [each for each in positions if each not in copied or self._standing.get(copied[each]) == each]

    def _originals(self, positions: Sequence[int]) -> dict[int, str]:
        return dict(
            self._database.connection.execute(
                "SELECT position, original FROM documents WHERE position IN (SELECT value FROM json_each(?)) "
                "AND original IS NOT NULL",
                (listed(positions),),
            ).fetchall()
        )

    def _members(self, groups: Sequence[str]) -> list[tuple[int, str, bool]]:
        names = listed(groups)
        return [
            (position, group, bool(is_copy))
            for position, group, is_copy in self._database.connection.execute(
                "SELECT position, id, 0 FROM documents WHERE id IN (SELECT value FROM json_each(?)) "
                "AND original IS NULL UNION ALL "
                "SELECT position, original, 1 FROM documents WHERE original IN (SELECT value FROM json_each(?))",
                (names, names),
            )
        ]


def orphans(connection: sqlite3.Connection, copies: Select, originals: Select, limit: int) -> list[int]:
    """Return the positions of copies that stand for their group, of the newest ``limit`` copies that are found.

    ``copies`` and ``originals`` select the positions of all copies and of all originals that are found.
    """
    rows = connection.execute(
        f"SELECT d.original, min(c.position), o.position FROM ({copies[0]} ORDER BY 1 DESC LIMIT ?) AS c "
        "JOIN documents AS d ON d.position = c.position LEFT JOIN documents AS o ON o.id = d.original "
        "GROUP BY d.original",
        (*copies[1], limit),
    ).fetchall()
    asked = [original for _, _, original in rows if original is not None]
    if len(asked) <= _ASKED_ONE_BY_ONE:
        condition = "position IN (SELECT value FROM json_each(?))"
        found = connection.execute(
            f"SELECT position FROM ({originals[0]}) WHERE {condition}", (*originals[1], listed(asked))
        )
        missing = set(asked) - {position for (position,) in found}
    else:
        # Of thousands of originals none is brought out of the database.
        found = connection.execute(
            f"SELECT value FROM json_each(?) EXCEPT SELECT position FROM ({originals[0]})",
            (listed(asked), *originals[1]),
        )
        missing = {position for (position,) in found}
    return [copy for _, copy, original in rows if original is None or original in missing]


def listed(values: Iterable[object]) -> str:
    """Write values for ``json_each``."""
    return msgspec.json.encode(list(values)).decode()
