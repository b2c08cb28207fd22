"""Files that several processes write, and what a process leaves that is killed or told to stop while it writes one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pipeline import private_files
from pipeline.adapters.sqlite.connection import Connection
from pipeline.adapters.sqlite.database import Database

WRITER = """
import sys
import time
from pathlib import Path
from pipeline import private_files
from pipeline.adapters.notify.feedfile import FeedFile
from pipeline.ports.alerts import Notice

_, path, name, count = sys.argv
written = private_files.write
private_files.write = lambda *given: (time.sleep(0.01), written(*given))  # time for another to read what goes
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(count)):
    FeedFile("jsonfeed", Path(path)).send(Notice(id=f"{name}{n}", rule="r", title="t", text="x", alerts=()))
"""
ENTRIES = 10


def test_entries_that_processes_put_into_one_feed_file_at_once_are_all_there(tmp_path: Path) -> None:
    file = tmp_path / "alerts" / "council.json"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), name, str(ENTRIES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    ids = {item["id"] for item in msgspec.json.decode(file.read_bytes())["items"]}
    assert ids == {f"urn:newswire:{name}{n}" for name in "ab" for n in range(ENTRIES)}
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing is left beside it"


def test_directory_that_another_holds_for_long_is_told_and_free_afterwards(tmp_path: Path) -> None:
    with (
        private_files.alone_in(tmp_path, 1.0),
        pytest.raises(TimeoutError, match="for long"),
        private_files.alone_in(tmp_path, 0.0),
    ):
        pass
    with private_files.alone_in(tmp_path, 0.0):
        pass


def test_what_killed_processes_left_goes_an_hour_after_they_wrote_and_nothing_else_does(tmp_path: Path) -> None:
    names = {
        ".feed.xml.77.partial": 2 * private_files.LEFT_AFTER_S,
        ".feed.xml.78.partial": 0.0,
        ".feed.xml.seven.partial": 2 * private_files.LEFT_AFTER_S,
        ".other.xml.77.partial": 2 * private_files.LEFT_AFTER_S,
    }
    for name, age_s in names.items():
        (tmp_path / name).write_bytes(b"half")
        written = (tmp_path / name).stat().st_mtime - age_s
        os.utime(tmp_path / name, (written, written))
    private_files.write(tmp_path / "feed.xml", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {*names, "feed.xml"} - {".feed.xml.77.partial"}


def test_backup_takes_along_what_a_killed_one_left(tmp_path: Path) -> None:
    left, fresh, other = (tmp_path / name for name in ("a.db.01234567.partial", "b.db.76543210.partial", "c.partial"))
    for path in (left, fresh, other):
        path.write_bytes(b"SQLite format 3")
    for path in (left, other):
        os.utime(path, (1.0, 1.0))
    with Database(tmp_path / "newswire.db") as database:
        database.back_up(tmp_path / "copy.db")
    assert (left.exists(), fresh.exists(), other.exists()) == (False, True, True)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Have Ctrl-C heard: what is started in the background of a shell does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# Before whoever makes it waits for it, or while: the two are not the same to Python.
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("after_s", [0.0, 0.3])
def test_backup_that_is_told_to_stop_stops_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_s: float
) -> None:
    told_to_stop = threading.Event()

    class Slow(Connection):
        """Begin nothing before somebody interrupts, who is asked to by Ctrl-C."""

        def execute(self, *arguments: object) -> object:  # type: ignore[override]
            if str(arguments[0]).startswith("VACUUM"):
                main = threading.main_thread().ident
                assert main is not None
                time.sleep(after_s)
                signal.pthread_kill(main, signal.SIGINT)
                assert told_to_stop.wait(60)
            return super().execute(*arguments)

        def interrupt(self) -> None:
            told_to_stop.set()
            super().interrupt()

    with Database(tmp_path / "newswire.db") as database:
        monkeypatch.setattr("pipeline.adapters.sqlite.database.Connection", Slow)
        with pytest.raises(KeyboardInterrupt):
            database.back_up(tmp_path / "copy.db")
        assert told_to_stop.is_set()
    assert [path.name for path in tmp_path.iterdir()] == ["newswire.db"]
