"""The tables of topics and stages are the only place that knows their names, and they fit together."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import connectors
import pipeline
from pipeline import flow
from pipeline.flow import AS_BACKFILL, FLOW, Stage, configured, replayed
from pipeline.topics import ALERTS, ARTICLES, EARLY_INDEX, ENRICHED, INDEX, NOTIFY, TOPICS

NAMES = {topic.name for topic in TOPICS}
ROWS = {name for name, value in vars(flow).items() if isinstance(value, Stage)}
TABLES = {"flow.py", "topics.py"}


def modules() -> Iterator[tuple[str, ast.AST]]:
    for package in (pipeline, connectors):
        root = Path(package.__path__[0])
        for path in root.rglob("*.py"):
            if path.parent != root or path.name not in TABLES:
                yield str(path.relative_to(root.parent)), ast.parse(path.read_text("utf-8"))


def test_no_other_module_spells_a_topic() -> None:
    spelt = [
        (path, node.value)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in NAMES
    ]
    assert spelt == []


def test_no_other_module_knows_one_stage_from_another() -> None:
    known = [
        (path, alias.name)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pipeline.flow"
        for alias in node.names
        if alias.name in ROWS
    ]
    assert known == []


def test_each_stage_reads_what_the_one_before_writes() -> None:
    assert all(first.leads_to is second.reads for first, second in pairwise(FLOW))
    assert (FLOW[0].reads, FLOW[-1].writes) == (ARTICLES, ALERTS) == (ARTICLES, NOTIFY.reads)
    assert INDEX.reads is ENRICHED
    (slow,) = [stage for stage in FLOW if stage.slow]
    assert EARLY_INDEX.reads is slow.reads  # what waits is found
    assert [topic.name for topic in TOPICS if getattr(topic, "indexed", False)] == [ENRICHED.name]


@pytest.mark.parametrize("stage", FLOW, ids=lambda stage: stage.name)
def test_memory_is_made_of_own_facts_or_of_a_table_that_others_write(stage: Stage) -> None:
    assert not (stage.keeps_facts and stage.follows)
    assert {stage.reads.name, stage.writes.name} < NAMES
    assert stage.follows is None or stage.follows.name in NAMES


def test_replay_pages_nobody() -> None:
    assert [stage.name for stage in FLOW if stage.pages] == [stage.name for stage in FLOW if stage.writes is ALERTS]
    stages = list(replayed(FLOW))
    assert [AS_BACKFILL, *(stage for stage in FLOW if stage.writes is not ALERTS)] == stages
    assert [first.leads_to.type for first in stages[:-1]] == [second.reads.type for second in stages[1:]]


def test_settings_change_what_is_remembered_and_nothing_else() -> None:
    similar = configured(similarity=0.9)
    assert [stage.name for stage in similar] == [stage.name for stage in FLOW]
    assert [a.name for a, b in zip(similar, FLOW, strict=True) if a != b] == [s.name for s in FLOW if s.in_order]
