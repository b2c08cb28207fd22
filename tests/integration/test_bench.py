"""All benchmarks in one run: whatever one of them does, the others run and what is printed is JSON that says it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench import every

ROOT = Path(__file__).resolve().parents[2]
BENCHES = {
    "good": "print('noise'); print('{\"per_s\": 2.5, \"share\": NaN}')",
    "breaks": "raise RuntimeError('no reader')",
    "silent": "pass",
    "garbled": "print('[1, 2')",
    "slow": "import sys; print('{\"ms\": 9.0}'); sys.exit('limit missed: ms: 9 is more than 5')",
}


def test_one_that_fails_says_why_and_holds_up_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    running = every.Every({"cores": 2}, lambda name: [sys.executable, "-c", BENCHES[name]])
    shown: list[str] = []

    running.run([*BENCHES, "lacking"], {"lacking": "Java is missing"}, shown.append)
    found = json.loads(every.as_json(running.found), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    assert {name: each.get("error") for name, each in found.items() if name != "machine"} == {
        "good": None,
        "breaks": "RuntimeError: no reader",
        "silent": "it said nothing",
        "garbled": "it said nothing",
        "slow": "limit missed: ms: 9 is more than 5",
        "lacking": "Java is missing",
    }
    assert (found["good"]["per_s"], found["good"]["share"], found["slow"]["ms"]) == (2.5, None, 9.0)
    assert (running.status, shown, found["machine"]) == (1, list(BENCHES), {"cores": 2})
    # What cannot run is said before the first begins.
    assert capsys.readouterr().err.startswith("not run: lacking: Java is missing\ngood (1 of 6)")


@pytest.mark.parametrize(("asked", "deaf"), [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGTERM, True)])
def test_ctrl_c_lets_a_benchmark_clean_up_and_keeps_what_is_done(
    tmp_path: Path, asked: signal.Signals, deaf: bool
) -> None:
    """The benchmark takes longer to stop its servers than an impatient parent would wait."""
    begun, cleaned = tmp_path / "begun", tmp_path / "cleaned"
    stays = (
        "import pathlib, time\nfrom tests.bench import every\nevery.stop_as_by_ctrl_c()\ntry:\n"
        f"    pathlib.Path({str(begun)!r}).touch(); time.sleep(600)\n"
        f"finally:\n    time.sleep(1); pathlib.Path({str(cleaned)!r}).touch()"
    )
    benches = {"good": BENCHES["good"], "stays": stays, "never": BENCHES["good"]}
    program = (
        "import signal, sys\nfrom tests.bench import every\nevery.stop_as_by_ctrl_c()\n"
        f"if {deaf}: signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"running = every.Every({{}}, lambda name: [sys.executable, '-c', {benches!r}[name]])\n"
        f"running.run({list(benches)!r}, {{}}, lambda name: None)\n"
        "print(every.as_json(running.found))\nsys.exit(running.status)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, asked)
        out, _ = process.communicate(timeout=90)

    found = json.loads(out)
    assert (process.returncode, cleaned.exists()) == (every.INTERRUPTED, True)
    assert (found["good"]["per_s"], found["stays"]["error"], "never" in found) == (2.5, "stopped", False)


def test_what_a_benchmark_lacks_is_said_before_it_begins() -> None:
    environment = os.environ | {"NEWSWIRE_SHARED_DATA": str(ROOT / "nowhere")}
    command = [sys.executable, "-m", "tests.bench", "extract", "--json"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert "has no language/ and events/; `python -m tests.bench.open_data` fetches it" in done.stderr
