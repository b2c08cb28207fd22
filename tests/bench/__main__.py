"""Run a benchmark beside its peers: `python -m tests.bench NAME [--json]`."""

from __future__ import annotations

import argparse
import importlib
import json

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
    figures: dict[str, float] = importlib.import_module(f"tests.bench.{chosen.name}").run()
    if chosen.json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:,.4g}")


if __name__ == "__main__":
    main()
