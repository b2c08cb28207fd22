"""What was worked out of articles before their turn, by whoever had the time: it saves work, and decides nothing.

Without it, or of an article that it does not hold, the same is worked out when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.model import Document


class Prepared(Protocol):
    """Hold for a while, up to a bound, what was made of records that are about to be written."""

    def keep(self, made: Sequence[bytes]) -> None:
        """Take in what was made; of that which finds no room, nothing is held."""

    def document(self, record: bytes) -> Document | None:
        """Return the document that a record's article is found as until it is decided on; ``None``: not held."""
