"""The store file: transactions, versions, the run lock and backups."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from pipeline.adapters.sqlite.database import Database, RunLock
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import UnavailableError, UsageError
from pipeline.ports.log import Message


def test_failed_transaction_keeps_nothing() -> None:
    with Database(":memory:") as database:
        table, log = SqliteTable(database, "t"), SqliteLog(database)
        with pytest.raises(RuntimeError), database.transaction():
            table.put("a", b"1")
            log.append([Message(topic="x", key="k", value=b"v")])
            raise RuntimeError
        assert (None, []) == (table.get("a"), list(log.replay("x")))


def test_inner_transaction_joins_the_outer_one() -> None:
    with Database(":memory:") as database:
        table = SqliteTable(database, "t")
        with pytest.raises(RuntimeError), database.transaction():
            with database.transaction():
                table.put("a", b"1")
            raise RuntimeError
        assert table.get("a") is None


def test_reader_in_another_thread_sees_only_what_was_committed(tmp_path: Path) -> None:
    with Database(tmp_path / "n.db") as database:
        table = SqliteTable(database, "t")
        seen: list[bytes | None] = []

        def look() -> None:
            thread = threading.Thread(target=lambda: seen.append(table.get("a")))
            thread.start()
            thread.join()

        with database.transaction():
            table.put("a", b"1")
            look()
        look()
        assert seen == [None, b"1"]


def test_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with Database(tmp_path / "n.db") as database:
        database.connection.execute("PRAGMA user_version = 999")
    with pytest.raises(UnavailableError, match="upgrade Newswire"):
        Database(tmp_path / "n.db").open()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "n.db").write_bytes(b"not a database, but long enough to be read as a header" * 20)
    with pytest.raises(UnavailableError, match="cannot be opened"):
        Database(tmp_path / "n.db").open()


def test_second_run_on_one_store_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with RunLock(tmp_path / "up.lock"), pytest.raises(UsageError, match="already running"):
        RunLock(tmp_path / "up.lock").__enter__()
    with RunLock(tmp_path / "up.lock"):
        pass


def test_backup_that_fails_beside_another_of_the_same_name_leaves_that_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, rename = tmp_path / "copy.db", Path.rename
    with Database(tmp_path / "n.db") as database:
        SqliteTable(database, "t").put("a", b"1")

        def full(path: Path) -> None:
            raise OSError(28, "No space left on device")

        def renamed(path: Path, to: Path) -> Path:
            monkeypatch.setattr(Path, "rename", rename)
            with monkeypatch.context() as meanwhile:
                meanwhile.setattr("pipeline.private_files.create", full)
                with pytest.raises(UnavailableError):
                    database.back_up(target)
            return path.rename(to)

        monkeypatch.setattr(Path, "rename", renamed)
        database.back_up(target)
    with Database(target) as copy:
        assert SqliteTable(copy, "t").get("a") == b"1"


def test_backup_holds_what_was_committed_and_never_overwrites(tmp_path: Path) -> None:
    with Database(tmp_path / "n.db") as database:
        SqliteTable(database, "t").put("a", b"1")
        database.back_up(tmp_path / "copy.db")
        with pytest.raises(UsageError, match="already exists"):
            database.back_up(tmp_path / "copy.db")
    with Database(tmp_path / "copy.db") as copy:
        assert SqliteTable(copy, "t").get("a") == b"1"


def test_log_expires_only_what_every_group_has_read() -> None:
    from datetime import UTC, datetime, timedelta

    later = datetime.now(UTC) + timedelta(days=1)
    with Database(":memory:") as database:
        log = SqliteLog(database)
        log.append(Message(topic="x", key=str(n), value=b"v") for n in range(3))
        assert log.expire("x", later) == 0
        log.read("x", "g", 2)
        log.commit("x", "g")
        assert log.expire("x", later) == 2
        assert [m.key for m in log.replay("x")] == ["2"]


def test_writers_in_two_threads_take_turns(tmp_path: Path) -> None:
    with Database(tmp_path / "n.db") as database:
        table = SqliteTable(database, "t")
        errors: list[sqlite3.Error] = []

        def write(start: int) -> None:
            try:
                for n in range(start, start + 50):
                    table.put(str(n), b"v")
            except sqlite3.Error as exc:
                errors.append(exc)

        threads = [threading.Thread(target=write, args=(n * 50,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ([], 200) == (errors, len(list(table.items())))


def test_commit_that_fails_is_rolled_back_and_the_next_one_works() -> None:
    with Database(":memory:") as database:
        table = SqliteTable(database, "t")
        connection = database.connection
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(sqlite3.IntegrityError), database.transaction():
            table.put("k", b"dropped")
            connection.execute("INSERT INTO b VALUES (1)")
        table.put("l", b"kept")
        assert list(table.items()) == [("l", b"kept")]


def test_lock_file_that_cannot_be_written_is_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="permissions"):
        RunLock(tmp_path / "file" / "up.lock").__enter__()


def test_commit_of_a_reader_is_dropped_with_its_transaction() -> None:
    with Database(":memory:") as database:
        log = SqliteLog(database)
        log.append([Message(topic="x", key="k", value=b"v")])
        with pytest.raises(RuntimeError), database.transaction():
            log.read("x", "g", 9)
            log.commit("x", "g")
            raise RuntimeError
        log.rewind("x", "g")
        assert [message.key for message in log.read("x", "g", 9)] == ["k"]
