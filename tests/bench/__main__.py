"""Run a benchmark beside its peers, or all: `python -m tests.bench NAME|all [--json]`; fail where a limit is missed.

What machine it is and how busy goes to standard error, and is part of what `all` prints: a figure means little without.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType

NAMES = (
    "instructions",
    "feeds",
    "fulltext",
    "dedupe",
    "stories",
    "growth",
    "match",
    "index",
    "search",
    "extract",
    "latency",
    "backlog",
    "end_to_end",
    "backfill",
    "golden",
    "web",
    "soak",
    "cluster",
)
ALL = "all"
# Not among all: three quarters of an hour.
BY_NAME = frozenset({"soak"})


def main() -> int:
    """Run one benchmark, or each in a process of its own; return 1 if one of all could not be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, ALL))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    print(f"machine: {json.dumps(machine())}", file=sys.stderr)
    if chosen.name == ALL:
        return run_all(as_json=chosen.json)
    bench = importlib.import_module(f"tests.bench.{chosen.name}")
    figures: dict[str, float] = bench.run()
    limits: Mapping[str, float] = getattr(bench, "LIMITS", {})
    print(json.dumps(figures) if chosen.json else table(figures, limits))
    failed = missed(figures, limits)
    print(*failed, sep="\n", end="\n" if failed else "", file=sys.stderr)
    return int(bool(failed))


def run_all(*, as_json: bool) -> int:
    """Run every benchmark; one that fails says why and holds up no other."""
    found: dict[str, dict[str, object]] = {"machine": machine()}
    failed = 0
    for name in [each for each in NAMES if each not in BY_NAME]:
        loaded = os.getloadavg()[0]
        command = [sys.executable, "-m", "tests.bench", name, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        failed += done.returncode != 0
        found[name] = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
        if done.returncode:
            found[name] |= {"error": (done.stderr.strip().splitlines() or ["it said nothing"])[-1]}
        found[name] |= {"load_before": round(loaded, 1)}
        if not as_json:
            print(f"\n{name}\n{table(found[name])}", flush=True)
    if as_json:
        print(json.dumps(found))
    return int(failed > 0)


def machine() -> dict[str, object]:
    """Return what runs here and how busy it is."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def table(figures: Mapping[str, object], limits: Mapping[str, float] = MappingProxyType({})) -> str:
    """Write figures one a line, with the limits that they have."""
    width = max(map(len, figures), default=0)
    shown = {name: f"{value:,.4g}" if isinstance(value, int | float) else value for name, value in figures.items()}
    bounds = {name: f"  (at most {most:,g})" for name, most in limits.items()}
    return "\n".join(f"{name:<{width}}  {value}{bounds.get(name, '')}" for name, value in shown.items())


def missed(figures: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    """Return in words which limits are not kept; a figure that was not measured keeps none."""
    return [
        f"{name}: {figures[name]:,.4g} is more than {most:,g}" if name in figures else f"{name} was not measured"
        for name, most in limits.items()
        if not figures.get(name, float("inf")) <= most
    ]


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - it is no file of ours
            named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        named = []
    return named[0] if named else platform.processor() or platform.machine()


if __name__ == "__main__":
    raise SystemExit(main())
