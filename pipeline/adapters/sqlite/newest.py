"""The newest articles that a query finds, asked for once for all that a page needs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the newest positions, or with ``is_all`` each one that is found."""

    positions: Sequence[int]
    is_all: bool

    def among(self, asked: Sequence[int], ask: Callable[[Sequence[int]], Sequence[int]]) -> list[int]:
        """Return which of some positions are found; only of those older than the newest is it asked."""
        there = set(self.positions)
        last = self.positions[-1] if self.positions else None
        older = [] if self.is_all else [position for position in asked if last is None or position < last]
        return [*(ask(older) if older else ()), *(position for position in asked if position in there)]


NONE = Newest(positions=(), is_all=False)
