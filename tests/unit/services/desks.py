"""Services over memory, for tests of other services."""

from __future__ import annotations

from datetime import datetime

from pipeline.services.stories import Stories
from tests.fakes.index import MemoryIndex


def stories_over(index: MemoryIndex, now: datetime) -> Stories:
    """Return the questions about the stories of an index."""
    return Stories(index=index, clock=lambda: now)
