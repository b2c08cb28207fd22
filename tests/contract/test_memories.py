"""Saved memories: what is read is what was saved with all that came since, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.memories import SqliteMemories, size_of
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.adapters.sqlite.upkeep import SqliteUpkeep
from pipeline.errors import UnavailableError
from pipeline.ports.memories import Part, Parts

TABLE = "facts.some"
PARTS: Parts = {
    "a": Part("I", (2,), memoryview(bytes(range(8)))),
    "b/c": Part("<u4", (1, 2), memoryview(bytes(range(8, 16)))),
    "empty": Part("", (), memoryview(b"")),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "newswire.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with Database(path) as opened:
        yield opened


def loaded(
    database: Database, saved_as: str = "1"
) -> tuple[dict[str, tuple[str, tuple[int, ...], bytes]], list[object]]:
    found = SqliteMemories(database).load(TABLE, saved_as)
    assert found is not None
    parts, since = found
    return {name: (part.kind, part.shape, bytes(part.data)) for name, part in parts.items()}, list(since)


def files(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.memory"))


def test_what_was_saved_is_read_with_what_was_put_since(database: Database) -> None:
    table = SqliteTable(database, TABLE, followed=False)
    table.update({"a": b"1", "b": b"2"})
    SqliteMemories(database).save(TABLE, "1", PARTS)
    table.update({"c": b"3", "a": None})
    table.update({"c": b"4", "b": b"5"})
    SqliteTable(database, "facts.other", followed=False).put("d", b"6")
    parts, since = loaded(database)
    assert parts == {name: (part.kind, part.shape, bytes(part.data)) for name, part in PARTS.items()}
    assert since == [("a", None), ("c", b"4"), ("b", b"5")]
    assert [("b", b"5"), ("c", b"4")] == list(table.items())


def test_nothing_is_read_of_what_was_never_saved_or_is_of_another_kind(database: Database) -> None:
    memories = SqliteMemories(database)
    assert memories.load(TABLE, "1") is None
    memories.save(TABLE, "1", PARTS)
    assert memories.load(TABLE, "2") is None


def test_the_newest_is_the_only_one_kept_and_what_was_removed_before_leaves_nothing(
    database: Database, path: Path
) -> None:
    table, memories = SqliteTable(database, TABLE, followed=False), SqliteMemories(database)
    memories.save(TABLE, "1", PARTS)
    first = files(path)
    table.update({"a": b"1"})
    table.update({"a": None})
    memories.save(TABLE, "1", {"a": PARTS["a"]})
    assert (1, True) == (len(files(path)), files(path) != first)
    assert loaded(database) == ({"a": ("I", (2,), bytes(range(8)))}, [])
    (rows,) = database.connection.execute("SELECT count(*) FROM entries").fetchone()
    assert rows == 0


def test_what_is_removed_while_nothing_was_saved_leaves_nothing(database: Database) -> None:
    table = SqliteTable(database, TABLE, followed=False)
    table.update({"a": b"1"})
    table.update({"a": None})
    (rows,) = database.connection.execute("SELECT count(*) FROM entries").fetchone()
    assert rows == 0


@given(st.data())
def test_file_that_is_cut_or_changed_anywhere_is_not_read(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory, Database(Path(directory) / "newswire.db") as database:
        memories = SqliteMemories(database)
        memories.save(TABLE, "1", PARTS)
        (path,) = files(Path(database.path))
        whole = path.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        is_cut = data.draw(st.booleans())
        path.write_bytes(whole[:at] if is_cut else whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        assert memories.load(TABLE, "1") is None


def test_store_that_a_backup_replaced_reads_no_memory_of_what_it_does_not_hold(database: Database, path: Path) -> None:
    table, memories = SqliteTable(database, TABLE, followed=False), SqliteMemories(database)
    table.put("a", b"1")
    memories.save(TABLE, "1", PARTS)
    backup = path.with_name("backup.db")
    database.back_up(backup)
    table.put("b", b"2")
    with Database(backup) as restored:
        # The file belongs to the other's name here; under the same name it is read with all that is in the backup.
        assert SqliteMemories(restored).load(TABLE, "1") is None
    memories.save(TABLE, "1", {"a": PARTS["a"]})
    database.close()
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
    backup.rename(path)
    with Database(path) as restored:
        assert SqliteMemories(restored).load(TABLE, "1") is None


def test_memory_that_cannot_be_written_is_told_and_the_one_before_stays(database: Database, path: Path) -> None:
    memories = SqliteMemories(database)
    memories.save(TABLE, "1", PARTS)

    class Unwritable(SqliteMemories):
        def _path(self, table: str, token: str) -> Path:
            return path.parent / "nowhere" / token

    with pytest.raises(UnavailableError, match="nowhere"):
        Unwritable(database).save(TABLE, "1", PARTS)
    assert loaded(database)[1] == []


def test_room_that_memories_take_counts(database: Database, path: Path) -> None:
    before = SqliteUpkeep(database).space().taken
    SqliteMemories(database).save(TABLE, "1", {"a": Part("", (), memoryview(bytes(100_000)))})
    assert size_of(path) > 100_000
    assert SqliteUpkeep(database).space().taken >= before + 100_000
    assert files(path)[0].stat().st_mode & 0o077 == 0
