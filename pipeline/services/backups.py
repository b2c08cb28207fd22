"""Backups: which there are, making one now, and making them as often and keeping as many as is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pipeline.ports.backups import BackupFile, BackupPlace
from pipeline.ports.clock import Clock


class Backups:
    """Keep the newest ``keep`` backups, made ``every`` so often; ``None`` makes none but when asked."""

    def __init__(self, place: BackupPlace, clock: Clock, *, every: timedelta | None, keep: int) -> None:
        self._place = place
        self._clock = clock
        self._every = every
        self._keep = keep

    @property
    def every(self) -> timedelta | None:
        """Return how often one is made."""
        return self._every

    def all(self) -> Sequence[BackupFile]:
        """Return the backups that are there, newest first."""
        return self._place.all()

    def is_late(self) -> bool:
        """Tell whether the newest is older than it should be, with a day or a whole period of grace."""
        if self._every is None:
            return False
        made = self._place.all()
        grace = max(self._every, timedelta(days=1))
        return not made or self._clock() - made[0].made > self._every + grace

    def make(self) -> BackupFile:
        """Make one now, and remove those beyond the number that is kept."""
        made = self._place.make(self._clock())
        self._rotate()
        return made

    def step(self) -> bool:
        """Make one if it is time; tell whether one was made."""
        if self._every is None:
            return False
        known = self._place.all()
        # A clock that was set back must not end the backups.
        if known and timedelta(0) <= self._clock() - known[0].made < self._every:
            return False
        self.make()
        return True

    def _rotate(self) -> None:
        for old in self._place.all()[self._keep :]:
            self._place.remove(old.name)
