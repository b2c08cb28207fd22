"""Readiness means that what waits moves; measures are counted once."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.errors import UnavailableError
from pipeline.metrics import LATENCY_BUCKETS_S
from pipeline.model import Alert, Document
from pipeline.ports.alerts import Delivery
from pipeline.runners.answering import Readiness, _answer, _Handler
from pipeline.runners.measures import Measures, measured

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class World:
    """Hold what waits, what moved and what time it is."""

    def __init__(self) -> None:
        self.waits, self.moves, self.time = 0, 0, 0.0
        self.readiness = Readiness(lambda: self.waits, lambda: self.moves, 60.0, lambda: self.time)

    def after(self, seconds: float) -> str | None:
        self.time += seconds
        return self.readiness.reason()


def test_idle_is_ready() -> None:
    world = World()
    assert [None, None] == [world.after(1000), world.after(1000)]


def test_what_waits_must_move() -> None:
    world = World()
    world.waits = 5
    assert world.after(1) is None
    assert world.after(59) is None
    assert world.after(10) == "5 records wait and nothing moved for 69 s"
    world.moves = 1
    assert world.after(1) is None
    world.waits = 4
    assert world.after(500) is None


def test_queue_that_only_grows_is_ready_while_work_is_done() -> None:
    world = World()
    for n in range(10):
        world.waits, world.moves = 10 * n, n
        assert world.after(100) is None


def test_server_that_does_not_answer_is_not_ready() -> None:
    def away() -> int:
        raise UnavailableError("Kafka does not answer.")

    assert Readiness(away, lambda: 0, 60.0).reason() == "Kafka does not answer."


class Ledger:
    """Take marks."""

    def __init__(self) -> None:
        self.marked = 0

    def mark(self, deliveries: list[Delivery]) -> None:
        self.marked += len(deliveries)

    def waiting(self, now: datetime) -> list[str]:
        return ["terminal"]


def test_latency_is_counted_from_seeing_to_sending_once_for_what_was_sent() -> None:
    measures, ledger = Measures(), Ledger()
    watched = measured(ledger, measures)  # type: ignore[arg-type]
    article = Document(id="a", source="s", seen=NOW - timedelta(seconds=3))
    alert = Alert(id="1", rule_id="r", rule="r", matched=NOW, article=article)
    sent = Delivery(id="1", channel="c", alert=alert, state="sent", due=NOW, changed=NOW)
    failed = Delivery(id="2", channel="c", alert=alert, state="failed", due=NOW, changed=NOW)
    held = Delivery(id="3", channel="c", alert=alert, state="sent", due=NOW, changed=NOW, digest=True)
    watched.mark([sent, failed, held])
    assert ledger.marked == 3
    assert sum(measures.latencies) == 1
    assert measures.latencies[LATENCY_BUCKETS_S.index(5)] == 1
    assert measures.latency_sum == 3.0
    assert list(watched.waiting(NOW)) == ["terminal"]


class Connection:
    """Be a connection over which one request comes."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.sent = b""

    def makefile(self, mode: str, size: int) -> io.BytesIO:
        return io.BytesIO(self._request)

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0


def ask(path: str, metrics: Callable[[], bytes], reason: Callable[[], str | None]) -> tuple[int, str]:
    """Return status and body of what is answered."""

    class Handler(_Handler):
        answers = staticmethod(lambda asked: _answer(asked, metrics, reason))

    connection: Any = Connection(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    Handler(connection, ("127.0.0.1", 40_000), None)  # type: ignore[arg-type]
    head, _, body = connection.sent.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


@pytest.mark.parametrize(
    ("path", "reason", "answer"),
    [
        ("/healthz", "nothing moves", (200, "ok\n")),
        ("/readyz", None, (200, "ready\n")),
        ("/readyz?verbose", "nothing moves", (503, "nothing moves\n")),
        ("/metrics", None, (200, "articles 7\n")),
        ("/", None, (404, "There are /metrics, /healthz and /readyz.\n")),
    ],
)
def test_each_path_has_its_answer(path: str, reason: str | None, answer: tuple[int, str]) -> None:
    assert ask(path, lambda: b"articles 7\n", lambda: reason) == answer


def test_what_is_away_is_told_to_who_asked(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> bytes:
        raise UnavailableError("Kafka does not answer.")

    assert ask("/metrics", away, lambda: None) == (503, "Kafka does not answer.\n")
    assert caplog.text == ""


def test_bug_in_an_answer_is_told_and_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise ValueError("a bug")

    assert ask("/readyz", lambda: b"", broken) == (503, "a bug\n")
    assert "the answer to /readyz failed" in caplog.text and "ValueError" in caplog.text
