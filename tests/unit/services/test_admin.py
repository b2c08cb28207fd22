"""Dead letters stay pending until they are sent back; what is old goes, as the operator says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.model import Document
from pipeline.ports.log import Message
from pipeline.services.dead_letters import PAGE, DeadLetters
from pipeline.services.retention import Kept, prune
from pipeline.topics import ALERTS, ARTICLES, dead_letter
from pipeline.views.dead_letters import letter_json, letter_line
from tests.fakes.index import MemoryIndex
from tests.fakes.log import MemoryLog

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


def letters(count: int, returns_to: str | None = ARTICLES.name) -> list[Message]:
    return [
        dead_letter(
            Message(topic=ARTICLES.name, key=f"{n:032}", value=b"v"),
            stage="normalize",
            reason="why",
            returns_to=returns_to,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1])
def test_listed_letters_stay_pending_and_returned_ones_do_not(count: int) -> None:
    log = MemoryLog()
    log.append(letters(count))
    service = DeadLetters(log=log, transaction=nullcontext)
    assert len(list(service.all())) == count
    log.restart()
    assert service.send_back() == count
    log.restart()
    assert list(service.all()) == []
    assert [message.key for message in log.replay(ARTICLES.name)] == [f"{n:032}" for n in range(count)]


class Interrupted(MemoryLog):
    """Let somebody else act while letters are read."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act: Callable[[], object] | None = act

    def read(self, topic: str, group: str, limit: int, timeout: float = 0.0) -> Sequence[Message]:
        found = super().read(topic, group, limit, timeout)
        if (act := self.act) is not None:
            self.act = None
            act()
        return found


@pytest.mark.parametrize("looks", [lambda service: service.kinds(), lambda service: service.all(limit=1)])
def test_letters_that_another_thread_looks_at_meanwhile_are_sent_back_all_the_same(
    looks: Callable[[DeadLetters], object],
) -> None:
    threads: list[threading.Thread] = []

    def look() -> None:
        threads.append(threading.Thread(target=looks, args=(service,)))
        threads[0].start()
        threads[0].join(0.05)  # it waits for its turn; without one it would have read by now

    log = Interrupted(look)
    log.append(letters(3 * PAGE))
    service = DeadLetters(log=log, transaction=nullcontext)
    assert service.send_back() == 3 * PAGE
    threads[0].join()
    assert len(list(log.replay(ARTICLES.name))) == 3 * PAGE
    assert service.all() == []


def test_looking_at_letters_hides_none_from_who_looks_next() -> None:
    log = MemoryLog()
    log.append(letters(PAGE + 1))
    service = DeadLetters(log=log, transaction=nullcontext)
    assert len(service.all(limit=2)) == 2
    assert len(service.all()) == PAGE + 1
    assert service.kinds() == {"normalize": PAGE + 1} == service.kinds()
    assert service.send_back() == PAGE + 1


def test_letter_that_cannot_help_to_return_is_dealt_with_and_not_sent() -> None:
    log = MemoryLog()
    log.append(letters(1, returns_to=None))
    assert DeadLetters(log=log, transaction=nullcontext).send_back() == 1
    assert list(log.replay(ARTICLES.name)) == []


def test_letter_is_written_with_stage_tries_and_the_last_line_of_the_reason() -> None:
    (letter,) = letters(1)
    assert letter_line(letter) == "000000000000  normalize  tried 1x  why"
    assert b'"stage":"normalize"' in letter_json(letter)


class Expiring(MemoryLog):
    """Remember what was to be forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, datetime]] = []

    def expire(self, topic: str, before: datetime) -> int:
        self.asked.append((topic, before))
        return 2


class Ledger:
    """Forget three deliveries."""

    def __init__(self) -> None:
        self.before: datetime | None = None

    def prune(self, before: datetime) -> int:
        self.before = before
        return 3


@pytest.mark.parametrize(("months", "gone"), [(0, 0), (12, 1), (30, 0)])
def test_each_part_is_pruned_by_its_own_age(months: float, gone: int) -> None:
    log, index, ledger = Expiring(), MemoryIndex(), Ledger()
    index.upsert(
        [
            Document(id=str(n), source="s", seen=NOW - timedelta(days=days), revision=1)
            for n, days in enumerate((1, 500))
        ]
    )
    kept = Kept(articles_days=30, index_months=months, deliveries_days=90)
    arguments: Any = (kept, log, index, ledger, NOW)
    removed = prune(*arguments)
    assert (removed.records, removed.documents, removed.deliveries) == (4, gone, 3)
    assert log.asked == [(topic.name, NOW - timedelta(days=30)) for topic in (ARTICLES, ALERTS)]
    assert ledger.before == NOW - timedelta(days=90)
