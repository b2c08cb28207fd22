"""A command that watches does not end because what it looks at is away for a while."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from pipeline.errors import TransientError, UnavailableError, UsageError
from pipeline.runners import trouble
from pipeline.wiring.watching import watched


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "LONGEST_WAIT_S", 0.0)


def looks(*found: int | Exception) -> Iterator[int]:
    """Return, or raise, one after the other."""
    left = iter(found)

    def look() -> int:
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return one

    return watched(look, 0.0)


def test_what_is_away_is_waited_for_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    away = UnavailableError("Kafka does not answer.")
    seen = looks(1, away, away, TransientError("Kafka does not answer.", 0.0), 2, 3, away, 4)
    assert list(islice(seen, 4)) == [1, 2, 3, 4]
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "watching waits: Kafka does not answer.",
        "watching waits: Kafka does not answer.",  # by another kind of error
        "watching goes on after 0 s",
        "watching waits: Kafka does not answer.",
        "watching goes on after 0 s",
    ]


def test_what_was_never_there_ends_it() -> None:
    with pytest.raises(UnavailableError):
        next(looks(UnavailableError("Kafka does not answer."), 1))


def test_what_no_waiting_mends_ends_it() -> None:
    seen = looks(1, UsageError("There is no such field."))
    assert next(seen) == 1
    with pytest.raises(UsageError):
        next(seen)
