"""History goes into the log in slices, while little waits there, and each article once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import TransientError
from pipeline.model import Article
from pipeline.runners import feeder as runner
from pipeline.runners import trouble
from pipeline.runners.feeder import Feeder
from pipeline.runners.polling.publishing import publish
from pipeline.topics import ARTICLES, HISTORY
from tests.fakes.flaky import Faults, flaky
from tests.fakes.log import MemoryLog

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def old(count: int) -> list[Article]:
    return [Article(id=f"{n:03}", source="s", seen=NOW, history=True) for n in range(count)]


def feeder(log: MemoryLog) -> Feeder:
    return Feeder(log, [(ARTICLES.name, "worker")], slice_size=10, clock=lambda: NOW)


def test_history_waits_apart_and_moves_in_order_while_the_readers_keep_up() -> None:
    log = MemoryLog()
    publish([*old(35), Article(id="fresh", source="s", seen=NOW)], log)
    feeding = feeder(log)
    order: list[str] = []
    while feeding.waiting or order[-1:] != ["034"]:
        feeding.step()
        order += [message.key for message in log.read(ARTICLES.name, "worker", 1000)]
        log.commit(ARTICLES.name, "worker")
    assert ["fresh", *(article.id for article in old(35))] == order


def test_nothing_moves_while_much_waits() -> None:
    log = MemoryLog()
    publish([Article(id=f"f{n}", source="s", seen=NOW) for n in range(11)], log)
    publish(old(5), log)
    feeding = feeder(log)
    assert (0, 5) == (feeding.step(), feeding.waiting)
    log.read(ARTICLES.name, "worker", 6)
    log.commit(ARTICLES.name, "worker")
    assert (5, 0) == (feeding.step(), feeding.waiting)


@pytest.mark.parametrize(("per_second", "least", "most"), [(5, 8, 24), (20, 30, 70), (200, 300, 512), (5000, 400, 512)])
def test_slices_become_as_large_as_is_worked_off_in_time(per_second: int, least: int, most: int) -> None:
    log, now = MemoryLog(), [NOW]
    publish(old(12_000), log)
    feeding = Feeder(log, [(ARTICLES.name, "worker")], slice_size=32, most=512, clock=lambda: now[0])
    slices, worked = list[int](), 0.0
    for tick in range(1, 1200):
        now[0] += timedelta(seconds=0.5)
        if moved := feeding.step():
            slices.append(moved)
        worked += per_second * 0.5
        if tick % 2 == 0:  # what is done is committed each second
            log.read(ARTICLES.name, "worker", int(worked))
            log.commit(ARTICLES.name, "worker")
            worked = 0.0 if not log.backlog(ARTICLES.name, "worker") else worked - int(worked)
    settled = slices[len(slices) // 2 : -1]
    assert (least <= min(settled), max(settled) <= most) == (True, True), slices


def test_nobody_is_asked_what_waits_while_there_is_no_history() -> None:
    class Counted(MemoryLog):
        asked = 0

        def backlog(self, topic: str, group: str) -> int:
            self.asked += 1
            return super().backlog(topic, group)

    log = Counted()
    feeding = feeder(log)
    assert ([feeding.step() for _ in range(5)], log.asked) == ([0] * 5, 0)


def test_slice_that_waits_for_long_is_read_again_and_moved_once() -> None:
    log, now = MemoryLog(), [NOW]
    publish([Article(id=f"f{n}", source="s", seen=NOW) for n in range(11)], log)
    publish(old(5), log)
    feeding = Feeder(log, [(ARTICLES.name, "worker")], slice_size=10, clock=lambda: now[0])
    for _ in range(5):
        assert feeding.step() == 0
        now[0] += timedelta(seconds=runner.HELD_S * 0.7)
    log.read(ARTICLES.name, "worker", 11)
    log.commit(ARTICLES.name, "worker")
    assert (feeding.step(), feeding.step(), feeding.waiting) == (5, 0, 0)
    assert [article.id for article in old(5)] == [message.key for message in log.read(ARTICLES.name, "worker", 100)]


@pytest.mark.parametrize("crashes", [1, 2])
def test_slice_that_was_not_committed_is_moved_again(crashes: int) -> None:
    log = MemoryLog()
    publish(old(5), log)
    for _ in range(crashes):
        log.append(
            type(message)(topic=ARTICLES.name, key=message.key, value=message.value)
            for message in log.read(HISTORY.name, "feeder", 10)
        )
        log.restart()
    assert 5 == Feeder(log, clock=lambda: NOW).step()
    assert {article.id for article in old(5)} == {message.key for message in log.read(ARTICLES.name, "x", 100)}


@pytest.mark.parametrize("after", [False, True], ids=["not done", "answer lost"])
@pytest.mark.parametrize("error", [lambda: TransientError("away", 0.0), lambda: KeyError("a bug")])
def test_whatever_call_fails_all_history_is_moved(
    error: Callable[[], Exception], after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(runner, "LOOK_S", 0.0)
    for number in range(1, 16):
        log, stop = MemoryLog(), threading.Event()
        publish(old(25), log)
        faults = Faults(number, error=error, after=after)
        feeding = Feeder(flaky(log, faults), [(ARTICLES.name, "x")], slice_size=10, clock=lambda: NOW)
        thread = threading.Thread(target=feeding.run, args=(stop,))
        thread.start()
        moved: set[str] = set()
        deadline = time.monotonic() + 10
        while (len(moved) < 25 or log.backlog(HISTORY.name, "feeder")) and time.monotonic() < deadline:
            moved |= {message.key for message in log.read(ARTICLES.name, "x", 100)}
            log.commit(ARTICLES.name, "x")
            time.sleep(0.001)
        stop.set()
        thread.join(5)
        assert (number, 25, 0, False) == (number, len(moved), log.backlog(HISTORY.name, "feeder"), thread.is_alive())
