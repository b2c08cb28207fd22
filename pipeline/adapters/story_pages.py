"""What both indexes share of summing up stories: choosing, ordering and paging."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.adapters import cursors
from pipeline.moments import microseconds
from pipeline.ports.stories import StoriesRequest, StorySummary


class Rank(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Order a story among others: smaller comes first."""

    first: int
    second: int
    id: str


def read_rank(text: str | None) -> Rank | None:
    """Read a cursor. Raises ``UsageError`` for one that no page gave out."""
    return None if text is None else cursors.read(text, Rank)


def choose(found: Sequence[StorySummary], request: StoriesRequest) -> tuple[list[StorySummary], int, str | None]:
    """Return one page of the stories that the request asks for, how many there are in all, and the next cursor."""
    fitting = [story for story in found if _fits(story, request)]
    after = read_rank(request.cursor)
    ranked = sorted(((_rank(story, request.sort), story) for story in fitting), key=lambda pair: pair[0])
    if after is not None:
        ranked = [pair for pair in ranked if pair[0] > after]
    page = ranked[: request.limit]
    cursor = None
    if page and len(ranked) > len(page):
        cursor = cursors.written(page[-1][0])
    return [story for _, story in page], len(fitting), cursor


def _fits(story: StorySummary, request: StoriesRequest) -> bool:
    return (
        story.articles >= request.articles_min
        and story.origins >= request.origins_min
        and (request.latest_from is None or story.latest >= request.latest_from)
        and (request.latest_before is None or story.latest < request.latest_before)
    )


def _rank(story: StorySummary, sort: str) -> Rank:
    if sort == "growth":
        return Rank(story.before - story.recent, -story.articles, story.id)
    if sort == "newest":
        return Rank(-microseconds(story.latest), 0, story.id)
    return Rank(-story.origins, -story.articles, story.id)
