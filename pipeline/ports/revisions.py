"""What an article said before it was revised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

KEPT = 20  # earlier revisions of an article, unless settings say otherwise


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one revision of an article said; ``until`` is when the next one took its place, if one did."""

    revision: int
    title: str | None = None
    text: str | None = None
    withdrawn: bool = False
    until: datetime | None = None


class Revisions(Protocol):
    """Look back at earlier revisions. Raises ``UnavailableError`` or ``TransientError``."""

    def of(self, article_id: str) -> Sequence[Revision]:
        """Return the revisions that are kept of an article, newest first, beginning with the present one."""
