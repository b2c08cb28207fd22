"""Run a benchmark beside its peers, or all: `python -m tests.bench NAME|all [--json]`; fail where a limit is missed.

What machine it is and how busy goes to standard error, and is part of what `all` prints: a figure means little without.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Mapping
from types import MappingProxyType

from tests.bench import every, open_data

NAMES = (
    "instructions",
    "feeds",
    "fulltext",
    "dedupe",
    "stories",
    "growth",
    "match",
    "search",
    "extract",
    "latency",
    "backlog",
    "end_to_end",
    "golden",
    "web",
    "soak",
    "cluster",
    "scaling",
)
ALL = "all"
# Not among all: three quarters of an hour.
BY_NAME = frozenset({"soak"})
# What the peers are found under, and the packages that have them.
PACKAGES = {
    "feeds": {"reader": "reader"},
    "fulltext": {"trafilatura": "trafilatura"},
    "dedupe": {"datasketch": "datasketch", "rensa": "rensa"},
}
OPEN_DATA = {"golden": ("feeds",), "dedupe": ("language",), "extract": ("language", "events")}


def main() -> int:
    """Run one benchmark, or each in a process of its own; return 1 if one could not be run or missed a limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, ALL))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    print(f"machine: {json.dumps(machine())}", file=sys.stderr)
    every.stop_as_by_ctrl_c()
    if chosen.name == ALL:
        return run_all(as_json=chosen.json)
    if (lacking := why_not(chosen.name)) is not None:
        print(f"{chosen.name} cannot run: {lacking}", file=sys.stderr)
        return 1
    bench = importlib.import_module(f"tests.bench.{chosen.name}")
    try:
        figures: dict[str, float] = bench.run()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return every.INTERRUPTED
    limits: Mapping[str, float] = getattr(bench, "LIMITS", {})
    print(every.as_json(figures) if chosen.json else table(figures, limits))
    failed = missed(figures, limits)
    print(*(f"limit missed: {each}" for each in failed), sep="\n", end="\n" if failed else "", file=sys.stderr)
    return int(bool(failed))


def run_all(*, as_json: bool) -> int:
    """Run every benchmark; what one of them lacks is said before the first begins."""
    names = [each for each in NAMES if each not in BY_NAME]
    lacking = {name: why for name in names if (why := why_not(name)) is not None}
    running = every.Every(machine())
    running.run(
        names,
        lacking,
        lambda name: None if as_json else print(f"\n{name}\n{table(running.found[name])}", flush=True),
    )
    if as_json:
        print(every.as_json(running.found))
    return running.status


def why_not(name: str) -> str | None:
    """Say what a benchmark lacks on this machine; nothing where it can run."""
    for module, wanted in PACKAGES.get(name, {}).items():
        if importlib.util.find_spec(module) is None:
            return f"the package {wanted} is missing (pip install '.[bench]')"
    if (without := open_data.missing(OPEN_DATA.get(name, ()))) is not None:
        return without
    bench = importlib.import_module(f"tests.bench.{name}")
    lacking: str | None = bench.why_not() if hasattr(bench, "why_not") else None
    return lacking


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
