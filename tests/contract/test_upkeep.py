"""A store is kept small: what is old goes in slices, its room goes back to the disk, and backups lead back."""

from __future__ import annotations

import lzma
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.sqlite import conversion
from pipeline.adapters.sqlite.backups import SqliteBackups, restore
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.packing import pack, packed, unpack, unpacked
from pipeline.adapters.sqlite.revisions import SqliteRevisions
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.adapters.sqlite.upkeep import JOURNAL_BYTES, KEPT_FREE, PAGES, SqliteUpkeep
from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.services.retention import Kept, Pruner
from pipeline.topics import ARTICLES, DEAD

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)
OLD_STORE = Path(__file__).parents[1] / "data" / "upgrade" / "newswire.db.xz"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "newswire.db") as opened:
        yield opened


def document(number: int, *, days: int = 0, revision: int = 1, text: str = "Nothing new in the east.") -> Document:
    seen = NOW - timedelta(days=days)
    return Document(id=f"a{number}", source="s", seen=seen, published=seen, text=text, revision=revision, language="en")


def found(database: Database) -> set[str]:
    page = SqliteIndex(database).search(SearchRequest(query=None, now=NOW, limit=1000, copies=True))
    return {each.id for each in page.documents}


@given(st.binary(max_size=4_000))
def test_what_is_packed_is_read_again(value: bytes) -> None:
    assert value == unpack(pack(value)) == unpacked(*packed(value))
    assert len(packed(value)[1]) <= len(value)


def test_records_are_kept_smaller_than_they_are(database: Database) -> None:
    value = msgspec.json.encode(document(1, text="The ministers met again in Geneva and agreed on nothing. " * 20))
    SqliteLog(database).append([Message(topic=ARTICLES.name, key="a", value=value)])
    (size,) = database.connection.execute("SELECT length(value) FROM log").fetchone()
    assert size < len(value) / 4
    (record,) = SqliteLog(database).read(ARTICLES.name, "g", 10)
    assert record.value == value


def test_records_go_from_the_old_end_but_not_before_they_were_read(database: Database) -> None:
    log, upkeep = SqliteLog(database), SqliteUpkeep(database)
    log.append(Message(topic=ARTICLES.name, key=str(n), value=b"v") for n in range(10))
    assert upkeep.remove_records(ARTICLES.name, LATER, 100) == 0
    log.read(ARTICLES.name, "g", 7)
    log.commit(ARTICLES.name, "g")
    assert upkeep.remove_records(ARTICLES.name, NOW - timedelta(days=90_000), 100) == 0
    assert [4, 3, 0] == [upkeep.remove_records(ARTICLES.name, LATER, 4) for _ in range(3)]
    assert ["7", "8", "9"] == [message.key for message in log.replay(ARTICLES.name)]


def test_dead_letters_go_whether_or_not_anybody_asked_for_them(database: Database) -> None:
    SqliteLog(database).append([Message(topic=DEAD.name, key="a", value=b"v")])
    assert SqliteUpkeep(database).remove_records(DEAD.name, LATER, 10) == 0
    assert SqliteUpkeep(database).remove_records(DEAD.name, LATER, 10, unread=True) == 1


def test_documents_go_with_all_that_is_kept_of_them_and_the_spared_stay(database: Database) -> None:
    index = SqliteIndex(database)
    index.upsert([document(n, days=n) for n in range(10)])
    index.upsert([document(n, days=n, revision=2, text="More.") for n in range(10)])
    upkeep = SqliteUpkeep(database)
    assert upkeep.remove_documents(NOW - timedelta(days=4, hours=1), 3, {"a9"}) == 3
    assert upkeep.remove_documents(NOW - timedelta(days=4, hours=1), 3, {"a9"}) == 1
    assert upkeep.remove_documents(NOW - timedelta(days=4, hours=1), 3, {"a9"}) == 0
    assert found(database) == {"a0", "a1", "a2", "a3", "a4", "a9"}
    left = database.connection.execute("SELECT DISTINCT article FROM revisions").fetchall()
    assert {name for (name,) in left} == found(database)


def test_room_of_what_was_removed_goes_back_to_the_disk(database: Database) -> None:
    log, upkeep = SqliteLog(database), SqliteUpkeep(database)
    noise = random.Random(1)
    log.append(Message(topic="x", key=str(n), value=noise.randbytes(4_000)) for n in range(2_000))
    log.read("x", "g", 2_000)
    log.commit("x", "g")
    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    full = Path(database.path).stat().st_size
    while upkeep.remove_records("x", LATER, 500):
        pass
    slices = 0
    while upkeep.tidy():
        slices += 1
    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert full > 8_000_000
    assert Path(database.path).stat().st_size < 600_000
    assert slices >= 2_000 // PAGES
    assert upkeep.space().free <= KEPT_FREE * 4096


def test_store_of_an_earlier_version_shrinks_once_it_was_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_STEPS", 100)
    path = tmp_path / "newswire.db"
    path.write_bytes(lzma.decompress(OLD_STORE.read_bytes()))
    told: list[float] = []
    with Database(path) as database:
        before = found(database)
        assert not conversion.is_shrinkable(database)
        assert conversion.room_missing(database) == 0
        conversion.make_shrinkable(database, told.append)
    with Database(path) as database:
        assert conversion.is_shrinkable(database)
        assert found(database) == before != set()
    assert told == sorted(told)
    assert told


def test_revisions_are_kept_as_differences_the_newest_of_them(database: Database) -> None:
    index = SqliteIndex(database, kept_revisions=3)
    story = "The ministers met in Geneva on Monday. They talked for hours about grain, gas and prisoners. " * 30
    for revision in range(1, 8):
        index.upsert([document(1, revision=revision, text=f"{story}Version {revision}.")])
    assert [7, 6, 5, 4] == [each.revision for each in SqliteRevisions(database).of("a1")]
    assert [f"{story}Version {n}." for n in (7, 6, 5, 4)] == [each.text for each in SqliteRevisions(database).of("a1")]
    (size,) = database.connection.execute("SELECT max(length(value)) FROM revisions").fetchone()
    assert size < 100
    assert list(SqliteRevisions(database).of("nobody")) == []


@given(st.lists(st.text(max_size=200), min_size=1, max_size=8))
def test_every_revision_reads_as_it_was(texts: list[str]) -> None:
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        for revision, text in enumerate(texts, 1):
            index.upsert([document(1, revision=revision, text=text)])
        kept = [each.text for each in SqliteRevisions(database).of("a1")]
    assert kept == texts[::-1]


def test_long_journal_is_cut_while_there_is_other_work(database: Database) -> None:
    index, upkeep = SqliteIndex(database), SqliteUpkeep(database)
    noise = random.Random(1)
    with database.transaction():
        # The newest first: each part of them goes into a level of its own, which are to be merged then.
        for last in range(1_200, 0, -200):
            texts = {n: " ".join(noise.choices("abcdefghij", k=4_000)) for n in range(last - 200, last)}
            index.upsert([document(n, text=text) for n, text in texts.items()])
    before = upkeep.space().taken - page_bytes(database)
    assert before > 4 * JOURNAL_BYTES
    assert upkeep.tidy()
    assert upkeep.space().taken - page_bytes(database) < before / 2


def test_free_pages_are_given_back_many_at_a_time(database: Database) -> None:
    connection, upkeep = database.connection, SqliteUpkeep(database)
    with database.transaction():
        connection.execute("CREATE TABLE ballast (value)")
        connection.executemany("INSERT INTO ballast VALUES (?)", [("x" * 3_000,)] * 3_000)
    with database.transaction():
        connection.execute("DROP TABLE ballast")
    before, slices = upkeep.space().free, 0
    while upkeep.tidy():
        slices += 1
    assert before > 3_000 * 3_000
    assert upkeep.space().free <= 100 * 4_096
    assert slices < 20


def page_bytes(database: Database) -> int:
    ((pages,), (size,)) = (
        database.connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
    )
    return int(pages * size)


def test_pruning_by_size_takes_the_oldest_until_the_rest_fits(database: Database) -> None:
    noise = random.Random(1)
    text = [" ".join(noise.choices("abcdefghijklmnop", k=6)) for _ in range(4_000)]
    index, upkeep = SqliteIndex(database), SqliteUpkeep(database)
    for start in range(0, 600, 100):
        index.upsert(
            [document(n, days=600 - n, text=" ".join(noise.choices(text, k=80))) for n in range(start, start + 100)]
        )
    while upkeep.tidy():
        pass
    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # what is left in it is chance
    bound = upkeep.space().used * 2 // 3
    pruner = Pruner(
        Kept(articles_days=10_000, index_months=0, deliveries_days=10_000, disk_bytes=bound), upkeep, lambda: NOW
    )
    assert pruner.is_too_large()
    for _ in range(200):
        removed = pruner.step()
        while upkeep.tidy():
            pass
        if not removed:
            break
    assert not pruner.is_too_large()
    left = sorted(int(name.removeprefix("a")) for name in found(database))
    assert left == list(range(600 - len(left), 600))
    assert 50 < len(left) < 500


def test_backup_that_is_removed_while_backups_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(tmp_path / "n.db") as database:
        backups = SqliteBackups(database, tmp_path / "backups")
        backups.make(NOW)
        kept = backups.make(NOW + timedelta(seconds=1))
        found, first = Path.iterdir, [path for path in (tmp_path / "backups").iterdir() if path.name != kept.name]

        def listed(directory: Path) -> list[Path]:
            paths = list(found(directory))
            first[0].unlink(missing_ok=True)
            return paths

        monkeypatch.setattr(Path, "iterdir", listed)
        assert [each.name for each in backups.all()] == [kept.name]


def test_backup_comes_back_and_the_store_it_replaces_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "newswire.db"
    with Database(path) as database:
        SqliteTable(database, "t").put("a", b"then")
        made = SqliteBackups(database, tmp_path / "backups").make(NOW)
        SqliteTable(database, "t").put("a", b"since")
    (aside, *_) = restore(path, tmp_path / "backups" / made.name, NOW)
    with Database(path) as database:
        assert SqliteTable(database, "t").get("a") == b"then"
    with Database(aside) as database:
        assert SqliteTable(database, "t").get("a") == b"since"
    assert path.stat().st_mode & 0o077 == 0


def test_damaged_store_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "newswire.db"
    with Database(path) as database:
        SqliteTable(database, "t").put("a", b"then")
        made = SqliteBackups(database, tmp_path / "backups").make(NOW)
    path.write_bytes(b"no database at all" * 1000)
    restore(path, tmp_path / "backups" / made.name, NOW)
    with Database(path) as database:
        assert SqliteTable(database, "t").get("a") == b"then"


@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0" + b"\0" * 100, None])
def test_what_is_no_backup_moves_nothing(tmp_path: Path, content: bytes | None) -> None:
    path, file = tmp_path / "newswire.db", tmp_path / "backup.db"
    path.write_bytes(b"the store")
    if content is not None:
        file.write_bytes(content)
    else:
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE entries (a)")
            other.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError):
        restore(path, file, NOW)
    assert path.read_bytes() == b"the store"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup.db", "newswire.db"]


def test_only_what_was_made_as_a_backup_is_listed_and_removed(tmp_path: Path, database: Database) -> None:
    place = SqliteBackups(database, tmp_path / "backups")
    assert place.all() == []
    names = [place.make(NOW + timedelta(days=n)).name for n in range(3)]
    (tmp_path / "backups" / "mine.db").write_bytes(b"")
    assert [each.name for each in place.all()] == names[::-1]
    place.remove(names[0])
    place.remove(names[0])
    with pytest.raises(UsageError, match="not the name"):
        place.remove("mine.db")
    assert [each.name for each in place.all()] == [names[2], names[1]]


def test_what_was_removed_leaves_the_index_while_others_come(database: Database) -> None:
    """A store that is held at its bound takes in as much as it removes; its index is of what is in it."""
    index, upkeep, draw = SqliteIndex(database), SqliteUpkeep(database), random.Random(7)

    def words() -> str:
        return " ".join(f"w{draw.randrange(5_000)}" for _ in range(150))

    def size() -> int:
        (taken,) = database.connection.execute("SELECT sum(length(block)) FROM terms_data").fetchone()
        return int(taken)

    sizes = []
    for turn in range(12):
        index.upsert([document(n, days=12 - turn, text=words()) for n in range(turn * 100, turn * 100 + 100)])
        while turn >= 2 and upkeep.remove_documents(NOW - timedelta(days=14 - turn), 20):
            pass
        while upkeep.tidy():
            pass
        sizes.append(size())
    assert max(sizes[4:]) < 3 * sizes[1], sizes
