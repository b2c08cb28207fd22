"""Adapters over the store raise only our errors: transient for what may pass, unavailable for what must be seen to."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.sqlite import database as module
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TransientError, UnavailableError
from pipeline.ports.alerts import About, DeliveriesRequest
from pipeline.ports.arrivals import ArrivalsRequest, NumbersRequest
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from tests.contract.ports import NOW, article, over
from tests.contract.test_ledger import delivery

Call = Callable[[Database], Any]
FAR = datetime(2100, 1, 1, tzinfo=UTC)
ASKED = SearchRequest(query=parse("ministers"), now=NOW)
WRITES: dict[str, Call] = {
    "log.append": lambda db: SqliteLog(db).append([Message(topic="x", key="k", value=b"v" * 9000)]),
    "log.commit": lambda db: _read_and_commit(SqliteLog(db)),
    "log.expire": lambda db: SqliteLog(db).expire("x", FAR),
    "table.put": lambda db: SqliteTable(db, "t").put("k", b"v" * 9000),
    "ledger.enter": lambda db: SqliteLedger(db).enter([delivery(uuid.uuid4().hex) for _ in range(20)]),
    "ledger.claim": lambda db: SqliteLedger(db).claim("hook", FAR, FAR, 10),
    "ledger.mark": lambda db: SqliteLedger(db).mark([delivery("a")]),
    "ledger.prune": lambda db: SqliteLedger(db).prune(FAR),
    "index.upsert": lambda db: SqliteIndex(db).upsert([article(uuid.uuid4().hex, text=uuid.uuid4().hex * 900)]),
    "index.prune": lambda db: SqliteIndex(db).prune(FAR),
}
READS: dict[str, Call] = {
    "log.read": lambda db: SqliteLog(db).read("x", "g", 10),
    "log.replay": lambda db: list(SqliteLog(db).replay("x")),
    "table.get": lambda db: SqliteTable(db, "t").get("k"),
    "table.get_many": lambda db: SqliteTable(db, "t").get_many(["k"]),
    "table.items": lambda db: list(SqliteTable(db, "t").items()),
    "table.changes": lambda db: SqliteTable(db, "t").changes(),
    "ledger.waiting": lambda db: SqliteLedger(db).waiting(FAR),
    "ledger.page": lambda db: SqliteLedger(db).page(DeliveriesRequest()),
    "ledger.entries": lambda db: SqliteLedger(db).entries(10),
    "ledger.paged": lambda db: SqliteLedger(db).paged("id of rule", "hook", NOW),
    "ledger.earlier": lambda db: SqliteLedger(db).earlier([About(rule_id="r", channel="c", subject="s")]),
    "index.get": lambda db: SqliteIndex(db).get("a"),
    "index.search": lambda db: SqliteIndex(db).search(ASKED),
    "index.facets": lambda db: SqliteIndex(db).facets(ASKED, "source"),
    "index.timeline": lambda db: SqliteIndex(db).timeline(ASKED),
    "arrivals.since": lambda db: over(db).arrivals.since(None, ArrivalsRequest(now=NOW)),
    "arrivals.end": lambda db: over(db).arrivals.end(),
    "arrivals.numbers": lambda db: over(db).arrivals.numbers(NumbersRequest(now=NOW)),
}


def _read_and_commit(log: SqliteLog) -> None:
    log.read("x", "g", 10)
    log.commit("x", "g")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 20)
    with Database(tmp_path / "n.db") as opened:
        SqliteLog(opened).append([Message(topic="x", key="k", value=b"v")])
        SqliteTable(opened, "t").put("k", b"v")
        SqliteLedger(opened).enter([delivery("a")])
        SqliteIndex(opened).upsert([article(str(n), text=f"Text {n}. " * 200) for n in range(60)])
        yield opened


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Hold the write lock, as another process would."""
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full(database: Database) -> Iterator[None]:
    """Let the store grow no further, as on a full disk."""
    (pages,) = database.connection.execute("PRAGMA page_count").fetchone()
    database.connection.execute(f"PRAGMA max_page_count = {pages}")
    yield


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Refuse writes, as a file system mounted read-only does."""
    database.connection.execute("PRAGMA query_only = 1")
    yield


def rows(database: Database) -> list[int]:
    """Count what is kept."""
    tables = ("log", "entries", "deliveries", "documents", "bodies", "facets", "vocabulary")
    return [database.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


@pytest.mark.parametrize("name", WRITES)
def test_write_to_a_locked_store_may_be_repeated(database: Database, name: str) -> None:
    with locked(database), pytest.raises(TransientError, match="another process"):
        WRITES[name](database)
    WRITES[name](database)


@pytest.mark.parametrize("name", ["log.append", "table.put", "ledger.enter", "index.upsert"])
def test_write_to_a_full_disk_may_be_repeated_and_keeps_nothing(database: Database, name: str) -> None:
    with full(database), pytest.raises(TransientError, match="free some space"):
        for _ in range(100):
            before = rows(database)
            WRITES[name](database)
    assert rows(database) == before
    assert not database.connection.in_transaction


@pytest.mark.parametrize("name", WRITES)
def test_write_to_a_read_only_store_is_unavailable(database: Database, name: str) -> None:
    with read_only(database), pytest.raises(UnavailableError, match="permissions"):
        WRITES[name](database)


@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_damaged_store_is_unavailable_and_says_to_restore(tmp_path: Path, database: Database, name: str) -> None:
    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    hurt = tmp_path / "hurt.db"
    hurt.write_bytes(Path(database.path).read_bytes())
    with Database(hurt) as opened:
        opened.connection.execute("SELECT 1 FROM terms LIMIT 0").fetchall()  # knows the tables, none of their pages
        with hurt.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (hurt.stat().st_size - 4096))
        with pytest.raises(UnavailableError, match="admin restore FILE"):
            (WRITES | READS)[name](opened)
