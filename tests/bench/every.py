"""Run every benchmark in a process of its own: one that fails says why and holds up no other.

Ctrl-C lets the one that runs clean up, and keeps what is done.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

INTERRUPTED = 130
# A benchmark that was told to stop may have servers to stop first.
CLEAN_UP_S = 90.0
Command = Callable[[str], Sequence[str]]


def stop_as_by_ctrl_c() -> None:
    """Have SIGTERM end this process as Ctrl-C does: what it started is stopped, and what is done is printed."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


class Every:
    """Hold what came out of each benchmark, and whether all of them could be run and kept their limits."""

    def __init__(self, machine: Mapping[str, object], command: Command | None = None) -> None:
        self.found: dict[str, Mapping[str, object]] = {"machine": machine}
        self.status = 0
        self._command = command or (lambda name: [sys.executable, "-m", "tests.bench", name, "--json"])

    def run(self, names: Sequence[str], lacking: Mapping[str, str], show: Callable[[str], None]) -> None:
        """Run the named ones, those apart that lack something, which are told at once; ``show`` each as it ends."""
        for name, why in lacking.items():
            print(f"not run: {name}: {why}", file=sys.stderr, flush=True)
        for number, name in enumerate(names, 1):
            if name in lacking:
                self._keep(name, {"error": lacking[name]})
                continue
            began, loaded = time.monotonic(), os.getloadavg()[0]
            print(f"{name} ({number} of {len(names)}) ...", file=sys.stderr, flush=True)
            status, figures = _one(self._command(name))
            seconds = time.monotonic() - began
            self._keep(name, figures | {"load_before": round(loaded, 1), "seconds": round(seconds)})
            said = figures.get("error") or "done"
            print(f"{name}: {said} after {seconds:,.0f} s", file=sys.stderr, flush=True)
            show(name)
            if status == INTERRUPTED:
                self.status = INTERRUPTED
                return

    def _keep(self, name: str, figures: Mapping[str, object]) -> None:
        self.found[name] = figures
        if "error" in figures:
            self.status = 1


def _one(command: Sequence[str]) -> tuple[int, dict[str, object]]:
    """Run one benchmark; return its status and its figures, with what went wrong under ``error``."""
    # In a session of its own a benchmark and what it started are told to stop once, wherever the signal came from.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate()
            status = process.returncode
        except KeyboardInterrupt:
            status, out, err = INTERRUPTED, "", ""
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt, ProcessLookupError):
                # Who was started in a shell's background does not hear Ctrl-C.
                deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
                os.killpg(process.pid, signal.SIGTERM if deaf else signal.SIGINT)
                process.communicate(timeout=CLEAN_UP_S)
            process.kill()
    figures = figures_in(out)
    if status == INTERRUPTED:
        figures["error"] = "stopped"
    elif status or not figures:
        said = err.strip().splitlines()
        missed = [line for line in said if line.startswith("limit ")]
        figures["error"] = "; ".join(missed) or (said or ["it said nothing"])[-1]
    return status, figures


def figures_in(out: str) -> dict[str, object]:
    """Return the JSON object on the last line of an output, or nothing."""
    with suppress(ValueError, IndexError):
        found = json.loads(out.strip().splitlines()[-1])
        if isinstance(found, dict):
            return found
    return {}


def as_json(found: Mapping[str, object]) -> str:
    """Write figures as JSON: one that is no number, such as the share of nothing, is null."""
    return json.dumps(_plain(found), allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
