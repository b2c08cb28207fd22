"""Giving the engine the terms of documents, and taking them out.

FTS5 holds postings only, not the text: to remove a document's, its terms are made again from the stored document.

Nearly all of them are those of title and text, which stay when an article is compared with others or read for events.
They are left alone then, for no other column has a term of theirs (see ``terms``). Only what ranking reads, the number
of terms in each column, has to be set right: the engine has counted those that it was given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import cast

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.groups import listed
from pipeline.adapters.sqlite.prepared import Made
from pipeline.adapters.sqlite.terms import COLUMNS, other_texts, terms_row, texts_of
from pipeline.adapters.sqlite.words import Words
from pipeline.model import Document

# Rows are put in and, where the first value is DELETE, taken out. The engine writes down all it was given as soon as a
# row comes before the last one: so they are given in the order of their positions, each taken out just before its next.
_TERMS = f"INSERT INTO terms (terms, rowid, {COLUMNS}) VALUES ({', '.join('?' * 12)})"
DELETE, INSERT = "delete", None
# Title and text come first: of the row that was just put in without them, each count is one byte, a zero.
_SIZES = "UPDATE terms_docsize SET sz = CAST(? || substr(sz, 3) AS BLOB) WHERE id = ?"
_GOES_ON = 0x80
_Row = tuple[str | int | None, ...]


class Postings:
    """Write terms, and the words among them, in the transaction that is open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.words = Words(database)

    def take_out(self, documents: Mapping[int, Document]) -> None:
        """Take out the terms of documents at their positions."""
        self._give((DELETE, at, *terms_row(document)) for at, document in documents.items())

    def put(
        self, written: Sequence[tuple[int, Document]], made: Mapping[int, Made], replaced: Mapping[int, Document]
    ) -> None:
        """Put in the terms of documents at their positions, those that were ``made`` already as they are.

        Those of what was ``replaced`` are taken out.
        """
        kept = self._kept([at for at, document in written if _has_same_texts(document, replaced.get(at))])
        gone = {at: terms_row(older, other_texts(older) if at in kept else None) for at, older in replaced.items()}
        terms: dict[int, tuple[str, ...]] = {}
        for at, document in written:
            if (ready := made.get(at)) is not None:
                self.words.add_made(ready)
                terms[at] = ("", "", *ready.terms[2:]) if at in kept else ready.terms
                continue
            texts = other_texts(document) if at in kept else texts_of(document)
            self.words.add(document, texts)
            terms[at] = terms_row(document, texts, " ".join)
        if self.words.write():
            # Some term is too long for the engine, and has to be cut.
            terms |= {at: terms_row(document) for at, document in written if at not in made and at not in kept}
        same = {at for at in kept if gone[at] == terms[at]}
        rows: list[_Row] = [(DELETE, at, *row) for at, row in gone.items() if at not in same]
        rows += [(INSERT, at, *row) for at, row in terms.items() if at not in same]
        self._give(rows)
        self._database.connection.executemany(_SIZES, [(size, at) for at, size in kept.items() if at not in same])

    def _give(self, rows: Iterable[_Row]) -> None:
        # It keeps the order of two at one position.
        self._database.connection.executemany(_TERMS, sorted(rows, key=_position))

    def _kept(self, positions: Collection[int]) -> dict[int, bytes]:
        """Return the positions at which title and text may be left, and what the engine notes of their sizes."""
        if not positions or not self._may_set_sizes:
            return {}
        look_up = "SELECT id, sz FROM terms_docsize WHERE id IN (SELECT value FROM json_each(?))"
        return {at: _first_two(sizes) for at, sizes in self._database.connection.execute(look_up, (listed(positions),))}

    @cached_property
    def _may_set_sizes(self) -> bool:
        """Tell whether SQLite lets others than the engine write to its tables: some systems' own does not."""
        try:
            self._database.connection.execute(f"{_SIZES} AND 0", (b"", 0))
        except sqlite3.OperationalError:
            return False
        return True


def _has_same_texts(document: Document, older: Document | None) -> bool:
    return (
        older is not None
        and older.title == document.title
        and older.text == document.text
        and older.language == document.language
    )


def _first_two(sizes: bytes) -> bytes:
    """Return the first two numbers of a row of sizes: a bit of each byte tells whether its number goes on."""
    ends = (end for end, byte in enumerate(sizes, 1) if not byte & _GOES_ON)
    next(ends)
    return sizes[: next(ends)]


def _position(row: _Row) -> int:
    return cast("int", row[1])
