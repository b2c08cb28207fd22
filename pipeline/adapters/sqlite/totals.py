"""About how many articles a query finds, going by its newest: exact counts read every posting of a common word."""

from __future__ import annotations

import sqlite3

Select = tuple[str, tuple[str | int, ...]]


def about(connection: sqlite3.Connection, found: Select, most: int) -> int | None:
    """Return about how many positions a SELECT finds; nothing where they are ``most`` or fewer.

    The newest ``most`` of them are taken to be spread among all documents as the others are.
    """
    sql, params = found
    row = connection.execute(f"{sql} ORDER BY 1 DESC LIMIT 1 OFFSET ?", (*params, most)).fetchone()
    if row is None:
        return None
    # The rows of this table of FTS5 are the smallest that there are one of for each document.
    (newer,) = connection.execute("SELECT count(*) FROM terms_docsize WHERE id >= ?", row).fetchone()
    (everything,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    return max(most + 1, round((most + 1) * everything / newer)) if newer else most + 1
