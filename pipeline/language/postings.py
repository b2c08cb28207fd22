"""Clauses filed under the rarest gram they demand, and found again by the grams a document holds.

A clause is a row of numbers: three more grams it demands, one it must not have, and who it belongs to. All the rows a
document calls up are checked at once, a column at a time; what stays is few. Rows are added and taken out one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.language.clauses import Clause
from pipeline.language.evaluate import Reading
from pipeline.language.frequency import share
from pipeline.language.grams import EVERYTHING, NOTHING, Grams, packed

DEMANDS = 3
# A short posting is cheapest as bytes; a long one must not be copied for each addition.
_LONG_BYTES = 512

Numbers = NDArray[np.intc]


class Postings:
    """File clauses, each for an owner's number, and name the owners that a document may match."""

    def __init__(self) -> None:
        self._grams = Grams()
        self._filed: list[bytes | bytearray] = [b"", b""]
        self._key = np.zeros(16, np.intc)
        self._owner = np.zeros(16, np.intc)
        self._demands = np.zeros((DEMANDS, 16), np.intc)
        self._absent = np.zeros(16, np.intc)
        self._exact = np.zeros(16, np.bool_)
        self._rows = 0
        self._free: list[int] = []

    def add(self, owner: int, clauses: Sequence[Clause]) -> tuple[int, ...]:
        """File the clauses of one owner; return their rows, which take them out again."""
        return tuple([self._add(owner, clause) for clause in clauses])

    def remove(self, rows: Sequence[int]) -> None:
        """Take rows out."""
        for row in rows:
            key = self._key[row]
            kept = np.frombuffer(self._filed[key], np.intc)
            self._filed[key] = kept[kept != row].tobytes()
            self._free.append(row)

    def candidates(self, reading: Reading) -> tuple[list[int], list[int]]:
        """Return the owners that match for certain, and those whose query has to be verified."""
        held = np.frombuffer(self._grams.held(reading), np.intc)
        numbers = held.tolist()
        filed = self._filed
        rows = np.frombuffer(b"".join([filed[number] for number in numbers]), np.intc)
        present = np.zeros(len(filed), np.bool_)
        present[held] = True
        for demanded in self._demands:
            rows = rows[present[demanded[rows]]]
        rows = rows[~present[self._absent[rows]]]
        reading.words = self._knowledge(set(numbers))
        exact = self._exact[rows]
        owners = self._owner[rows]
        sure = dict.fromkeys(owners[exact].tolist())
        return list(sure), [owner for owner in dict.fromkeys(owners[~exact].tolist()) if owner not in sure]

    def _knowledge(self, held: set[int]) -> Callable[[str], bool | None]:
        """Let verification ask for words by number, which spares it the stems of the whole text."""
        number_of = self._grams.word

        def known(word: str) -> bool | None:
            number = number_of(word)
            return None if number is None else number in held

        return known

    def _add(self, owner: int, clause: Clause) -> int:
        demanded = sorted(clause.grams, key=lambda gram: (share(gram), gram))
        numbers = [self._number(gram) for gram in demanded[: DEMANDS + 1]] or [EVERYTHING]
        absent = [self._number(gram) for gram in sorted(clause.absent)[:1]] or [NOTHING]
        row = self._row()
        key = numbers[0]
        self._key[row], self._owner[row], self._absent[row] = key, owner, absent[0]
        self._demands[:, row] = (numbers[1:] + [EVERYTHING] * DEMANDS)[:DEMANDS]
        self._exact[row] = clause.exact and len(demanded) <= DEMANDS + 1 and len(clause.absent) <= 1
        posting = self._filed[key]
        if isinstance(posting, bytes) and len(posting) >= _LONG_BYTES:
            posting = bytearray(posting)
        posting += packed(row)
        self._filed[key] = posting
        return row

    def _number(self, gram: tuple[str, str]) -> int:
        number = self._grams.number(gram)
        if number == len(self._filed):
            self._filed.append(b"")
        return number

    def _row(self) -> int:
        if self._free:
            return self._free.pop()
        row = self._rows
        self._rows += 1
        if row == len(self._key):
            self._key, self._owner, self._absent = map(_doubled, (self._key, self._owner, self._absent))
            self._demands = np.hstack((self._demands, np.zeros_like(self._demands)))
            self._exact = np.concatenate((self._exact, np.zeros_like(self._exact)))
        return row


def _doubled(numbers: Numbers) -> Numbers:
    return np.concatenate((numbers, np.zeros_like(numbers)))
