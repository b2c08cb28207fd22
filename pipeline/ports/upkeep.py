"""Keeping a store small."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

import msgspec


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how many bytes a store takes on disk, and how many of those are free to be used again or given back."""

    taken: int
    free: int

    @property
    def used(self) -> int:
        """Return how many bytes hold something."""
        return self.taken - self.free


class Upkeep(Protocol):
    """Remove what is old from a store, a slice at a time, so that others write in between.

    Each removal takes at most ``limit`` of the oldest and returns how many; 0 when there is nothing so old. All raise
    ``UnavailableError`` or ``TransientError``.
    """

    def remove_records(self, topic: str, before: datetime, limit: int, *, unread: bool = False) -> int:
        """Forget records of a topic written before a moment, those that a group has still to read only if told so."""

    def remove_documents(self, before: datetime, limit: int, spared: Collection[str] = ()) -> int:
        """Forget documents first seen before a moment with their earlier revisions, all but the ``spared`` ids."""

    def remove_deliveries(self, before: datetime, limit: int) -> int:
        """Forget deliveries that were due before a moment and are not queued any more."""

    def oldest(self) -> datetime | None:
        """Return since when there are records of articles or documents; ``None`` when there are none."""

    def space(self) -> Space:
        """Tell how much room the store takes."""

    def tidy(self) -> bool:
        """Do one slice of what makes the store smaller or faster; tell whether there may be more to do."""
