"""The page beside `up` and alone: where it is, what happens when it cannot be, who is let in, what stays."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from pipeline.cli import main; main()"]
WAIT_S = 60.0


def environment(directory: Path, **settings: str) -> dict[str, str]:
    given = os.environ | {"NEWSWIRE_DATA": str(directory), "NEWSWIRE_WEB_ENABLED": "true"} | settings
    given.pop("NEWSWIRE_RUNTIME", None)
    return given


@contextmanager
def running(directory: Path, *arguments: str, **settings: str) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """Run a command that stays; what it says on standard error goes to a file."""
    said = directory / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen([*PROGRAM, *arguments], env=environment(directory, **settings),
                                   stdout=subprocess.DEVNULL, stderr=output)  # fmt: skip
    try:
        yield said, process
    finally:
        process.terminate()
        assert process.wait(30) is not None


def call(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], env=environment(directory, **settings), capture_output=True,
                          text=True, timeout=60, check=False)  # fmt: skip


def told(said: Path, words: str) -> str:
    deadline = time.monotonic() + WAIT_S
    while not (found := re.search(words, said.read_text("utf-8", "replace"))):
        assert time.monotonic() < deadline, said.read_text("utf-8", "replace")
        time.sleep(0.1)
    return found.group(1)


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method="POST" if body is not None else "GET")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


def test_page_is_served_beside_the_pipeline_and_articles_pushed_are_found(tmp_path: Path) -> None:
    with running(tmp_path, "up", NEWSWIRE_WEB_LISTEN="127.0.0.1:0") as (said, process):
        address = told(said, r"The page is at (\S+)")
        assert "Nothing is followed yet" in ask(address)[1]
        assert ask(f"{address}/api/v1/articles", b'{"title": "A quokka in the harbour", "text": "Small."}')[0] == 202
        deadline = time.monotonic() + WAIT_S
        while json.loads(ask(f"{address}/api/v1/articles?q=quokka")[1])["total"] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "quokka" in ask(address)[1]
        process.terminate()
        assert process.wait(15) == 0
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [line["what"] for line in lines] == ["push articles"]
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_port_that_is_taken_is_told_and_up_goes_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with running(tmp_path, "up", "--demo", "--data", str(tmp_path), NEWSWIRE_WEB_LISTEN=listen) as (said, process):
            assert told(said, r"There is no page: (\S+)") == listen
            time.sleep(1.0)
            assert process.poll() is None
        alone = call(tmp_path, "web", NEWSWIRE_WEB_LISTEN=listen)
        assert alone.returncode == 3 and "cannot be had" in alone.stderr


def test_page_can_be_left_out(tmp_path: Path) -> None:
    assert call(tmp_path, "up", "--no-web").returncode == 2
    assert "The page is" not in call(tmp_path, "up", "--once", "--demo", "--data", str(tmp_path)).stderr


def test_other_machines_need_a_token(tmp_path: Path) -> None:
    refused = call(tmp_path, "web", "--listen", "0.0.0.0:0")
    assert refused.returncode == 2 and "token add" in refused.stderr
    token = call(tmp_path, "token", "add", "phone", "--scope", "write").stdout.strip()
    assert token.startswith("nw_") and token not in call(tmp_path, "token", "list", "--json").stdout
    with running(tmp_path, "web", "--listen", "0.0.0.0:0") as (said, _):
        address = told(said, r"The page is at (\S+)").replace("0.0.0.0", "127.0.0.1")
        assert ask(f"{address}/api/v1/marks")[0] == 401
        assert ask(f"{address}/api/v1/marks", authorization=f"Bearer {token}")[0] == 200
        assert ask(f"{address}/api/v1/marks", host="evil.example", authorization=f"Bearer {token}")[0] == 421
        call(tmp_path, "token", "remove", "phone")
        assert ask(f"{address}/api/v1/marks", authorization=f"Bearer {token}")[0] == 401


def test_stream_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    """Read a stream, let two articles pass meanwhile, come back with the last id: neither is missed."""

    def events(url: str, count: int, **headers: str) -> list[tuple[str, str, str]]:
        request = urllib.request.Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})
        found: list[tuple[str, str, str]] = []
        kept: dict[str, str] = {}
        with urllib.request.urlopen(request, timeout=20) as stream:
            for line in stream:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                kept[name] = value
                if not name and "event" in kept:
                    title = str(json.loads(kept["data"]).get("title"))
                    found.append((kept["event"], kept["id"], title))
                    kept = {}
                    if len(found) == count:
                        return found
        return found

    with running(tmp_path, "up", NEWSWIRE_WEB_LISTEN="127.0.0.1:0") as (said, _):
        address = told(said, r"The page is at (\S+)")

        def push(*titles: str) -> None:
            body = "\n".join(json.dumps({"title": title, "text": title * 9}) for title in titles).encode()
            assert ask(f"{address}/api/v1/articles", body)[0] == 202

        ((kind, position, _),) = events(f"{address}/api/v1/stream", 1)
        assert kind == "position"
        push("Quokkas sighted", "Harbour frozen")
        found = events(f"{address}/api/v1/stream", 2, last_event_id=position)
        assert {title for _, _, title in found} == {"Quokkas sighted", "Harbour frozen"}
        push("Dam holds", "Quokkas leave")
        (again,) = events(f"{address}/api/v1/stream?q=quokkas", 1, last_event_id=found[-1][1])
        assert again[2] == "Quokkas leave"
        assert ask(f"{address}/live?after=nonsense")[0] == 400
