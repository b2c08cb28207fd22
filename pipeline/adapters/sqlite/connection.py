"""Connections whose errors are ours: ``TransientError`` for what may pass, ``UnavailableError`` for what stays.

What is wrong with a statement itself is a bug, and stays SQLite's error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import DamagedError, NewswireError, TransientError, UnavailableError
from pipeline.plain_words import os_words

BUSY_AFTER_S = 1.0
FULL_AFTER_S = 5.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is no database",
    sqlite3.SQLITE_READONLY: "it can only be read",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "permission is denied",
}
_SHUT = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


def said(error: sqlite3.Error | OSError) -> str:
    """Say what SQLite or the operating system refused."""
    if isinstance(error, OSError):
        return os_words(error)
    return _WORDS.get(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF, str(error))


def as_ours(path: str, error: sqlite3.Error) -> NewswireError | None:
    """Return our error for a state of the store or its disk; ``None`` for what is wrong with the statement."""
    # The low byte is the kind, the rest tells more about it.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return TransientError(f"The store {path} is being written to by another process.", BUSY_AFTER_S)
    if code in _FULL:
        return TransientError(
            f"The store {path} cannot be written to or read ({said(error)}); free some space.", FULL_AFTER_S
        )
    if code in _DAMAGED:
        return DamagedError(
            f"The store {path} is damaged and cannot be opened or read; "
            "`newswire admin restore FILE` puts a backup in its place."
        )
    if code in _SHUT:
        return UnavailableError(
            f"The store {path} cannot be used ({said(error)}); check the permissions of the file and its directory."
        )
    return None


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Raise our errors for SQLite's about the state of the store."""
    try:
        yield
    except sqlite3.Error as exc:
        ours = as_ours(path, exc)
        if ours is None:
            raise
        raise ours from exc


class Cursor(sqlite3.Cursor):
    """Raise our errors."""

    connection: Connection

    def execute(self, *arguments: Any) -> Cursor:
        """Run a statement."""
        try:
            super().execute(*arguments)
        except sqlite3.Error as exc:
            self.connection.told(exc)
        return self

    def executemany(self, *arguments: Any) -> Cursor:
        """Run a statement once for each row."""
        try:
            super().executemany(*arguments)
        except sqlite3.Error as exc:
            self.connection.told(exc)
        return self

    def fetchone(self) -> Any:
        """Return the next row, or ``None``."""
        try:
            return super().fetchone()
        except sqlite3.Error as exc:
            self.connection.told(exc)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        try:
            return super().fetchall()
        except sqlite3.Error as exc:
            self.connection.told(exc)
            return []

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.Error as exc:
            self.connection.told(exc)


class Connection(sqlite3.Connection):
    """Raise our errors; ``path`` is how they call the store."""

    path = ""
    on_damage: Callable[[DamagedError], None] | None = None

    def cursor(self, factory: Any = Cursor) -> Any:
        """Return a cursor that raises our errors."""
        return super().cursor(factory)

    def execute(self, *arguments: Any) -> Cursor:
        """Run a statement with a cursor of its own."""
        cursor: Cursor = self.cursor()
        return cursor.execute(*arguments)

    def executemany(self, *arguments: Any) -> Cursor:
        """Run a statement once for each row, with a cursor of its own."""
        cursor: Cursor = self.cursor()
        return cursor.executemany(*arguments)

    def told(self, error: sqlite3.Error) -> None:
        """Raise our error for one of SQLite's, or that one itself."""
        ours = as_ours(self.path, error)
        if ours is None:
            raise error
        if isinstance(ours, DamagedError) and self.on_damage is not None:
            self.on_damage(ours)
        raise ours from error
