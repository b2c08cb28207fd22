"""A reader that fell out of its group unnoticed joins it again, and what it had not committed is read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.ports.log import Message
from pipeline.topics import ALERTS, TOPICS

pytestmark = pytest.mark.kafka
GROUP = "readers"


@pytest.fixture
def make_log(kafka_servers: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    from pipeline.adapters.kafka import client
    from pipeline.adapters.kafka.log import KafkaLog
    from pipeline.adapters.kafka.topics import create_topics

    monkeypatch.setattr(client, "IDLE_S", 1.0)
    create_topics(kafka_servers, [topic for topic in TOPICS if topic == ALERTS], prefix=prefix, partitions=4)
    opened: list[KafkaLog] = []

    def make() -> KafkaLog:
        opened.append(KafkaLog(kafka_servers, prefix=prefix))
        return opened[-1]

    yield make
    for log in opened:
        log.close()


def messages(*names: str) -> list[Message]:
    return [Message(topic=ALERTS.name, key=name, value=b"{}") for name in names]


def read(log: Any, count: int, seconds: float = 30.0) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found += [message.key for message in log.read(ALERTS.name, GROUP, 100, 0.2)]
    return sorted(found)


@pytest.mark.parametrize("assigned", [True, False], ids=["with its partitions", "with none"])
def test_reader_that_stands_still_joins_again(
    make_log: Callable[[], Any], assigned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make_log()
    log.append(messages("a", "b"))
    assert read(log, 2) == ["a", "b"]
    log.commit(ALERTS.name, GROUP)
    (consumer,) = log._consumers.values()

    def nothing(**_: Any) -> dict[Any, Any]:
        time.sleep(0.1)
        return {}

    monkeypatch.setattr(consumer, "poll", nothing)
    if not assigned:
        monkeypatch.setattr(consumer, "assignment", set)
    log.append(messages("c", "d"))
    assert read(log, 2) == ["c", "d"]


def test_reader_that_cannot_commit_any_more_joins_again(
    make_log: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka.errors import CommitFailedError

    def refuse() -> None:
        raise CommitFailedError

    log = make_log()
    for name in ("a", "b", "c"):
        log.append(messages(name))
        assert read(log, 1) == [name]
        (consumer,) = log._consumers.values()
        monkeypatch.setattr(consumer, "commit", refuse)
        log.commit(ALERTS.name, GROUP)
    assert read(log, 3) == ["a", "b", "c"]
    log.commit(ALERTS.name, GROUP)
    assert log.backlog(ALERTS.name, GROUP) == 0


def test_idle_reader_stays(make_log: Callable[[], Any]) -> None:
    log = make_log()
    log.append(messages("a"))
    assert read(log, 1) == ["a"]
    log.commit(ALERTS.name, GROUP)
    (before,) = log._consumers.values()
    assert read(log, 1, seconds=4) == []
    assert [before] == list(log._consumers.values())
