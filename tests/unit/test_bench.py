"""The limits of benches: what is missed is told, and fails the run; and what the figures of one mean."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import cast

import pytest

from pipeline.ports.log import Log, Message
from tests.bench import __main__ as bench
from tests.bench import every, latency, search


def test_limit_is_missed_by_a_larger_figure_or_none() -> None:
    figures = {"a": 1.0, "b": 2.5, "c": float("nan")}
    assert bench.missed(figures, {"a": 1.0}) == []
    assert bench.missed(figures, {"a": 1.0, "b": 2.0, "c": 1.0, "d": 3.0}) == [
        "b: 2.5 is more than 2", "c: nan is more than 1", "d was not measured",
    ]  # fmt: skip


@pytest.mark.parametrize(("limit", "status"), [(2.0, 0), (1.0, 1)])
def test_run_fails_where_a_limit_is_missed(
    limit: float, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "run", lambda: {"words_ms": 1.5})
    monkeypatch.setattr(search, "LIMITS", {"words_ms": limit}, raising=False)
    monkeypatch.setattr(sys, "argv", ["bench", "search"])
    ended = bench.main()
    told = capsys.readouterr()
    assert ended == status and f"words_ms  1.5  (at most {limit:g})" in told.out
    assert ("1.5 is more than 1" in told.err) == bool(status)


def test_what_is_no_number_is_null_in_json() -> None:
    written = every.as_json({"a": float("nan"), "b": {"c": [float("inf"), 1.5]}, "d": "words"})
    assert json.loads(written) == {"a": None, "b": {"c": [None, 1.5]}, "d": "words"}


@pytest.mark.parametrize("out", ["", "no JSON", '{"a": 1}\n[2]', "{broken"])
def test_an_output_that_ends_in_no_object_has_no_figures(out: str) -> None:
    assert every.figures_in(out) == {}


class Pipeline:
    """Tell of articles one by one, so many a second and no more; the alert goes out halfway."""

    def __init__(self, per_s: float) -> None:
        self._takes_s = 1 / per_s
        self._free_at = 0.0
        self._done: list[float] = []
        self.received: dict[str, float] = {}

    def append(self, messages: Sequence[Message]) -> None:
        for message in messages:
            begins = max(time.time(), self._free_at)
            self._free_at = begins + self._takes_s
            self._done.append(self._free_at)
            self.received[message.key] = begins + self._takes_s / 2

    def waiting(self) -> int:
        return sum(done > time.time() for done in self._done)


def test_capacity_is_what_was_carried_and_the_latency_is_measured_at_half_of_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(latency, "COUNT", 20)
    monkeypatch.setattr(latency, "WARM_UP", 5)
    monkeypatch.setattr(latency, "BURST", 60)
    monkeypatch.setattr(latency, "LOOK_S", 0.01)
    pipeline = Pipeline(per_s=100)

    figures = latency.measured(cast(Log, pipeline), pipeline.received, pipeline.waiting)

    # A machine that does something else meanwhile makes it less, never more.
    assert 5 < figures["capacity_per_s"] <= 101
    assert figures["told_per_s"] >= figures["capacity_per_s"]
    assert figures["half_per_s"] == pytest.approx(figures["capacity_per_s"] / 2, abs=0.1)
    assert figures["half_p50_ms"] >= 4.9 and figures["p50_ms"] >= 4.9
