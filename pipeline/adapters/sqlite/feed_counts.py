"""The FeedCounts port on the store: a feed's articles are those with its keyword in the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pipeline.adapters.sqlite.compile import quoted
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.generations import earlier_versions
from pipeline.adapters.sqlite.plans import Plan
from pipeline.adapters.sqlite.statements import day_of, narrowed, selected
from pipeline.adapters.sqlite.terms import keyword_token
from pipeline.ports.feed_counts import MOST_UNREAD
from pipeline.ports.marks import READ
from pipeline.query.indexing import least_key

# SQLite takes 32,766 parameters at most, and less in earlier versions.
_AT_ONCE = 500


class SqliteFeedCounts:
    """Count in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def per_day(self, feeds: Sequence[str], since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Count each feed's articles by day."""
        start = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        earlier, found = earlier_versions(self._database), {}
        for feed in feeds:
            sql, params = selected(_of(feed), ("{position} >= ?", (least_key(start),)), earlier=earlier)
            days = dict(
                self._database.connection.execute(
                    f"SELECT {day_of('position')}, count(*) FROM ({sql}) GROUP BY 1", params
                ).fetchall()
            )
            if days:
                found[feed] = days
        return found

    def unread(self, reader: str, feeds: Sequence[str], *, after: int | None = None) -> tuple[int, Mapping[str, int]]:
        """Count what is not read among the newest of all, and of each feed."""
        earlier = earlier_versions(self._database)
        whole = self._newest(narrowed(Plan(), copies=False), earlier)
        newest = {feed: self._newest(narrowed(_of(feed), copies=False), earlier) for feed in feeds}
        known = self._known(reader, {*whole, *(place for places in newest.values() for place in places)}, after)
        counted = {feed: sum(place not in known for place in places) for feed, places in newest.items()}
        return sum(place not in known for place in whole), {feed: n for feed, n in counted.items() if n}

    def _newest(self, plan: Plan, earlier: Sequence[int]) -> list[int]:
        sql, params = selected(plan, None, earlier=earlier)
        rows = self._database.connection.execute(f"{sql} ORDER BY 1 DESC LIMIT ?", (*params, MOST_UNREAD))
        return [position for (position,) in rows]

    def _known(self, reader: str, positions: Iterable[int], after: int | None) -> set[int]:
        """Return which of some positions are read, or too old to count."""
        ordered, known = sorted(positions), set()
        for start in range(0, len(ordered), _AT_ONCE):
            chunk = ordered[start : start + _AT_ONCE]
            rows = self._database.connection.execute(
                f"SELECT position FROM documents AS d WHERE position IN ({', '.join('?' * len(chunk))}) AND "
                "(number <= ? OR EXISTS (SELECT 1 FROM marks WHERE reader = ? AND article = d.id AND mark = ?))",
                (*chunk, -1 if after is None else after, reader, READ),
            )
            known |= {position for (position,) in rows}
        return known


def _of(feed: str) -> Plan:
    return Plan(match=quoted(keyword_token("feed", feed.casefold())))
