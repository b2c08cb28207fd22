"""Services over memory, for tests of other services."""

from __future__ import annotations

from datetime import datetime

from pipeline.services.saved_searches import SavedSearches
from pipeline.services.stories import Stories
from tests.fakes.archive import MemoryStories
from tests.fakes.index import MemoryIndex
from tests.fakes.table import MemoryTable


def stories_over(index: MemoryIndex, now: datetime) -> Stories:
    """Return the questions about the stories of an index."""
    stories = MemoryStories(index.archive)
    return Stories(stories=stories, searches=SavedSearches(MemoryTable()), clock=lambda: now)
