"""The sink: committed after the index's answer, refused into dead letters, repeated in place."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.errors import TransientError
from pipeline.model import Document
from pipeline.ports.log import Message
from pipeline.runners import sink as sink_module
from pipeline.runners import trouble
from pipeline.runners.sink import Sink
from pipeline.topics import DEAD, ENRICHED, INDEX

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Index:
    """Take documents, after failing as often as told; refuse those named "bad"."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.taken: list[str] = []

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        if self.failures:
            self.failures -= 1
            raise TransientError("busy", 0.5)
        self.taken += [document.id for document in documents if document.id != "bad"]
        return [(document.id, "no such field") for document in documents if document.id == "bad"]


def enriched(*ids: str) -> list[Message]:
    values = [Document(id=key, source="s", seen=NOW, revision=1) for key in ids]
    return [Message(topic=ENRICHED.name, key=d.id, value=msgspec.json.encode(d)) for d in values]


def run(log: Any, index: Any, seconds: float = 10.0) -> Sink:
    """Run until all that came was taken, and stop."""
    sink, stop = Sink(log, index), threading.Event()
    thread = threading.Thread(target=sink.run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + seconds
    while log.backlog(ENRICHED.name, INDEX.name) and time.monotonic() < deadline:
        time.sleep(0.001)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    return sink


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(sink_module, "WAIT_S", 0.0)


def test_batch_is_repeated_until_the_index_takes_it() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index(failures=3)
        log.append(enriched("a", "b"))
        run(log, index)
        assert (index.taken, log.backlog(ENRICHED.name, INDEX.name)) == (["a", "b"], 0)


def test_document_that_brings_out_a_bug_in_the_index_costs_only_itself() -> None:
    class Broken(Index):
        def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
            if any(document.id == "worse" for document in documents):
                raise KeyError("a bug")
            return super().upsert(documents)

    with Database(":memory:") as database:
        log, index = SqliteLog(database), Broken()
        log.append(enriched("a", "worse", "c"))
        sink = run(log, index)
        (letter,) = log.replay(DEAD.name)
        assert (index.taken, letter.key, "a bug" in letter.headers["error"]) == (["a", "c"], "worse", True)
        assert sink.counts == {"indexed": 2, "dead-lettered": 1}


def test_refused_document_becomes_a_dead_letter_and_the_others_pass() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index()
        log.append([*enriched("a", "bad", "c"), Message(topic=ENRICHED.name, key="x", value=b"[]")])
        run(log, index)
        letters = {letter.key: letter.headers["error"] for letter in log.replay(DEAD.name)}
        assert index.taken == ["a", "c"]
        assert (letters["bad"], "no document" in letters["x"]) == ("no such field", True)


def test_stop_is_honoured_while_the_index_is_away_and_nothing_is_committed() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index(failures=1_000_000)
        log.append(enriched("a"))
        run(log, index, seconds=0.1)
        assert log.backlog(ENRICHED.name, INDEX.name) == 1


def test_every_record_is_counted_by_what_became_of_it() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index()
        copy = Document(id="c", source="s", seen=NOW, revision=1, duplicate_of="a")
        letter = Message(topic=ENRICHED.name, key="c", value=msgspec.json.encode(copy))
        log.append([*enriched("a", "bad"), letter, Message(topic=ENRICHED.name, key="x", value=b"[]")])
        sink = Sink(log, index)  # type: ignore[arg-type]
        sink.step(0.0)
        assert sink.counts == {"indexed": 1, "duplicate": 1, "dead-lettered": 2}
