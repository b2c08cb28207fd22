"""Writing documents into the tables of the index, and taking them out.

The terms of a document that another version of the text analysis made are left behind with their table (see
``generations``). Of an article that stays at its position, the rows that stay the same are not written again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import msgspec

from pipeline.adapters.sqlite import packing
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.derived import Derived, next_numbers
from pipeline.adapters.sqlite.generations import begin, finish
from pipeline.adapters.sqlite.places import Places
from pipeline.adapters.sqlite.postings import Postings
from pipeline.adapters.sqlite.prepared import Made, SqlitePrepared
from pipeline.adapters.sqlite.revisions import SqliteRevisions
from pipeline.language.tokens import ANALYSIS_VERSION
from pipeline.model import Document
from pipeline.moments import from_microseconds, microseconds
from pipeline.ports.revisions import KEPT
from pipeline.query.indexing import facets_of, order_key

# What is read of the texts of so many is held in memory; of fewer where they are long.
AT_ONCE, CHARS_AT_ONCE = 512, 4_000_000
_TABLES = ("documents", "bodies", "facets", "events")
_INSERT = (
    "INSERT INTO documents (position, id, revision, first_seen, seen, published, updated, original, language, source, "
    "origins, story, number, written, analysis) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# What stays of an article as long as it has its position is not set: the indices of it are then left alone.
_UPDATE = (
    "UPDATE documents SET revision = ?3, seen = ?5, published = ?6, updated = ?7, original = ?8, language = ?9, "
    "source = ?10, origins = ?11, story = ?12, written = ?14, analysis = ?15 WHERE position = ?1"
)
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
        self._postings = Postings(database)

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
            self._postings.words.begin()
            stored = self._stored(list(newest))
            for chunk in _chunks(_arrivals(self._database, newest.values(), stored)):
                self._put(chunk, stored, passed)
            self._postings.words.end()
        return refused

    def remove(self, positions: Sequence[int]) -> None:
        """Take documents out, to their last postings, in the transaction that is open."""
        begin(self._database)
        ordered = sorted(positions)
        for start in range(0, len(ordered), AT_ONCE):
            there = self._there(ordered[start : start + AT_ONCE])
            self._take_out(there)
            self._postings.take_out(_with_terms(there))

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
            self._postings.words.begin()
            self._postings.put([(position, unpack(value)) for position, value in rows], {}, {})
            self._postings.words.end()
            connection.executemany(
                "UPDATE documents SET analysis = ? WHERE position = ?",
                [(ANALYSIS_VERSION, position) for position, _ in rows],
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

    def _take_out(self, positions: Collection[int], tables: Sequence[str] = _TABLES) -> None:
        """Take documents out of tables, which are all but that of the terms."""
        for table in tables:
            self._database.connection.executemany(
                f"DELETE FROM {table} WHERE position = ?", [(position,) for position in positions]
            )

    def _put(
        self,
        arrivals: Sequence[_Arrival],
        stored: Mapping[str, _Stored],
        passed: Mapping[str, Sequence[Document]],
    ) -> None:
        places = Places(self._database, [arrival.key for arrival in arrivals])
        there = self._there([before.position for each in arrivals if (before := stored.get(each.one.document.id))])
        replaced: dict[int, _There] = {}
        placed: list[_Placed] = []
        for one, first_seen, key, writing in arrivals:
            document = one.document
            before = stored.get(document.id)
            if before is None:
                self._keep_revisions(-1, None, passed.get(document.id, ()), document)
                placed.append(_Placed(places.take(key), one, first_seen, writing, writing))
                continue
            stands = there[before.position]
            if before.revision > document.revision or stands.value == one.value:
                continue  # a redelivery of what is there already
            older = stands.document
            self._keep_revisions(before.revision, older, passed.get(document.id, ()), document)
            replaced[before.position] = stands
            places.leave(before.position)
            position = places.take(key)
            stays = position == before.position
            placed.append(_Placed(position, one, first_seen, before.number, writing, older if stays else None))
        self._write_rows(placed, replaced)

    def _write_rows(self, placed: Sequence[_Placed], replaced: Mapping[int, _There]) -> None:
        connection = self._database.connection
        staying = {each.position for each in placed if each.older is not None}
        self._take_out(replaced.keys() - staying)
        for statement, stays in ((_UPDATE, True), (_INSERT, False)):
            connection.executemany(
                statement, [each.columns() for each in placed if (each.position in staying) is stays]
            )
        connection.executemany(
            "INSERT OR REPLACE INTO bodies (position, value) VALUES (?, ?)",
            [(each.position, each.one.body()) for each in placed],
        )
        written = [(each.position, each.one.document) for each in placed]
        made = {each.position: each.one.ready for each in placed if each.one.ready is not None}
        self._postings.put(written, made, _with_terms(replaced))
        facets = {
            each.position: found
            for each in placed
            if (found := facets_of(each.one.document)) != (each.older and facets_of(each.older))
        }
        self._take_out(staying & facets.keys(), ["facets"])
        connection.executemany(
            "INSERT INTO facets (position, field, value) VALUES (?, ?, ?)",
            [(position, *pair) for position, pairs in facets.items() for pair in pairs],
        )
        told = [each for each in placed if each.older is None or _tells_else(each.one.document, each.older)]
        self._take_out([each.position for each in told if each.older is not None], ["events"])
        self._derived.add([(each.position, each.one.document) for each in told])

    def _keep_revisions(
        self, known: int, older: Document | None, passed: Sequence[Document], document: Document
    ) -> None:
        """Keep what it replaces: what is stored, of the ``known`` revision, and what was outdone in the same batch."""
        between = [each for each in passed if each.revision > known]
        if older is not None and older.revision < document.revision:
            between.insert(0, older)
        for earlier, later in pairwise([*between, document]):
            self._revisions.keep(earlier, later)


class _Arrival(NamedTuple):
    """Hold a document on its way in: when it was first seen, its order key, and the number of its write."""

    one: _Given
    first_seen: datetime
    key: int
    writing: int


class _Placed(NamedTuple):
    """Hold a document that is written at a position, and the ``older`` one of the article that stands there already."""

    position: int
    one: _Given
    first_seen: datetime
    number: int
    writing: int
    older: Document | None = None

    def columns(self) -> tuple[str | int | None, ...]:
        """Return its row among the documents."""
        facts = _columns(self.one.document, self.first_seen)
        return (self.position, *facts, self.number, self.writing, ANALYSIS_VERSION)


def _tells_else(document: Document, older: Document) -> bool:
    """Tell whether something that is kept of documents beside the index is another."""
    return (document.events, document.merged, document.story_id) != (older.events, older.merged, older.story_id)


def _arrivals(database: Database, accepted: Collection[_Given], stored: Mapping[str, _Stored]) -> list[_Arrival]:
    """Number what is to be written in the order it came, and return it in the order of the positions it is to have."""
    found = []
    for one, writing in zip(accepted, next_numbers(database, len(accepted)), strict=True):
        before = stored.get(one.document.id)
        first_seen = from_microseconds(before.first_seen) if before is not None else one.document.seen
        found.append(_Arrival(one, first_seen, order_key(one.document, first_seen), writing))
    return sorted(found, key=lambda arrival: arrival.key)


def _chunks(arrivals: Sequence[_Arrival]) -> Iterator[Sequence[_Arrival]]:
    start = chars = 0
    for end, arrival in enumerate(arrivals):
        if end - start == AT_ONCE or chars > CHARS_AT_ONCE:
            yield arrivals[start:end]
            start, chars = end, 0
        chars += len(arrival.one.document.text or "")
    yield arrivals[start:]


def _with_terms(there: Mapping[int, _There]) -> dict[int, Document]:
    """Return the documents whose terms can be made again; those of another analysis go with their table."""
    return {
        position: document
        for position, one in there.items()
        if one.analysis == ANALYSIS_VERSION and (document := one.document) is not None
    }


def read_document(database: Database, position: int) -> Document | None:
    """Return the document at a position."""
    row = database.connection.execute("SELECT value FROM bodies WHERE position = ?", (position,)).fetchone()
    return unpack(row[0]) if row else None


def unpack(value: bytes) -> Document:
    """Read a document as it is stored."""
    return _decoder.decode(packing.unpack(value))


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
