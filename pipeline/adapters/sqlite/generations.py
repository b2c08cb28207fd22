"""Terms by the version of the text analysis that made them: the current ones, and those still to be made anew.

FTS5 holds postings only. To take a document out of it, its terms are made again; those of an earlier analysis cannot
be, so they are never taken out: their table is set aside when the version changes, read beside the new one for the
documents that were not indexed anew yet, and dropped when there are none left. Nothing of them can be left over.
"""

from __future__ import annotations

import re

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.schema import VERSION_1, VERSION_2
from pipeline.language.tokens import ANALYSIS_VERSION

CURRENT = "terms"
_COUNTER = "analysis"
_MADE = [statement for statement in (*VERSION_1, *VERSION_2) if "INTO terms" in statement or "TABLE terms" in statement]


def earlier_versions(database: Database) -> tuple[int, ...]:
    """Return the versions of the analysis that have terms in a table of their own."""
    rows = database.connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'terms_[0-9]*'")
    found = (re.fullmatch(r"terms_(\d+)", name) for (name,) in rows)
    return tuple(sorted(int(match[1]) for match in found if match))


def table_of(version: int) -> str:
    """Return the table of the terms of an earlier version."""
    return f"terms_{version}"


def outdated(database: Database) -> int:
    """Count the documents that were indexed by another version of the analysis."""
    (count,) = database.connection.execute(
        "SELECT count(*) FROM documents WHERE analysis < ? OR analysis > ?", (ANALYSIS_VERSION, ANALYSIS_VERSION)
    ).fetchone()
    return int(count)


def is_outdated(database: Database) -> bool:
    """Tell whether there are such documents: at once, however many."""
    found = database.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM documents WHERE analysis < ?) "
        "OR EXISTS (SELECT 1 FROM documents WHERE analysis > ?)",
        (ANALYSIS_VERSION, ANALYSIS_VERSION),
    )
    return bool(found.fetchone()[0])


def begin(database: Database) -> None:
    """Set aside the terms of another version, in the transaction that is open; nothing to do mostly."""
    connection = database.connection
    row = connection.execute("SELECT value FROM counters WHERE name = ?", (_COUNTER,)).fetchone()
    if row is not None and row[0] == ANALYSIS_VERSION:
        return
    if row is not None:
        connection.execute(f"ALTER TABLE {CURRENT} RENAME TO {table_of(row[0])}")
        for statement in _MADE:
            connection.execute(statement)
    connection.execute("INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)", (_COUNTER, ANALYSIS_VERSION))


def finish(database: Database) -> None:
    """Drop the terms that no document needs any more, in the transaction that is open."""
    for version in earlier_versions(database):
        row = database.connection.execute("SELECT 1 FROM documents WHERE analysis = ? LIMIT 1", (version,)).fetchone()
        if row is None:
            database.connection.execute(f"DROP TABLE {table_of(version)}")
