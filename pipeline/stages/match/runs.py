"""Growing runs of rows in one block of memory, so that many runs are read as one array in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

WIDTH = 4
Numbers = NDArray[np.intc]
# A row of four numbers is moved as one value of 16 bytes.
_ROW = np.complex128
_Number = TypeVar("_Number", bound=np.generic)


class Runs:
    """Hold runs of rows by number, from 0. A run that is full moves to where there is twice the room."""

    def __init__(self) -> None:
        self._rows = np.zeros((64, WIDTH), np.intc)
        self._end = 0
        # Where each run starts, how many rows it has, and has room for.
        self._start, self._count, self._room = (np.zeros(64, np.int32) for _ in range(3))
        self._left: dict[int, list[int]] = {}

    def append(self, run: int, row: Sequence[int]) -> None:
        """Add a row to a run."""
        while run >= len(self._start):
            self._start, self._count, self._room = map(_doubled, (self._start, self._count, self._room))
        count = int(self._count[run])
        if count == self._room[run]:
            self._move(run, count)
        self._rows[self._start[run] + count] = row
        self._count[run] = count + 1

    def remove(self, run: int, column: int, value: int) -> None:
        """Take out the rows of a run that have a value in a column."""
        rows = self.rows([run])
        kept = rows[rows[:, column] != value]
        start = self._start[run]
        self._rows[start : start + len(kept)] = kept
        self._count[run] = len(kept)

    def rows(self, runs: Sequence[int] | Numbers) -> Numbers:
        """Return the rows of these runs, one after the other; runs that never had any may be among them."""
        wanted = np.asarray(runs, np.intp)
        wanted = wanted[wanted < len(self._count)]
        counts = self._count[wanted]
        offsets = self._start[wanted] - (np.cumsum(counts) - counts)
        places = np.repeat(offsets, counts)
        places += np.arange(len(places))
        found: Numbers = self._rows.view(_ROW)[:, 0][places].view(np.intc)
        return found.reshape(-1, WIDTH)

    def _move(self, run: int, count: int) -> None:
        start, room = int(self._start[run]), 2 * count or 1
        left = self._left.get(room)
        if left:
            place = left.pop()
        else:
            place, self._end = self._end, self._end + room
            while self._end > len(self._rows):
                self._rows = _doubled(self._rows)
        self._rows[place : place + count] = self._rows[start : start + count]
        if count:
            self._left.setdefault(count, []).append(start)
        self._start[run], self._room[run] = place, room


def _doubled(numbers: NDArray[_Number]) -> NDArray[_Number]:
    # Not concatenated: memory that is not yet written is not yet taken.
    larger = np.zeros((2 * len(numbers), *numbers.shape[1:]), numbers.dtype)
    larger[: len(numbers)] = numbers
    return larger
