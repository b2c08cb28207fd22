"""Readiness means that what waits moves; measures are counted once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.errors import UnavailableError
from pipeline.metrics import LATENCY_BUCKETS_S
from pipeline.model import Alert, Document
from pipeline.ports.alerts import Delivery
from pipeline.runners.answering import Readiness
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
