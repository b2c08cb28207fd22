"""A disk that is full for a while, and a store that is damaged: what is in the way of the embedded runtime's file."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.faults.rows import NEWSWIRE, Bench, Fault

PAGE = 4_096
FULL_S = 8.0
ENDED_WITHIN_S = 30.0


def full(bench: Bench, times: int) -> None:
    """Let no file of the process grow any more for a while: every write behind its first page fails."""
    bench.faults += 1
    pid = bench.system.processes["up"].pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (PAGE, hard))
    bench.flow(FULL_S)
    assert "free some space" in bench.system.logs(), "the disk was not felt to be full"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def damaged(bench: Bench, times: int) -> None:
    """Overwrite pages of the store while it is written to; ``up`` says what to do, and that is done.

    What a backup does not know of is read again from the feeds. Nothing is served between backup and damage, for a
    ledger that was put back cannot know whom it told since.
    """
    bench.faults += 1
    system = bench.system
    store, backup = system.directory / "newswire.db", system.directory / f"backup-{bench.faults}.db"
    bench.oracle.wait(bench.site.count(), 60)
    environment = os.environ | system.environment
    subprocess.run([*NEWSWIRE, "admin", "backup", str(backup)], env=environment, check=True, capture_output=True)
    spoil(store)
    up = system.processes.pop("up")
    bench.flow(2)
    assert up.wait(ENDED_WITHIN_S) == 3, system.logs()
    last = max(system.directory.glob("up-*.log"), key=lambda path: path.stat().st_mtime).read_text().splitlines()[-1]
    assert "is damaged" in last and "admin restore" in last, system.logs()
    subprocess.run([*NEWSWIRE, "admin", "restore", str(backup)], env=environment, check=True, capture_output=True)
    system.start("up")


def spoil(store: Path) -> None:
    """Overwrite the store's pages behind the first few, as a failing disk or a careless program does."""
    with closing(sqlite3.connect(store)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with store.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        for page in range(4, size // PAGE):
            file.seek(page * PAGE)
            file.write(os.urandom(PAGE))


ROWS: dict[str, Fault] = {"disk full": full, "store damaged": damaged}
