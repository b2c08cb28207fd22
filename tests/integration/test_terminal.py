"""The command line as a person meets it: empty answers, names that are nearly right, stores that are not there."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.cli import main
from pipeline.commands.names import alert_names, feed_addresses, list_names
from pipeline.model import Document, derive_id

NOW = datetime.now(UTC)
READING = (
    ("search", "talks"),
    ("feed", "list"),
    ("alert", "list"),
    ("story", "list"),
    ("status",),
    ("list", "show"),
    ("export",),
    ("tail", "--once"),
    ("trace", "https://a.example/"),
)


def call(data: Path, *arguments: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--data", str(data)], input=typed)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "store"
    directory.mkdir(mode=0o700)
    with Database(directory / "newswire.db") as database:
        index = SqliteIndex(database)
        index.upsert(
            [
                Document(
                    id=derive_id(str(n)), source="W", seen=NOW - timedelta(hours=n), url=f"https://w.example/{n}",
                    title=f"Talks {n}", text="Two met.", revision=1, language="en",
                )
                for n in range(45)
            ]
        )  # fmt: skip
        index.upsert([Document(id=derive_id("0"), source="W", seen=NOW, title="Talks 0", text="Five met.", revision=2)])
    for file in directory.glob("newswire.db*"):
        file.chmod(0o600)
    return directory


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_command_that_reads_makes_no_store(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = call(tmp_path / "none", *arguments)
    assert result.exit_code in (0, 1)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_command_that_reads_works_on_a_store_that_may_not_be_written_to(
    data: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = call(data, *arguments)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and mode != os.W_OK)
    before = sorted(file.name for file in data.iterdir())
    result = call(data, *arguments)
    assert result.exit_code == expected.exit_code
    if arguments[0] != "status":
        assert result.stdout == expected.stdout
    assert sorted(file.name for file in data.iterdir()) == before


def test_empty_answer_says_where_it_looked_and_what_else_there_is(data: Path, tmp_path: Path) -> None:
    assert f"Nothing found. Looked in {data}." in call(data, "search", "nothing-such").stderr
    (data / "demo").mkdir()
    (data / "demo" / "newswire.db").write_bytes(b"x")
    assert f"--data {data / 'demo'}" in call(data, "search", "nothing-such").stderr
    assert "where nothing is kept yet" in call(tmp_path / "none", "search", "x").stderr
    assert call(data, "search", "nothing-such", "--json").output == "", "programs are told by the exit code"


NOT_FOUND = (
    ("show", "ffffffff"),
    ("trace", "ffffffff"),
    ("open", "ffffffff"),
    ("search", "--like", "ffffffff"),
    ("story", "show", "ffffffff"),
    ("event", "show", "ffffffff"),
    ("alert", "show", "nobody"),
    ("alert", "remove", "nobody"),
    ("alert", "why", "nobody", "Talks"),
    ("feed", "show", "https://nowhere.example/feed"),
    ("feed", "remove", "https://nowhere.example/feed"),
    ("list", "show", "nobody"),
    ("list", "remove", "nobody"),
    ("search", "--forget", "nobody"),
)


@pytest.mark.parametrize("arguments", NOT_FOUND, ids=" ".join)
def test_not_found_has_one_form_and_one_exit_code(data: Path, arguments: tuple[str, ...]) -> None:
    result = call(data, *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_names_that_are_nearly_right_are_asked_about(data: Path) -> None:
    call(data, "alert", "add", "harbour", "harbour")
    call(data, "list", "add", "team", "Ann Lee")
    call(data, "search", "--save", "talks", "talks")
    call(data, "add", "--no-check", "https://news.example/feed.xml")
    for arguments, meant in (
        (("alert", "show", "harbor"), "'harbour'"),
        (("list", "show", "taem"), "'team'"),
        (("search", "--forget", "talk"), "'talks'"),
        (("feed", "show", "https://news.example/feed.xm1"), "'https://news.example/feed.xml'"),
        (("serach", "x"), "'search'"),
    ):
        assert f"id you mean {meant}?" in call(data, *arguments).stderr


def test_more_goes_on_to_the_end_and_then_says_so(data: Path) -> None:
    seen = []
    result = call(data, "search", "talks")
    while result.exit_code == 0:
        seen += [line.split("  ")[3] for line in result.stdout.splitlines() if not line.startswith(" ")]
        result = call(data, "search", "--more")
    assert [f"Talks {n}" for n in range(45)] == seen
    assert "shown to its end" in result.stderr
    assert (data / "last-search.json").stat().st_mode & 0o077 == 0


def test_difference_of_revisions(data: Path) -> None:
    told = call(data, "show", derive_id("0"), "--diff").stdout
    assert "[-Two-]{+Five+} met." in told
    refused = call(data, "show", derive_id("0"), "--diff", "2")
    assert (refused.exit_code, "1 earlier" in refused.stderr) == (1, True)


def test_shell_completes_names(data: Path) -> None:
    call(data, "alert", "add", "harbour", "harbour")
    call(data, "list", "add", "team", "Ann Lee")
    call(data, "add", "--no-check", "https://news.example/feed.xml")
    with main.make_context("newswire", ["--data", str(data), "status"]) as context:
        option = main.params[0]
        assert alert_names(context, option, "HAR") == ["harbour"]
        assert alert_names(context, option, "x") == []
        assert list_names(context, option, "") == ["team"]
        assert feed_addresses(context, option, "https://n") == ["https://news.example/feed.xml"]


def test_list_of_feeds_is_read_from_standard_input(data: Path) -> None:
    told = call(data, "import", "-", typed="https://one.example/feed\n").stdout
    assert told == "Following 1 feed of -.\n"


def test_json_of_a_search_is_what_it_was(data: Path) -> None:
    lines = call(data, "search", "talks", "--json", "--limit", "3").stdout.splitlines()
    assert ["Talks 0", "Talks 1", "Talks 2"] == [json.loads(line)["title"] for line in lines]
    assert "cursor" in json.loads(lines[-1])
