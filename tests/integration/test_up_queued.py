"""`newswire up --once` with alerts in the queue: they are sent before it ends, or stay queued, and that is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.receiver import Receiver, accept, fail, receiving

PROGRAM = [sys.executable, "-c", "from pipeline.cli import main; main()"]
FIRST_RETRY_S = 1.5
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environment = os.environ | {"NEWSWIRE_DATA": str(tmp_path / "store"), "NEWSWIRE_NOTIFY_ALLOW": "127.0.0.0/8"}
    environment.pop("NEWSWIRE_RUNTIME", None)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=True
        )

    return call


def article(directory: Path) -> str:
    path = directory / "article.txt"
    path.write_text("Ministers agree to a summit\nMinisters agreed in principle to a summit, a spokesman said.\n")
    return str(path)


def test_alert_that_could_not_be_sent_is_told_and_sent_by_the_next_round(
    run: Run, hook: Receiver, tmp_path: Path
) -> None:
    run("alert", "add", "talks", "summit", "--to", f"webhook+{hook.url}")
    hook.behaviour = fail
    refused = run("up", "--once", article(tmp_path), "--alert-history")
    assert "still wait to be sent" in refused.stderr
    assert "newswire alert log" in refused.stderr
    before = len(hook.requests)  # it is tried again while the rest of the round is done
    hook.behaviour = accept
    time.sleep(FIRST_RETRY_S)
    # Without a feed or a file there is something to do all the same.
    sent = run("up", "--once")
    assert "wait to be sent" not in sent.stderr
    assert [hook.requests[0].key] * (before + 1) == [request.key for request in hook.requests]
    run("up", "--once")
    assert len(hook.requests) == before + 1


def test_alert_is_sent_before_the_round_ends(run: Run, hook: Receiver, tmp_path: Path) -> None:
    run("alert", "add", "talks", "summit", "--to", f"webhook+{hook.url}")
    assert "wait to be sent" not in run("up", "--once", article(tmp_path), "--alert-history").stderr
    assert len(hook.requests) == 1


def test_alert_whose_time_has_not_come_is_told(run: Run, hook: Receiver, tmp_path: Path) -> None:
    run("alert", "add", "talks", "summit", "--to", f"webhook+{hook.url}", "--digest", "1d")
    assert "still wait to be sent" in run("up", "--once", article(tmp_path), "--alert-history").stderr
    assert hook.requests == []
