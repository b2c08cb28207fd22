"""Copies of the embedded store: given to a stream, taken back from a file or a stream."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from pipeline import private_files
from pipeline.config import Settings
from pipeline.errors import UnavailableError
from pipeline.wiring.stores import clock, database, run_lock

if TYPE_CHECKING:
    from pipeline.adapters.sqlite.database import Database


def restore(settings: Settings, file: Path) -> list[Path]:
    """Put a backup in the place of the store; return where that is now. Raises ``UsageError`` while ``up`` runs."""
    from pipeline.adapters.sqlite.backups import restore

    with run_lock(settings):
        return restore(settings.directory / "newswire.db", file, clock())


def back_up_to(settings: Settings, stream: BinaryIO) -> None:
    """Write a copy of the store to a stream, by way of a file that goes again: beside the store if that may be."""
    with ExitStack() as stack:
        opened = stack.enter_context(database(settings, reading=True))
        try:
            copy = _copied(opened, settings.directory, stack)
        except (OSError, UnavailableError):
            # Where the system keeps temporary files there may be room, and leave to write.
            copy = _copied(opened, None, stack)
        with copy.open("rb") as source:
            shutil.copyfileobj(source, stream, 1 << 20)
        stream.flush()


def _copied(opened: Database, directory: Path | None, stack: ExitStack) -> Path:
    """Copy the store into a directory that is made in another, and goes when the stack is closed."""
    copy = Path(stack.enter_context(TemporaryDirectory(dir=directory, prefix="backup-"))) / "newswire.db"
    opened.back_up(copy)
    return copy


def restore_from(settings: Settings, stream: BinaryIO) -> list[Path]:
    """Put what comes from a stream in the place of the store, as ``restore`` does, once it is there as a whole."""
    private_files.make_directory(settings.directory)
    with TemporaryDirectory(dir=settings.directory, prefix="restore-") as made:
        copy = Path(made) / "newswire.db"
        private_files.create(copy)
        with copy.open("wb") as target:
            shutil.copyfileobj(stream, target, 1 << 20)
        return restore(settings, copy)
