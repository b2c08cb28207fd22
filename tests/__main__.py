"""Run every check in the order in which it is cheapest to fail: `python -m tests [options] [pytest arguments]`.

Format, lint, types and import rules come first; pytest comes last, suite by suite, and its closing line is the last one
printed. `--all` also runs what is marked `slow`. `--coverage` measures the branches that unit, contract and integration
tests take in the core, and fails below the floors of `tests/suites.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CHECKS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("imports", ("importlinter",)),
)


def main(arguments: list[str]) -> int:
    """Run the checks, then pytest; return the exit code of the first that fails."""
    began = time.monotonic()
    for name, command in CHECKS:
        started = time.monotonic()
        code = _run(*command)
        print(f"{name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - started:.0f} s)", flush=True)
        if code:
            return code
    took = f"{time.monotonic() - began:.0f}"
    # Most tests wait for servers and processes more than they compute, so there is one worker more than cores.
    workers = ("-n", str((os.cpu_count() or 1) + 1), "--dist", "loadscope", "--no-loadscope-reorder")
    tests = ["pytest", "-p", "tests.suites", "--checks-took", took, *workers]
    if "--coverage" in arguments:
        arguments = [argument for argument in arguments if argument != "--coverage"]
        shutil.rmtree(ROOT / ".coverage", ignore_errors=True)
        tests = ["coverage", "run", "-m", *tests]
    return _run(*tests, *arguments)


def _run(module: str, *arguments: str) -> int:
    if module == "importlinter":
        program = "from importlinter.cli import lint_imports_command as run; run()"
        return subprocess.run([sys.executable, "-c", program, "--no-logo"], cwd=ROOT, check=False).returncode
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
