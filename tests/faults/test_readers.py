"""Processes that read for events are killed while `newswire up` works: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

COUNT = 100
TEXT = (
    "French President Emmanuel Macron met German Chancellor Olaf Scholz in Berlin on Monday. "
    '"We agreed on report {number}," Macron told reporters in town {number}. '
)
UP = [sys.executable, "-c", "from pipeline.cli import main; main()", "up", "--no-web"]
pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"NEWSWIRE_DATA": str(tmp_path / "data"), "NEWSWIRE_EXTRACT_PROCESSES": "2"}


def articles(path: Path) -> Path:
    lines = [
        {"url": f"https://example.org/{number}", "title": f"Meeting number {number}", "text": text, "source": "paper"}
        for number in range(COUNT)
        for text in [TEXT.format(number=number) + " ".join(f"w{number * 31 + n}" for n in range(40))]
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def found(environment: dict[str, str]) -> list[dict[str, object]]:
    command = [*UP[:3], "search", "", "--copies", "--limit", "1000", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def children(parent: int) -> list[int]:
    """Return the processes that ``parent`` started, its parser and the trackers of multiprocessing among them."""
    found = set[int]()
    for thread in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found.update(map(int, thread.read_text("ascii").split()))
    return sorted(found)


def readers(parent: int) -> list[int]:
    """Return those children that have loaded the parser."""
    return [child for child in children(parent) if resident(child) > 80_000]


def resident(process: int) -> int:
    """Return the memory of a process in kB; 0 of one that is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def wait_until(condition: Callable[[], object], seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return bool(condition())


def test_killed_readers_lose_nothing_and_double_nothing_and_none_is_left(
    environment: dict[str, str], tmp_path: Path
) -> None:
    process = subprocess.Popen([*UP, str(articles(tmp_path / "a.jsonl"))], env=environment, stdout=subprocess.PIPE)
    try:
        killed = 0
        while killed < 2:
            assert wait_until(lambda: readers(process.pid)), "no process reads"
            os.kill(readers(process.pid)[0], signal.SIGKILL)
            killed += 1
            time.sleep(0.3)
        assert wait_until(lambda: len([each for each in found(environment) if each["events"]]) == COUNT)
        left = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert wait_until(lambda: not [child for child in left if is_there(child)], 20)
    finally:
        process.kill()
        process.communicate()
    ids = [each["id"] for each in found(environment)]
    assert (COUNT, COUNT) == (len(ids), len(set(ids)))
    dead = subprocess.run([*UP[:3], "admin", "dead"], env=environment, capture_output=True, text=True, check=False)
    assert "extract" not in dead.stdout


def test_killed_program_reads_the_rest_when_it_starts_again_and_leaves_no_process(
    environment: dict[str, str], tmp_path: Path
) -> None:
    process = subprocess.Popen([*UP, str(articles(tmp_path / "a.jsonl"))], env=environment, stdout=subprocess.PIPE)
    try:
        assert wait_until(lambda: any(each["events"] for each in found(environment)))
        left = children(process.pid)
    finally:
        process.kill()
        process.communicate()
    assert wait_until(lambda: not [child for child in left if is_there(child)], 30)
    done = subprocess.run([*UP, "--once"], env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    documents = found(environment)
    assert (COUNT, COUNT) == (len(documents), len({each["id"] for each in documents}))
    assert [] == [each["id"] for each in documents if not each["events"]]
