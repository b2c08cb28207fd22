"""How many instructions the hot paths take, counted by callgrind: the same on a busy machine as on a quiet one.

A count is given as a ratio to a fixed loop of the interpreter, and compared with the figures that are kept beside it:
``python -m tests.bench.instructions`` shows both, and with ``--write`` it keeps new ones. Where a path became cheaper,
keep that, too, or it can become as dear again unseen. On a build of Python that no figures are kept for, those of the
one most like it are compared with: ratios of builds of 3.11 to 3.13 were seen to differ by an eighth.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

KEPT = Path(__file__).with_name("instructions.json")
ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 0.10
# How much dearer a path may be than on another build.
TOLERANCE_ELSEWHERE = 0.30
# Of the shares of what was kept; filled when it is known what that is.
LIMITS: dict[str, float] = {}
LOOP = "loop"
WAIT_S = 900
# What a processor can do must not decide what is counted: every library is told to use what all of them can.
PLAIN = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENBLAS_NUM_THREADS": "1",
    "BLIS_ARCH_TYPE": "generic",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX2_Usable,-AVX_Usable,-ERMS",
}


def why_not() -> str | None:
    """Say what is missing to count here; nothing where all is there."""
    if shutil.which("valgrind") is None:
        return "instructions are not counted: valgrind is missing (apt-get install valgrind)"
    if platform.machine() != "x86_64":
        return f"instructions are not counted: the way to ask callgrind is written for x86_64, not {platform.machine()}"
    return None


def build() -> str:
    """Name what counts depend on beside the code: the interpreter and the libraries that do the work."""
    from importlib.metadata import version

    libraries = " ".join(f"{name} {version(name)}" for name in ("numpy", "msgspec", "selectolax"))
    return f"{platform.python_version()} {platform.python_compiler()} sqlite {sqlite3.sqlite_version} {libraries}"


def counted(program: Sequence[str] = ("-m", "tests.bench.hot_paths")) -> dict[str, float]:
    """Return what each hot path costs in loops. Raises ``RuntimeError`` with what valgrind says when it fails."""
    features = importlib.import_module("numpy._core._multiarray_umath").__cpu_dispatch__
    environment = os.environ | PLAIN | {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    with tempfile.TemporaryDirectory() as directory:
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={directory}/out"]
        done = subprocess.run(
            [*valgrind, sys.executable, *program],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        texts = [path.read_text("utf-8") for path in Path(directory).iterdir()]
    found = (re.search(r"Client Request: (\w+)$.*?^summary: (\d+)$", text, re.MULTILINE | re.DOTALL) for text in texts)
    counts = {match.group(1): int(match.group(2)) for match in found if match is not None}
    if done.returncode or LOOP not in counts:
        raise RuntimeError(done.stderr[-2000:])
    return {name: count / counts[LOOP] for name, count in sorted(counts.items()) if name != LOOP}


def kept() -> Mapping[str, float] | None:
    """Return the figures kept for this build; ``None`` where there are none."""
    figures: dict[str, dict[str, float]] = json.loads(KEPT.read_text("utf-8"))
    return figures.get(build())


def nearest() -> tuple[str, Mapping[str, float]] | None:
    """Return the build most like this one that figures are kept for, and these; one of the same Python first."""
    figures: dict[str, dict[str, float]] = json.loads(KEPT.read_text("utf-8"))
    here = build().split()

    def likeness(other: str) -> tuple[bool, int]:
        theirs = other.split()
        return theirs[0].rpartition(".")[0] == here[0].rpartition(".")[0], len({*theirs} & {*here})

    found = max(figures, key=likeness, default=None)
    return (found, figures[found]) if found is not None else None


class Yardstick(NamedTuple):
    """Hold what is compared with, how much dearer a path may be, and what there is to be said about it."""

    figures: Mapping[str, float]
    tolerance: float
    note: str | None = None


def yardstick() -> Yardstick:
    """Return the figures of this build, or of the one most like it. Raises ``RuntimeError`` where none are kept."""
    if (same := kept()) is not None:
        return Yardstick(same, TOLERANCE)
    if (other := nearest()) is None:
        raise RuntimeError(f"no counts are kept in {KEPT}: `python -m tests.bench.instructions --write` keeps some")
    note = (
        f"NO COUNTS ARE KEPT FOR THIS BUILD ({build()}): compared with those of {other[0]}, and a path may be "
        f"{TOLERANCE_ELSEWHERE:.0%} dearer; `python -m tests.bench.instructions --write` before a change keeps this "
        f"machine's, which hold the change to {TOLERANCE:.0%}"
    )
    return Yardstick(other[1], TOLERANCE_ELSEWHERE, note)


def worse(figures: Mapping[str, float], before: Mapping[str, float], tolerance: float = TOLERANCE) -> dict[str, str]:
    """Say of each path by how much it is dearer, if by more than ``tolerance``; one new or gone is told, too."""
    said = {}
    for name in sorted({*figures, *before}):
        if name not in before or name not in figures:
            said[name] = "is new" if name in figures else "is gone"
        elif figures[name] / before[name] - 1 > tolerance:
            said[name] = f"costs {figures[name]:.3f} loops, {figures[name] / before[name] - 1:+.0%}"
    return said


def run() -> dict[str, float]:
    """Return what each hot path costs in loops, and the share of what was kept. Raises ``RuntimeError``."""
    if (missing := why_not()) is not None:
        raise RuntimeError(missing)
    before, tolerance, note = yardstick()
    if note is not None:
        print(note, file=sys.stderr)
    LIMITS.update({f"{name}_of_kept": 1 + tolerance for name in before})
    figures = counted()
    return figures | {f"{name}_of_kept": figures[name] / before[name] for name in figures if name in before}


def main() -> None:
    """Show the figures, or keep them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.instructions", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep these figures for this build of Python")
    chosen = parser.parse_args()
    figures = run()
    print(json.dumps(figures, indent=1))
    if chosen.write:
        every = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
        every[build()] = {name: round(value, 4) for name, value in figures.items() if not name.endswith("_of_kept")}
        KEPT.write_text(json.dumps(every, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
