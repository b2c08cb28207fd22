"""Stories: reports of the same happening, listed, summed up, and found under every id they had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.clock import Clock
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.query.parser import parse
from pipeline.query.tree import AnyNode, Keyword, Or, Query

PAGE = 500
# So many of the largest stories are looked at; filters choose among them.
LOOKED_AT = 200
SHORTEST_ID = 4
RECENT = timedelta(hours=6)
SORTS = ("size", "growth", "newest")


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up a story.

    ``origins`` counts originals: all copies of a text count once. ``per_hour`` is the number of articles an hour within
    the last six hours, ``per_hour_before`` within the six before them, ``growth`` the difference. A story is closed
    from the moment it has been quiet for three days. ``merged`` are the stories that turned out to be this one.
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


class Stories:
    """Answer questions about stories."""

    def __init__(self, *, index: SearchIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    def find(
        self,
        query: str | None,
        *,
        days: int = 7,
        least: int = 2,
        origins: int = 1,
        state: str | None = None,
        sort: str = "size",
        limit: int = 20,
    ) -> list[StoryLine]:
        """Return stories with an article that a query finds within some days, and with so many articles or more."""
        now = self._clock()
        ids = _largest(self._index, f"last:{days}d" + (f" ({query})" if query else ""), max(LOOKED_AT, limit), now)
        lines = [
            line
            for line in summed_up(_documents(self._index, ids, now), now)
            if line.articles >= least and line.origins >= origins and (state is None or line.state == state)
        ]
        lines.sort(key=lambda line: (*_rank(line, sort), line.id))
        return lines[:limit]

    def get(self, story_id: str) -> tuple[StoryLine, list[Document]] | None:
        """Return a story by an id it had, or the beginning of one, with its articles, oldest first.

        Raises ``UsageError`` when several fit or the beginning is too short.
        """
        now = self._clock()
        documents = _documents(self._index, self.same(story_id), now)
        found = summed_up(documents, now)
        if len(found) > 1:
            raise UsageError(f"More than one story's id begins with {story_id}; give more of it.")
        return (found[0], documents) if found else None

    def same(self, story_id: str) -> list[str]:
        """Return the ids of stories that are one with this one, or that begin with it: its own and all merged."""
        return same_story(self._index, story_id, self._clock())


def with_merged_stories(query: Query, same: Callable[[str], Sequence[str]]) -> Query:
    """Return a query in which ``story:`` stands for all stories that turned out to be that one.

    ``same`` returns the ids of the stories that are one with an id or the beginning of one.
    """

    def widened(node: AnyNode) -> AnyNode:
        if isinstance(node, Keyword) and node.name == "story" and len(node.value) >= SHORTEST_ID:
            ids = same(node.value)
            nodes = tuple(Keyword(name="story", value=each, column=node.column) for each in ids)
            return Or(nodes=nodes) if len(nodes) > 1 else node
        if hasattr(node, "nodes"):
            return msgspec.structs.replace(node, nodes=tuple(map(widened, node.nodes)))
        if hasattr(node, "node"):
            return msgspec.structs.replace(node, node=widened(node.node))
        return node

    return msgspec.structs.replace(query, root=widened(query.root)) if "story:" in query.text.casefold() else query


def summed_up(documents: Iterable[Document], now: datetime) -> list[StoryLine]:
    """Sum up the stories of some documents, merged ones as one."""
    # These bring numpy, which a search for articles needs not.
    from pipeline.services.story_labels import label
    from pipeline.stages.deduplicate.stories import closes, reported

    documents = list(documents)
    into = _survivors(documents)
    grouped: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if document.story_id:
            grouped[into.get(document.story_id, document.story_id)].append(document)
    lines = []
    for story_id, members in grouped.items():
        members.sort(key=_by_time)
        moments = [reported(member.published, member.seen) for member in members]
        recent = sum(moment > now - RECENT for moment in moments)
        before = sum(now - RECENT >= moment > now - 2 * RECENT for moment in moments)
        hours = RECENT.total_seconds() / 3600
        closed = closes(max(moments), now)
        lines.append(
            StoryLine(
                id=story_id,
                label=label([member for member in members if member.duplicate_of is None] or members),
                state="open" if closed is None else "closed",
                first_seen=min(member.seen for member in members),
                latest=max(moments),
                closed=closed,
                articles=len(members),
                origins=len({member.duplicate_of or member.id for member in members}),
                per_hour=round(recent / hours, 2),
                per_hour_before=round(before / hours, 2),
                growth=round((recent - before) / hours, 2),
                sources=tuple(sorted({member.source for member in members})),
                merged=tuple(sorted(gone for gone, kept in into.items() if kept == story_id)),
            )
        )
    return lines


def same_story(index: SearchIndex, story_id: str, now: datetime) -> list[str]:
    """Return the ids of stories that are one with this one (or that begin with it): its own and all merged."""
    if len(story_id) < SHORTEST_ID:
        raise UsageError(f"{story_id!r} is too short to tell stories apart; give four letters of the id or more.")
    value = story_id.casefold()
    first = _search(index, Keyword(name="story", value=value, prefix=len(value) < 32), now)
    ids = {document.story_id for document in first if document.story_id and document.story_id.startswith(value)}
    ids |= {merged for document in first for merged in document.merged if merged.startswith(value)}
    return sorted(_connected(index, ids, now))


def _survivors(documents: Sequence[Document]) -> dict[str, str]:
    """Return for each merged story the one that goes on."""
    into = {gone: document.story_id for document in documents for gone in document.merged if document.story_id}
    for gone in into:
        while into[gone] in into:
            into[gone] = into[into[gone]]
    return into


def _connected(index: SearchIndex, ids: set[str], now: datetime) -> set[str]:
    """Follow merges both ways, however often."""
    known: set[str] = set()
    while new := ids - known:
        known |= new
        for document in _documents(index, sorted(new), now):
            ids |= {document.story_id or "", *document.merged} - {""}
    return ids


def _largest(index: SearchIndex, query: str, limit: int, now: datetime) -> list[str]:
    request = SearchRequest(query=parse(query), now=now, copies=True)
    counts = index.facets(request, "story", limit)
    return sorted(_connected(index, {count.value for count in counts}, now))


def _documents(index: SearchIndex, ids: Sequence[str], now: datetime) -> list[Document]:
    """Return the articles of some stories, the oldest first."""
    found: dict[str, Document] = {}
    for at in range(0, len(ids), 50):
        nodes = tuple(Keyword(name="story", value=each) for each in ids[at : at + 50])
        found |= {
            document.id: document for document in _search(index, nodes[0] if len(nodes) == 1 else Or(nodes=nodes), now)
        }
    return sorted(found.values(), key=_by_time)


def _search(index: SearchIndex, root: AnyNode, now: datetime) -> list[Document]:
    found: list[Document] = []
    cursor = None
    while True:
        query = Query(text="story", root=root)
        page = index.search(SearchRequest(query=query, now=now, limit=PAGE, copies=True, cursor=cursor))
        found += page.documents
        cursor = page.cursor
        if cursor is None:
            return found


def _by_time(document: Document) -> tuple[datetime, str]:
    return document.published or document.seen, document.id


def _rank(line: StoryLine, sort: str) -> tuple[float, ...]:
    if sort == "growth":
        return -line.growth, -line.articles
    if sort == "newest":
        return (-line.latest.timestamp(),)
    return -line.origins, -line.articles
