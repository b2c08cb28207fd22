"""Memories of stages: resting on the facts that are stored, read as they were saved, or made of all facts anew."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.errors import NewswireError
from pipeline.flow import Stage
from pipeline.ports.memories import SavedMemories
from pipeline.ports.table import Table
from pipeline.runners.advance import Learner, memories
from pipeline.stages.decision import Memory, RestingMemory, SavedMemory

# To learn fewer facts than this takes a second or two, and needs nothing saved.
WORTH_SAVING = 50_000
# A memory is saved again when so many facts came for each that it was saved with.
SAVED_AGAIN = 0.25
# At the end it is saved when the facts that came since would take longer to learn than this many do.
WORTH_SAVING_AT_END = 10_000

_log = logging.getLogger(__name__)


class Remembering:
    """Make the memories of stages, and save those that can be, when much has come since.

    ``tables`` are the facts of each stage, by name.
    """

    def __init__(self, flow: Sequence[Stage], tables: Mapping[str, Table], saved: SavedMemories | None) -> None:
        self._flow = flow
        self._tables = tables
        self._saved = saved
        self._learners = {stage.name: Learner(stage.name) for stage in flow}
        # How many facts each memory was saved with, at least, and how many came since.
        self._with: Counter[str] = Counter()
        self._since: Counter[str] = Counter()

    def memories(self) -> dict[str, Memory]:
        """Make the memories of all stages anew, by name."""
        made = memories(self._flow)
        for name in self._tables:
            self._since[name] = self._with[name] = 0
            if isinstance(memory := made[name], RestingMemory):
                memory.rest_on(self._tables[name])
            elif not self._read(name, made):
                for key, value in self._tables[name].items():
                    self._learners[name].learn(made[name], key, value)
                    self._since[name] += 1
        return made

    def kept(self, facts: Mapping[str, int], memories: Mapping[str, Memory]) -> None:
        """Note that so many facts of each stage, which its memory has learned, are stored now."""
        self._since.update(facts)
        for name in facts:
            if isinstance(memory := memories[name], RestingMemory):
                memory.kept()

    def save(self, memories: Mapping[str, Memory], *, at_end: bool = False) -> None:
        """Save the memories to which much has come; they must hold all that is stored, and nothing else."""
        if self._saved is None:
            return
        for stage in self._flow:
            memory = memories[stage.name]
            if not isinstance(memory, SavedMemory) or stage.name not in self._tables or not self._is_due(stage, at_end):
                continue
            parts = memory.saved()
            try:
                self._saved.save(stage.facts, memory.saved_as, parts)
            except NewswireError as exc:
                _log.warning("the memory of a stage could not be saved stage=%s error=%s", stage.name, exc)
            finally:
                # An array that is looked at cannot grow, and a failure may be held on to with all that it looked at.
                for part in parts.values():
                    if isinstance(part.data, memoryview):
                        part.data.release()
            # Where it could not be, it is not tried again at once.
            self._with[stage.name] += self._since[stage.name]
            self._since[stage.name] = 0

    def _is_due(self, stage: Stage, at_end: bool) -> bool:
        since, before = self._since[stage.name], self._with[stage.name]
        if since + before < WORTH_SAVING:
            return False
        return since >= (WORTH_SAVING_AT_END if at_end else max(WORTH_SAVING, before * SAVED_AGAIN))

    def _read(self, name: str, made: dict[str, Memory]) -> bool:
        """Read a memory that was saved; tell whether there was one that could be read."""
        (stage,) = (stage for stage in self._flow if stage.name == name)
        memory = made[name]
        if self._saved is None or not isinstance(memory, SavedMemory):
            return False
        found = self._saved.load(stage.facts, memory.saved_as)
        if found is None:
            return False
        parts, since = found
        try:
            memory.restore(parts)
        except Exception as exc:  # noqa: BLE001 - whatever it is that it cannot read, the facts are all there
            _log.warning("a saved memory cannot be read and is made anew stage=%s error=%r", name, exc)
            made[name] = memories([stage])[name]
            return False
        self._with[name] = len(memory)
        for key, value in since:
            self._learners[name].learn(memory, key, value)
            self._since[name] += 1
        return True
