"""Stories, summed up by the index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from pipeline.model import Document
from pipeline.query.tree import Query


class StorySummary(msgspec.Struct, frozen=True, kw_only=True):
    """Count a story's articles, those of the stories that were merged into it included.

    ``origins`` counts independent publishers (see ``model.origins``). ``latest`` is when the last article reported: its
    publication, or when it was seen if that is earlier or unknown. ``recent`` counts articles that reported within
    the request's last ``window_s`` seconds, ``before`` those within as many seconds before. ``merged`` are the ids of
    stories that turned out to be this one.
    """

    id: str
    first_seen: datetime
    latest: datetime
    articles: int
    origins: int
    recent: int = 0
    before: int = 0
    sources: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()


class StoriesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for stories with an article that ``query`` finds; all of their articles are counted.

    ``latest_from`` (inclusive) and ``latest_before`` bound ``StorySummary.latest``: open and closed stories. Sorting by
    size is by origins, then articles; by growth is by ``recent - before``, then articles; ties by id.
    """

    now: datetime
    query: Query | None = None
    articles_min: int = 1
    origins_min: int = 1
    latest_from: datetime | None = None
    latest_before: datetime | None = None
    sort: Literal["size", "growth", "newest"] = "size"
    window_s: int = 21_600
    limit: int = 20
    cursor: str | None = None


class StoriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with stories in order, how many there are in all, and the cursor of the next page if any.

    ``estimated`` tells that some stories or counts may be missing: more stories match than are looked at, or the
    index is still being completed after an upgrade.
    """

    stories: tuple[StorySummary, ...]
    total: int
    cursor: str | None = None
    estimated: bool = False


class StoryArticles(msgspec.Struct, frozen=True, kw_only=True):
    """Hold some articles of a story, and the cursor of the next page if any."""

    articles: tuple[Document, ...]
    cursor: str | None = None


class Stories(Protocol):
    """Sum up stories without reading their articles. All raise ``UnavailableError`` or ``TransientError``.

    A story that was merged into another is asked for by either id, and is told of under the one that goes on.
    """

    def summaries(self, request: StoriesRequest) -> StoriesPage:
        """Return one page. Raises ``UsageError`` where searching would, or for a cursor that no page gave."""

    def story(self, story_id: str, now: datetime, window_s: int = 21_600) -> StorySummary | None:
        """Sum up one story by its whole id, ``None`` where there is no such story."""

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids, sorted, of the stories that go on of those whose ids begin so, merged ones included."""

    def articles(self, story_id: str, cursor: str | None = None, limit: int = 200) -> StoryArticles:
        """Return a story's articles, by publication or first sight, oldest first. An unknown story has none."""
