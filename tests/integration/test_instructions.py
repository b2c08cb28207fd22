"""The hot paths cost what they did: instructions counted, not time, so that a busy machine tells the same."""

from __future__ import annotations

import pytest

from tests.bench import instructions


@pytest.mark.timeout(1000)  # half a minute where nothing else runs
def test_hot_paths_cost_no_more_instructions_than_before() -> None:
    missing = instructions.why_not()
    if missing is not None:
        pytest.skip(missing)
    before = instructions.kept()
    if before is None:
        pytest.skip(
            f"no counts are kept for {instructions.build()}: `python -m tests.bench.instructions --write` keeps this "
            "machine's, to compare the next change with"
        )
    off = instructions.worse(instructions.counted(), before)
    assert off == {}, "if that is meant: `python -m tests.bench.instructions --write`"


def test_a_path_that_costs_more_than_a_tenth_more_is_told_and_so_is_one_that_is_new_or_gone() -> None:
    before = {"parse": 1.0, "match": 1.0, "index": 1.0, "gone": 1.0}
    off = instructions.worse({"parse": 1.09, "match": 1.11, "index": 0.5, "new": 1.0}, before)
    assert off == {"match": "costs 1.110 loops, +11%", "gone": "is gone", "new": "is new"}
