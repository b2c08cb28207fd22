"""The Events port on the store: articles are found by the index, reports by their ids in a table."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.adapters.reported_events import Reports, on_articles
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.derived import Derived
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.stories import SqliteStories
from pipeline.adapters.sqlite.writer import read_document
from pipeline.model import ReportedEvent
from pipeline.ports.events import EventDay, EventDays, EventsPage, EventsRequest
from pipeline.ports.search import SearchRequest

_DAY = "ifnull(e.day, strftime('%Y-%m-%d', ifnull(d.published, d.seen) / 1000000, 'unixepoch'))"


class SqliteEvents:
    """Find the events of the store."""

    def __init__(self, database: Database, index: SqliteIndex, stories: SqliteStories) -> None:
        self._database = database
        self._index = index
        self._derived = Derived(database)
        self._reports = Reports(index.search, lambda ids: {each: stories.same(each) for each in ids})

    def page(self, request: EventsRequest) -> EventsPage:
        """Return one page."""
        return self._reports.page(request)

    def days(self, request: EventsRequest) -> EventDays:
        """Count by day: of some thousand articles as they are merged, of more as the table of events tells."""
        read = self._reports.days(request)
        return EventDays(days=read) if read is not None else EventDays(days=self._estimated(request), estimated=True)

    def event(self, event_id: str) -> ReportedEvent | None:
        """Return the event that a report tells of."""
        for position in self._positions(event_id):
            document = read_document(self._database, position)
            for reported in self._reports.of_article(document) if document is not None else ():
                if any(report.event == event_id for report in reported.told_by):
                    return reported
        return None

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of reports that begin so; the rest of an older store is read first, however long it takes."""
        while self._derived.advance():
            continue
        rows = self._database.connection.execute(
            "SELECT DISTINCT id FROM events WHERE id >= ? AND id < ? AND substr(id, 1, ?) = ? ORDER BY id LIMIT ?",
            (beginning, beginning + "\U0010ffff", len(beginning), beginning, limit),
        )
        return [event_id for (event_id,) in rows]

    def _positions(self, event_id: str) -> list[int]:
        """Return where an event is reported; of an older store, more is read until it is found."""
        while True:
            rows = self._database.connection.execute("SELECT position FROM events WHERE id = ?", (event_id,)).fetchall()
            if rows or not self._derived.advance():
                break
        return [position for (position,) in rows]

    def _estimated(self, request: EventsRequest) -> tuple[EventDay, ...]:
        self._derived.complete()
        query = on_articles(request)
        with self._index.bounded():
            found, params = self._index.matching(SearchRequest(query=query, now=request.now, copies=True))
            types = [value for name, value in request.conditions if name == "event"]
            rows = self._database.connection.execute(
                f"SELECT day, count(*) FROM (SELECT DISTINCT {_DAY} AS day, e.type, "
                "coalesce(m.kept, d.story, d.id) FROM events AS e JOIN documents AS d USING (position) "
                f"LEFT JOIN merges AS m ON m.gone = d.story WHERE e.position IN ({found}) AND e.confidence >= ?"
                + " AND e.type = ?" * len(types)
                + ") GROUP BY day ORDER BY day",
                (*params, request.confidence_min, *types),
            ).fetchall()
        return tuple(EventDay(day=day, events=count) for day, count in rows)
