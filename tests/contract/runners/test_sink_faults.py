"""The sink over calls that fail, one after the other."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.errors import TransientError, UnavailableError
from pipeline.ports.log import Message
from pipeline.topics import DEAD, ENRICHED
from tests.fakes.flaky import Faults, Flaky
from tests.unit.runners.test_sink import Index, enriched, run


@pytest.mark.parametrize("error", [TransientError, UnavailableError, ValueError])
@pytest.mark.parametrize("after", [False, True])
def test_whatever_call_fails_every_document_is_indexed_and_every_refused_one_kept(error: Any, after: bool) -> None:
    for number in range(1, 9):
        with Database(":memory:") as database:
            faults = Faults(number, error=lambda: error("a fault"), after=after)
            log, index = SqliteLog(database), Index()
            log.append([*enriched("a", "bad", "c"), Message(topic=ENRICHED.name, key="x", value=b"[]")])
            run(Flaky(log, faults, ("backlog", "rewind")), Flaky(index, faults))
            letters = [letter.key for letter in log.replay(DEAD.name)]
            assert (number, set(index.taken), set(letters)) == (number, {"a", "c"}, {"bad", "x"})
            # What was appended before a failure is appended again: once more, and no more than that.
            assert len(letters) <= 2 + 2 * faults.failed
