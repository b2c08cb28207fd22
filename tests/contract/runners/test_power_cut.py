"""What a power cut undoes of the embedded runtime's work is done again: nothing lost, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from pipeline import demo
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.flow import EXTRACT, FLOW
from pipeline.model import Alert, AlertRule, Document
from pipeline.ports.search import SearchRequest
from pipeline.runners.embedded import Embedded
from pipeline.runners.feeder import Feeder
from pipeline.runners.polling.publishing import publish
from pipeline.stages.decision import Decision, NoMemory
from pipeline.topics import ALERTS, DEAD

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUTS = 25
FRAME = 4_096 + 24


def as_it_is(document: Document, memory: NoMemory, now: datetime) -> Decision:
    return Decision(outcome="extracted", emit=(document,))


UNREAD = tuple(
    msgspec.structs.replace(stage, decide=as_it_is, loads=()) if stage is EXTRACT else stage for stage in FLOW
)


def run(database: Database) -> None:
    log = SqliteLog(database)
    runtime = Embedded(
        log=log,
        table=partial(SqliteTable, database),
        index=SqliteIndex(database),
        transaction=database.repeatable_transaction,
        clock=lambda: NOW,
        flow=UNREAD,
        feeder=Feeder(log, transaction=database.repeatable_transaction, clock=lambda: NOW),
    )
    while runtime.step() or runtime.history_waiting:
        pass


def outcome(database: Database) -> tuple[list[tuple[str, str | None, int]], list[str], int]:
    """Return what is found, with what it copies and its revision; the alerts in order; and how many dead letters."""
    request = SearchRequest(query=None, now=NOW, limit=1000, copies=True)
    found = [(d.id, d.duplicate_of, d.revision) for d in SqliteIndex(database).search(request).documents]
    log = SqliteLog(database)
    alerts = [msgspec.json.decode(message.value, type=Alert).id for message in log.replay(ALERTS.name)]
    return sorted(found), alerts, len(list(log.replay(DEAD.name)))


def test_a_power_cut_at_any_place_of_the_journal_loses_no_article_and_tells_none_twice(tmp_path: Path) -> None:
    articles = demo.articles(NOW)
    old = [
        msgspec.structs.replace(each, id=f"old-{each.id}", history=True, published=NOW - timedelta(days=9))
        for each in articles[:12]
    ]
    rule = AlertRule(id="r", name="r", query="ceasefire OR talks", created=NOW, once_per="article")
    with Database(tmp_path / "n.db") as database:
        database.connection.execute("PRAGMA wal_autocheckpoint = 0")
        SqliteTable(database, "rules").put(rule.id, msgspec.json.encode(rule))
        publish([*articles, *old], SqliteLog(database))
        journal = tmp_path / "n.db-wal"
        safe = journal.stat().st_size  # what was acknowledged waited for the disk
        run(database)
        file, whole, expected = (tmp_path / "n.db").read_bytes(), journal.read_bytes(), outcome(database)
    assert (len(expected[0]), expected[2]) == (len(articles) + len(old), 0)
    assert expected[1]
    assert len(whole) > safe + CUTS * FRAME

    for number in range(CUTS + 1):
        cut = tmp_path / f"cut-{number}.db"
        cut.write_bytes(file)
        cut.with_name(f"{cut.name}-wal").write_bytes(whole[: safe + (len(whole) - safe) * number // CUTS])
        with Database(cut) as database:
            run(database)
            assert outcome(database) == expected
