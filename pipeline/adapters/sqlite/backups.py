"""The BackupPlace port on a directory, and the way back: a backup in the place of a store."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipeline import private_files
from pipeline.adapters.sqlite.connection import said
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.schema import MIGRATIONS
from pipeline.errors import UnavailableError, UsageError
from pipeline.plain_words import os_words
from pipeline.ports.backups import BackupFile

_NAMED = "newswire-%Y%m%dT%H%M%SZ.db"


class SqliteBackups:
    """Keep copies of a store in ``directory``, named by when they were made; other files there are left alone."""

    def __init__(self, database: Database, directory: Path) -> None:
        self._database = database
        self._directory = directory

    def all(self) -> Sequence[BackupFile]:
        """Return the backups that are there, newest first."""
        try:
            found = []
            for path in self._directory.iterdir() if self._directory.is_dir() else ():
                if (made := _made(path.name)) is not None:
                    with suppress(FileNotFoundError):  # another process has removed it just now
                        found.append(BackupFile(name=path.name, made=made, size=path.stat().st_size))
        except OSError as exc:
            raise UnavailableError(f"The backups in {self._directory} cannot be listed: {os_words(exc)}.") from exc
        return sorted(found, key=lambda each: each.made, reverse=True)

    def make(self, made: datetime) -> BackupFile:
        """Copy the store while it is in use."""
        target = self._directory / made.astimezone(UTC).strftime(_NAMED)
        try:
            private_files.make_directory(self._directory)
        except OSError as exc:
            raise UnavailableError(
                f"Backups cannot be kept in {self._directory}: {os_words(exc)}; "
                "see to it, or set another `directory` under [backup]."
            ) from exc
        self._database.back_up(target)
        return BackupFile(name=target.name, made=made, size=target.stat().st_size)

    def remove(self, name: str) -> None:
        """Remove a backup."""
        if _made(name) is None:
            raise UsageError(f"{name} is not the name of a backup.")
        try:
            (self._directory / name).unlink(missing_ok=True)
        except OSError as exc:
            raise UnavailableError(f"The backup {self._directory / name} cannot be removed: {os_words(exc)}.") from exc


def restore(store: Path, backup: Path, now: datetime) -> list[Path]:
    """Put a copy of a backup in the place of a store; return where what stood there is now.

    Nothing is moved before the copy is whole and was looked through. Raises ``UsageError`` for what is no backup that
    this version reads, and ``UnavailableError``.
    """
    _check(backup)
    partial = store.with_name(store.name + ".restoring")
    aside = []
    try:
        partial.unlink(missing_ok=True)
        private_files.create(partial)
        with backup.open("rb") as source, partial.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        # The journal belongs to the store that goes: it would be read into the one that comes.
        for suffix in ("", "-wal", "-shm"):
            old = store.with_name(store.name + suffix)
            if old.exists():
                aside.append(old.rename(store.with_name(f"{store.stem}.before-{now:%Y%m%dT%H%M%SZ}.db{suffix}")))
        partial.rename(store)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise UnavailableError(
            f"The backup could not be put in the place of {store}: {os_words(exc)}; what stood there is {_told(aside)}."
        ) from exc
    return aside


def _told(aside: Sequence[Path]) -> str:
    return f"now {aside[0]}" if aside else "untouched"


def _made(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _NAMED).replace(tzinfo=UTC)
    except ValueError:
        return None


def _check(backup: Path) -> None:
    """Raise ``UsageError`` unless a file is a whole store of this version or an earlier one."""
    if not backup.is_file():
        raise UsageError(f"There is no file {backup}; name one that `newswire admin backup` made.")
    try:
        with closing(sqlite3.connect(f"file:{backup.absolute().as_posix()}?mode=ro&immutable=1", uri=True)) as opened:
            (version,) = opened.execute("PRAGMA user_version").fetchone()
            (tables,) = opened.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('log', 'entries')").fetchone()
            (verdict,) = opened.execute("PRAGMA quick_check(1)").fetchone() if tables else ("",)
    except sqlite3.Error as exc:
        raise UsageError(f"{backup} is no store or is damaged ({said(exc)}); name another backup.") from exc
    if not (tables and version):
        raise UsageError(f"{backup} is a database of something else; name one that `newswire admin backup` made.")
    if version > len(MIGRATIONS):
        raise UsageError(f"{backup} was made by a newer Newswire (schema {version}); upgrade Newswire.")
    if verdict != "ok":
        raise UsageError(f"{backup} is damaged itself ({verdict}); name another backup.")
