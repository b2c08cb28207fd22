"""A list with nothing in it says so beside its output, and is no output."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main

LISTS = (
    "alert list", "alert log", "event list", "event timeline", "feed list", "list show", "search", "search --saved",
    "search --timeline", "story list", "token list", "user list",
)  # fmt: skip


@pytest.mark.parametrize("command", LISTS)
def test_empty_list_says_so_and_where_it_looked_but_not_to_programs(command: str, tmp_path: Path) -> None:
    words = [*command.split(), "--data", str(tmp_path / "store")]
    assert CliRunner().invoke(main, ["admin", "setup", *words[-2:]]).exit_code == 0
    told = CliRunner().invoke(main, words)
    assert told.exit_code in (0, 1), told.output
    assert told.stdout == ""
    assert f"Looked in {tmp_path / 'store'}" in told.stderr
    assert "Looked" not in CliRunner().invoke(main, [*words, "--json"]).stdout
