"""The sink: committed after the index's answer, refused into dead letters, repeated in place."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.errors import TransientError
from pipeline.model import Document
from pipeline.ports.log import Message
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


def run(log: SqliteLog, index: Index, stop: threading.Event | None = None) -> list[float]:
    slept: list[float] = []
    Sink(log, index, slept.append).step(0.0, stop or threading.Event())  # type: ignore[arg-type]
    return slept


def test_batch_is_repeated_until_the_index_takes_it() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index(failures=3)
        log.append(enriched("a", "b"))
        slept = run(log, index)
        assert (index.taken, log.backlog(ENRICHED.name, INDEX.name)) == (["a", "b"], 0)
        assert slept == sorted(slept)
        assert len(slept) == 3


def test_refused_document_becomes_a_dead_letter_and_the_others_pass() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index()
        log.append([*enriched("a", "bad", "c"), Message(topic=ENRICHED.name, key="x", value=b"[]")])
        run(log, index)
        letters = {letter.key: letter.headers["error"] for letter in log.replay(DEAD.name)}
        assert index.taken == ["a", "c"]
        assert (letters["bad"], "no document" in letters["x"]) == ("no such field", True)


def test_nothing_is_committed_when_stopped_before_the_index_answered() -> None:
    with Database(":memory:") as database:
        log, stop = SqliteLog(database), threading.Event()
        log.append(enriched("a"))

        class Stopping(Index):
            def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
                stop.set()
                raise TransientError("busy")

        run(log, Stopping(), stop)
        assert log.backlog(ENRICHED.name, INDEX.name) == 1


def test_every_record_is_counted_by_what_became_of_it() -> None:
    with Database(":memory:") as database:
        log, index = SqliteLog(database), Index()
        copy = Document(id="c", source="s", seen=NOW, revision=1, duplicate_of="a")
        letter = Message(topic=ENRICHED.name, key="c", value=msgspec.json.encode(copy))
        log.append([*enriched("a", "bad"), letter, Message(topic=ENRICHED.name, key="x", value=b"[]")])
        sink = Sink(log, index, lambda seconds: None)  # type: ignore[arg-type]
        sink.step(0.0, threading.Event())
        assert sink.counts == {"indexed": 1, "duplicate": 1, "dead-lettered": 2}
