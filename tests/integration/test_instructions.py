"""The hot paths cost what they did: instructions counted, not time, so that a busy machine tells the same."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from tests.bench import instructions


@pytest.mark.timeout(1000)  # half a minute where nothing else runs
def test_hot_paths_cost_no_more_instructions_than_before() -> None:
    missing = instructions.why_not()
    if missing is not None:
        pytest.skip(missing)
    before, tolerance, note = instructions.yardstick()
    if note is not None:
        warnings.warn(note, stacklevel=1)
    off = instructions.worse(instructions.counted(), before, tolerance)
    assert off == {}, "if that is meant: `python -m tests.bench.instructions --write`"


# A loop, a path, and the same with a ninth more to do, which the processor would not show on a busy machine.
DEARER = """
from tests.bench.hot_paths import LOOP, Callgrind

def work(rounds):
    kept = {}
    for number in range(rounds):
        kept[number & 1023] = str(number)

callgrind = Callgrind()
callgrind.start()
for name, rounds in ((LOOP, 10_000), ("as_before", 20_000), ("dearer", 22_200)):
    callgrind.count(name, lambda: work(rounds))
"""


@pytest.mark.timeout(300)
def test_a_ninth_more_work_is_counted_as_such_and_fails() -> None:
    missing = instructions.why_not()
    if missing is not None:
        pytest.skip(missing)
    found = instructions.counted(("-c", DEARER))
    before = {"as_before": found["as_before"], "dearer": found["as_before"]}

    assert instructions.worse(found, before) == {"dearer": f"costs {found['dearer']:.3f} loops, +11%"}


def test_a_build_that_no_counts_are_kept_for_is_held_to_those_of_the_one_most_like_it_and_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(
        json.dumps(
            {
                "3.11.7 GCC 12.2.0 sqlite 3.40.1 numpy 2.4.6": {"parse": 1.0},
                "3.12.1 GCC 12.2.0 sqlite 3.40.1 numpy 2.4.6": {"parse": 0.9},
            }
        )
    )
    monkeypatch.setattr(instructions, "KEPT", kept)
    monkeypatch.setattr(instructions, "build", lambda: "3.12.9 GCC 14.1.0 sqlite 3.40.1 numpy 2.4.6")

    before, tolerance, note = instructions.yardstick()

    assert (before, tolerance) == ({"parse": 0.9}, instructions.TOLERANCE_ELSEWHERE)
    assert note is not None and note.startswith("NO COUNTS ARE KEPT FOR THIS BUILD (3.12.9") and "of 3.12.1" in note
    assert instructions.worse({"parse": 1.0}, before, tolerance) == {}
    assert instructions.worse({"parse": 1.2}, before, tolerance) == {"parse": "costs 1.200 loops, +33%"}
    kept.write_text("{}")
    with pytest.raises(RuntimeError, match="no counts are kept"):
        instructions.yardstick()


def test_a_path_that_costs_more_than_a_tenth_more_is_told_and_so_is_one_that_is_new_or_gone() -> None:
    before = {"parse": 1.0, "match": 1.0, "index": 1.0, "gone": 1.0}
    off = instructions.worse({"parse": 1.09, "match": 1.11, "index": 0.5, "new": 1.0}, before)
    assert off == {"match": "costs 1.110 loops, +11%", "gone": "is gone", "new": "is new"}
