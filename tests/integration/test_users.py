"""`newswire user` and `token add --user`: readers added, listed, let in by the page as it is served, and removed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.integration.test_web import PROGRAM, ask, call, environment, running, told


def add(directory: Path, password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, "user", "add", *arguments], env=environment(directory), input=password + "\n",
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip


def test_readers_are_added_let_in_and_removed_while_the_page_is_served(tmp_path: Path) -> None:
    with running(tmp_path, "web", NEWSWIRE_WEB_LISTEN="127.0.0.1:0") as (said, _):
        address = told(said, r"The page is at (\S+)")
        assert ask(f"{address}/api/v1/marks")[0] == 200
        assert add(tmp_path, "anna's words", "anna", "--role", "editor").stdout == "anna may come in as editor.\n"
        assert ask(f"{address}/api/v1/marks")[0] == 401
        status, words = ask(f"{address}/accounts/ClientLogin", b"Email=anna&Passwd=anna%27s+words")
        auth = words.partition("Auth=")[2].strip()
        assert status == 200
        info = json.loads(ask(f"{address}/reader/api/0/user-info", Authorization=f"GoogleLogin auth={auth}")[1])
        assert info["userName"] == "anna"
        refused = call(tmp_path, "token", "add", "phone", "--user", "anna", "--scope", "admin")
        assert refused.returncode == 2 and "write at most" in refused.stderr
        token = call(tmp_path, "token", "add", "phone", "--user", "anna", "--scope", "own").stdout.strip()
        assert ask(f"{address}/api/v1/marks", Authorization=f"Bearer {token}")[0] == 200
        assert call(tmp_path, "user", "list").stdout.startswith("anna  editor  ")
        (listed,) = map(json.loads, call(tmp_path, "user", "list", "--json").stdout.splitlines())
        assert listed["password"] is True and "words" not in str(listed)
        assert b"anna's words" not in (tmp_path / "newswire.db").read_bytes()
        assert call(tmp_path, "user", "remove", "anna").returncode == 0
        assert ask(f"{address}/reader/api/0/user-info", Authorization=f"GoogleLogin auth={auth}")[0] == 401
        assert ask(f"{address}/api/v1/marks", Authorization=f"Bearer {token}")[0] == 401
        assert ask(f"{address}/api/v1/marks")[0] == 200


def test_what_is_wrong_with_a_reader_is_told(tmp_path: Path) -> None:
    assert "too short" in add(tmp_path, "short", "anna").stderr
    assert "cannot name a reader" in add(tmp_path, "long enough", "a b").stderr
    assert add(tmp_path, "", "anna", "--no-password").returncode == 0
    assert "already" in add(tmp_path, "long enough", "Anna").stderr
    missing = call(tmp_path, "user", "remove", "ben")
    assert missing.returncode == 1 and "user list" in missing.stderr
    assert "no reader" in call(tmp_path, "token", "add", "x", "--user", "ben").stderr
