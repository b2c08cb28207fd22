"""How documents are written: in whatever order they come, the engine is given them in that of their positions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite import writer
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import Document, derive_id
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNT = 60


def _article(number: int, *, hours_ago: int, revision: int = 1) -> Document:
    seen = NOW - timedelta(hours=hours_ago)
    return Document(
        id=derive_id("writer", str(number)), source="Wire", seen=seen, published=seen, title=f"Report {number}",
        text=f"Word{number} of the day, revision{revision}.", language="en", revision=revision,
    )  # fmt: skip


def _segments(database: Database) -> int:
    (count,) = database.connection.execute("SELECT count(DISTINCT segid) FROM terms_idx").fetchone()
    return int(count)


def _found(index: SqliteIndex, query: str) -> list[str]:
    page = index.search(SearchRequest(query=parse(query), now=NOW, limit=COUNT))
    return [document.title or "" for document in page.documents]


@pytest.mark.parametrize(
    "order", [range(COUNT), range(COUNT - 1, -1, -1), sorted(range(COUNT), key=lambda n: n * 37 % COUNT)]
)
def test_documents_of_one_call_are_written_down_at_once_whatever_their_order(order: list[int]) -> None:
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        index.upsert([_article(number, hours_ago=number) for number in order])
        assert _segments(database) == 1
        assert _found(index, "word7") == ["Report 7"]
        assert _found(index, "day") == [f"Report {number}" for number in range(COUNT)]


def test_revisions_of_one_call_replace_what_was_there_to_the_last_word() -> None:
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        index.upsert([_article(number, hours_ago=number) for number in range(COUNT)])
        index.upsert([_article(number, hours_ago=number, revision=2) for number in range(COUNT - 1, -1, -1)])
        assert _found(index, "revision1") == []
        assert len(_found(index, "revision2")) == COUNT
        assert _segments(database) == 2


def test_numbers_follow_the_order_in_which_documents_came() -> None:
    with Database(":memory:") as database:
        came = [_article(number, hours_ago=number * 37 % COUNT) for number in range(COUNT)]
        SqliteIndex(database).upsert(came)
        rows = database.connection.execute("SELECT id FROM documents ORDER BY written").fetchall()
        assert [article_id for (article_id,) in rows] == [document.id for document in came]


def test_texts_are_read_in_slices_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    put = writer.Writer._put

    def noting(self: writer.Writer, chunk: Sequence[writer._Arrival], *rest: Any) -> None:
        sizes.append(len(chunk))
        put(self, chunk, *rest)

    monkeypatch.setattr(writer, "CHARS_AT_ONCE", 10_000)
    monkeypatch.setattr(writer.Writer, "_put", noting)
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        long = [msgspec.structs.replace(_article(n, hours_ago=n), text="word " * 1_000) for n in range(9)]
        index.upsert([*long, *(_article(number, hours_ago=number) for number in range(9, COUNT))])
        assert sum(sizes) == COUNT and sizes[1:3] == [3, 3]
        assert len(_found(index, "lang:en")) == COUNT


def test_words_of_a_write_that_failed_are_written_with_the_next_one() -> None:
    with Database(":memory:") as database:
        index, article = SqliteIndex(database), msgspec.structs.replace(_article(7, hours_ago=1), tags=("weather",))
        database.connection.execute(
            "CREATE TEMP TRIGGER failing BEFORE INSERT ON facets BEGIN SELECT raise(ABORT, 'no'); END"
        )
        with pytest.raises(sqlite3.IntegrityError):
            index.upsert([article])
        database.connection.execute("DROP TRIGGER failing")
        index.upsert([article])
        assert _found(index, "wo?d7") == ["Report 7"]
