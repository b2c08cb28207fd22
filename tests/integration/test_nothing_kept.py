"""A directory in which nothing is kept is told as such, and who only looks or changes leaves it as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main

LOOKING = (
    "status", "doctor", "feed list", "export", "alert export", "alert test flood", "admin dead", "list show",
    "event list", "story list", "search flood", "user list", "token list", "show abcd1234",
    "trace abcd1234", "brief flood",
)  # fmt: skip
CHANGING = (
    "feed refresh", "feed edit http://a/ --title A", "feed pause http://a/", "feed remove http://a/", "list edit a b",
    "alert edit a --query b", "alert pause a", "alert snooze a 2h", "alert remove a", "alert resend --failed",
    "list remove a", "token remove a", "user remove a", "search --forget a", "admin prune", "admin backup",
    "admin backup -", "admin backup copy.db", "admin dead --replay", "admin replay", "tail",
)  # fmt: skip


@pytest.mark.parametrize("command", LOOKING)
def test_who_only_looks_makes_no_store_and_is_told_that_there_is_none(command: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(main, [*command.split(), "--data", str(tmp_path / "mistyped")])
    assert told.exit_code in (0, 1), told.output
    said = told.stdout if command == "doctor" else told.stderr
    assert f"{tmp_path / 'mistyped'} yet" in said and "newswire up" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", CHANGING)
def test_what_changes_a_store_is_refused_where_there_is_none(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, [*command.split(), "--data", str(tmp_path / "mistyped")])
    assert told.exit_code == 2, told.output
    assert f"Nothing is kept in {tmp_path / 'mistyped'} yet" in told.stderr and told.stdout == ""
    assert list(tmp_path.iterdir()) == []
