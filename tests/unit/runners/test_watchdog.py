"""What an idle worker, a busy one and a stuck one look like to the watchdog."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from pipeline.runners.watchdog import Stall, Verdict, waiting

TOPICS = {"news.articles"}


class TP(NamedTuple):
    topic: str
    partition: int


class Consumer:
    """Answer as a broker would; ``ends`` and ``starts`` of partitions that may be revoked meanwhile."""

    def __init__(self, ends: Mapping[TP, int], starts: Mapping[TP, int] | None = None) -> None:
        self.ends = ends
        self.starts = starts or {}

    def assignment(self) -> set[TP]:
        return set(self.ends)

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        return {partition: self.ends[partition] for partition in partitions if self.ends[partition] >= 0}

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        return {partition: self.starts.get(partition, 0) for partition in partitions}


def behind(consumer: Consumer, committed: Mapping[TP, int]) -> dict[TP, tuple[int, int]]:
    return asyncio.run(waiting(consumer, TOPICS, committed.get))


FLOW, CHANGELOG = TP("news.articles", 0), TP("identify-facts-changelog", 0)


def test_changelog_of_an_idle_worker_is_not_waited_for() -> None:
    assert {} == behind(Consumer({FLOW: 7, CHANGELOG: 900}), {FLOW: 7})


def test_record_that_is_read_and_not_committed_waits() -> None:
    assert {FLOW: (5, 7)} == behind(Consumer({FLOW: 7}), {FLOW: 5})


def test_partition_that_was_never_committed_waits_from_its_oldest_record() -> None:
    assert {FLOW: (3, 7)} == behind(Consumer({FLOW: 7}, {FLOW: 3}), {})
    assert {} == behind(Consumer({FLOW: 7}, {FLOW: 7}), {}), "all has expired"
    assert {} == behind(Consumer({FLOW: 0}), {})


def test_partition_that_was_just_revoked_is_left_out() -> None:
    assert {} == behind(Consumer({FLOW: -1}), {FLOW: 5})


@given(elapsed=st.lists(st.integers(0, 30), max_size=50))
def test_idle_worker_is_never_stuck(elapsed: list[int]) -> None:
    stall = Stall(40)
    assert all(stall.judge(0, 5, seconds) is Verdict.FINE for seconds in elapsed)


@given(waits=st.lists(st.integers(0, 100), min_size=1, max_size=50))
def test_worker_that_handles_records_is_never_stuck(waits: list[int]) -> None:
    stall = Stall(40)
    assert all(stall.judge(count, moves, 30) is Verdict.FINE for moves, count in enumerate(waits, 1))


def judged(stall: Stall, moves: int, looks: int) -> list[Verdict]:
    return [stall.judge(9, moves, 10) for _ in range(looks)]


def test_stuck_stream_restarts_first_and_the_process_ends_when_that_did_not_help() -> None:
    stall = Stall(40)
    fine, restart, end = Verdict.FINE, Verdict.RESTART, Verdict.EXIT
    assert judged(stall, 0, 8) == [fine, fine, fine, restart, fine, fine, fine, end]


def test_restart_that_helped_is_forgotten() -> None:
    stall = Stall(40)
    assert Verdict.RESTART in judged(stall, 0, 5)
    assert Verdict.EXIT not in judged(stall, 1, 5)
    assert Verdict.EXIT not in judged(stall, 2, 5)


def test_recovery_of_a_large_table_is_given_more_time() -> None:
    stall = Stall(40, recovering_s=600)
    assert all(stall.judge(9, 0, 10, recovering=True) is Verdict.FINE for _ in range(59))
    assert stall.judge(9, 0, 10, recovering=True) is Verdict.RESTART
