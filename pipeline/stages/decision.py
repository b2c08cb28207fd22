"""What a stage answers with, and what it may remember: the one shape both runtimes drive.

A stage is a function ``(value, memory, now) -> Decision``. It changes nothing: the shell stores ``facts``, lets the
memory ``learn`` them, sends ``emit`` on, and counts ``outcome``, in an order that loses nothing.
"""

from __future__ import annotations

from typing import Protocol

from pipeline.model import Record


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


class NoMemory:
    """Serve stages that need no history."""

    def learn(self, key: str, value: bytes | None) -> None:
        """Ignore the fact: a stateless stage makes none."""
