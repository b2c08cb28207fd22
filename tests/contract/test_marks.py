"""The Marks port's promises, kept by every adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.marks import SqliteMarks
from pipeline.ports.marks import READ, STARRED, TAG, Marked, Marks
from tests.contract.ports import ADAPTERS
from tests.fakes.marks import MemoryMarks


@pytest.fixture(params=ADAPTERS)
def marks(request: pytest.FixtureRequest) -> Iterator[Marks]:
    if request.param == "memory":
        yield MemoryMarks()
        return
    if request.param == "sqlite":
        with Database(request.getfixturevalue("tmp_path") / "newswire.db") as database:
            yield SqliteMarks(database)
        return
    from pipeline.adapters.elasticsearch.marks import ElasticsearchMarks

    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    opened = ElasticsearchMarks(url, prefix=prefix)
    yield opened
    opened.close()


def some(*names: str) -> list[Marked]:
    return [Marked(article=name, number=10**15 + ord(name[0])) for name in names]


def test_marks_are_kept_per_reader_and_article(marks: Marks) -> None:
    marks.set("ann", READ, some("a", "b"))
    marks.set("ann", STARRED, some("b"))
    marks.set("bob", READ, some("c"))
    assert marks.of("ann", ["a", "b", "c"]) == {"a": frozenset({READ}), "b": frozenset({READ, STARRED})}
    assert marks.counts("ann") == {READ: 2, STARRED: 1}
    assert marks.counts("nobody") == {}


def test_setting_and_clearing_again_changes_nothing(marks: Marks) -> None:
    for _ in range(2):
        marks.set("ann", READ, some("a"))
    assert marks.counts("ann") == {READ: 1}
    for _ in range(2):
        marks.clear("ann", READ, ["a", "unknown"])
    assert marks.of("ann", ["a"]) == {}


def test_marked_are_the_greatest_number_first_in_pages(marks: Marks) -> None:
    marks.set("ann", TAG + "war & peace", some("d", "a", "c", "b"))
    first = marks.marked("ann", TAG + "war & peace", limit=2)
    assert [each.article for each in first] == ["d", "c"]
    rest = marks.marked("ann", TAG + "war & peace", before=first[-1].number, limit=9)
    assert [each.article for each in rest] == ["b", "a"]
    assert marks.marked("ann", TAG + "war", limit=9) == []


def test_forgotten_reader_has_no_marks_and_others_keep_theirs(marks: Marks) -> None:
    marks.set("ann", READ, some("a"))
    marks.set("bob", READ, some("a"))
    marks.forget("ann")
    assert (marks.counts("ann"), marks.counts("bob")) == ({}, {READ: 1})


def test_thousands_are_marked_and_found_at_once(marks: Marks) -> None:
    many = [Marked(article=f"n{n}", number=10**15 + n) for n in range(2_500)]
    marks.set("ann", READ, many)
    assert [each.number for each in marks.marked("ann", READ, limit=3_000)] == [each.number for each in reversed(many)]
    assert len(marks.of("ann", [each.article for each in many])) == 2_500
    marks.clear("ann", READ, [each.article for each in many[:2_400]])
    assert marks.counts("ann") == {READ: 100}


STEPS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from([READ, STARRED, TAG + "x"]), st.sampled_from("abc"),
              st.booleans()),
    max_size=20,
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_store_keeps_what_memory_keeps(steps: list[tuple[str, str, str, bool]]) -> None:
    with Database(":memory:") as database:
        ours, plain = SqliteMarks(database), MemoryMarks()
        for reader, mark, article, wanted in steps:
            for each in (ours, plain):
                if wanted:
                    each.set(reader, mark, some(article))
                else:
                    each.clear(reader, mark, [article])
        for reader in ("ann", "bob"):
            assert ours.of(reader, list("abc")) == plain.of(reader, list("abc"))
            assert ours.counts(reader) == plain.counts(reader)
            assert ours.marked(reader, READ) == plain.marked(reader, READ)
