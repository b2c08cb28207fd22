"""Clauses filed under the rarest gram they demand, and found again by the grams a document holds.

A clause is a row of four numbers: two more grams it demands, one it must not have, and who it belongs to, with a bit
for whether that is all there is to it. The rows filed under a gram lie together, so that those a document calls up are
joined and checked at once, a column at a time: with a million rules, looks elsewhere in memory are what costs time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.query.evaluate import MatchView
from pipeline.stages.match.clauses import Clause
from pipeline.stages.match.grams import EVERYTHING, NOTHING, Grams
from pipeline.stages.match.rarity import share
from pipeline.stages.match.runs import Runs

DEMANDS = 2
_FIRST, _SECOND, _ABSENT, _OWNER = range(4)


class Postings:
    """File clauses, each for an owner's number, and name the owners that a document may match."""

    def __init__(self) -> None:
        self._grams = Grams()
        self._filed = Runs()

    def add(self, owner: int, clauses: Sequence[Clause]) -> None:
        """File the clauses of one owner."""
        for clause in clauses:
            first, row = self._row(owner, clause)
            self._filed.append(first, row)

    def remove(self, owner: int, clauses: Sequence[Clause]) -> None:
        """Take out the clauses of an owner that were filed."""
        for gram in {self._row(owner, clause)[0] for clause in clauses}:
            for exact in (0, 1):
                self._filed.remove(gram, _OWNER, owner << 1 | exact)

    def candidates(self, reading: MatchView) -> tuple[list[int], list[int]]:
        """Return the owners that match for certain, and those whose query has to be verified."""
        held = np.frombuffer(self._grams.held(reading), np.intc)
        rows = self._filed.rows(held)
        present = np.zeros(len(self._grams), np.bool_)
        present[held] = True
        left = np.flatnonzero(present[rows[:, _FIRST]])
        left = left[present[rows[left, _SECOND]]]
        left = left[~present[rows[left, _ABSENT]]]
        owners = rows[left, _OWNER]
        exact = owners & 1 == 1
        reading.words = self._knowledge(present)
        sure = set((owners[exact] >> 1).tolist())
        return list(sure), list(set((owners[~exact] >> 1).tolist()) - sure)

    def _knowledge(self, present: NDArray[np.bool_]) -> Callable[[str], bool | None]:
        """Let verification ask for words by number, which spares it the stems of the whole text."""
        number_of = self._grams.word

        def known(word: str) -> bool | None:
            number = number_of(word)
            return None if number is None else bool(present[number])

        return known

    def _row(self, owner: int, clause: Clause) -> tuple[int, tuple[int, ...]]:
        """Return the number of the gram that a clause is filed under, and its row: the same whenever it is asked."""
        demanded = sorted(clause.grams, key=lambda gram: (share(gram), gram))
        numbers = [self._grams.number(gram) for gram in demanded[: DEMANDS + 1]] or [EVERYTHING]
        absent = [self._grams.number(gram) for gram in sorted(clause.absent)[:1]] or [NOTHING]
        exact = clause.exact and len(demanded) <= DEMANDS + 1 and len(clause.absent) <= 1
        demands = (numbers[1:] + [EVERYTHING] * DEMANDS)[:DEMANDS]
        return numbers[0], (*demands, absent[0], owner << 1 | exact)
