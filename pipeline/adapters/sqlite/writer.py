"""Writing documents into the tables of the index, and taking them out.

FTS5 holds postings only, not the text: to remove a document's, its terms are made again from the stored document, if
this version of the text analysis made them; others are left behind with their table (see ``generations``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise

import msgspec

from pipeline.adapters.sqlite import packing
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.derived import Derived, next_numbers
from pipeline.adapters.sqlite.generations import begin, finish
from pipeline.adapters.sqlite.prepared import Made, SqlitePrepared
from pipeline.adapters.sqlite.revisions import SqliteRevisions
from pipeline.adapters.sqlite.terms import COLUMNS, terms_row
from pipeline.language.tokens import ANALYSIS_VERSION, analyze, learn_stems, stem, stems_of
from pipeline.model import Document
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.revisions import KEPT
from pipeline.query.indexing import (
    MAX_TOKEN,
    clip,
    facets_of,
    index_language,
    is_compound_term,
    joined,
    order_key,
)

MAX_KNOWN_TOKENS = 500_000
# Fewer than the analyses that are remembered: each text is asked for twice.
AT_ONCE = 100
_INSERT_TERMS = f"INSERT INTO terms (rowid, {COLUMNS}) VALUES ({', '.join('?' * 11)})"
_DELETE_TERMS = f"INSERT INTO terms (terms, rowid, {COLUMNS}) VALUES ('delete', {', '.join('?' * 11)})"
_decoder = msgspec.json.Decoder(Document)


class _Stored(msgspec.Struct, frozen=True):
    position: int
    revision: int
    first_seen: int
    number: int


class _There:
    """Hold a document that is stored: the version of the analysis that its terms are of, and its JSON."""

    def __init__(self, analysis: int, value: bytes | None) -> None:
        self.analysis = analysis
        self.value = value

    @cached_property
    def document(self) -> Document | None:
        """Return the document."""
        return _decoder.decode(self.value) if self.value is not None else None


class _Given:
    """Hold a document that is to be written, with what was made of it beforehand. Raises ``UnicodeEncodeError``."""

    __slots__ = ("_value", "document", "ready")

    def __init__(self, document: Document, ready: Made | None) -> None:
        self.document = document
        self.ready = ready
        # What was made of it holds that already, compressed.
        self._value = msgspec.json.encode(document) if ready is None else None

    @property
    def value(self) -> bytes:
        """Return its JSON."""
        if self._value is None:
            self._value = msgspec.json.encode(self.document)
        return self._value

    def body(self) -> bytes:
        """Return what is stored of it."""
        return self.ready.body if self.ready is not None else packing.pack(self.value)


class Writer:
    """Write to the index in the transaction that is open, or in one of its own."""

    def __init__(self, database: Database, kept_revisions: int = KEPT, prepared: SqlitePrepared | None = None) -> None:
        self._database = database
        self._prepared = prepared
        self._revisions = SqliteRevisions(database, kept_revisions)
        self._derived = Derived(database)
        self._known_tokens: dict[str, set[str]] = {}
        self._counted: dict[str, int] = {}

    def write(self, documents: Sequence[Document]) -> list[tuple[str, str]]:
        """Store the newest revision of each document; return (article id, reason) for those that cannot be."""
        newest: dict[str, _Given] = {}
        passed: dict[str, list[Document]] = {}
        refused = []
        for document in documents:
            before = newest[document.id].document if document.id in newest else None
            if before is not None and before.revision > document.revision:
                continue
            try:
                newest[document.id] = _Given(document, self._prepared.rows(document) if self._prepared else None)
            except UnicodeEncodeError as exc:
                refused.append((document.id, f"its text is not valid Unicode: {exc}"))
                continue
            if before is not None and before.revision < document.revision:
                passed.setdefault(document.id, []).append(before)
        with self._database.transaction():
            begin(self._database)
            if languages(self._database) != self._counted:
                # Another process wrote, or what was noted here was dropped with its transaction.
                self._known_tokens.clear()
            stored, accepted = self._stored(list(newest)), list(newest.values())
            for start in range(0, len(accepted), AT_ONCE):
                self._put(accepted[start : start + AT_ONCE], stored, passed)
            self._counted = languages(self._database)
        return refused

    def remove(self, positions: Sequence[int]) -> None:
        """Take documents out, to their last postings, in the transaction that is open."""
        begin(self._database)
        for start in range(0, len(positions), AT_ONCE):
            self._take_out(self._there(positions[start : start + AT_ONCE]))

    def renew(self, limit: int) -> int:
        """Make the terms anew of up to ``limit`` documents of another analysis, newest first; return of how many."""
        with self._database.transaction():
            begin(self._database)
            connection = self._database.connection
            rows = connection.execute(
                "SELECT position, value FROM documents JOIN bodies USING (position) "
                "WHERE analysis < ? OR analysis > ? ORDER BY position DESC LIMIT ?",
                (ANALYSIS_VERSION, ANALYSIS_VERSION, limit),
            ).fetchall()
            written = [(position, unpack(value)) for position, value in rows]
            self._index(written, {})
            connection.executemany(
                "UPDATE documents SET analysis = ? WHERE position = ?",
                [(ANALYSIS_VERSION, position) for position, _ in written],
            )
            if len(rows) < limit:
                finish(self._database)
        return len(rows)

    def _stored(self, ids: Sequence[str]) -> dict[str, _Stored]:
        found = {}
        for start in range(0, len(ids), 500):
            chunk = ids[start : start + 500]
            marks = ", ".join("?" * len(chunk))
            for article_id, *row in self._database.connection.execute(
                f"SELECT id, position, revision, first_seen, number FROM documents WHERE id IN ({marks})", chunk
            ):
                found[article_id] = _Stored(*row)
        return found

    def _there(self, positions: Sequence[int]) -> dict[int, _There]:
        """Read what stands at positions, once for all that is asked of it."""
        marks = ", ".join("?" * len(positions))
        rows = self._database.connection.execute(
            "SELECT position, analysis, value FROM documents LEFT JOIN bodies USING (position) "
            f"WHERE position IN ({marks})",
            positions,
        )
        return {
            position: _There(analysis, packing.unpack(value) if value is not None else None)
            for position, analysis, value in rows
        }

    def _take_out(self, there: Mapping[int, _There]) -> None:
        connection = self._database.connection
        connection.executemany(
            _DELETE_TERMS,
            (
                (position, *terms_row(document))
                for position, one in there.items()
                if one.analysis == ANALYSIS_VERSION and (document := one.document) is not None
            ),
        )
        for table in ("documents", "bodies", "facets", "events"):
            connection.executemany(f"DELETE FROM {table} WHERE position = ?", ((position,) for position in there))

    def _put(
        self,
        given: Sequence[_Given],
        stored: Mapping[str, _Stored],
        passed: Mapping[str, Sequence[Document]],
    ) -> None:
        rows, bodies = [], []
        written: list[tuple[int, Document]] = []
        made: dict[int, Made] = {}
        facets: list[tuple[int, str, str]] = []
        keys = {}
        for one in given:
            document = one.document
            known = stored.get(document.id)
            first_seen = from_microseconds(known.first_seen) if known is not None else document.seen
            keys[document.id] = order_key(document, first_seen), first_seen
        places = _Places(self._database, [key for key, _ in keys.values()])
        there = self._there([stored[article_id].position for article_id in keys if article_id in stored])
        replaced: dict[int, _There] = {}
        numbers = next_numbers(self._database, len(given))
        for one in given:
            document = one.document
            key, first_seen = keys[document.id]
            number = writing = next(numbers)
            before = stored.get(document.id)
            if before is not None:
                if before.revision > document.revision or there[before.position].value == one.value:
                    continue  # a redelivery of what is there already
                number = before.number
            older = there[before.position].document if before is not None else None
            self._keep_revisions(before, older, passed.get(document.id, ()), document)
            if before is not None:
                replaced[before.position] = there[before.position]
                places.leave(before.position)
            position = places.take(key)
            rows.append((position, *_columns(document, first_seen), number, writing))
            if one.ready is not None:
                made[position] = one.ready
            bodies.append((position, one.body()))
            facets += ((position, *pair) for pair in facets_of(document))
            written.append((position, document))
        self._take_out(replaced)
        connection = self._database.connection
        connection.executemany(
            "INSERT INTO documents (position, id, revision, first_seen, seen, published, updated, original, language, "
            "source, origins, story, number, written, analysis) "
            f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {ANALYSIS_VERSION})",
            rows,
        )
        connection.executemany("INSERT INTO bodies (position, value) VALUES (?, ?)", bodies)
        self._index(written, made)
        connection.executemany("INSERT INTO facets (position, field, value) VALUES (?, ?, ?)", facets)
        self._derived.add(written)

    def _index(self, written: Sequence[tuple[int, Document]], made: Mapping[int, Made]) -> None:
        """Write the terms of documents at their positions, those that were ``made`` already as they are."""
        rest = [(position, document) for position, document in written if position not in made]
        write = joined if self._learn([document for _, document in rest], list(made.values())) else " ".join
        self._database.connection.executemany(
            _INSERT_TERMS, ((position, *terms_row(document, write)) for position, document in rest)
        )
        self._database.connection.executemany(
            _INSERT_TERMS, ((position, *ready.terms) for position, ready in made.items())
        )

    def _keep_revisions(
        self, stored: _Stored | None, older: Document | None, passed: Sequence[Document], document: Document
    ) -> None:
        """Keep what a newer revision replaces: what is stored, and what came and was outdone in the same batch."""
        known = stored.revision if stored is not None else -1
        between = [each for each in passed if each.revision > known]
        if older is not None and older.revision < document.revision:
            between.insert(0, older)
        for earlier, later in pairwise([*between, document]):
            self._revisions.keep(earlier, later)

    def _learn(self, documents: Sequence[Document], made: Sequence[Made]) -> bool:
        """Note new tokens and their stems; return whether some token is too long for the engine."""
        found: dict[str, set[str]] = {}
        counts: Counter[str] = Counter()
        for document in documents:
            language = index_language(document.language)
            counts[language] += 1
            tokens = found.setdefault(language, set())
            tokens.update(analyze(document.title, document.language).tokens)
            tokens.update(analyze(document.text, document.language).tokens)
            names = found.setdefault("", set())
            names.update(analyze("\n".join(document.authors)).tokens)
            names.update(analyze(document.source).tokens)
        for ready in made:
            language = index_language(ready.document.language)
            counts[language] += 1
            new = {*ready.terms[0].split(), *ready.terms[1].split()}.difference(self._known_tokens.get(language, ()))
            found.setdefault(language, set()).update(term for term in new if not is_compound_term(term))
            found.setdefault("", set()).update(ready.names())
            learn_stems(language, ready.stems)
        connection = self._database.connection
        connection.executemany(
            "INSERT INTO languages (language, documents) VALUES (?, ?) "
            "ON CONFLICT (language) DO UPDATE SET documents = documents + excluded.documents",
            counts.items(),
        )
        are_long = False
        for language, tokens in found.items():
            known = self._known_tokens.setdefault(language, set())
            new = tokens - known
            are_any = max(map(len, new), default=0) > MAX_TOKEN
            long = {token for token in new if len(token) > MAX_TOKEN} if are_any else set()
            are_long = are_long or are_any
            # In order: neighbours in the table are then written together.
            shown = sorted(new if not long else map(clip, new))
            connection.executemany("INSERT OR IGNORE INTO vocabulary (token) VALUES (?)", zip(shown, strict=True))
            if language:
                roots = {clip(token): stem(token, language) for token in new} if long else stems_of(shown, language)
                connection.executemany(
                    "INSERT OR IGNORE INTO stems (language, stem, token) VALUES (?, ?, ?)",
                    sorted((language, root, token) for token, root in roots.items() if root != token),
                )
            if len(known) > MAX_KNOWN_TOKENS:
                known.clear()
            # Long ones stay unknown, so that they are noticed each time.
            known |= new - long
        return are_long


class _Places:
    """Give documents positions that no other has: that of their order key, or the next one that is free.

    Which of the ``wanted`` are taken is asked once for all, in the transaction that is open.
    """

    def __init__(self, database: Database, wanted: Sequence[int]) -> None:
        self._connection = database.connection
        marks = ", ".join("?" * len(wanted))
        rows = self._connection.execute(f"SELECT position FROM documents WHERE position IN ({marks})", wanted)
        self._taken = {position for (position,) in rows}
        self._asked = set(wanted)

    def leave(self, position: int) -> None:
        """Give back a position whose document is replaced."""
        self._asked.add(position)
        self._taken.discard(position)

    def take(self, position: int) -> int:
        """Take the first free position from this one on."""
        while self._is_taken(position):
            position += 1
        self._taken.add(position)
        return position

    def _is_taken(self, position: int) -> bool:
        if position not in self._asked and position not in self._taken:
            self._asked.add(position)
            look_up = "SELECT 1 FROM documents WHERE position = ?"
            if self._connection.execute(look_up, (position,)).fetchone():
                self._taken.add(position)
        return position in self._taken


def read_document(database: Database, position: int) -> Document | None:
    """Return the document at a position."""
    row = database.connection.execute("SELECT value FROM bodies WHERE position = ?", (position,)).fetchone()
    return unpack(row[0]) if row else None


def unpack(value: bytes) -> Document:
    """Read a document as it is stored."""
    return _decoder.decode(packing.unpack(value))


def languages(database: Database) -> dict[str, int]:
    """Return how many documents were written in each language of stems."""
    return dict(database.connection.execute("SELECT language, documents FROM languages").fetchall())


def _columns(document: Document, first_seen: datetime) -> tuple[str | int | None, ...]:
    return (
        document.id,
        document.revision,
        microseconds(first_seen),
        microseconds(document.seen),
        microseconds(document.published) if document.published else None,
        microseconds(document.updated) if document.updated else None,
        document.duplicate_of,
        document.language,
        document.source,
        document.origins,
        document.story_id,
    )
