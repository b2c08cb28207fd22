"""The SearchIndex port on SQLite FTS5, in the store's own file and transactions.

A document's rows share its order key as row id, so that newest-first is the order FTS5 finds rows in. FTS5 holds
postings only; to remove a document's, its terms are made again from the stored document.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.adapters.paging import (
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
from pipeline.adapters.sqlite.compile import (
    MAX_EXPANSION,
    Plan,
    Vocabulary,
    compile_query,
    keyword_token,
    language_token,
    name_tokens,
    quoted,
)
from pipeline.adapters.sqlite.database import Database
from pipeline.errors import UsageError
from pipeline.language.analysis import analyse, stem
from pipeline.language.evaluate import keyword_values, within_edits
from pipeline.language.indexing import (
    clip,
    events_of,
    facets_of,
    index_language,
    joined,
    microseconds,
    order_key,
    quotations_of,
    similar_query,
)
from pipeline.language.query import And, Fuzzy, Query, Wildcard
from pipeline.model import Document
from pipeline.ports import Count, Day, SearchPage, SearchRequest

DEADLINE_S = 10.0
MAX_KNOWN_TOKENS = 500_000
FACETS = ("source", "language", "day", "tag", "actor", "place", "event")
_COPY = keyword_token("copy", "yes")
# A word in the title says more than one in the text; keywords and event codes say nothing about relevance.
_RANK = "bm25(terms, 4, 1, 1, 1, 0, 0, 0, 0, 0, 0)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = "title, body, author, source, actor, target, place, said, quote, keys"
_INSERT_TERMS = f"INSERT INTO terms (rowid, {_COLUMNS}) VALUES ({', '.join('?' * 11)})"
_DELETE_TERMS = f"INSERT INTO terms (terms, rowid, {_COLUMNS}) VALUES ('delete', {', '.join('?' * 11)})"
_TOO_COMPLEX = ("fts5", "parser stack overflow", "Expression tree is too large", "too many")
_decoder = msgspec.json.Decoder(Document)


class _Stored(msgspec.Struct, frozen=True):
    position: int
    revision: int
    first_seen: int


class SqliteIndex:
    """Keep documents searchable in the store. Writes join the transaction that is open, if one is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known_tokens: dict[str, set[str]] = {}
        self._counted: dict[str, int] = {}

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one."""
        newest: dict[str, tuple[Document, bytes]] = {}
        refused = []
        for document in documents:
            if document.id in newest and newest[document.id][0].revision > document.revision:
                continue
            try:
                newest[document.id] = document, _pack(document)
            except UnicodeEncodeError as exc:
                refused.append((document.id, f"its text is not valid Unicode: {exc}"))
        with self._database.transaction():
            if self._languages() != self._counted:
                # Another process wrote, or what was noted here was dropped with its transaction.
                self._known_tokens.clear()
            stored = self._stored(list(newest))
            for document, value in newest.values():
                self._put(document, value, stored.get(document.id))
            self._counted = self._languages()
        return refused

    def get(self, article_id: str) -> Document | None:
        """Return the newest revision of a document, with the ids of its copies."""
        row = self._database.connection.execute(
            "SELECT value FROM documents JOIN bodies USING (position) WHERE id = ?", (article_id,)
        ).fetchone()
        return self._with_copies(_unpack(row[0])) if row else None

    def search(self, request: SearchRequest) -> SearchPage:
        """Return one page, verified where FTS5 cannot answer exactly; such a page may be short and still go on."""
        check_order(request)
        cursor = read_cursor(request.cursor)
        copies = unfolds(request) or (cursor is not None and cursor.copies)
        with self._bounded():
            page = self._page(request, cursor, copies)
            if not page.documents and cursor is None and not copies:
                # Only copies match, by words that the original lacks.
                page = self._page(request, cursor, True)
        return page

    def facets(self, request: SearchRequest, field: str, limit: int = 20) -> Sequence[Count]:
        """Count matching documents by the values of ``field``."""
        if field not in FACETS:
            raise UsageError(f"There is no facet {field!r}; the facets are {', '.join(FACETS)}.")
        with self._bounded():
            found, params = self._matching(request)
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
        with self._bounded():
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
        """Forget documents first seen before a moment."""
        connection = self._database.connection
        count = 0
        with self._database.transaction():
            while rows := connection.execute(
                "SELECT position FROM documents WHERE first_seen < ? LIMIT ?", (microseconds(before), CHUNK)
            ).fetchall():
                for (position,) in rows:
                    self._remove(position)
                count += len(rows)
        return count

    def close(self) -> None:
        """Do nothing: the database is closed by who opened it."""

    def _stored(self, ids: Sequence[str]) -> dict[str, _Stored]:
        found = {}
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            marks = ", ".join("?" * len(chunk))
            for article_id, *row in self._database.connection.execute(
                f"SELECT id, position, revision, first_seen FROM documents WHERE id IN ({marks})", chunk
            ):
                found[article_id] = _Stored(*row)
        return found

    def _put(self, document: Document, value: bytes, stored: _Stored | None) -> None:
        first_seen = document.seen
        if stored is not None:
            if stored.revision > document.revision:
                return
            first_seen = _EPOCH + timedelta(microseconds=stored.first_seen)
            self._remove(stored.position)
        connection = self._database.connection
        position = self._free(order_key(document, first_seen))
        connection.execute(
            "INSERT INTO documents (position, id, revision, first_seen, seen, published, updated, original, language, "
            "source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                position,
                document.id,
                document.revision,
                microseconds(first_seen),
                microseconds(document.seen),
                microseconds(document.published) if document.published else None,
                microseconds(document.updated) if document.updated else None,
                document.duplicate_of,
                document.language,
                document.source,
            ),
        )
        connection.execute("INSERT INTO bodies (position, value) VALUES (?, ?)", (position, value))
        connection.execute(_INSERT_TERMS, (position, *_terms_row(document)))
        facets = facets_of(document)
        if facets:
            connection.executemany(
                "INSERT INTO facets (position, field, value) VALUES (?, ?, ?)", [(position, *pair) for pair in facets]
            )
        self._learn(document)

    def _learn(self, document: Document) -> None:
        """Note new tokens and their stems."""
        connection = self._database.connection
        language = index_language(document.language)
        connection.execute(
            "INSERT INTO languages (language, documents) VALUES (?, 1) "
            "ON CONFLICT (language) DO UPDATE SET documents = documents + 1",
            (language,),
        )
        known = self._known_tokens.setdefault(language, set())
        title, body = analyse(document.title, document.language), analyse(document.text, document.language)
        new = {*title.tokens, *body.tokens}
        new -= known
        names = {*analyse("\n".join(document.authors)).tokens, *analyse(document.source).tokens} - known
        if not new and not names:
            return
        connection.executemany(
            "INSERT OR IGNORE INTO vocabulary (token) VALUES (?)", [(clip(token),) for token in new | names]
        )
        if language:
            pairs = ((clip(token), stem(token, language)) for token in new)
            connection.executemany(
                "INSERT OR IGNORE INTO stems (language, stem, token) VALUES (?, ?, ?)",
                [(language, root, token) for token, root in pairs if root != token],
            )
        if len(known) > MAX_KNOWN_TOKENS:
            known.clear()
        known |= new

    def _free(self, position: int) -> int:
        while self._database.connection.execute("SELECT 1 FROM documents WHERE position = ?", (position,)).fetchone():
            position += 1
        return position

    def _remove(self, position: int) -> None:
        connection = self._database.connection
        connection.execute(_DELETE_TERMS, (position, *_terms_row(self._read(position))))
        for table in ("documents", "bodies", "facets"):
            connection.execute(f"DELETE FROM {table} WHERE position = ?", (position,))

    def _plan(self, request: SearchRequest, copies: bool) -> Plan:
        """Compile the request's query, without copies unless they are wanted."""
        plan = Plan()
        if request.query is not None:
            languages = dict(self._database.connection.execute("SELECT language, documents FROM languages").fetchall())
            vocabulary = Vocabulary(languages=languages, family=self._family, like=self._tokens_like, now=request.now)
            plan = compile_query(request.query.root, vocabulary)
        if copies:
            return plan
        if plan.match is not None:
            return msgspec.structs.replace(plan, match=f"({plan.match}) NOT {quoted(_COPY)}")
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
            documents=tuple(map(self._with_copies, found.documents)),
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
                document = self._read(position)
                yield position, document
                after = (position, document.id)
            if len(rows) < size:
                return

    def _newest(self, plan: Plan, after: tuple[int, str] | None, size: int) -> list[int]:
        sql, params = _select(plan, ("{position} < ?", (after[0],)) if after else None)
        rows = self._database.connection.execute(f"{sql} ORDER BY 1 DESC LIMIT ?", (*params, size))
        return [position for (position,) in rows]

    def _best(self, plan: Plan, after: tuple[int, str] | None, size: int) -> list[int]:
        connection = self._database.connection
        sql, params = _select(plan, None, rank=True)
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

    def _position(self, after: tuple[int, str]) -> int:
        row = self._database.connection.execute("SELECT position FROM documents WHERE id = ?", (after[1],)).fetchone()
        return row[0] if row else after[0]

    def _total(self, plan: Plan, request: SearchRequest) -> tuple[int, bool]:
        sql, params = _select(plan, None)
        (count,) = self._database.connection.execute(f"SELECT count(*) FROM ({sql})", params).fetchone()
        if plan.exact:
            return count, False
        return estimate(count, [self._read(position) for position in self._newest(plan, None, MAX_SAMPLED)], request)

    def _read(self, position: int) -> Document:
        (value,) = self._database.connection.execute(
            "SELECT value FROM bodies WHERE position = ?", (position,)
        ).fetchone()
        return _unpack(value)

    def _matching(self, request: SearchRequest) -> tuple[str, tuple[str | int, ...]]:
        """Return SQL for the positions of all matching documents. Raises ``UsageError`` when too many need reading."""
        plan = self._plan(request, unfolds(request))
        sql, params = _select(plan, None)
        if plan.exact:
            return sql, params
        positions = self._newest(plan, None, MAX_VERIFIED + 1)
        if len(positions) > MAX_VERIFIED:
            raise refuse_to_read()
        found = [position for position in positions if matches(self._read(position), request)]
        return "SELECT value AS position FROM json_each(?)", (msgspec.json.encode(found).decode(),)

    def _days(self, request: SearchRequest) -> list[tuple[str, int]]:
        found, params = self._matching(request)
        return self._database.connection.execute(
            f"SELECT {_day('position')}, count(*) FROM ({found}) GROUP BY 1", params
        ).fetchall()

    def _frequencies(self, tokens: Sequence[str]) -> Sequence[int]:
        connection = self._database.connection
        return [
            connection.execute("SELECT count(*) FROM terms WHERE terms MATCH ?", (quoted(clip(token)),)).fetchone()[0]
            for token in tokens
        ]

    def _languages(self) -> dict[str, int]:
        return dict(self._database.connection.execute("SELECT language, documents FROM languages").fetchall())

    def _family(self, stems: Mapping[str, str]) -> list[str]:
        if not stems:
            return []
        marks = ", ".join(["(?, ?)"] * len(stems))
        rows = self._database.connection.execute(
            f"SELECT DISTINCT token FROM stems WHERE (language, stem) IN (VALUES {marks})",
            [part for pair in stems.items() for part in pair],
        )
        return [token for (token,) in rows]

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

    def _with_copies(self, document: Document) -> Document:
        rows = self._database.connection.execute(
            "SELECT id FROM documents WHERE original = ? ORDER BY position", (document.id,)
        ).fetchall()
        return msgspec.structs.replace(document, copies=tuple(article_id for (article_id,) in rows))

    @contextmanager
    def _bounded(self) -> Iterator[None]:
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


def _terms_row(document: Document) -> tuple[str, ...]:
    events, quotations = events_of(document), quotations_of(document)
    keys = [keyword_token(name, value) for name, values in keyword_values(document).items() for value in values]
    keys += sorted({keyword_token(n, v) for event in events for n in ("event", "when", "scheduled") for v in event[n]})
    keys.append(language_token(index_language(document.language)))
    if document.duplicate_of:
        keys.append(_COPY)
    return (
        joined(analyse(document.title, document.language).tokens),
        joined(analyse(document.text, document.language).tokens),
        " ".join(name_tokens(analyse("\n".join(document.authors)).tokens)),
        " ".join(name_tokens(analyse(document.source).tokens)),
        *(_values(events, name) for name in ("actor", "target", "place")),
        *(_values(quotations, name) for name in ("said", "quote")),
        " ".join(keys),
    )


def _values(found: Sequence[dict[str, tuple[str, ...]]], name: str) -> str:
    """Join the values so that no phrase is found across two of them."""
    return " | ".join(
        " ".join(name_tokens(v.split())) for v in dict.fromkeys(v for values in found for v in values[name])
    )


def _day(column: str) -> str:
    return f"strftime('%Y-%m-%d', {column} >> 30, 'unixepoch')"


def _pack(document: Document) -> bytes:
    return zlib.compress(msgspec.json.encode(document), 1)


def _unpack(value: bytes) -> Document:
    return _decoder.decode(zlib.decompress(value))
