"""Memories are made of what is stored: by resting on it, from what was saved, or fact by fact."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.errors import UnavailableError
from pipeline.flow import DEDUPLICATE, FLOW, IDENTIFY
from pipeline.model import Article
from pipeline.ports.memories import Part, Parts
from pipeline.runners import remembering
from pipeline.runners.remembering import Remembering
from pipeline.stages.decision import Memory
from pipeline.stages.deduplicate.stage import Remembered, deduplicate
from pipeline.stages.identify.stage import Known, identify
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class MemoryMemories:
    """Keep saved memories in this process; ``fails`` says that they cannot be."""

    def __init__(self, table: MemoryTable) -> None:
        self.table = table
        self.kept: dict[str, tuple[str, dict[str, Part]]] = {}
        self.fails = False
        self.since: list[tuple[str, bytes | None]] = []

    def load(self, table: str, saved_as: str) -> tuple[Parts, Iterator[tuple[str, bytes | None]]] | None:
        found = self.kept.get(table)
        return (found[1], iter(self.since)) if found is not None and found[0] == saved_as else None

    def save(self, table: str, saved_as: str, parts: Parts) -> None:
        if self.fails:
            raise UnavailableError("The disk is full.")
        copied = {name: Part(part.kind, part.shape, bytearray(part.data)) for name, part in parts.items()}
        self.kept[table] = saved_as, copied


@pytest.fixture(autouse=True)
def worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "WORTH_SAVING", 6)
    monkeypatch.setattr(remembering, "WORTH_SAVING_AT_END", 2)


class Kept:
    """Hold the tables of facts, and what makes memories of them."""

    def __init__(self) -> None:
        self.tables = {stage.name: MemoryTable() for stage in (IDENTIFY, DEDUPLICATE)}
        self.saved = MemoryMemories(self.tables[DEDUPLICATE.name])
        self.begin()

    def begin(self) -> None:
        self.remembering = Remembering(FLOW, self.tables, self.saved)
        self.memories: dict[str, Memory] = self.remembering.memories()

    @property
    def remembered(self) -> Remembered:
        memory = self.memories[DEDUPLICATE.name]
        assert isinstance(memory, Remembered)
        return memory

    @property
    def known(self) -> Known:
        memory = self.memories[IDENTIFY.name]
        assert isinstance(memory, Known)
        return memory

    def take(self, number: int) -> None:
        """Decide on an article, and store and learn its facts."""
        decision = deduplicate(article(number), self.remembered, NOW)
        for fact in decision.facts:
            self.remembered.learn(fact.key, fact.value)
            self.tables[DEDUPLICATE.name].put(fact.key, fact.value)
            self.saved.since.append((fact.key, fact.value))
        self.remembering.kept({DEDUPLICATE.name: len(decision.facts)}, self.memories)


def article(number: int, text: str | None = None) -> Article:
    words = text or " ".join(f"word{number}x{n}" for n in range(40))
    return Article(id=f"a{number}", source="s", seen=NOW, title=f"T{number}", text=words, language="en", revision=1)


def test_small_memory_is_not_saved() -> None:
    kept = Kept()
    kept.take(1)
    kept.remembering.save(kept.memories, at_end=True)
    assert kept.saved.kept == {}


def test_memory_is_saved_when_much_came_and_read_with_what_came_since() -> None:
    kept = Kept()
    for number in range(4):
        kept.take(number)
    kept.remembering.save(kept.memories)
    assert list(kept.saved.kept) == [DEDUPLICATE.facts]
    kept.saved.since.clear()
    kept.take(9)
    kept.tables[DEDUPLICATE.name].values.clear()  # what is read now was saved
    kept.begin()
    assert "a3" in kept.remembered.near_duplicates("en") and "a9" in kept.remembered.near_duplicates("en")


def test_memory_is_saved_again_only_after_as_much_as_is_worth_it() -> None:
    kept = Kept()
    for number in range(4):
        kept.take(number)
    kept.remembering.save(kept.memories)
    kept.saved.kept.clear()
    kept.take(5)
    kept.remembering.save(kept.memories)
    assert kept.saved.kept == {}
    kept.remembering.save(kept.memories, at_end=True)
    assert list(kept.saved.kept) == [DEDUPLICATE.facts]


def test_memory_that_cannot_be_saved_is_tried_later() -> None:
    kept = Kept()
    kept.saved.fails = True
    for number in range(4):
        kept.take(number)
    kept.remembering.save(kept.memories)
    kept.saved.fails = False
    kept.remembering.save(kept.memories)
    assert kept.saved.kept == {}
    for number in range(4, 9):
        kept.take(number)
    kept.remembering.save(kept.memories)
    assert list(kept.saved.kept) == [DEDUPLICATE.facts]


def test_saved_memory_that_cannot_be_read_is_made_of_the_facts() -> None:
    kept = Kept()
    for number in range(4):
        kept.take(number)
    kept.remembering.save(kept.memories)
    _, parts = kept.saved.kept[DEDUPLICATE.facts]
    parts["near-duplicates/en/_ids"] = Part("", (), bytearray(b"\xc1"))
    kept.begin()
    assert "a3" in kept.remembered.near_duplicates("en")


def test_what_is_known_of_articles_is_asked_where_it_is_stored() -> None:
    kept = Kept()
    decision = identify(article(1), kept.known, NOW)
    for fact in decision.facts:
        kept.known.learn(fact.key, fact.value)
    # Not stored yet, and known all the same.
    assert identify(article(1), kept.known, NOW).outcome == "unchanged"
    kept.tables[IDENTIFY.name].update({fact.key: fact.value for fact in decision.facts})
    kept.remembering.kept({IDENTIFY.name: len(decision.facts)}, kept.memories)
    assert identify(article(1), kept.known, NOW).outcome == "unchanged"
    assert identify(article(1, "Other words."), kept.known, NOW).outcome == "revised"
    kept.begin()
    assert "a1" in kept.known and "a2" not in kept.known
    kept.known.learn("a1", None)
    assert "a1" not in kept.known


def test_old_articles_are_found_where_they_are_stored() -> None:
    kept = Kept()
    for number in range(3):
        for fact in identify(article(number), kept.known, NOW).facts:
            kept.tables[IDENTIFY.name].put(fact.key, fact.value)
    after = datetime(2026, 11, 21, tzinfo=UTC)
    kept.known.older(after, 10)  # the first asks for what there is
    assert sorted(kept.known.older(after, 10)) == ["a0", "a1", "a2"]
    assert kept.known.older(NOW, 10) == []
