"""Renewing an index goes on in slices, seldom while there is other work, and then costs nothing."""

from __future__ import annotations

from pipeline.runners.renewing import BUSY_STEPS, SLICE, Renewing


class Outdated:
    """Hold so many outdated documents, and count the calls."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.calls = 0

    def outdated(self) -> int:
        """Count them."""
        self.calls += 1
        return self.left

    def renew(self, limit: int) -> int:
        """Renew some."""
        self.calls += 1
        done = min(limit, self.left)
        self.left -= done
        return done


def test_idle_steps_renew_slice_after_slice_to_the_last() -> None:
    index = Outdated(2 * SLICE + 1)
    renewing = Renewing(index)
    assert [renewing.step() for _ in range(5)] == [True, True, True, False, False]
    assert index.left == 0


def test_index_that_is_up_to_date_is_asked_once() -> None:
    index = Outdated(0)
    renewing = Renewing(index)
    assert not any(renewing.step(busy=n % 2 == 0) for n in range(100))
    assert index.calls == 1


def test_other_work_comes_first_and_lets_one_slice_in_so_often() -> None:
    index = Outdated(10 * SLICE)
    renewing = Renewing(index)
    assert sum(renewing.step(busy=True) for _ in range(4 * BUSY_STEPS)) == 4


def test_more_that_another_process_renewed_ends_it_as_well() -> None:
    index = Outdated(3 * SLICE)
    renewing = Renewing(index)
    renewing.step()
    index.left = 0
    assert [renewing.step() for _ in range(3)] == [False, False, False]
