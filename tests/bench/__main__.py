"""Run a benchmark beside its peers: `python -m tests.bench NAME [--json]`. It fails where a limit of its is missed."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Mapping

NAMES = (
    "feeds",
    "fulltext",
    "dedupe",
    "stories",
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
)


def main() -> None:
    """Run one benchmark and print its figures as a table or as one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    bench = importlib.import_module(f"tests.bench.{chosen.name}")
    figures: dict[str, float] = bench.run()
    limits: Mapping[str, float] = getattr(bench, "LIMITS", {})
    if chosen.json:
        print(json.dumps(figures))
    else:
        width = max(map(len, figures))
        for name, value in figures.items():
            print(f"{name:<{width}}  {value:,.4g}" + (f"  (at most {limits[name]:,g})" if name in limits else ""))
    if failed := missed(figures, limits):
        print("\n".join(failed), f"load of this machine: {os.getloadavg()[0]:.1f}", sep="\n", file=sys.stderr)
        raise SystemExit(1)


def missed(figures: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    """Return in words which limits are not kept; a figure that was not measured keeps none."""
    return [
        f"{name}: {figures[name]:,.4g} is more than {most:,g}" if name in figures else f"{name} was not measured"
        for name, most in limits.items()
        if not figures.get(name, float("inf")) <= most
    ]


if __name__ == "__main__":
    main()
