"""What an operator does to keep a store: back it up, take a backup back, prune it, move a whole setup elsewhere."""

from __future__ import annotations

import json
import lzma
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.services.marks import Change
from pipeline.wiring import services, stores

OLD_STORE = Path(__file__).parents[1] / "data" / "upgrade" / "newswire.db.xz"
SECRET = "s3cret-Kx9"


def run(data: Path, *arguments: str, typed: str | None = None, code: int = 0, env: Any = None) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--data", str(data)], input=typed, env=env)
    assert result.exit_code == code, result.output
    return result


def old_store(data: Path) -> None:
    data.mkdir()
    (data / "newswire.db").write_bytes(lzma.decompress(OLD_STORE.read_bytes()))


def titles(data: Path) -> list[str]:
    lines = run(data, "search", "--limit", "500", "--json", "").stdout.splitlines()
    return sorted(json.loads(line)["id"] for line in lines)


def test_backup_is_made_where_the_settings_say_and_comes_back(tmp_path: Path) -> None:
    data = tmp_path / "store"
    run(data, "list", "add", "team", "Ann Lee")
    made = Path(run(data, "admin", "backup").stdout.strip())
    assert made.parent == data / "backups"
    run(data, "list", "remove", "team")
    restored = run(data, "admin", "restore", str(made))
    assert str(made) in restored.stdout
    assert "is kept as" in restored.stderr
    assert "Ann Lee" in run(data, "list", "show", "team").stdout


def test_backup_goes_through_a_pipe_and_back(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    old_store(data)
    made = run(data, "admin", "backup", "-").stdout_bytes
    assert made.startswith(b"SQLite format 3")
    restored = CliRunner().invoke(main, ["admin", "restore", "-", "--data", str(other)], input=made)
    assert restored.exit_code == 0, restored.output
    assert "standard input" in restored.stdout
    assert titles(other) == titles(data)
    assert [path.name for path in other.iterdir() if path.name.startswith(("restore-", "backup-"))] == []
    refused = CliRunner().invoke(main, ["admin", "restore", "-", "--data", str(other)], input=made[:5000])
    assert refused.exit_code == 2
    assert titles(other) == titles(data)


def test_nothing_is_restored_while_up_runs(tmp_path: Path) -> None:
    data = tmp_path / "store"
    run(data, "admin", "setup")
    made = run(data, "admin", "backup").stdout.strip()
    with stores.run_lock(Settings(data=str(data))):
        refused = run(data, "admin", "restore", made, code=2)
    assert "already running" in refused.stderr
    assert len(list(data.glob("newswire*.db"))) == 1


def test_damaged_store_is_told_as_that_with_the_command_that_helps(tmp_path: Path) -> None:
    data = tmp_path / "store"
    run(data, "admin", "setup")
    made = run(data, "admin", "backup").stdout.strip()
    (data / "newswire.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 20_000)
    for suffix in ("-wal", "-shm"):
        (data / f"newswire.db{suffix}").unlink(missing_ok=True)
    told = CliRunner().invoke(main, ["search", "x", "--data", str(data)])
    assert told.exit_code != 0
    assert "damaged" in told.stderr
    assert "newswire admin restore FILE" in told.stderr
    run(data, "admin", "restore", made)
    run(data, "feed", "list")


def test_store_of_an_earlier_version_is_rewritten_once_by_up_and_loses_nothing(tmp_path: Path) -> None:
    data = tmp_path / "store"
    old_store(data)
    before = titles(data)
    settings = tmp_path / "s.toml"
    settings.write_text("[keep]\narticles_days = 36500\n")
    for _ in range(2):
        # What it follows is not there: nothing new comes.
        CliRunner().invoke(main, ["up", "--once", "--data", str(data), "--config", str(settings)])
    with stores.database(Settings(data=str(data))) as opened:
        (kind,) = opened.connection.execute("PRAGMA auto_vacuum").fetchone()
    assert kind == 2
    assert titles(data) == before != []


def test_prune_removes_what_is_old_and_says_how_much(tmp_path: Path) -> None:
    data = tmp_path / "store"
    old_store(data)
    settings = tmp_path / "s.toml"
    settings.write_text("[keep]\narticles_days = 36500\nindex_months = 1200\n")
    told = run(data, "admin", "prune", "--config", str(settings)).stdout
    assert told == "Removed 0 records from the log, 0 documents from the index and 0 deliveries.\n"


def test_prune_leaves_what_a_reader_starred(tmp_path: Path) -> None:
    data = tmp_path / "store"
    old_store(data)
    starred = titles(data)[0]
    with stores.store(Settings(data=str(data))) as opened:
        services.marks(opened).change([starred], Change(starred=True))
    with closing(sqlite3.connect(data / "newswire.db")) as store, store:
        store.execute("UPDATE documents SET first_seen = 1")
    settings = tmp_path / "s.toml"
    settings.write_text("[keep]\narticles_days = 36500\nindex_months = 1\n")
    run(data, "admin", "prune", "--config", str(settings))
    assert titles(data) == [starred]


def test_whole_setup_moves_without_its_secrets(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    options = ("--bearer", SECRET, "--tag", "world", "--interval", "3600")
    run(here, "add", "https://example.org/feed", "--no-check", *options)
    run(here, "add", "https://example.com/feed", "--no-check", "--bearer", '{env = "COOKIE"}')
    run(here, "list", "add", "team", "Ann Lee", "Bo Katz")
    run(here, "search", "--save", "leaders", "list:team OR putin", code=1)
    hook = f"webhook+https://example.org/{SECRET}"
    run(here, "alert", "add", "talks", "search:leaders geneva", "--to", hook, "--to", "terminal:")
    moved = run(here, "export", "--all", str(tmp_path / "setup.json"))
    text = (tmp_path / "setup.json").read_text()
    assert SECRET not in text + moved.output
    assert 'env = \\"COOKIE\\"' in text
    names = [line.split()[6] for line in moved.stderr.splitlines()]
    assert len(names) == 2
    env = {names[0]: f"Bearer {SECRET}", names[1]: hook}
    done = run(there, "import", str(tmp_path / "setup.json"), env=env)
    assert "2 feeds" in done.stdout
    assert "1 alert, 1 saved search and 1 list" in done.stdout
    again = run(there, "export", "--all", "-", env=env)
    left, right = json.loads(text), json.loads(again.stdout)
    for rule in (*left["alerts"], *right["alerts"]):
        rule.pop("id")
    assert left == right


def test_setup_is_read_from_standard_input_and_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    setup = {"newswire": 1, "searches": {"good": "geneva", "bad": '"open'}, "lists": {"1": ["x"]}}
    done = run(tmp_path / "store", "import", "-", typed=json.dumps(setup), code=1)
    assert "bad: " in done.stderr
    assert "1 saved search and 0 lists" in done.stdout
    newer = run(tmp_path / "store", "import", "-", typed='{"newswire": 99}', code=2)
    assert "newer Newswire" in newer.stderr
