"""Tables of latest values, and the transaction that joins several writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class Table(Protocol):
    """Keep the latest value per key: subscriptions, polls, rules, facts. A put is durable when it returns."""

    def get(self, key: str) -> bytes | None:
        """Return the latest value, or ``None``."""

    def put(self, key: str, value: bytes | None) -> None:
        """Set the value of a key; ``None`` removes it. Idempotent."""

    def update(self, values: Mapping[str, bytes | None]) -> None:
        """Put many values, which is faster than one by one."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over all present keys with their values, sorted by key."""

    def changes(self) -> Sequence[tuple[str, bytes | None]]:
        """Return what any process put since this object last asked; at first, everything. ``None`` is a removal."""


class Transaction(Protocol):
    """Make several writes one: all are kept or none."""

    def __call__(self) -> AbstractContextManager[None]:
        """Open the block; leaving it normally keeps the writes, leaving it by an exception drops them."""
