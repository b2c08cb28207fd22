"""The guard of the unit tests: what goes past the process fails, what stays inside does not."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.conftest import TouchesTheWorldError

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "touch",
    [
        lambda: (HERE / "never-written").write_text("x"),
        lambda: (HERE / "never-made").mkdir(),
        lambda: sqlite3.connect(HERE / "never.db"),
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: socket.socket().bind(("127.0.0.1", 0)),
        lambda: subprocess.run([sys.executable, "-V"], check=True),
    ],
    ids=["file", "folder", "database", "connection", "port", "process"],
)
def test_unit_test_that_touches_the_world_fails(touch: Callable[[], object]) -> None:
    with pytest.raises(TouchesTheWorldError):
        touch()


def test_reading_and_memory_are_free() -> None:
    with sqlite3.connect(":memory:") as database:
        assert database.execute("SELECT 1").fetchone() == (1,)
    assert Path(__file__).read_text("utf-8").startswith('"""')
