"""Stories: reports of the same happening, listed, summed up, and found under every id they had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.clock import Clock
from pipeline.ports.stories import StoriesRequest, StorySummary
from pipeline.query.tree import AnyNode, Keyword, Or, Query

if TYPE_CHECKING:
    from pipeline.ports import stories as ports
    from pipeline.services.saved_searches import SavedSearches

PAGE = 200
# To name a story, its first reports are read, a page of these at a time.
LABEL_PAGE = 60
# A name is kept until the story has grown by such a part, and so long at most.
LABEL_AGE = timedelta(minutes=5)
LABEL_GROWTH = 0.1
LABELS = 2_000
SHORTEST_ID = 4
# Stories that one beginning of an id stands for in a query, each under all ids it had.
WIDENED_TO = 50
WINDOW_S = 21_600
SORTS = ("size", "growth", "newest")
Sort = Literal["size", "growth", "newest"]
State = Literal["open", "closed"]


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up a story.

    ``origins`` counts independent publishers (see ``model.origins``). ``per_hour`` is the number of articles an hour
    within the last six hours, ``per_hour_before`` within the six before them, ``growth`` the difference. A story is
    closed from the moment it has been quiet for three days. ``merged`` are the stories that turned out to be this one.
    """

    id: str
    label: str
    state: Literal["open", "closed"]
    first_seen: datetime
    latest: datetime
    closed: datetime | None
    articles: int
    origins: int
    per_hour: float
    per_hour_before: float
    growth: float
    sources: tuple[str, ...]
    merged: tuple[str, ...]


class FoundStories(msgspec.Struct, frozen=True, kw_only=True):
    """Hold stories in order, and whether some or their counts may be missing."""

    lines: tuple[StoryLine, ...]
    estimated: bool = False


class Stories:
    """Answer questions about stories."""

    def __init__(self, *, stories: ports.Stories, searches: SavedSearches, clock: Clock) -> None:
        self._stories = stories
        self._searches = searches
        self._clock = clock
        self._labels: dict[str, _Label] = {}

    def find(
        self,
        query: str | None,
        *,
        days: int = 7,
        least: int = 2,
        origins: int = 1,
        state: State | None = None,
        sort: Sort = "size",
        limit: int = 20,
    ) -> FoundStories:
        """Return stories with an article that a query finds within some days, and with so many articles or more."""
        from pipeline.stages.deduplicate.times import CLOSES_AFTER

        now = self._clock()
        request = StoriesRequest(
            now=now,
            query=self._searches.of_last_days(query, days),
            articles_min=least,
            origins_min=origins,
            # closed from the moment that the story has been quiet for so long
            latest_from=now - CLOSES_AFTER if state == "open" else None,
            latest_before=now - CLOSES_AFTER if state == "closed" else None,
            sort=sort,
            window_s=WINDOW_S,
            limit=min(limit, PAGE),
        )
        found: list[StorySummary] = []
        while True:
            page = self._stories.summaries(request)
            found += page.stories
            if page.cursor is None or len(found) >= limit:
                break
            request = msgspec.structs.replace(request, cursor=page.cursor)
        return FoundStories(
            lines=tuple(self._line(summary, now) for summary in found[:limit]), estimated=page.estimated
        )

    def get(self, story_id: str) -> tuple[StoryLine, list[Document]] | None:
        """Return a story by an id it had, or the beginning of one, with its articles, oldest first.

        Raises ``UsageError`` when several fit or the beginning is too short.
        """
        names = self._stories.named(_beginning(story_id))
        if len(names) > 1:
            raise UsageError(f"More than one story's id begins with {story_id}; give more of it.")
        now = self._clock()
        summary = self._stories.story(names[0], now, WINDOW_S) if names else None
        if summary is None:
            return None
        from pipeline.services.story_labels import label

        articles = self._articles(summary.id, lambda found: False)
        return _summed_up(summary, label(articles), now), articles

    def same(self, story_id: str) -> list[str]:
        """Return the ids of stories that are one with this one, or that begin with it: its own and all merged."""
        names = self._stories.named(_beginning(story_id), WIDENED_TO)
        summaries = (self._stories.story(name, self._clock()) for name in names)
        return sorted({each for story in summaries if story is not None for each in (story.id, *story.merged)})

    def _line(self, summary: StorySummary, now: datetime) -> StoryLine:
        from pipeline.services.story_labels import has_enough, label

        kept = self._labels.get(summary.id)
        if kept is None or not kept.fits(summary, now):
            name = label(self._articles(summary.id, has_enough, LABEL_PAGE))
            self._labels[summary.id] = kept = _Label(name, summary.articles, now)
            for old in list(self._labels)[: len(self._labels) - LABELS]:
                self._labels.pop(old, None)
        return _summed_up(summary, kept.name, now)

    def _articles(
        self, story_id: str, enough: Callable[[Sequence[Document]], bool], limit: int = PAGE
    ) -> list[Document]:
        """Return the articles of a story, oldest first, the pages after ``enough`` left unread."""
        found: list[Document] = []
        cursor = None
        while True:
            page = self._stories.articles(story_id, cursor, limit)
            found += page.articles
            cursor = page.cursor
            if cursor is None or enough(found):
                return found


class _Label(NamedTuple):
    """Hold what a story is called, of how many articles it was when it was named, and since when."""

    name: str
    articles: int
    since: datetime

    def fits(self, story: StorySummary, now: datetime) -> bool:
        """Tell whether the story is still much as it was."""
        return now - self.since < LABEL_AGE and abs(story.articles - self.articles) <= LABEL_GROWTH * self.articles


def with_merged_stories(query: Query, same: Callable[[str], Sequence[str]]) -> Query:
    """Return a query in which ``story:`` stands for all stories that turned out to be that one.

    ``same`` returns the ids of the stories that are one with an id or the beginning of one.
    """

    def widened(node: AnyNode) -> AnyNode:
        if isinstance(node, Keyword) and node.name == "story" and len(node.value) >= SHORTEST_ID:
            others = [each for each in same(node.value) if not each.startswith(node.value)]
            nodes = tuple(Keyword(name="story", value=each, column=node.column) for each in others)
            return Or(nodes=(node, *nodes)) if nodes else node
        if hasattr(node, "nodes"):
            return msgspec.structs.replace(node, nodes=tuple(map(widened, node.nodes)))
        if hasattr(node, "node"):
            return msgspec.structs.replace(node, node=widened(node.node))
        return node

    return msgspec.structs.replace(query, root=widened(query.root)) if "story:" in query.text.casefold() else query


def _beginning(story_id: str) -> str:
    if len(story_id) < SHORTEST_ID:
        raise UsageError(f"{story_id!r} is too short to tell stories apart; give four letters of the id or more.")
    return story_id.casefold()


def _summed_up(summary: StorySummary, label: str, now: datetime) -> StoryLine:
    """Write a summary with its label and its rates."""
    from pipeline.stages.deduplicate.times import closes

    hours = WINDOW_S / 3600
    closed = closes(summary.latest, now)
    return StoryLine(
        id=summary.id,
        label=label,
        state="open" if closed is None else "closed",
        first_seen=summary.first_seen,
        latest=summary.latest,
        closed=closed,
        articles=summary.articles,
        origins=summary.origins,
        per_hour=round(summary.recent / hours, 2),
        per_hour_before=round(summary.before / hours, 2),
        growth=round((summary.recent - summary.before) / hours, 2),
        sources=summary.sources,
        merged=summary.merged,
    )
