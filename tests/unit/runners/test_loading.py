"""What first records would wait for is loaded before they come, holds up no stop, and fails no earlier than they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from pipeline.flow import EXTRACT, FLOW, Stage
from pipeline.model import Document
from pipeline.runners.loading import Loading
from pipeline.stages.extract.stage import read
from pipeline.stages.extract.syntax.network import network

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE_S = 20.0


def flow(*steps: Callable[[], object]) -> tuple[Stage, ...]:
    return (msgspec.structs.replace(EXTRACT, loads=steps),)


def test_nothing_is_loaded_or_waited_for_until_it_is_begun() -> None:
    called: list[str] = []
    loading = Loading(flow(lambda: called.append("step")))
    loading.wait()
    assert (called, loading.is_under_way) == ([], False)


def test_who_waits_goes_on_when_all_is_loaded() -> None:
    go_on, called = threading.Event(), list[str]()
    loading = Loading(flow(lambda: go_on.wait(PATIENCE_S), lambda: called.append("last")))
    with loading.beside(threading.Event()):
        assert loading.is_under_way
        go_on.set()
        loading.wait()
    assert called == ["last"]


def test_a_stop_is_heard_between_two_steps() -> None:
    stopping, called = threading.Event(), list[str]()
    loading = Loading(flow(stopping.set, lambda: called.append("second")))
    with loading.beside(stopping):
        loading.wait()
    assert called == []


def test_the_end_of_the_block_stops_the_loading() -> None:
    begun, go_on, called = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    loading = Loading(flow(first, lambda: called.append("second")))
    with loading.beside(threading.Event()):
        assert begun.wait(PATIENCE_S)
        threading.Timer(0.05, go_on.set).start()
    assert (called, loading.is_under_way) == ([], False)


@pytest.mark.parametrize("error", [ImportError("no such library"), OSError("no such file"), MemoryError()])
def test_what_cannot_be_loaded_is_left_to_the_record_that_needs_it(error: Exception) -> None:
    def fail() -> None:
        raise error

    loading = Loading(flow(fail))
    with loading.beside(threading.Event()):
        loading.wait()
    assert not loading.is_under_way


def test_once_loaded_an_article_loads_no_model() -> None:
    network.cache_clear()
    loading = Loading(FLOW)
    with loading.beside(threading.Event()):
        loading.wait()
    loaded = network.cache_info().misses
    text = "Prime Minister Keir Starmer met President Volodymyr Zelensky in London on Monday."
    document = Document(id="a", source="paper", seen=NOW, published=NOW, text=text, language="en")
    assert read(document).events
    assert (loaded, network.cache_info().misses) == (1, 1)
