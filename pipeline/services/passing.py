"""Records that are kept for a while, whatever process made them: what was removed, and what a request was answered."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta

import msgspec

from pipeline.ports.clock import Clock
from pipeline.ports.table import Table, Transaction
from pipeline.records import read_record

# How often what is past its time is looked for; until it is found, nothing is told of it.
TIDY = timedelta(minutes=10)
MOST = 10_000
_PREFIX = "passing "


class Passing(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a record until a moment."""

    until: datetime
    value: bytes


class PassingRecords:
    """Keep records by name, each until a moment of its own, in the table of the page's tokens and keys."""

    def __init__(self, *, table: Table, clock: Clock, transaction: Transaction = nullcontext) -> None:
        self._table = table
        self._clock = clock
        self._transaction = transaction
        self._tidied: datetime | None = None

    def get(self, name: str) -> bytes | None:
        """Return a record; ``None`` where there is none, or its time is past."""
        kept = read_record(name, self._table.get(_PREFIX + name), Passing)
        return kept.value if kept is not None and kept.until > self._clock() else None

    def put(self, name: str, value: bytes, lasting: timedelta) -> None:
        """Keep a record for so long."""
        self._tidy()
        record = Passing(until=self._clock() + lasting, value=value)
        self._table.put(_PREFIX + name, msgspec.json.encode(record))

    def claim(self, name: str, value: bytes, lasting: timedelta) -> bytes | None:
        """Keep a record unless there is one; return that one, or ``None`` where this one is kept."""
        with self._transaction():
            kept = self.get(name)
            if kept is None:
                self.put(name, value, lasting)
        return kept

    def remove(self, name: str) -> None:
        """Forget a record."""
        self._table.put(_PREFIX + name, None)

    def is_held(self, name: str, holder: str, lasting: timedelta) -> bool:
        """Tell whether ``holder`` holds a name, mostly for so long from now: where nobody else does, it does then."""
        now = self._clock()
        kept = read_record(name, self._table.get(_PREFIX + name), Passing)
        if kept is not None and kept.value == holder.encode() and kept.until - now > lasting * 2 / 3:
            return True
        held_by = self.claim(name, holder.encode(), lasting)
        if held_by == holder.encode():
            self.put(name, held_by, lasting)
        return held_by in (None, holder.encode())

    def _tidy(self) -> None:
        """Forget what is past its time, and the oldest of what is too much."""
        now = self._clock()
        if self._tidied is not None and timedelta(0) <= now - self._tidied < TIDY:
            return
        self._tidied = now
        kept: list[tuple[datetime, str]] = []
        gone: list[str] = []
        for key, value in self._table.items():
            if key.startswith(_PREFIX):
                record = read_record(key, value, Passing)
                if record is None or record.until <= now:
                    gone.append(key)
                else:
                    kept.append((record.until, key))
        gone += [key for _, key in sorted(kept)[: max(len(kept) - MOST, 0)]]
        if gone:
            self._table.update(dict.fromkeys(gone))
