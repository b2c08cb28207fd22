from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import config
from pipeline.commands.events import event
from pipeline.model import Document
from pipeline.stages.extract.stage import read
from pipeline.wiring import stores

DAY = datetime(2022, 2, 21, 9, tzinfo=UTC)
TEXT = "Japan will meet South Korea in Paris on 24 February. France condemned North Korea."


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    chosen = {"data": str(tmp_path)}
    with stores.store(config.load(None, dict(chosen))) as store:
        document = Document(id="a", source="s", seen=DAY, published=DAY, title="Asia", text=TEXT, language="en")
        store.index.upsert([read(document)])
        store.index.refresh()
    return chosen


def test_list_finds_events_by_type_actor_and_day(settings: dict[str, str]) -> None:
    arguments = ["list", "--type", "agree", "--actor", "japan", "--when", "2022-02-24", "--scheduled", "--json"]
    result = CliRunner().invoke(event, arguments, obj=settings)
    assert (result.exit_code, json.loads(result.output)["schedule"]["when"]["value"]) == (0, "2022-02-24")


def test_show_prints_the_sentence_that_proves_it(settings: dict[str, str]) -> None:
    line = CliRunner().invoke(event, ["list", "--type", "ACCUSE", "--json"], obj=settings).output
    result = CliRunner().invoke(event, ["show", json.loads(line)["id"][:12]], obj=settings)
    assert "“France condemned North Korea.”" in result.output


def test_timeline_counts_events_by_day(settings: dict[str, str]) -> None:
    result = CliRunner().invoke(event, ["timeline", "--json"], obj=settings)
    assert [json.loads(line) for line in result.output.splitlines()] == [
        {"day": "2022-02-21", "events": 1},
        {"day": "2022-02-24", "events": 1},
    ]


def test_nothing_found_is_exit_code_1(settings: dict[str, str]) -> None:
    assert CliRunner().invoke(event, ["list", "--type", "PROTEST"], obj=settings).exit_code == 1
