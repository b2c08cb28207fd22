"""The sink of what is not yet read: what fails is read again, what cannot be stored holds up nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pipeline.errors import TransientError
from pipeline.model import Document
from pipeline.ports.log import Message
from pipeline.runners import early_sink, trouble
from pipeline.runners.early_sink import EarlySink
from pipeline.topics import EARLY_INDEX, MATCHED
from tests.fakes.flaky import Faults, Flaky
from tests.fakes.log import MemoryLog

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Index:
    """Take documents; a bug shows over those named "bad"."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def add_new(self, documents: Sequence[Document]) -> None:
        if any(document.id == "bad" for document in documents):
            raise KeyError("a bug")
        self.taken |= {document.id for document in documents}


def matched(document_id: str, **fields: bool) -> Message:
    document = msgspec.structs.replace(Document(id=document_id, source="s", seen=NOW, revision=1), **fields)
    return Message(topic=MATCHED.name, key=document_id, value=msgspec.json.encode(document))


def run(log: Any, index: Any, seconds: float = 20.0) -> None:
    """Run until all that came was taken, and stop."""
    stop = threading.Event()
    thread = threading.Thread(target=EarlySink(log, index).run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + seconds
    while log.backlog(MATCHED.name, EARLY_INDEX.name) and time.monotonic() < deadline:
        time.sleep(0.001)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(early_sink, "WAIT_S", 0.0)


def test_what_no_alert_tells_of_is_left_until_it_is_read() -> None:
    log, index = MemoryLog(), Index()
    log.append([matched("a"), matched("old", history=True), matched("again", backfill=True)])
    run(log, index)
    assert index.taken == {"a"}


def test_what_cannot_be_read_or_stored_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_sink, "BATCH", 1)
    log, index = MemoryLog(), Index()
    log.append([matched("a"), Message(topic=MATCHED.name, key="x", value=b"["), matched("bad"), matched("c")])
    run(log, index)
    assert (index.taken, log.backlog(MATCHED.name, EARLY_INDEX.name)) == ({"a", "c"}, 0)


@pytest.mark.parametrize("after", [False, True])
def test_whatever_call_fails_every_document_is_found(after: bool) -> None:
    for number in range(1, 6):
        faults = Faults(number, error=lambda: TransientError("a fault"), after=after)
        log, index = MemoryLog(), Index()
        log.append([matched("a"), matched("b")])
        run(Flaky(log, faults, ("backlog", "rewind")), Flaky(index, faults))
        assert (number, index.taken) == (number, {"a", "b"})
