"""What stays of an article is not written again; what stands in the store is as if all had been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite import postings
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import Actor, Document, Event, Quotation, Span, Speaker
from tests.unit.adapters.sqlite.test_prepared import TABLES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Rows of the store that hold what was written last, and nothing of what was before.
ROWS = {
    **{name: TABLES[name] for name in ("documents", "bodies", "facets")},
    "events": "position, id, type, day, confidence",
    "terms_docsize": "id, typeof(sz), hex(sz)",
    "engine": "term, doc, col, offset",
}
words = st.sampled_from(["", "Reuters", "Reuters by-elections", "café | =reuters", "x" * 101, "voted " * 130])
spans = st.builds(Span, text=words, start=st.just(0), end=st.just(1))
events = st.builds(
    Event,
    id=st.sampled_from("mn"),
    type=st.sampled_from(["COERCE", "AID"]),
    trigger=spans,
    sentence=spans,
    actors=st.lists(st.builds(Actor, text=words, start=st.just(0), end=st.just(1)), max_size=2).map(tuple),
)
speakers = st.builds(Speaker, text=words, start=st.just(0), end=st.just(1))
quotations = st.builds(
    Quotation, text=words, start=st.just(0), end=st.just(1), kind=st.just("direct"), speaker=st.none() | speakers
)
documents = st.builds(
    Document,
    id=st.sampled_from("abc"),
    source=words,
    seen=st.just(NOW),
    # Two of them want one position.
    published=st.sampled_from([None, NOW, datetime(2026, 11, 19, tzinfo=UTC)]),
    title=st.sampled_from([None, "Reuters", "Towns voted"]),
    text=st.none() | words,
    language=st.sampled_from([None, "en", "de"]),
    authors=st.lists(words, max_size=2).map(tuple),
    tags=st.lists(st.sampled_from(["vote", "town"]), max_size=2).map(tuple),
    revision=st.integers(1, 2),
    duplicate_of=st.none() | st.just("z"),
    story_id=st.none() | st.sampled_from("st"),
    merged=st.lists(st.sampled_from("uv"), max_size=1).map(tuple),
    origins=st.integers(1, 2),
    events=st.lists(events, max_size=2, unique_by=lambda event: event.id).map(tuple),
    quotations=st.lists(quotations, max_size=1).map(tuple),
)


def stored(batches: Sequence[Sequence[Document]]) -> dict[str, list[Any]]:
    with Database(":memory:") as database:
        index, connection = SqliteIndex(database), database.connection
        for batch in batches:
            index.upsert(batch)
        connection.execute("CREATE VIRTUAL TABLE temp.engine USING fts5vocab (main, terms, instance)")
        connection.execute("INSERT INTO terms (terms) VALUES ('integrity-check')")
        rows = {table: connection.execute(f"SELECT {of} FROM {table}").fetchall() for table, of in ROWS.items()}
        # How many rows there are, and terms in each column: ranking compares with the mean.
        rows["sums"] = connection.execute("SELECT hex(block) FROM terms_data WHERE id = 1").fetchall()
        rows["merges"] = connection.execute("SELECT * FROM merges").fetchall()
        rows["words"] = connection.execute("SELECT token FROM vocabulary").fetchall()
        rows["stems"] = connection.execute("SELECT * FROM stems").fetchall()
        return {table: sorted(map(tuple, found)) for table, found in rows.items()}


@given(st.lists(st.lists(documents, min_size=1, max_size=3), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_store_is_as_if_all_were_written_again(batches: list[list[Document]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        partly = stored(batches)
        patch.setattr(postings, "_has_same_texts", lambda document, older: False)
        assert stored(batches) == partly


def test_terms_of_title_and_text_are_left_where_they_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    given_rows: list[Any] = []
    give = postings.Postings._give

    def noting(self: postings.Postings, rows: Any) -> None:
        given_rows[:] = rows
        give(self, given_rows)

    monkeypatch.setattr(postings.Postings, "_give", noting)
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        article = Document(id="a", source="Wire", seen=NOW, title="Towns voted", text="They did.", revision=1)
        index.upsert([article])
        assert [row[2:4] for row in given_rows] == [("towns voted", "they did")]
        index.upsert([Document(**{**_fields(article), "story_id": "s"})])
        assert [(row[0], *row[2:4]) for row in given_rows] == [("delete", "", ""), (None, "", "")]
        index.upsert([Document(**{**_fields(article), "story_id": "s", "origins": 2})])
        assert given_rows == []
        index.upsert([Document(**{**_fields(article), "text": "They did not."})])
        assert [row[3] for row in given_rows] == ["they did", "they did not"]


def test_all_is_written_again_where_the_tables_of_the_engine_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings.Postings, "_may_set_sizes", False)
    article = Document(id="a", source="Wire", seen=NOW, title="Towns voted", text="They did.", revision=1)
    changed = Document(**{**_fields(article), "story_id": "s"})
    assert stored([[article], [changed]])["engine"] == stored([[changed]])["engine"]


def _fields(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in Document.__struct_fields__}
