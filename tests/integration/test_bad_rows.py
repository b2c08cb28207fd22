"""Rows that are damaged or of a newer version, in every table of a store: the rest is read, and nothing ends."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main

BAD = (b"\xff\x00junk", b"{}", b"[]", b"null", b"[1,2", b'{"schema_version":99,"kind":"trend","id":"z"}')
GOOD = ("alert add council council", "list add ministers --file {file}", "search ceasefire --save mine",
        "token add phone --scope read", "add --no-check https://example.org/feed --tag world")  # fmt: skip
COMMANDS = (
    ("search ceasefire", "easefire"), ("alert list", "council"), ("alert log --withheld", ""), ("alert export", "mine"),
    ("feed list", "example.org"), ("feed show https://example.org/feed", "world"), ("export", "example.org"),
    ("export --all -", "ministers"), ("list show", "ministers"), ("list edit ministers Schmidt", ""),
    ("search --saved", "mine"), ("search list:ministers", ""), ("search search:mine", "easefire"),
    ("search truce --save other", ""), ("token list", "phone"), ("status", "articles"), ("story list", ""),
    ("event list", ""), ("admin dead", ""), ("add --no-check bad0", ""), ("alert pause council", ""),
    ("up --once --no-web --demo", ""),
)  # fmt: skip


def run(data: Path, line: str) -> Result:
    return CliRunner().invoke(main, [*line.split(), "--data", str(data)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with bad rows beside the good ones of every table."""
    data = tmp_path_factory.mktemp("data")
    (data / "names.txt").write_text("Mueller\nSchulz\n")
    for line in ("up --demo --once --no-web", *GOOD):
        made = run(data, line.format(file=data / "names.txt"))
        assert made.exit_code == 0, made.output
    with closing(sqlite3.connect(data / "newswire.db")) as store, store:
        rows = store.execute("SELECT name, value FROM entries GROUP BY name").fetchall()
        for name, value in rows:
            bad = list(BAD)
            if value and value[:1] == b"{":
                bad.append(json.dumps({**json.loads(value), "schema_version": 99, "kind": "trend", "new": {}}).encode())
            for number, each in enumerate(bad):
                for key in (f"bad{number}", f"token {number}", f"https://example.org/bad{number}"):
                    store.execute(
                        "INSERT OR REPLACE INTO entries (name, key, value) VALUES (?, ?, ?)", (name, key, each)
                    )
    assert {"rules", "lists", "searches", "feeds", "access"} <= {name for name, _ in rows}
    return data


@pytest.mark.parametrize(("line", "shows"), COMMANDS, ids=[line for line, _ in COMMANDS])
def test_bad_rows_end_no_command_and_hide_nothing(data: Path, line: str, shows: str) -> None:
    ended = run(data, line)
    assert ended.exit_code in (0, 1, 2 if "bad0" in line else 0), (ended.output, ended.exception)
    assert shows in ended.output
    assert "restore" not in ended.output
    assert not any(raw in ended.output for raw in ("Traceback", "Expected `", "Object missing", "malformed"))
