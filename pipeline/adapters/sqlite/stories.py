"""The Stories port on the store: one aggregate over the rows of documents, and the table of merges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.derived import Derived
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.writer import read_document
from pipeline.adapters.story_pages import choose, read_rank
from pipeline.adapters.verified_search import Cursor, read_cursor, write_cursor
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.search import SearchRequest
from pipeline.ports.stories import StoriesPage, StoriesRequest, StoryArticles, StorySummary

_JOINED = "documents AS d LEFT JOIN merges AS m ON m.gone = d.story"
_STORY = "ifnull(m.kept, d.story)"
_REPORTED = "CASE WHEN d.published <= d.seen THEN d.published ELSE d.seen END"
_COUNTS = (
    f"{_STORY} AS story, min(d.seen), max({_REPORTED}), count(*), "
    "max(count(DISTINCT CASE WHEN d.original IS NULL THEN d.source END), 1), "
    f"sum({_REPORTED} > ?), sum({_REPORTED} > ? AND {_REPORTED} <= ?)"
)
# Every id that one of these stories ever had.
_ALL_IDS = "SELECT value FROM json_each(?) UNION ALL SELECT gone FROM merges, json_each(?) WHERE kept = value"


class SqliteStories:
    """Sum up the stories of the store."""

    def __init__(self, database: Database, index: SqliteIndex) -> None:
        self._database = database
        self._index = index
        self._derived = Derived(database)

    def summaries(self, request: StoriesRequest) -> StoriesPage:
        """Return one page."""
        read_rank(request.cursor)
        is_complete = self._derived.complete()
        with self._index.bounded():
            ids = None if request.query is None else self._found(request)
            found = self._counted(ids, request.now, request.window_s)
        page, total, cursor = choose(found, request)
        stories = tuple(map(self._filled_in, page))
        return StoriesPage(stories=stories, total=total, cursor=cursor, estimated=not is_complete)

    def story(self, story_id: str, now: datetime, window_s: int = 21_600) -> StorySummary | None:
        """Sum up one story."""
        self._derived.complete()
        found = self._counted([self.survivor(story_id)], now, window_s)
        return self._filled_in(found[0]) if found else None

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of the stories that go on of those whose ids begin so."""
        self._derived.complete()
        rows = self._database.connection.execute(
            f"SELECT DISTINCT {_STORY} FROM {_JOINED} WHERE d.story >= :low AND substr(d.story, 1, :length) = :low "
            "AND d.story < :high UNION SELECT kept FROM merges WHERE gone >= :low AND gone < :high "
            "AND substr(gone, 1, :length) = :low AND EXISTS (SELECT 1 FROM documents WHERE story = kept) "
            "ORDER BY 1 LIMIT :limit",
            {"low": beginning, "high": beginning + "\U0010ffff", "length": len(beginning), "limit": limit},
        )
        return [story_id for (story_id,) in rows]

    def articles(self, story_id: str, cursor: str | None = None, limit: int = 200) -> StoryArticles:
        """Return a story's articles, oldest first."""
        self._derived.complete()
        after = read_cursor(cursor)
        listed = _listed([self.survivor(story_id)])
        rows = self._database.connection.execute(
            "SELECT ifnull(published, seen) AS moment, id, position FROM documents "
            f"WHERE story IN ({_ALL_IDS}) AND (moment, id) > (?, ?) ORDER BY moment, id LIMIT ?",
            (listed, listed, *((after.key, after.id) if after else (-(1 << 63), "")), limit + 1),
        ).fetchall()
        read = (read_document(self._database, position) for _, _, position in rows[:limit])
        articles = self._index.all_with_copies([document for document in read if document is not None])
        following = Cursor(rows[limit - 1][0], rows[limit - 1][1]) if len(rows) > limit else None
        return StoryArticles(articles=tuple(articles), cursor=write_cursor(following))

    def survivor(self, story_id: str) -> str:
        """Return the story that goes on for one that may have been merged."""
        row = self._database.connection.execute("SELECT kept FROM merges WHERE gone = ?", (story_id,)).fetchone()
        return row[0] if row else story_id

    def same(self, story_id: str) -> Sequence[str]:
        """Return every id of the story that goes on for this one, its own first."""
        kept = self.survivor(story_id)
        rows = self._database.connection.execute("SELECT gone FROM merges WHERE kept = ? ORDER BY gone", (kept,))
        return [kept, *(gone for (gone,) in rows)]

    def _found(self, request: StoriesRequest) -> list[str]:
        found, params = self._index.matching(SearchRequest(query=request.query, now=request.now, copies=True))
        rows = self._database.connection.execute(
            f"SELECT DISTINCT {_STORY} FROM {_JOINED} WHERE d.story IS NOT NULL AND d.position IN ({found})", params
        )
        return [story_id for (story_id,) in rows]

    def _counted(self, ids: Sequence[str] | None, now: datetime, window_s: int) -> list[StorySummary]:
        """Count the articles of these stories, given by the ids that go on, or of all."""
        recent, before = (microseconds(now - timedelta(seconds=n * window_s)) for n in (1, 2))
        condition, params = "d.story IS NOT NULL", ()
        if ids is not None:
            condition, params = f"d.story IN ({_ALL_IDS})", (_listed(ids),) * 2  # type: ignore[assignment]
        rows = self._database.connection.execute(
            f"SELECT {_COUNTS} FROM {_JOINED} WHERE {condition} GROUP BY 1", (recent, before, recent, *params)
        )
        return [
            StorySummary(
                id=story_id,
                first_seen=from_microseconds(first_seen),
                latest=from_microseconds(latest),
                articles=articles,
                origins=origins,
                recent=in_window,
                before=in_window_before,
            )
            for story_id, first_seen, latest, articles, origins, in_window, in_window_before in rows
        ]

    def _filled_in(self, story: StorySummary) -> StorySummary:
        ids = self.same(story.id)
        rows = self._database.connection.execute(
            "SELECT DISTINCT source FROM documents WHERE story IN (SELECT value FROM json_each(?))", (_listed(ids),)
        )
        sources = tuple(sorted(source for (source,) in rows))
        return msgspec.structs.replace(story, sources=sources, merged=tuple(sorted(ids[1:])))


def _listed(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()
