"""The Log port's promises, kept by every adapter."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.ports.log import CountingLog, Log, Message
from pipeline.topics import ALERTS

TOPIC = ALERTS.name
Open = Callable[[], CountingLog]


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def open_log(request: pytest.FixtureRequest, tmp_path: object, prefix: str) -> Iterator[Open]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            database = stack.enter_context(Database(f"{tmp_path}/log.db"))
            yield lambda: SqliteLog(database)
            return
        from pipeline.adapters.kafka.log import KafkaLog
        from pipeline.adapters.kafka.topics import create_topics
        from pipeline.topics import TOPICS

        servers = request.getfixturevalue("kafka_servers")
        create_topics(servers, TOPICS, prefix=prefix, partitions=2)

        def opened() -> CountingLog:
            log = KafkaLog(servers, prefix=prefix)
            stack.callback(log.close)
            return log

        yield opened


def messages(*keys: str) -> list[Message]:
    return [Message(topic=TOPIC, key=key, value=f"v{n}".encode()) for n, key in enumerate(keys)]


def drain(log: Log, group: str, count: int, limit: int = 100) -> list[Message]:
    found: list[Message] = []
    deadline = time.monotonic() + 15
    while len(found) < count and time.monotonic() < deadline:
        found += log.read(TOPIC, group, limit, 0.5)
    return found


def test_records_come_back_whole_and_in_order_per_key(open_log: Open) -> None:
    log = open_log()
    log.append([Message(topic=TOPIC, key="k", value=b"\x00\xff", headers={"a": "ä"}), *messages("k", "k", "k")])
    found = drain(log, "g", 4)
    assert [b"\x00\xff", b"v0", b"v1", b"v2"] == [message.value for message in found]
    assert ("k", {"a": "ä"}) == (found[0].key, found[0].headers)


def test_uncommitted_records_are_read_again_by_the_next_reader(open_log: Open) -> None:
    first = open_log()
    first.append(messages("a", "b", "c"))
    assert len(drain(first, "g", 3)) == 3
    first.close()
    assert {"a", "b", "c"} == {message.key for message in drain(open_log(), "g", 3)}


def test_committed_records_are_not_read_again(open_log: Open) -> None:
    first = open_log()
    first.append(messages("a", "b"))
    drain(first, "g", 2)
    first.commit(TOPIC, "g")
    first.close()
    second = open_log()
    second.append(messages("c"))
    assert ["c"] == [message.key for message in drain(second, "g", 1)]


def test_what_was_read_may_be_passed_on_as_it_is_or_changed(open_log: Open) -> None:
    log, long = open_log(), b"as it was " * 50
    log.append([Message(topic=TOPIC, key="k", value=long), Message(topic=TOPIC, key="k", value=b"short")])
    first, second = drain(log, "g", 2)
    changed = msgspec.structs.replace(first, value=b"changed")
    log.append([first, changed, second])
    assert [long, b"changed", b"short"] == [message.value for message in drain(log, "g", 3)]


def test_groups_read_independently(open_log: Open) -> None:
    log = open_log()
    log.append(messages("a"))
    assert (1, 1) == (len(drain(log, "g1", 1)), len(drain(log, "g2", 1)))


def test_reading_gives_at_most_the_limit_and_goes_on_where_it_was(open_log: Open) -> None:
    log = open_log()
    log.append(messages(*"abcde"))
    found = drain(log, "g", 5, limit=2)
    assert sorted("abcde") == sorted(message.key for message in found)


def test_reading_an_empty_topic_returns_nothing_in_time(open_log: Open) -> None:
    log = open_log()
    log.read(TOPIC, "g", 1, 0.1)  # joining a group takes its own time once
    started = time.monotonic()
    assert [] == list(log.read(TOPIC, "g", 10, 0.2))
    assert time.monotonic() - started < 5


def test_replay_gives_every_record_kept_and_ends(open_log: Open) -> None:
    log = open_log()
    log.append(messages("a", "b", "a"))
    drain(log, "g", 3)
    log.commit(TOPIC, "g")
    assert [b"v0", b"v2"] == [message.value for message in log.replay(TOPIC) if message.key == "a"]


def test_replay_of_an_empty_topic_ends(open_log: Open) -> None:
    assert [] == list(open_log().replay(TOPIC))


def test_nothing_unread_expires(open_log: Open) -> None:
    log = open_log()
    log.append(messages("a"))
    log.expire(TOPIC, datetime(2100, 1, 1, tzinfo=UTC))
    assert ["a"] == [message.key for message in drain(log, "g", 1)]


def test_oldest_record_that_waits_tells_since_when(open_log: Open) -> None:
    log = open_log()
    assert log.waiting_since(TOPIC, "g") is None
    before = datetime.now(UTC) - timedelta(seconds=2)
    log.append(messages("a", "b", "c", "d", "e"))
    since = log.waiting_since(TOPIC, "g")
    assert since is not None
    assert before <= since <= datetime.now(UTC) + timedelta(seconds=2)
    log.append(messages("f"))
    assert log.waiting_since(TOPIC, "g") == since
    drain(log, "g", 6)
    log.commit(TOPIC, "g")
    assert log.waiting_since(TOPIC, "g") is None


def test_backlog_is_what_a_group_has_not_committed(open_log: Open) -> None:
    log, other = open_log(), open_log()
    assert log.backlog(TOPIC, "g") == 0
    log.append(messages("a", "b", "c", "d", "e"))
    assert (5, 5) == (log.backlog(TOPIC, "g"), other.backlog(TOPIC, "h"))
    assert len(drain(log, "g", 5)) == 5
    assert other.backlog(TOPIC, "g") == 5
    log.commit(TOPIC, "g")
    assert (0, 0, 5) == (log.backlog(TOPIC, "g"), other.backlog(TOPIC, "g"), log.backlog(TOPIC, "h"))


def test_reader_that_failed_is_given_the_same_records_again_once_it_is_rewound(open_log: Open) -> None:
    log = open_log()
    log.append(messages("a"))
    drain(log, "g", 1)
    log.commit(TOPIC, "g")
    log.append(messages("b", "c"))
    assert {"b", "c"} == {message.key for message in drain(log, "g", 2)}
    log.rewind(TOPIC, "g")
    log.rewind(TOPIC, "g")
    assert {"b", "c"} == {message.key for message in drain(log, "g", 2)}
    log.commit(TOPIC, "g")
    log.rewind(TOPIC, "g")
    assert [] == list(log.read(TOPIC, "g", 10, 0.5))


def test_reader_that_has_not_read_yet_may_be_rewound(open_log: Open) -> None:
    log = open_log()
    log.rewind(TOPIC, "g")
    log.append(messages("a"))
    assert ["a"] == [message.key for message in drain(log, "g", 1)]
