"""History is found before it is compared and read for events, and ends as if it had not been."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import TransientError
from pipeline.model import Article, Document
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.runners import embedded
from pipeline.runners.batch import WAITING
from pipeline.runners.embedded import Embedded
from pipeline.runners.feeder import Feeder
from pipeline.runners.polling.publishing import publish
from pipeline.topics import HISTORY
from tests.fakes.flaky import Faults, flaky

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEXT = "French President Emmanuel Macron met German Chancellor Olaf Scholz in Berlin on Monday."


def old(name: str, number: int = 0, *, text: str = TEXT, withdrawn: bool = False) -> Article:
    title = f"Meeting {name}"
    return Article(
        id=name,
        source=f"paper {number}",
        seen=NOW,
        title=title,
        text=f"{text} {name}",
        withdrawn=withdrawn,
        history=True,
    )


class Desk:
    """Wire the embedded runtime and its feeder over a store in memory; some calls of the index may fail."""

    def __init__(self, database: Database, faults: Faults | None = None) -> None:
        self.log = SqliteLog(database)
        self.index = SqliteIndex(database)
        self.runtime = Embedded(
            log=self.log,
            table=partial(SqliteTable, database),
            index=flaky(self.index, faults) if faults is not None else self.index,
            transaction=database.transaction,
            clock=lambda: NOW,
            feeder=Feeder(self.log, transaction=database.transaction, clock=lambda: NOW),
        )

    def found(self) -> dict[str, Document]:
        page = self.index.search(SearchRequest(query=None, now=NOW, limit=1000, copies=True))
        return {document.id: document for document in page.documents}

    def finish(self) -> None:
        while self.runtime.step():
            pass


@pytest.fixture
def database() -> Iterator[Database]:
    with Database(":memory:") as opened:
        yield opened


def test_history_is_found_before_it_is_read_for_events_and_counted_once_after(database: Database) -> None:
    desk = Desk(database)
    publish([old(f"a{number}", number) for number in range(100)], desk.log)
    desk.runtime.step()
    assert (100, 0) == (len(desk.found()), sum(desk.runtime.counts.values()))
    assert not any(document.events for document in desk.found().values())
    assert 100 == desk.runtime.history_waiting
    desk.finish()
    assert (100, 100) == (len(desk.found()), sum(desk.runtime.counts.values()))
    assert all(document.events for document in desk.found().values())


def test_history_ends_as_if_it_had_not_been_found_before(database: Database) -> None:
    articles = [old(f"a{number}", number % 9) for number in range(70)] + [old("a3"), old("a5", text="Another text.")]
    desk = Desk(database)
    publish(articles, desk.log)
    desk.finish()
    with Database(":memory:") as other:
        plain = Desk(other)
        plain.runtime._finding = None
        publish(articles, plain.log)
        plain.finish()
        assert plain.found() == desk.found()
        assert plain.runtime.counts == desk.runtime.counts


def test_history_replaces_nothing_that_is_known(database: Database) -> None:
    desk = Desk(database)
    fresh = msgspec.structs.replace(old("a"), history=False)
    publish([fresh], desk.log)
    desk.finish()
    known = desk.found()
    publish([old("a", text="Something else."), old("gone", withdrawn=True)], desk.log)
    desk.runtime.step()
    assert known == desk.found()


def test_fresh_articles_do_not_wait_for_history_to_be_found(database: Database) -> None:
    desk = Desk(database)
    publish([old(f"a{number}", number) for number in range(20)], desk.log)
    publish([msgspec.structs.replace(old("fresh"), history=False)], desk.log)
    desk.runtime.step()
    assert ["fresh"] == list(desk.found())


def test_what_cannot_be_read_holds_up_nothing_and_is_told_of_in_its_turn(database: Database) -> None:
    desk = Desk(database)
    desk.log.append([Message(topic=HISTORY.name, key="bad", value=b"{")])
    publish([old("a")], desk.log)
    desk.runtime.step()
    assert ["a"] == list(desk.found())
    desk.finish()
    assert {"indexed": 1, "dead-lettered": 1} == desk.runtime.counts


def test_what_could_not_be_indexed_is_found_the_next_time(database: Database) -> None:
    desk = Desk(database, Faults(1))
    publish([old("a")], desk.log)
    with pytest.raises(TransientError):
        desk.runtime.step()
    assert {} == desk.found()
    desk.runtime.step()
    assert ["a"] == list(desk.found())


def test_history_is_not_taken_up_while_more_of_it_is_likely_on_its_way(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(database)
    publish([old("a")], desk.log)
    assert 1 == len(desk.runtime.step(0.01))
    monkeypatch.setattr(embedded, "SETTLED_S", 1e9)
    assert ([], 1) == (desk.runtime.step(0.01), desk.runtime.history_waiting)
    monkeypatch.setattr(embedded, "SETTLED_S", 0.0)
    assert ([WAITING], 0) == ([outcome.kind for outcome in desk.runtime.step(0.01)], desk.runtime.history_waiting)
