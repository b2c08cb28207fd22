"""Forget facts that are too old to matter, in slices between other work, in the thread that decides by them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pipeline.flow import Stage
from pipeline.ports.table import Table, Transaction
from pipeline.stages.decision import Memory

SLICE = 200
# How long nothing is looked for after a slice, whether or not it found something.
PAUSE_S = 1.0


class Forgetting:
    """Remove the facts of stages from before a moment, from their tables and from their memories alike."""

    def __init__(self, before: Callable[[], datetime], tables: Mapping[str, Table], transaction: Transaction) -> None:
        self._before = before
        self._tables = tables
        self._transaction = transaction
        self._looked = -PAUSE_S

    def step(self, flow: Sequence[Stage], memories: Mapping[str, Memory]) -> int:
        """Remove a slice of each stage's; return how many facts went. Raises what the tables raise."""
        if time.monotonic() - self._looked < PAUSE_S:
            return 0
        self._looked = time.monotonic()
        gone = 0
        for stage in flow:
            if stage.forget is None or not (facts := stage.forget(memories[stage.name], self._before(), SLICE)):
                continue
            with self._transaction():
                self._tables[stage.name].update({fact.key: fact.value for fact in facts})
            # Only what is gone for good is forgotten: after a failure the memory still is what the table holds.
            for fact in facts:
                memories[stage.name].learn(fact.key, fact.value)
            gone += len(facts)
        return gone
