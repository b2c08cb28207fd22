"""Reports are compared by what is kept of them, however much or little that is."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.deduplicate.reports import PAIRS_MAX, Report, compare

HASHES = st.sets(st.integers(0, (1 << 32) - 2), max_size=PAIRS_MAX).map(sorted)


def _report(hashes: list[int]) -> Report:
    return Report(
        source=1, title=0, day=1, pairs=array("I", hashes).tobytes(), names=b"", places=b"", openings=b"", units=b"",
        values=b"",
    )  # fmt: skip


def test_short_text_whose_hashes_are_larger_than_all_of_a_long_one_shares_nothing_with_it() -> None:
    long, short = _report(list(range(PAIRS_MAX))), _report([PAIRS_MAX + 1, PAIRS_MAX + 2])
    assert compare(long, short).shared == compare(short, long).shared == 0.0


@given(HASHES, HASHES)
def test_share_in_common_is_a_share_and_the_same_both_ways(one: list[int], other: list[int]) -> None:
    shared = compare(_report(one), _report(other)).shared
    assert 0.0 <= shared <= 1.0 and shared == compare(_report(other), _report(one)).shared
