"""Copies whose original is not found stand for their group, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite import groups
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import Document
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse

NOW = datetime(2026, 11, 1, tzinfo=UTC)
# Of each group: whether its original says the word, and which of its copies do.
GROUPS = st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), max_size=3)), min_size=1, max_size=12)


def document(n: int, says: bool, original: str | None) -> Document:
    return Document(
        id=f"{n:032x}", seen=NOW - timedelta(minutes=n), source="Harbour Wire", revision=1, title=f"Report {n}",
        text="A dam fails." if says else "Ships wait.", duplicate_of=original,
    )  # fmt: skip


@settings(max_examples=40)
@given(GROUPS)
def test_one_of_each_group_is_found_whichever_way_they_are_asked_for(made: list[tuple[bool, list[bool]]]) -> None:
    documents: list[Document] = []
    wanted: set[str] = set()
    for says, copies in made:
        original = document(len(documents), says, None)
        documents.append(original)
        those = [document(len(documents) + k, each, original.id) for k, each in enumerate(copies)]
        documents += those
        if says:
            wanted.add(original.id)
        elif saying := [copy.id for copy, each in zip(those, copies, strict=True) if each]:
            wanted.add(saying[-1])  # the one seen first
    request = SearchRequest(query=parse("dam"), now=NOW, limit=200)
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        assert list(index.upsert(documents)) == []
        for one_by_one in (1_000, 0):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(groups, "_ASKED_ONE_BY_ONE", one_by_one)
                found = index.search(request)
            assert {each.id for each in found.documents} == wanted and found.total == len(wanted)
