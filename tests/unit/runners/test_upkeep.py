"""Upkeep works in slices, ends nothing, and forgets facts in the thread that decides by them."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import TransientError
from pipeline.flow import DEDUPLICATE, FLOW, IDENTIFY, Stage
from pipeline.model import Article
from pipeline.runners.forgetting import Forgetting
from pipeline.runners.upkeep import BREATH_S, URGENT_SLICES, Chore, UpkeepLoop
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_chore_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.runners.trouble.FIRST_WAIT_S", 0.0)
    monkeypatch.setattr("pipeline.runners.trouble.LONGEST_WAIT_S", 0.0)
    done = []

    def broken() -> bool:
        raise ValueError("a bug")

    def away() -> bool:
        raise TransientError("the store is locked", 0.0)

    loop = UpkeepLoop([Chore("a", broken), Chore("b", away), Chore("c", lambda: done.append(1))])
    assert not loop.step(threading.Event())
    assert done == [1]


def test_loop_goes_on_while_there_is_work_and_ends_when_told() -> None:
    stop, left = threading.Event(), [3]

    def work() -> bool:
        left[0] -= 1
        if not left[0]:
            stop.set()
        return True

    UpkeepLoop([Chore("work", work)], rest_s=60).run(stop)
    assert left == [0]


class Waits(threading.Event):
    """Note how long somebody wanted to wait, and do not."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return False


def test_work_leaves_most_of_the_time_to_others_unless_it_is_urgent() -> None:
    def work() -> bool:
        time.sleep(0.05)
        return True

    waits = Waits()
    UpkeepLoop([Chore("work", work), Chore("pruning", work, lambda: True)]).step(waits)
    assert waits.seconds[0] >= 0.1
    assert waits.seconds[1:] == [BREATH_S] * URGENT_SLICES


@pytest.mark.parametrize("stage", [IDENTIFY, DEDUPLICATE])
def test_facts_from_before_a_moment_go_from_table_and_memory_alike(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.runners.forgetting.PAUSE_S", 0.0)
    memories = {each.name: each.memory() for each in FLOW}
    tables = {each.name: MemoryTable() for each in FLOW if each.keeps_facts}
    for days in range(20):
        article = Article(
            id=f"a{days}",
            source="s",
            seen=NOW - timedelta(days=20 - days),
            text=f"Report number {days} says that {days + 3} ships left the port of {'abc' * days}.",
            language="en",
            revision=1,
        )
        for fact in stage.decide(article, memories[stage.name], NOW).facts:
            memories[stage.name].learn(fact.key, fact.value)
            tables[stage.name].put(fact.key, fact.value)
    forgetting = Forgetting(lambda: NOW - timedelta(days=5), tables, contextlib.nullcontext)
    assert sum(forgetting.step(FLOW, memories) for _ in range(5)) > 0
    left = {f"a{n}" for n in range(20)} & {key.rpartition(" ")[2] for key, _ in tables[stage.name].items()}
    assert left == {f"a{n}" for n in range(15, 20)}
    assert forgetting.step(FLOW, memories) == 0


def test_open_story_whose_articles_are_gone_is_forgotten_and_another_stays() -> None:
    memory = DEDUPLICATE.memory()
    for days, text in ((2, "Ships left the port of Varlo"), (1, "Trains reached the city of Portolan")):
        article = Article(
            id=f"a{days}", source="s", seen=NOW - timedelta(days=days), published=NOW - timedelta(days=700),
            text=f"{text} on the day that the report of it was written.", language="en", revision=1,
        )  # fmt: skip
        for fact in DEDUPLICATE.decide(article, memory, NOW).facts:
            memory.learn(fact.key, fact.value)
    assert DEDUPLICATE.forget is not None
    facts = DEDUPLICATE.forget(memory, NOW - timedelta(hours=36), 100)
    assert len([fact for fact in facts if fact.key.startswith("story ")]) == 1
    for fact in facts:
        memory.learn(fact.key, fact.value)
    assert DEDUPLICATE.forget(memory, NOW - timedelta(hours=36), 100) == ()
    assert DEDUPLICATE.forget(memory, NOW - timedelta(days=400), 100) == ()
    assert len(DEDUPLICATE.forget(memory, NOW, 100)) == len(facts)
