"""The Arrivals port on the store: a position is the number of the last write that was given out.

Writers take turns and number their writes within their transactions, so that a write never becomes visible after one
with a greater number: each is given exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.writer import read_document
from pipeline.adapters.verified_search import CHUNK, MAX_VERIFIED, matches
from pipeline.errors import UsageError
from pipeline.ports.arrivals import Arrival, ArrivalsPage, ArrivalsRequest, NumbersRequest
from pipeline.ports.search import SearchRequest

LAST_POSITION = (1 << 63) - 1


class SqliteArrivals:
    """Follow the store by writing."""

    def __init__(self, database: Database, index: SqliteIndex) -> None:
        self._database = database
        self._index = index

    def since(self, position: str | None, request: ArrivalsRequest) -> ArrivalsPage:
        """Return what was written after a position, each article checked by the reference matcher."""
        after, examined = _read_position(position), 0
        asked = SearchRequest(query=request.query, now=request.now, copies=True)
        found: list[Arrival] = []
        while True:
            rows = self._database.connection.execute(
                "SELECT written, number, position FROM documents WHERE written > ? ORDER BY written LIMIT ?",
                (after, CHUNK),
            ).fetchall()
            for written, number, place in rows:
                if len(found) == request.limit or examined == MAX_VERIFIED:
                    return ArrivalsPage(arrivals=tuple(found), position=str(after), more=True)
                document = self._index.read(place, asked)
                after, examined = written, examined + 1
                if document is not None and matches(document, asked):
                    found.append(Arrival(number=number, document=self._index.with_copies(document)))
            if len(rows) < CHUNK:
                return ArrivalsPage(arrivals=tuple(found), position=str(after))

    def end(self) -> str:
        """Return the number of the last write."""
        (last,) = self._database.connection.execute("SELECT value FROM counters WHERE name = 'written'").fetchone()
        return str(last)

    def numbers(self, request: NumbersRequest) -> Sequence[int]:
        """Return item numbers in order."""
        low, high = request.after or 0, LAST_POSITION if request.before is None else request.before
        conditions, params = "number > ? AND number < ?", (low, min(high, LAST_POSITION))
        with self._index.bounded():
            matching: tuple[str | int, ...] = ()
            if request.query is not None:
                found, matching = self._index.matching(SearchRequest(query=request.query, now=request.now, copies=True))
                conditions += f" AND position IN ({found})"
            direction = "DESC" if request.order == "newest" else "ASC"
            rows = self._database.connection.execute(
                f"SELECT number FROM documents WHERE {conditions} ORDER BY number {direction} LIMIT ?",
                (*params, *matching, request.limit),
            ).fetchall()
        return [number for (number,) in rows]

    def numbered(self, numbers: Sequence[int]) -> Sequence[Arrival]:
        """Return the articles with these item numbers, in the order asked for."""

        rows = self._database.connection.execute(
            "SELECT number, position FROM documents WHERE number IN (SELECT value FROM json_each(?))",
            (_listed([number for number in numbers if 0 <= number <= LAST_POSITION]),),
        ).fetchall()
        places = dict(rows)
        found = ((number, read_document(self._database, places[number])) for number in numbers if number in places)
        there = [(number, document) for number, document in found if document is not None]
        documents = self._index.all_with_copies([document for _, document in there])
        return [Arrival(number=n, document=document) for (n, _), document in zip(there, documents, strict=True)]

    def ids_of(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the ids of articles by item number."""
        return dict(
            self._database.connection.execute(
                "SELECT number, id FROM documents WHERE number IN (SELECT value FROM json_each(?))",
                (_listed([number for number in numbers if 0 <= number <= LAST_POSITION]),),
            ).fetchall()
        )

    def numbers_of(self, article_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the item numbers of articles."""
        return dict(
            self._database.connection.execute(
                "SELECT id, number FROM documents WHERE id IN (SELECT value FROM json_each(?))", (_listed(article_ids),)
            ).fetchall()
        )


def _read_position(position: str | None) -> int:
    if position is None:
        return 0
    if not (position.isascii() and position.isdecimal() and int(position) <= LAST_POSITION):
        raise UsageError("The position is not one that was given out; start again without it.")
    return int(position)


def _listed(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()
