"""The replay over ports that fail: it ends with the error, or waits; run again, everything is there once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline import demo
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.errors import TransientError
from pipeline.flow import FLOW
from pipeline.ports.search import SearchRequest
from pipeline.runners import replay as runner
from pipeline.runners.polling.publishing import publish
from pipeline.runners.replay import replay
from pipeline.topics import ALERTS, ARTICLES
from tests.fakes.flaky import Faults, flaky

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def rebuild(log: SqliteLog, index: Any) -> list[str]:
    _, failures = replay(log.replay(ARTICLES.name), FLOW, index, lambda: NOW, wait=lambda seconds: None)
    return failures


def found(index: SqliteIndex) -> dict[str, tuple[int, str | None, str | None]]:
    page = index.search(SearchRequest(query=None, now=NOW, limit=500, copies=True))
    assert len(page.documents) == len({each.id for each in page.documents})
    return {each.id: (each.revision, each.duplicate_of, each.story_id) for each in page.documents}


@pytest.mark.parametrize("error", [TransientError, ValueError])
@pytest.mark.parametrize("after", [False, True], ids=["not done", "answer lost"])
def test_replay_that_failed_anywhere_is_whole_when_it_is_run_again(
    error: Any, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BATCH", 3)
    articles = list(demo.articles(NOW))[:9]
    with Database(":memory:") as database:
        log, undisturbed = SqliteLog(database), SqliteIndex(database)
        publish(articles, log)
        assert rebuild(log, undisturbed) == []
        expected = found(undisturbed)
    for number in range(1, 6):
        with Database(":memory:") as database:
            log, index = SqliteLog(database), SqliteIndex(database)
            publish(articles, log)
            faults = Faults(number, error=lambda: error("a fault"), after=after)
            for _ in range(4):
                try:
                    assert rebuild(log, flaky(index, faults)) == []
                    break
                except error:
                    continue
            assert (number, expected) == (number, found(index))
            assert [] == list(log.replay(ALERTS.name))
