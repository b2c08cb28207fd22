"""The command line as a person meets it: empty answers, names that are nearly right, stores that are not there."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
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
    ("search", "--saved"),
    ("feed", "list"),
    ("feed", "show", "https://news.example/feed.xml"),
    ("feed", "find", "http://127.0.0.1:9/"),
    ("feed", "test", "http://127.0.0.1:9/"),
    ("feed", "connectors"),
    ("alert", "list"),
    ("alert", "show", "talks"),
    ("alert", "test", "talks"),
    ("alert", "test", "met"),
    ("alert", "why", "talks", derive_id("1")),
    ("alert", "log"),
    ("alert", "log", "--withheld"),
    ("alert", "export"),
    ("alert", "import", "--dry-run", os.devnull),
    ("alert", "send-test", "talks"),
    ("story", "list"),
    ("story", "show", "ffffffff"),
    ("event", "list"),
    ("event", "show", "ffffffff"),
    ("event", "timeline"),
    ("status",),
    ("doctor",),
    ("list", "show"),
    ("export",),
    ("export", "--all"),
    ("brief", "talks"),
    ("tail", "--once"),
    ("show", derive_id("1")),
    ("open", "ffffffff"),
    ("trace", "https://a.example/"),
    ("token", "list"),
    ("user", "list"),
    ("admin", "dead"),
    ("admin", "dead", "--kinds"),
)
# What may differ from one call to the next, or where nothing can be written: sizes and moments.
VARYING = ("status", "doctor")
CHANGING = {
    "up", "add", "feed add", "import", "web", "connect", "worker", "index", "notify",
    "feed edit", "feed pause", "feed refresh", "feed remove",
    "alert add", "alert edit", "alert pause", "alert remove", "alert resend", "alert snooze",
    "list add", "list edit", "list remove", "user add", "user remove", "token add", "token remove",
    "admin backup", "admin prune", "admin replay", "admin restore", "admin setup",
}  # fmt: skip
WITHOUT_A_STORE = {"parse", "extract", "match", "completion", "config show", "config path", "config init"}


def call(data: Path, *arguments: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--data", str(data)], input=typed)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return fill(tmp_path / "store")


def fill(directory: Path) -> Path:
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


@pytest.fixture(scope="module")
def furnished_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("furnished") / "store"
    fill(directory)
    call(directory, "alert", "add", "talks", "talks")
    call(directory, "search", "--save", "talks", "talks")
    call(directory, "add", "--no-check", "https://news.example/feed.xml")
    return directory


@pytest.fixture
def furnished(furnished_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(furnished_once, tmp_path / "store")


def commands_of(group: click.Group, *path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_of(command, *path, name)
        else:
            yield " ".join((*path, name))


def test_every_command_is_known_to_read_or_to_change() -> None:
    known = CHANGING | WITHOUT_A_STORE
    reading = {command for command in commands_of(main) if command not in known}
    tried = {arguments[:length] for arguments in READING for length in (1, 2)}
    assert {command for command in reading if tuple(command.split()) not in tried} == set()


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_command_that_reads_makes_no_store(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = call(tmp_path / "none", *arguments)
    assert result.exit_code in (0, 1, 2, 3)
    if arguments != ("doctor",):  # which tries whether one can be made
        assert not (tmp_path / "none").exists()


def assert_reads_alike(result: Result, expected: Result, arguments: tuple[str, ...]) -> None:
    if arguments != ("doctor",):  # whose business it is that nothing can be written
        assert result.exit_code == expected.exit_code, result.output
    if arguments[0] not in VARYING:
        assert result.stdout == expected.stdout


@contextmanager
def full_disk() -> Iterator[None]:
    """Refuse to let any file of this process grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_command_that_reads_works_on_a_full_disk_and_where_nothing_may_be_written(
    furnished: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = call(furnished, *arguments)
    with full_disk():
        assert_reads_alike(call(furnished, *arguments), expected, arguments)
    access, connect = os.access, sqlite3.connect

    def connect_reading(address: str, *rest: Any, **options: Any) -> sqlite3.Connection:
        assert "mode=ro" in str(address) or address == ":memory:", "a file system that can only be read refuses this"
        opened: sqlite3.Connection = connect(address, *rest, **options)
        return opened

    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and mode != os.W_OK)
    monkeypatch.setattr(sqlite3, "connect", connect_reading)
    before = sorted(file.name for file in furnished.iterdir())
    assert_reads_alike(call(furnished, *arguments), expected, arguments)
    assert sorted(file.name for file in furnished.iterdir()) == before


def test_command_that_changes_says_that_the_disk_is_full(furnished: Path) -> None:
    with full_disk():
        assert call(furnished, "list", "add", "team", "Ann Lee").exit_code == 3


def test_store_that_may_not_be_written_to_is_backed_up_elsewhere(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and mode != os.W_OK)
    assert call(data, "admin", "backup", str(tmp_path / "copy.db")).exit_code == 0
    assert call(data, "admin", "backup", "-").stdout_bytes.startswith(b"SQLite format 3")
    with Database(tmp_path / "copy.db", read_only=True) as copy:
        assert "schema" in copy.check()


def test_empty_answer_says_where_it_looked_and_what_else_there_is(data: Path, tmp_path: Path) -> None:
    assert f"Nothing found. Looked in {data}." in call(data, "search", "nothing-such").stderr
    (data / "demo").mkdir()
    (data / "demo" / "newswire.db").write_bytes(b"x")
    assert f"--data {data / 'demo'}" in call(data, "search", "nothing-such").stderr
    assert "Nothing is kept" in call(tmp_path / "none", "search", "x").stderr
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
    ("token", "remove", "nobody"),
    ("user", "remove", "nobody"),
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


def test_service_waits_for_a_first_feed_and_stops_when_told(tmp_path: Path) -> None:
    environment = os.environ | {"NEWSWIRE_DATA": str(tmp_path / "store"), "NEWSWIRE_WEB_ENABLED": "false"}
    environment.pop("NEWSWIRE_RUNTIME", None)
    running = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "up", "--wait"], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    assert running.stderr.readline().startswith("No feed is followed yet; waiting for `newswire add URL")
    running.send_signal(signal.SIGTERM)
    # It may be told before it listens to that.
    assert running.wait(30) in (0, -signal.SIGTERM)
    running.stderr.close()
