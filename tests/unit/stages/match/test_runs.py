"""Runs are held equal to plain lists of rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.match.runs import Runs

RUNS = 6
_ADD = st.tuples(st.integers(0, RUNS - 1), st.tuples(*[st.integers(0, 3)] * 4))
_REMOVE = st.tuples(st.integers(0, RUNS - 1), st.integers(0, 3))


@given(st.lists(st.one_of(_ADD, _ADD, _ADD, _REMOVE), max_size=120), st.lists(st.integers(0, 2 * RUNS)))
def test_runs_hold_what_was_appended_and_not_removed(
    steps: list[tuple[int, tuple[int, ...] | int]], asked: list[int]
) -> None:
    runs = Runs()
    expected: dict[int, list[tuple[int, ...]]] = {}
    for run, step in steps:
        rows = expected.setdefault(run, [])
        if isinstance(step, tuple):
            runs.append(run, step)
            rows.append(step)
        elif rows:
            runs.remove(run, 3, step)
            rows[:] = [row for row in rows if row[3] != step]
    found = [tuple(row) for row in runs.rows(asked).tolist()]
    assert found == [row for run in asked for row in expected.get(run, [])]


def test_run_far_beyond_the_others_is_found() -> None:
    runs = Runs()
    runs.append(100_000, (1, 2, 3, 4))
    assert runs.rows([5, 100_000, 1_000_000]).tolist() == [[1, 2, 3, 4]]
