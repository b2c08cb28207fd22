"""How many articles feeds have: of each day, and that a reader has not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

# The greatest number that unread articles are counted to.
MOST_UNREAD = 1_000


class FeedCounts(Protocol):
    """Count articles by the feed they came from. All raise ``UnavailableError`` or ``TransientError``."""

    def per_day(self, feeds: Sequence[str], since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Return by feed and day how many articles there are, copies too, from the day of a moment on.

        A day (``2022-02-24``, UTC) is the one that newest-first sorts an article by. Days and feeds of none are left
        out.
        """

    def unread(self, reader: str, feeds: Sequence[str], *, after: int | None = None) -> tuple[int, Mapping[str, int]]:
        """Return how many articles a reader has not read: in all, and by feed, feeds of none left out.

        Copies do not count, nor what has an item number of ``after`` or less. Each is counted to ``MOST_UNREAD``; what
        is older than so many newer articles, read or not, may be left out.
        """
