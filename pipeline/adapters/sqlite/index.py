"""The SearchIndex port on SQLite FTS5, in the store's own file and transactions.

A document's rows share its order key as row id, so that newest-first is the order FTS5 finds rows in.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec

from pipeline.adapters.sqlite.compile import (
    COPY,
    MAX_EXPANSION,
    Plan,
    Vocabulary,
    compile_query,
    quoted,
)
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.writer import Writer, languages, read_document, unpack
from pipeline.adapters.verified_search import (
    CHUNK,
    MAX_SAMPLED,
    MAX_VERIFIED,
    Cursor,
    check_order,
    collect,
    estimate,
    matches,
    read_cursor,
    refuse_to_read,
    unfolds,
    write_cursor,
)
from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.moments import microseconds
from pipeline.ports.search import FACETS, Count, Day, SearchPage, SearchRequest
from pipeline.query.evaluate import within_edits
from pipeline.query.indexing import clip, counts_copies, similar_query
from pipeline.query.tree import And, Fuzzy, Query, Wildcard

DEADLINE_S = 10.0
# BM25 costs a microsecond a hit: of a word that more articles hold than this, the newest are ranked.
MAX_RANKED = 50_000
# A word in the title says more than one in the text; keywords and event codes say nothing about relevance.
_RANK = "bm25(terms, 4, 1, 1, 1, 0, 0, 0, 0, 0, 0)"
_TOO_COMPLEX = ("fts5", "parser stack overflow", "Expression tree is too large", "too many")


class SqliteIndex:
    """Keep documents searchable in the store. Writes join the transaction that is open, if one is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = Writer(database)

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one."""
        return self._writer.write(documents)

    def get(self, article_id: str) -> Document | None:
        """Return the newest revision of a document, with the ids of its copies."""
        row = self._database.connection.execute(
            "SELECT value FROM documents JOIN bodies USING (position) WHERE id = ?", (article_id,)
        ).fetchone()
        return self.with_copies(unpack(row[0])) if row else None

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page, verified where FTS5 cannot answer exactly; such a page may be short and still go on."""
        check_order(request)
        cursor = read_cursor(request.cursor)
        copies = unfolds(request) or (cursor is not None and cursor.copies)
        with self.bounded():
            page = self._page(request, cursor, copies)
            if not page.documents and cursor is None and not copies:
                # Only copies match, by words that the original lacks.
                page = self._page(request, cursor, True)
        return page

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count matching documents by the values of ``field``."""
        if field not in FACETS:
            raise UsageError(f"There is no facet {field!r}; the facets are {', '.join(FACETS)}.")
        with self.bounded():
            found, params = self.matching(request)
            if field in ("source", "language"):
                sql = f"SELECT {field} AS value, count(*) AS n FROM documents WHERE position IN ({found})"
            elif field == "day":
                sql = f"SELECT {_day('position')} AS value, count(*) AS n FROM ({found})"
            else:
                sql = f"SELECT value, count(*) AS n FROM facets WHERE position IN ({found}) AND field = '{field}'"
            order = "value DESC" if field == "day" else "n DESC, value"
            rows = self._database.connection.execute(
                f"SELECT * FROM ({sql} GROUP BY value) WHERE value IS NOT NULL ORDER BY {order} LIMIT ?",
                (*params, limit),
            ).fetchall()
        return [Count(value=value, documents=count) for value, count in rows]

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count matching documents and all documents by day."""
        everything = msgspec.structs.replace(request, query=None)
        with self.bounded():
            days = dict(self._days(request))
            whole = dict(self._days(everything)) if days else {}
        return [Day(day=day, documents=count, all=whole[day]) for day, count in sorted(days.items())]

    def similar(self, document: Document, request: SearchRequest) -> SearchPage:
        """Return documents that share this one's most telling words, best first."""
        (size,) = self._database.connection.execute("SELECT count(*) FROM documents").fetchone()
        query = similar_query(document, self._frequencies, size)
        if query is None:
            return SearchPage(documents=(), total=0)
        if request.query is not None:
            query = Query(text=query.text, root=And(nodes=(request.query.root, query.root)))
        return self.search(msgspec.structs.replace(request, query=query, sort="best"))

    def refresh(self) -> None:
        """Do nothing: what is written is visible."""

    def prune(self, before: datetime) -> int:
        """Forget documents first seen before a moment, some at a time, so that writers take turns with it."""
        count = 0
        while True:
            with self._database.transaction():
                rows = self._database.connection.execute(
                    "SELECT position FROM documents WHERE first_seen < ? LIMIT ?", (microseconds(before), CHUNK)
                ).fetchall()
                for (position,) in rows:
                    self._writer.remove(position)
            count += len(rows)
            if not rows:
                return count

    def close(self) -> None:
        """Do nothing: the database is closed by who opened it."""

    def _plan(self, request: SearchRequest, copies: bool) -> Plan:
        """Compile the request's query, without copies unless they are wanted."""
        plan = Plan()
        if request.query is not None:
            vocabulary = Vocabulary(
                languages=languages(self._database), family=self._family, like=self._tokens_like, now=request.now
            )
            plan = compile_query(request.query.root, vocabulary)
        if copies:
            return plan
        if plan.match is not None:
            return msgspec.structs.replace(plan, match=f"({plan.match}) NOT {quoted(COPY)}")
        where = "d.original IS NULL" + (f" AND {plan.where}" if plan.where else "")
        return msgspec.structs.replace(plan, where=where)

    def _page(self, request: SearchRequest, cursor: Cursor | None, copies: bool) -> SearchPage:
        plan = self._plan(request, copies)
        found = collect(self._candidates(plan, request, cursor), request, plan.exact)
        total, estimated = self._total(plan, request)
        following = found.following
        if following is not None:
            following = msgspec.structs.replace(following, copies=copies)
        return SearchPage(
            documents=tuple(map(self.with_copies, found.documents)),
            total=total,
            cursor=write_cursor(following),
            estimated=estimated,
        )

    def _candidates(self, plan: Plan, request: SearchRequest, cursor: Cursor | None) -> Iterator[tuple[int, Document]]:
        size = request.limit + 1 if plan.exact else max(request.limit + 1, CHUNK)
        best = request.sort == "best" and plan.match is not None
        after = (cursor.key, cursor.id) if cursor else None
        while True:
            rows = self._best(plan, after, size) if best else self._newest(plan, after, size)
            for position in rows:
                document = self.read(position, request)
                after = (position, document.id if document else "")
                if document is not None:
                    yield position, document
            if len(rows) < size:
                return

    def _newest(self, plan: Plan, after: tuple[int, str] | None, size: int) -> list[int]:
        sql, params = _select(plan, ("{position} < ?", (after[0],)) if after else None)
        rows = self._database.connection.execute(f"{sql} ORDER BY 1 DESC LIMIT ?", (*params, size))
        return [position for (position,) in rows]

    def _best(self, plan: Plan, after: tuple[int, str] | None, size: int) -> list[int]:
        connection = self._database.connection
        sql, params = _select(plan, self._newest_ranked(plan), rank=True)
        if after is None:
            rows = connection.execute(f"{sql} ORDER BY rank, position DESC LIMIT ?", (*params, size))
            return [position for position, _ in rows]
        # The place of the last document in today's ranking: scores shift with every article that is indexed.
        anchor, anchor_params = _select(plan, ("{position} = ?", (self._position(after),)), rank=True)
        found = connection.execute(anchor, anchor_params).fetchone()
        if found is None:
            raise UsageError("The article that the cursor stands after is no longer found; start again without it.")
        position, rank = found
        rows = connection.execute(
            f"SELECT * FROM ({sql}) WHERE rank > ? OR (rank = ? AND position < ?) ORDER BY rank, position DESC LIMIT ?",
            (*params, rank, rank, position, size),
        )
        return [position for position, _ in rows]

    def _newest_ranked(self, plan: Plan) -> tuple[str, tuple[int, ...]] | None:
        """Return the bound within which hits are ranked, if they are more than that."""
        sql, params = _select(plan, None)
        row = self._database.connection.execute(
            f"{sql} ORDER BY 1 DESC LIMIT 1 OFFSET ?", (*params, MAX_RANKED - 1)
        ).fetchone()
        return ("{position} >= ?", row) if row else None

    def _position(self, after: tuple[int, str]) -> int:
        row = self._database.connection.execute("SELECT position FROM documents WHERE id = ?", (after[1],)).fetchone()
        return row[0] if row else after[0]

    def _total(self, plan: Plan, request: SearchRequest) -> tuple[int, bool]:
        sql, params = _select(plan, None)
        (count,) = self._database.connection.execute(f"SELECT count(*) FROM ({sql})", params).fetchone()
        if plan.exact:
            return count, False
        return estimate(count, list(self._documents(self._newest(plan, None, MAX_SAMPLED), request).values()), request)

    def read(self, position: int, request: SearchRequest) -> Document | None:
        """Return a document with what the query may have to be verified by."""
        document = read_document(self._database, position)
        if document is None or request.query is None or not counts_copies(request.query.root):
            return document
        return self.with_copies(document)

    def _documents(self, positions: Sequence[int], request: SearchRequest) -> dict[int, Document]:
        found = {position: self.read(position, request) for position in positions}
        return {position: document for position, document in found.items() if document is not None}

    def matching(self, request: SearchRequest) -> tuple[str, tuple[str | int, ...]]:
        """Return SQL for the positions of all matching documents. Raises ``UsageError`` when too many need reading."""
        plan = self._plan(request, unfolds(request))
        sql, params = _select(plan, None)
        if plan.exact:
            return sql, params
        positions = self._newest(plan, None, MAX_VERIFIED + 1)
        if len(positions) > MAX_VERIFIED:
            raise refuse_to_read()
        found = [p for p, document in self._documents(positions, request).items() if matches(document, request)]
        return "SELECT value AS position FROM json_each(?)", (msgspec.json.encode(found).decode(),)

    def _days(self, request: SearchRequest) -> list[tuple[str, int]]:
        found, params = self.matching(request)
        return self._database.connection.execute(
            f"SELECT {_day('position')}, count(*) FROM ({found}) GROUP BY 1", params
        ).fetchall()

    def _frequencies(self, tokens: Sequence[str]) -> Sequence[int]:
        connection = self._database.connection
        return [
            connection.execute("SELECT count(*) FROM terms WHERE terms MATCH ?", (quoted(clip(token)),)).fetchone()[0]
            for token in tokens
        ]

    def _family(self, stems: Mapping[str, str]) -> list[str]:
        # A row-value IN would read the whole table.
        look_up = "SELECT token FROM stems WHERE language = ? AND stem = ?"
        connection = self._database.connection
        return [token for pair in stems.items() for (token,) in connection.execute(look_up, pair)]

    def _tokens_like(self, node: Wildcard | Fuzzy) -> Sequence[str]:
        connection = self._database.connection
        if isinstance(node, Wildcard):
            pattern = node.pattern.replace("[", "[[]")
            rows = connection.execute(
                "SELECT token FROM vocabulary WHERE token GLOB ? LIMIT ?", (pattern, MAX_EXPANSION + 1)
            )
            return [token for (token,) in rows]
        # One edit touches at most two of 2d + 1 pieces' borders, so one piece at least is found unchanged.
        length, count = len(node.text), 2 * node.distance + 1
        pieces = [node.text[length * n // count : length * (n + 1) // count] for n in range(count)]
        anywhere = " OR ".join("instr(token, ?)" for _ in pieces)
        rows = connection.execute(
            f"SELECT token FROM vocabulary WHERE length(token) BETWEEN ? AND ? AND ({anywhere})",
            (length - node.distance, length + node.distance, *pieces),
        )
        return [token for (token,) in rows if within_edits(node.text, token, node.distance)][: MAX_EXPANSION + 1]

    def with_copies(self, document: Document) -> Document:
        rows = self._database.connection.execute(
            "SELECT id FROM documents WHERE original = ? ORDER BY position", (document.id,)
        ).fetchall()
        return msgspec.structs.replace(document, copies=tuple(article_id for (article_id,) in rows))

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Interrupt a query that takes longer than anyone waits."""
        connection = self._database.connection
        deadline = time.monotonic() + DEADLINE_S
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        try:
            yield
        except sqlite3.OperationalError as exc:
            if "interrupted" in str(exc):
                raise UsageError(f"The search took longer than {DEADLINE_S:.0f} s; narrow it.") from exc
            if any(sign in str(exc) for sign in _TOO_COMPLEX):
                raise UsageError(f"The query is too complex for the index ({exc}); split it.") from exc
            raise
        finally:
            connection.set_progress_handler(None, 0)


def _select(
    plan: Plan, bound: tuple[str, tuple[int, ...]] | None, rank: bool = False
) -> tuple[str, tuple[str | int, ...]]:
    """Write the SELECT of matching positions, within a bound on ``{position}``; with ``rank``, their score too."""
    conditions: list[str] = []
    params: list[str | int] = []
    table, position = ("terms", "terms.rowid") if plan.match is not None else ("documents AS d", "d.position")
    if plan.match is not None:
        conditions.append("terms MATCH ?")
        params.append(plan.match)
    if bound is not None:
        conditions.append(bound[0].format(position=position))
        params += bound[1]
    if plan.where is not None:
        # A row at a time, in the order FTS5 finds them; a join could be turned round.
        inner = f"EXISTS (SELECT 1 FROM documents AS d WHERE d.position = {position} AND {plan.where})"
        conditions.append(inner if plan.match is not None else plan.where)
        params += plan.params
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    scored = f", {_RANK} AS rank" if rank else ""
    return f"SELECT {position} AS position{scored} FROM {table}{where}", tuple(params)


def _day(column: str) -> str:
    return f"strftime('%Y-%m-%d', {column} >> 30, 'unixepoch')"
