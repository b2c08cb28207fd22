"""Backups of a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class BackupFile(msgspec.Struct, frozen=True, kw_only=True):
    """Name a backup, when it was made, and its size in bytes."""

    name: str
    made: datetime
    size: int


class BackupPlace(Protocol):
    """Keep backups by name. All raise ``UnavailableError``."""

    def all(self) -> Sequence[BackupFile]:
        """Return the backups that are there, newest first."""

    def make(self, made: datetime) -> BackupFile:
        """Copy the store while it is in use; what is made is whole or not there. Raises ``TransientError`` too."""

    def remove(self, name: str) -> None:
        """Remove a backup; idempotent."""
