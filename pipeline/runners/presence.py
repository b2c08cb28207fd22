"""Whether this process was there to see what came: right after a start, or a sleep of the machine, it was not."""

from __future__ import annotations

from datetime import datetime, timedelta

# Looks that are further apart than this were interrupted.
AWAY = timedelta(minutes=5)
# What came meanwhile is fetched and read within this time.
CATCHES_UP = timedelta(minutes=15)


class Presence:
    """Follow for how long this process has been looking, without an interruption."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._last: datetime | None = None

    def look(self, now: datetime) -> timedelta:
        """Note that it looks; return for how long it has."""
        if self._since is None or self._last is None or not timedelta() <= now - self._last <= AWAY:
            self._since = now
        self._last = now
        return now - self._since

    def caught_up(self, now: datetime) -> None:
        """Note that all that came before has been fetched."""
        self._since, self._last = now - CATCHES_UP, now
