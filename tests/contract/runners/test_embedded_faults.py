"""The embedded runtime over ports that fail: nothing lost, nothing twice, and it stops when asked."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import pytest

from pipeline import demo
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import DamagedError, TransientError, UnavailableError
from pipeline.flow import DEDUPLICATE
from pipeline.model import Alert, AlertRule
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.runners import embedded, trouble
from pipeline.runners.batch import Outcome
from pipeline.runners.embedded import Embedded
from pipeline.runners.polling.publishing import publish
from pipeline.topics import ALERTS, DEAD
from tests.fakes.flaky import Faults, flaky, flaky_transaction

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARTICLES = 8


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(embedded, "WAIT_S", 0.0)


class Run:
    """Run the runtime over failing ports until all is done."""

    def __init__(self, database: Database, faults: Faults) -> None:
        log = SqliteLog(database)
        rule = AlertRule(id="r", name="all", query="the OR a", created=NOW, once_per="article")
        SqliteTable(database, "rules").put("r", msgspec.json.encode(rule))
        publish(list(demo.articles(NOW))[:ARTICLES], log)
        index = SqliteIndex(database)
        runtime = Embedded(
            log=flaky(log, faults),
            table=partial(SqliteTable, database),
            index=flaky(index, faults),
            transaction=flaky_transaction(database.transaction, faults),
            clock=lambda: NOW,
        )
        stopping = threading.Event()
        stopping.set()
        outcomes: list[Outcome] = []
        runtime.run(stopping, outcomes.append, finish=True)
        self.told = [outcome.document.id for outcome in outcomes if outcome.document is not None]
        page = index.search(SearchRequest(query=None, now=NOW, limit=100, copies=True))
        self.found = {document.id: document.revision for document in page.documents}
        self.alerts = [_alert(message) for message in log.replay(ALERTS.name)]
        self.dead = list(log.replay(DEAD.name))
        self.counted = sum(runtime.counts.values())


def _alert(message: Message) -> str:
    return msgspec.json.decode(message.value, type=Alert).id


def run(faults: Faults) -> Run:
    with Database(":memory:") as database:
        return Run(database, faults)


@pytest.mark.parametrize("error", [TransientError, UnavailableError, ValueError])
@pytest.mark.parametrize("after", [False, True])
def test_whatever_call_fails_everything_is_found_and_alerted_once(error: Any, after: bool) -> None:
    undisturbed = run(Faults())
    assert (len(undisturbed.found), len(set(undisturbed.alerts))) == (ARTICLES, len(undisturbed.alerts))
    for number in range(1, 13):
        faults = Faults(number, error=lambda: error("a fault"), after=after)
        disturbed = run(faults)
        assert disturbed.found == undisturbed.found, number
        assert sorted(disturbed.alerts) == sorted(undisturbed.alerts), number
        assert (disturbed.counted, disturbed.dead) == (ARTICLES, []), number
        assert sorted(disturbed.told) == sorted(undisturbed.told), number


def test_article_that_brings_out_a_bug_in_the_index_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    upsert, bad = SqliteIndex.upsert, demo.articles(NOW)[1].title

    def broken(self: SqliteIndex, documents: Any) -> Any:
        if any(document.title == bad for document in documents):
            raise KeyError("a bug")
        return upsert(self, documents)

    monkeypatch.setattr(SqliteIndex, "upsert", broken)
    run_ = run(Faults())
    assert (len(run_.dead), len(run_.found), run_.counted) == (1, ARTICLES - 1, ARTICLES)
    assert "a bug" in run_.dead[0].headers["error"]
    assert "in broken" in run_.dead[0].headers["error"]  # the trace


def test_store_that_stays_full_ends_a_single_round_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "GIVE_UP_S", 0.02)
    with pytest.raises(TransientError, match="busy"):
        run(Faults(*range(2, 100_000)))


def test_stop_is_honoured_while_the_store_is_locked() -> None:
    with Database(":memory:") as database:
        faults = Faults(*range(1, 100_000), error=lambda: TransientError("locked", 60.0))
        runtime = Embedded(
            log=flaky(SqliteLog(database), faults),
            table=partial(SqliteTable, database),
            index=SqliteIndex(database),
            transaction=database.transaction,
            clock=lambda: NOW,
        )
        stopping = threading.Event()
        thread = threading.Thread(target=runtime.run, args=(stopping, print), kwargs={"finish": False})
        thread.start()
        while not faults.failed:
            pass
        stopping.set()
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("value", [b"{", b'{"kind": "trend"}', b"\xff", b"[" * 5000])
def test_unreadable_rule_or_fact_is_left_out_and_the_rest_is_done(
    value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with Database(":memory:") as database:
        SqliteTable(database, "rules").put("a bad one", value)
        SqliteTable(database, DEDUPLICATE.facts).put("a bad one", value)
        done = Run(database, Faults())
        assert (len(done.found), len(done.alerts) > 0, done.dead) == (ARTICLES, True, [])
    assert caplog.text.count("key=a bad one") == 2


def test_damage_of_the_store_is_not_waited_for() -> None:
    faults = Faults(2, error=lambda: DamagedError("The store is damaged; restore a backup."))
    with Database(":memory:") as database, pytest.raises(DamagedError):
        Run(database, faults)
