"""What a stage answers with, and what it may remember: the one shape both runtimes drive.

A stage is a function ``(value, memory, now) -> Decision``. It changes nothing: the shell stores ``facts``, lets the
memory ``learn`` them, sends ``emit`` on, and counts ``outcome``, in an order that loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol, runtime_checkable

from pipeline.model import Record
from pipeline.ports.memories import Parts


class Fact(Record, frozen=True):
    """Set one key of the stage's table; a ``None`` value removes it."""

    key: str
    value: bytes | None


class Decision(Record, frozen=True):
    """Answer for one value: a counted ``outcome`` word, the values that flow on, and the facts to keep."""

    outcome: str
    emit: tuple[Record, ...] = ()
    facts: tuple[Fact, ...] = ()


class Memory(Protocol):
    """Derive a stage's look-up structures from its facts; rebuilding from the table gives the same decisions."""

    def learn(self, key: str, value: bytes | None) -> None:
        """Take in one fact, in log order; the same fact twice changes nothing."""


@runtime_checkable
class SavedMemory(Memory, Protocol):
    """Derive look-up structures that can be written as arrays and read at once, instead of from each fact.

    ``saved_as`` names how they are written: of parts that were written otherwise nothing is made.
    """

    saved_as: str

    def __len__(self) -> int:
        """Return about how many facts it is made of."""

    def saved(self) -> Parts:
        """Return all that is remembered: perhaps the arrays in use, to be released before more is learned."""

    def restore(self, parts: Parts) -> None:
        """Remember what parts hold, in place of everything. They are given up to it."""


class Stored(Protocol):
    """Read the facts that are stored."""

    def get(self, key: str) -> bytes | None:
        """Return the latest value, or ``None``. Raises ``TransientError`` or ``UnavailableError``."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over all present keys with their values, in an order that writes between do not disturb."""


@runtime_checkable
class StoredTogether(Stored, Protocol):
    """Read many of the facts that are stored at once."""

    def get_many(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return the latest values of those keys that have one. Raises as ``get`` does."""


@runtime_checkable
class RestingMemory(Memory, Protocol):
    """Ask for facts where they are stored, and hold only what is not stored yet: nothing is read at the start.

    Where they cannot be asked for one by one, it learns and holds them all as any memory does.
    """

    def rest_on(self, stored: Stored) -> None:
        """Ask for facts there from now on."""

    def kept(self) -> None:
        """Take note that all that was learned is stored."""


class NoMemory:
    """Serve stages that need no history."""

    def learn(self, key: str, value: bytes | None) -> None:
        """Ignore the fact: a stateless stage makes none."""
