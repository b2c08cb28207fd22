"""The SearchIndex port on SQLite FTS5, in the store's own file and transactions.

A document's rows share its order key as row id, so that newest-first is the order FTS5 finds rows in.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import msgspec

from pipeline.adapters.sqlite.compile import MAX_EXPANSION, Pattern, Vocabulary, compile_query, quoted
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.generations import earlier_versions, is_outdated, outdated
from pipeline.adapters.sqlite.groups import Groups, listed
from pipeline.adapters.sqlite.newest import NONE, Newest
from pipeline.adapters.sqlite.plans import Plan
from pipeline.adapters.sqlite.prepared import SqlitePrepared
from pipeline.adapters.sqlite.statements import Bound, count_days, narrowed, selected
from pipeline.adapters.sqlite.totals import Totals
from pipeline.adapters.sqlite.words import languages
from pipeline.adapters.sqlite.writer import Writer, read_document, unpack
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
    write_cursor,
)
from pipeline.errors import UsageError
from pipeline.language.respelled import spellings
from pipeline.model import Document
from pipeline.moments import microseconds
from pipeline.ports.revisions import KEPT
from pipeline.ports.search import FACETS, Count, Day, SearchPage, SearchRequest
from pipeline.query.evaluate import within_edits
from pipeline.query.indexing import clip, counts_copies, similar_query
from pipeline.query.tree import And, Containing, Ending, Fuzzy, Query, Wildcard

DEADLINE_S = 10.0
# BM25 costs a microsecond a hit: of a word that more articles hold than this, the newest are ranked.
MAX_RANKED = 20_000
# How common the words of an article are is counted so far, and estimated beyond.
MAX_FREQUENCY = 2_000
_TOO_COMPLEX = ("fts5", "parser stack overflow", "Expression tree is too large", "too many")


class SqliteIndex:
    """Keep documents searchable in the store. Writes join the transaction that is open, if one is."""

    def __init__(self, database: Database, kept_revisions: int = KEPT, prepared: SqlitePrepared | None = None) -> None:
        self._database = database
        self._writer = Writer(database, kept_revisions, prepared)
        self._totals = Totals(database, self._select)

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
        with self.bounded():
            return self._page(request, cursor)

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count matching documents by the values of ``field``."""
        if field not in FACETS:
            raise UsageError(f"There is no facet {field!r}; the facets are {', '.join(FACETS)}.")
        with self.bounded():
            found, params = self.matching(request)
            if field in ("source", "language"):
                sql = f"SELECT {field} AS value, count(*) AS n FROM documents WHERE position IN ({found})"
            elif field == "day":
                days = count_days(self._database.connection, found, params, request.zone)
                return [Count(value=day, documents=n) for day, n in sorted(days.items(), reverse=True)[:limit]]
            else:
                sql = f"SELECT value, count(*) AS n FROM facets WHERE position IN ({found}) AND field = '{field}'"
            rows = self._database.connection.execute(
                f"SELECT * FROM ({sql} GROUP BY value) WHERE value IS NOT NULL ORDER BY n DESC, value LIMIT ?",
                (*params, limit),
            ).fetchall()
        return [Count(value=value, documents=count) for value, count in rows]

    def timeline(self, request: SearchRequest) -> Sequence[Day]:
        """Count matching documents and all documents by day."""
        everything = msgspec.structs.replace(request, query=None)
        with self.bounded():
            days = self._days(request)
            whole = self._days(everything) if days else {}
        # A group that a copy is shown of may count on another day than among everything.
        return [Day(day=day, documents=n, all=max(n, whole.get(day, 0))) for day, n in sorted(days.items())]

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
                self._database.connection.executemany(
                    "DELETE FROM revisions WHERE article = (SELECT id FROM documents WHERE position = ?)", rows
                )
                self._writer.remove([position for (position,) in rows])
            count += len(rows)
            if not rows:
                return count

    def outdated(self) -> int:
        """Count the documents that were indexed by another version of the text analysis."""
        return outdated(self._database)

    def renew(self, limit: int) -> int:
        """Index up to ``limit`` of them anew, newest first, in one transaction; return how many there were."""
        return self._writer.renew(limit)

    def close(self) -> None:
        """Do nothing: the database is closed by who opened it."""

    def _plan(self, request: SearchRequest) -> Plan:
        """Compile the request's query; what counts an article's copies asks for originals."""
        plan = Plan()
        if request.query is not None:
            vocabulary = Vocabulary(
                languages=languages(self._database),
                family=self._family,
                like=self._tokens_like,
                now=request.now,
                earlier=earlier_versions(self._database),
                holds=self._holds,
                ahead=self._ahead,
                respelled=self._respelled if is_outdated(self._database) else lambda _: (),
            )
            plan = compile_query(request.query.root, vocabulary)
        counts = request.query is not None and not request.copies and counts_copies(request.query.root)
        return narrowed(plan, copies=False) if counts else plan

    def _select(self, plan: Plan, bound: Bound | None, rank: bool = False) -> tuple[str, tuple[str | int, ...]]:
        return selected(plan, bound, rank, earlier_versions(self._database))

    def _page(self, request: SearchRequest, cursor: Cursor | None) -> SearchPage:
        plan = self._plan(request)
        known = NONE
        if plan.exact and request.counted is not None:
            positions = self._newest(plan, None, request.counted + 1)
            known = Newest(positions=positions, is_all=len(positions) <= request.counted)
        found = collect(self._candidates(plan, request, cursor, known), request, plan.exact)
        total, estimated = self._total(plan, request, known.positions)
        return SearchPage(
            documents=tuple(self.all_with_copies(found.documents)),
            total=total,
            cursor=write_cursor(found.following),
            estimated=estimated,
        )

    def _candidates(
        self, plan: Plan, request: SearchRequest, cursor: Cursor | None, known: Newest
    ) -> Iterator[tuple[int, Document]]:
        """Yield what a plan finds in order; ``known`` are the newest that it finds, if these were asked for before."""
        size = request.limit + 1 if plan.exact else max(request.limit + 1, CHUNK)
        best = request.sort == "best" and plan.match is not None
        if best:
            size *= 2  # to rank again for those that are folded away would cost as much as the first time
        after = (cursor.key, cursor.id) if cursor else None
        # Where all that is found is known already, it need not be read once more.
        few = known.is_all and len(known.positions) <= MAX_RANKED
        within = None if few or not best else self._newest_ranked(plan)
        ask = partial(self._found_among, plan, request)
        groups = None if request.copies else Groups(self._database, partial(known.among, ask=ask))
        if not best and cursor is None and (known.is_all or len(known.positions) >= size):
            for start in range(0, len(known.positions) if known.is_all else size, size):
                yield from self._standing(known.positions[start : start + size], groups, request)
            if known.is_all:
                return
            after = (known.positions[size - 1], self._id(known.positions[size - 1]))
        while known.positions or not known.is_all:
            rows = self._best(plan, after, size, within) if best else self._newest(plan, after, size)
            yield from self._standing(rows, groups, request)
            if len(rows) < size:
                return
            after = (rows[-1], self._id(rows[-1]))

    def _standing(
        self, positions: Sequence[int], groups: Groups | None, request: SearchRequest
    ) -> Iterator[tuple[int, Document]]:
        for position in positions if groups is None else groups.standing(positions):
            document = self.read(position, request)
            if document is not None:
                yield position, document

    def _found_among(self, plan: Plan, request: SearchRequest, positions: Sequence[int]) -> list[int]:
        """Return which of some articles match."""
        sql, params = self._select(plan, ("{position} IN (SELECT value FROM json_each(?))", (listed(positions),)))
        found = [position for (position,) in self._database.connection.execute(sql, params)]
        if plan.exact:
            return found
        return [each for each, document in self._documents(found, request).items() if matches(document, request)]

    def _id(self, position: int) -> str:
        row = self._database.connection.execute("SELECT id FROM documents WHERE position = ?", (position,)).fetchone()
        return row[0] if row else ""

    def _newest(self, plan: Plan, after: tuple[int, str] | None, size: int) -> list[int]:
        sql, params = self._select(plan, ("{position} < ?", (after[0],)) if after else None)
        rows = self._database.connection.execute(f"{sql} ORDER BY 1 DESC LIMIT ?", (*params, size))
        return [position for (position,) in rows]

    def _best(self, plan: Plan, after: tuple[int, str] | None, size: int, within: Bound | None) -> list[int]:
        connection = self._database.connection
        sql, params = self._select(plan, within, rank=True)
        if after is None:
            rows = connection.execute(f"{sql} ORDER BY rank, position DESC LIMIT ?", (*params, size))
            return [position for position, _ in rows]
        # The place of the last document in today's ranking: scores shift with every article that is indexed.
        anchor, anchor_params = self._select(plan, ("{position} = ?", (self._position(after),)), rank=True)
        found = connection.execute(anchor, anchor_params).fetchone()
        if found is None:
            raise UsageError("The article that the cursor stands after is no longer found; start again without it.")
        position, rank = found
        rows = connection.execute(
            f"SELECT * FROM ({sql}) WHERE rank > ? OR (rank = ? AND position < ?) ORDER BY rank, position DESC LIMIT ?",
            (*params, rank, rank, position, size),
        )
        return [position for position, _ in rows]

    def _newest_ranked(self, plan: Plan) -> Bound | None:
        """Return the bound within which hits are ranked, if they are more than that."""
        sql, params = self._select(plan, None)
        row = self._database.connection.execute(
            f"{sql} ORDER BY 1 DESC LIMIT 1 OFFSET ?", (*params, MAX_RANKED - 1)
        ).fetchone()
        return ("{position} >= ?", row) if row else None

    def _position(self, after: tuple[int, str]) -> int:
        row = self._database.connection.execute("SELECT position FROM documents WHERE id = ?", (after[1],)).fetchone()
        return row[0] if row else after[0]

    def _total(self, plan: Plan, request: SearchRequest, newest: Sequence[int]) -> tuple[int, bool]:
        if plan.exact:
            return self._totals.total(plan, request, newest)
        sampled = self._newest(plan, None, MAX_SAMPLED if request.counted is None else CHUNK)
        count = self._totals.count(plan) if request.counted is None else self._totals.about(plan, request.counted)
        return estimate(count, list(self._documents(sampled, request).values()), request)

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
        """Return SQL for the positions of what matches, each group once.

        Raises ``UsageError`` when too many need reading.
        """
        plan = self._plan(request)
        if plan.exact:
            if request.copies:
                return self._select(plan, None)
            sql, params = self._select(narrowed(plan, copies=False), None)
            if alone := self._totals.orphans(plan):
                return f"{sql} UNION ALL SELECT value AS position FROM json_each(?)", (*params, listed(alone))
            return sql, params
        positions = self._newest(plan, None, MAX_VERIFIED + 1)
        if len(positions) > MAX_VERIFIED:
            raise refuse_to_read()
        found = [p for p, document in self._documents(positions, request).items() if matches(document, request)]
        if not request.copies:
            among = frozenset(found)
            found = Groups(self._database, among.intersection).standing(found)
        return "SELECT value AS position FROM json_each(?)", (listed(found),)

    def _days(self, request: SearchRequest) -> Mapping[str, int]:
        found, params = self.matching(request)
        return count_days(self._database.connection, found, params, request.zone)

    def _frequencies(self, tokens: Sequence[str]) -> Sequence[int]:
        return [self._totals.about(Plan(match=quoted(clip(token))), MAX_FREQUENCY) for token in tokens]

    def _family(self, stems: Mapping[str, str]) -> list[str]:
        # A row-value IN would read the whole table.
        look_up = "SELECT token FROM stems WHERE language = ? AND stem = ?"
        connection = self._database.connection
        return [token for pair in stems.items() for (token,) in connection.execute(look_up, pair)]

    def _ahead(self, moment: int) -> int | None:
        """Return the least position of documents dated from a moment on, and later than they were first seen."""
        (position,) = self._database.connection.execute(
            "SELECT min(position) FROM documents INDEXED BY documents_ahead "
            "WHERE ifnull(published, seen) > first_seen AND ifnull(published, seen) >= ?",
            (moment,),
        ).fetchone()
        return int(position) if position is not None else None

    def _holds(self, token: str) -> bool:
        row = self._database.connection.execute("SELECT 1 FROM vocabulary WHERE token = ?", (token,)).fetchone()
        return row is not None

    def _respelled(self, token: str) -> list[str]:
        """Return tokens of an earlier analysis that the index holds and that stand for one."""
        look_up = "SELECT token FROM vocabulary WHERE token = ?"
        connection = self._database.connection
        return [known for way in spellings(token) for (known,) in connection.execute(look_up, (way,))]

    def _tokens_like(self, node: Pattern) -> Sequence[str]:
        connection = self._database.connection
        if not isinstance(node, Fuzzy):
            rows = connection.execute(
                "SELECT token FROM vocabulary WHERE token GLOB ? LIMIT ?", (_glob(node), MAX_EXPANSION + 1)
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
        (found,) = self.all_with_copies([document])
        return found

    def all_with_copies(self, documents: Sequence[Document]) -> list[Document]:
        copies: dict[str, list[str]] = {}
        for original, article_id in self._database.connection.execute(
            "SELECT original, id FROM documents WHERE original IN (SELECT value FROM json_each(?)) ORDER BY position",
            (listed([document.id for document in documents]),),
        ):
            copies.setdefault(original, []).append(article_id)
        return [msgspec.structs.replace(document, copies=tuple(copies.get(document.id, ()))) for document in documents]

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Interrupt a query that takes longer than anyone waits."""
        connection = self._database.connection
        # Tables of an earlier analysis may be dropped at any moment: read one state of the file.
        snapshot = not connection.in_transaction and bool(earlier_versions(self._database))
        if snapshot:
            connection.execute("BEGIN")
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
            if snapshot:
                connection.execute("ROLLBACK")


def _glob(node: Wildcard | Ending | Containing) -> str:
    if isinstance(node, Wildcard):
        return node.pattern.replace("[", "[[]")
    return f"*{node.text}" if isinstance(node, Ending) else f"*{node.text}*"
