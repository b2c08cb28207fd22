"""Unit tests stand alone: what writes to disk, opens a socket or starts a process fails here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ELSEWHERE = "a unit test may not; tests/contract and tests/integration are for that"

_guarded = False


class TouchesTheWorldError(AssertionError):
    """A unit test did something that needs a disk, a network or another process."""


def _look(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse the audited event of a running unit test that goes past the process."""
    if not _guarded:
        return
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir"):
        raise TouchesTheWorldError(f"{event}{arguments}: {ELSEWHERE}")
    if event == "sqlite3.connect" and arguments[0] != ":memory:":
        raise TouchesTheWorldError(f"{event}{arguments}: {ELSEWHERE}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
        path = str(arguments[0])
        if path != os.devnull and "__pycache__" not in path:
            raise TouchesTheWorldError(f"{event}{arguments}: {ELSEWHERE}")


sys.addaudithook(_look)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Watch the test; an audit hook can never be removed, so it is told when to look."""
    global _guarded
    _guarded = True
    try:
        yield
    finally:
        _guarded = False
