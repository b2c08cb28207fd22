"""Arrivals: whatever is written after the beginning is given, each article once, in order of writing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import TransientError, UsageError
from pipeline.model import Document
from pipeline.ports.arrivals import ArrivalsPage, ArrivalsRequest
from pipeline.services.arrivals import Arrivals
from tests.fakes.archive import MemoryArrivals
from tests.fakes.index import MemoryIndex

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


def following(index: MemoryIndex, query: str | None = None) -> Arrivals:
    return Arrivals(query, arrivals=MemoryArrivals(index.archive), index=index, clock=lambda: NOW)


def article(number: int, title: str = "Talks", revision: int = 1) -> Document:
    seen = NOW - timedelta(days=number)
    return Document(id=f"{number:032}", source="s", seen=seen, title=title, revision=revision)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=6))
def test_each_article_is_given_once_whenever_it_was_published(batches: list[list[int]]) -> None:
    index = MemoryIndex()
    arrivals, given_out, written = following(index), [], []
    for revision, batch in enumerate(batches, 1):
        index.upsert([article(number, revision=revision) for number in batch])
        written += [number for number in dict.fromkeys(batch) if number not in written]
        given_out += [int(document.id) for document in arrivals.new()]
    assert sorted(given_out) == sorted(written)


def test_more_than_a_page_comes_at_once() -> None:
    index = MemoryIndex()
    arrivals = following(index)
    index.upsert([article(number) for number in range(450)])
    assert [int(document.id) for document in arrivals.new()] == list(range(450))


def test_latest_are_the_newest_the_oldest_of_them_first_and_do_not_come_again() -> None:
    index = MemoryIndex()
    index.upsert([article(number) for number in range(5)])
    arrivals = following(index)
    assert [int(document.id) for document in arrivals.latest(3)] == [2, 1, 0]
    assert arrivals.latest(0) == arrivals.new() == []
    index.upsert([msgspec.structs.replace(article(0), revision=2)])
    assert arrivals.new() == []


def test_query_narrows_what_comes() -> None:
    index = MemoryIndex()
    arrivals = following(index, "talks")
    index.upsert([article(1, "Sport"), article(2)])
    assert [int(document.id) for document in arrivals.new()] == [2]
    with pytest.raises(UsageError):
        following(index, "(talks")


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_what_was_read_before_a_page_that_failed_comes_when_it_is_asked_again(fails_at: int) -> None:
    index = MemoryIndex()
    arrivals = following(index)
    index.upsert([article(number) for number in range(450)])
    source, calls = arrivals._arrivals, iter(range(1, 100))

    class Failing:
        def since(self, position: str | None, request: ArrivalsRequest) -> ArrivalsPage:
            if next(calls) == fails_at:
                raise TransientError("busy", 0.0)
            return source.since(position, request)

        def end(self) -> str:
            return source.end()

    arrivals._arrivals = Failing()  # type: ignore[assignment]
    with pytest.raises(TransientError):
        arrivals.new()
    assert [int(document.id) for document in arrivals.new()] == list(range(450))
    assert arrivals.new() == []
