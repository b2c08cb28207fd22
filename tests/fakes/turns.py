"""Tables that somebody else changes, too: between any reading of them and the writing that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.fakes.table import MemoryTable


class Turns:
    """Be the transaction of tables, and let a rival act once, just after something was read.

    The rival acts at once, or when the transaction is over that is open by then. ``skip`` reads are passed over before.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._rival: Callable[[], object] | None = None
        self._is_waiting = False
        self._skip = 0

    def admit(self, rival: Callable[[], object], skip: int = 0) -> None:
        """Let a rival act."""
        self._rival, self._skip, self._is_waiting = rival, skip, False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Open a transaction; the tables drop nothing when it fails."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._is_waiting and not self._depth:
                self._act()

    def was_read(self) -> None:
        """Let the rival act, if it is its time."""
        if self._rival is None:
            return
        if self._skip:
            self._skip -= 1
        elif self._depth:
            self._is_waiting = True
        else:
            self._act()

    def settle(self) -> None:
        """Let the rival act in the end, where it has not."""
        self._act()

    def _act(self) -> None:
        rival, self._rival, self._is_waiting = self._rival, None, False
        if rival is not None:
            rival()


class SharedTable(MemoryTable):
    """Tell of every reading."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def get(self, key: str) -> bytes | None:
        """Return the latest value."""
        value = super().get(key)
        self._turns.was_read()
        return value

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over what the table held before the rival acted."""
        found = list(super().items())
        self._turns.was_read()
        return iter(found)

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what was put since the last call."""
        found = super().changes()
        self._turns.was_read()
        return found
