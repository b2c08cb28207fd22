"""The limits of benches: what is missed is told, and fails the run."""

from __future__ import annotations

import sys

import pytest

from tests.bench import __main__ as bench
from tests.bench import search


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
