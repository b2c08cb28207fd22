"""The Table port's promises, kept by every adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.ports.table import Table

Open = Callable[[], Table]


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def open_table(request: pytest.FixtureRequest, tmp_path: object, prefix: str) -> Iterator[Open]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            database = stack.enter_context(Database(f"{tmp_path}/table.db"))
            yield lambda: SqliteTable(database, "rules")
            return
        from pipeline.adapters.kafka.table import KafkaTable
        from pipeline.adapters.kafka.topics import create_topics
        from pipeline.topics import RULES, TOPICS

        servers = request.getfixturevalue("kafka_servers")
        create_topics(servers, TOPICS, prefix=prefix, partitions=2)

        def opened() -> Table:
            table = KafkaTable(servers, RULES.name, prefix=prefix)
            stack.callback(table.close)
            return table

        yield opened


def test_the_latest_value_counts(open_table: Open) -> None:
    table = open_table()
    table.put("a", b"1")
    table.put("a", b"2")
    assert (b"2", [("a", b"2")]) == (table.get("a"), list(table.items()))


def test_what_one_object_puts_another_sees(open_table: Open) -> None:
    writer, reader = open_table(), open_table()
    assert reader.get("a") is None
    writer.put("a", b"1")
    assert reader.get("a") == b"1"


def test_removed_key_is_gone(open_table: Open) -> None:
    table = open_table()
    table.put("a", b"1")
    table.put("a", None)
    assert (None, []) == (table.get("a"), list(table.items()))


def test_many_values_are_put_and_removed_together(open_table: Open) -> None:
    table, reader = open_table(), open_table()
    table.put("a", b"1")
    table.update({"a": None, "b": b"2", "c": b"3"})
    table.update({})
    assert list(reader.items()) == [("b", b"2"), ("c", b"3")]


def test_items_come_sorted_by_key(open_table: Open) -> None:
    table = open_table()
    for key in ("b", "ä", "a", "Z"):
        table.put(key, b"v")
    assert sorted(("b", "ä", "a", "Z")) == [key for key, _ in table.items()]


def test_changes_are_told_once_and_begin_with_everything_present(open_table: Open) -> None:
    table, other = open_table(), open_table()
    table.put("a", b"1")
    table.put("b", b"1")
    table.put("a", None)
    assert [("b", b"1")] == list(table.changes())
    other.put("c", b"2")
    other.put("b", None)
    assert [("c", b"2"), ("b", None)] == list(table.changes())
    assert [] == list(table.changes())


def test_changes_of_an_empty_table_are_none(open_table: Open) -> None:
    assert [] == list(open_table().changes())


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.binary(max_size=3)), st.sets(st.text(max_size=2)))
def test_what_is_asked_for_at_once_is_what_is_asked_for_one_by_one(put: dict[str, bytes | None], odd: set[str]) -> None:
    with Database(":memory:") as database:
        table = SqliteTable(database, "rules")
        SqliteTable(database, "others").update({"a": b"other"})
        table.update(put)
        asked = [*"abcdefghij", *odd, *map(str, range(1_200))]

        one_by_one = {key: value for key in asked if (value := table.get(key)) is not None}

        assert table.get_many(asked) == one_by_one
