"""Every adapter on Kafka raises only our errors, whichever call of its client fails, and works again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline.errors import NewswireError
from pipeline.ports.log import Message
from pipeline.topics import ALERTS, RULES, TOPICS

pytestmark = pytest.mark.kafka
METHODS = {
    "KafkaConsumer": ("poll", "commit", "end_offsets", "position", "partitions_for_topic", "seek_to_beginning", "seek"),
    "KafkaProducer": ("send", "flush"),
}


class Client:
    """Hold a log and a table, and the failures of their client."""

    def __init__(self, servers: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
        import kafka

        from pipeline.adapters.kafka.log import KafkaLog
        from pipeline.adapters.kafka.table import KafkaTable

        self.log = KafkaLog(servers, prefix=prefix)
        self.open_table: Callable[[], KafkaTable] = lambda: KafkaTable(servers, RULES.name, prefix=prefix)
        self.table = self.open_table()
        self.fail, self.calls, self.error = 0, 0, Exception()
        for name, methods in METHODS.items():
            for method in methods:
                kind = getattr(kafka, name)
                monkeypatch.setattr(kind, method, self._failing(getattr(kind, method)))

    def _failing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self.fail:
                raise self.error
            return method(*arguments, **options)

        return call

    def each(self, action: Callable[[], Any], error: Exception, most: int = 6) -> None:
        """Act with the first, the second, the third … call failing."""
        for number in range(1, most):
            self.calls, self.fail, self.error = 0, number, error
            try:
                action()
            except NewswireError as exc:
                assert len(str(exc)) < 500
            if self.calls < number:
                break
        self.fail = 0


@pytest.fixture
def client(kafka_servers: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    from pipeline.adapters.kafka.topics import create_topics

    create_topics(kafka_servers, TOPICS, prefix=prefix, partitions=2)
    made = Client(kafka_servers, prefix, monkeypatch)
    yield made
    made.log.close()
    made.table.close()


def errors() -> list[Exception]:
    from kafka import errors

    return [errors.KafkaTimeoutError("x" * 400_000), errors.NotCoordinatorError(), OSError("broken pipe")]


def message(key: str) -> Message:
    return Message(topic=ALERTS.name, key=key, value=b"v")


def test_whichever_call_fails_the_error_is_ours_and_nothing_is_lost(client: Client) -> None:
    log = client.log
    for error in errors():
        client.each(lambda: log.append([message("a"), message("b")]), error)
        client.each(lambda: log.read(ALERTS.name, "g", 100, 2.0), error, most=3)
        client.each(lambda: log.commit(ALERTS.name, "g"), error)
        client.each(lambda: list(log.replay(ALERTS.name)), error)
        log.rewind(ALERTS.name, "g")
    log.append([message("last")])
    assert "last" in [each.key for each in log.replay(ALERTS.name)]


def test_table_whose_first_contact_failed_is_whole_afterwards(client: Client) -> None:
    client.table.update({"a": b"1", "b": b"2"})
    for error in errors():
        for number in range(1, 6):
            table = client.open_table()
            client.calls, client.fail, client.error = 0, number, error
            try:
                table.changes()
            except NewswireError:
                client.fail = 0
                assert sorted(table.changes()) == [("a", b"1"), ("b", b"2")]
            client.fail = 0
            assert list(table.items()) == [("a", b"1"), ("b", b"2")]
            table.close()
