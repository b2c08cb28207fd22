"""What a person is told of a store that is damaged, or whose disk refuses: what it is, and what to do."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from pipeline.adapters.sqlite import packing
from pipeline.errors import NewswireError, TransientError, UnavailableError

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_REFUSED = {
    sqlite3.SQLITE_FULL: "the disk is full; make room, and start again",
    sqlite3.SQLITE_IOERR: "the disk reports an error; make room or see to the disk, and start again",
    sqlite3.SQLITE_READONLY: "it can only be read; check the permissions of the file and its directory",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the permissions of the file and its directory",
    sqlite3.SQLITE_PERM: "permission is denied; check the permissions of the file and its directory",
    sqlite3.SQLITE_BUSY: "another program is writing to it for long; try again when that is done",
    sqlite3.SQLITE_LOCKED: "another program is writing to it for long; try again when that is done",
}


_RESTORE = (
    "`newswire admin restore FILE` puts a backup in its place (the file that `newswire admin backup` or [backup] made) "
    "and keeps the damaged one beside it."
)


def damaged(path: Path | str) -> UnavailableError:
    """Return the error that says how a damaged store is replaced by a backup."""
    return UnavailableError(f"The store {path} is damaged; {_RESTORE}")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise ``UnavailableError`` with what to do for errors of SQLite's that are states of the store or its disk."""
    try:
        yield
    except (msgspec.DecodeError, UnicodeDecodeError, packing.error, zlib.error) as exc:
        # What is read of a store was written by this program, and could be read then.
        if not _is_whole(path):
            raise damaged(path) from exc
        raise UnavailableError(f"Something that is kept in the store {path} cannot be read; {_RESTORE}") from exc
    except (sqlite3.Error, NewswireError) as exc:
        code = _code(exc)
        if code in _DAMAGED:
            raise damaged(path) from exc
        if isinstance(exc, sqlite3.Error | UnavailableError | TransientError) and code in _REFUSED:
            raise UnavailableError(f"The store {path} cannot be used: {_REFUSED[code]}.") from exc
        raise
    except Exception as exc:
        if not _is_whole(path):
            raise damaged(path) from exc
        raise


def has_no_room(error: Exception) -> bool:
    """Tell whether SQLite could not make the files that it wants beside a store: reading can do without them."""
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def _is_whole(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as exc:
        return _code(exc) not in _DAMAGED
    return bool(verdict == "ok")


def _code(error: BaseException) -> int | None:
    """Return the kind of the SQLite error that an error is or was made from."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, sqlite3.Error):
        cause = cause.__cause__
    # The low byte is the kind, the rest says more about it.
    return None if cause is None else getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
