"""Who reads articles for events: how many processes do."""

from contextlib import closing

import pytest

from pipeline import config
from pipeline.wiring import reading as wiring
from pipeline.wiring.reading import WORKERS_READERS, readers_beside_up, reading


@pytest.mark.parametrize(("cores", "expected"), [(1, 0), (2, 1), (4, 3), (64, 3)])
def test_up_is_helped_by_as_many_processes_as_there_are_further_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, expected: int
) -> None:
    monkeypatch.setattr(wiring, "cores", lambda: cores)
    assert readers_beside_up() == expected


@pytest.mark.parametrize(("asked", "expected"), [(None, WORKERS_READERS), ("0", 0), ("2", 2)])
def test_settings_say_how_many_processes_read(asked: str | None, expected: int) -> None:
    environment = {} if asked is None else {"NEWSWIRE_EXTRACT_PROCESSES": asked}
    readers = reading(config.load(None, None, environment), usual=WORKERS_READERS)
    assert (readers is not None) == bool(expected)
    if readers is not None:
        with closing(readers):
            assert len(readers._callers) == expected  # type: ignore[attr-defined]
