"""Build the outline of the world that events are drawn on: `python -m deploy.models.outline countries-110m.json`.

Source: Natural Earth 1:110m (public domain), as TopoJSON in the npm package world-atlas; NOTICE.md beside what is made
has the commands that fetch it. Coasts and borders are simplified (Visvalingam and Whyatt) on a grid of half a degree;
islands smaller than a few squares are left out.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.views.world_map import BOTTOM, SCALE, TOP, WIDTH

OUT = Path(__file__).parents[2] / "pipeline" / "views" / "world" / "outline.txt"
LEAST_TRIANGLE = 0.9
LEAST_ISLAND = 5.0
BESIDE = 4
NOTICE = (
    "# The outline of the world in half degrees: coasts, then borders, as paths of SVG. Made by\n"
    "# deploy/models/outline.py from Natural Earth 1:110m (naturalearthdata.com), which is in the public domain.\n"
)

Point = tuple[float, float]


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs of a topology, in degrees."""
    (sx, sy), (dx, dy) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * sx + dx, y * sy + dy))
        arcs.append(points)
    return arcs


def rings(geometry: dict[str, Any]) -> Iterator[list[int]]:
    """Yield the rings of a geometry as numbers of arcs."""
    if geometry["type"] == "Polygon":
        yield from geometry["arcs"]
    elif geometry["type"] == "MultiPolygon":
        for polygon in geometry["arcs"]:
            yield from polygon


def simplified(points: Sequence[Point], least: float) -> list[Point]:
    """Leave out the points that make triangles smaller than ``least`` with their neighbours; both ends stay."""
    kept = list(points)
    while len(kept) > 2:
        areas = [_area(kept[n - 1], kept[n], kept[n + 1]) for n in range(1, len(kept) - 1)]
        smallest = min(areas)
        if smallest >= least:
            break
        del kept[areas.index(smallest) + 1]
    return kept


def unbroken(line: Sequence[Point]) -> list[Point]:
    """Return a ring that crosses the date line as one that goes on beyond the end of the map."""
    found, shift, before = [], 0, line[0][0]
    for x, y in line:
        if abs(x - before) > WIDTH / 2:
            shift += WIDTH if x < before else -WIDTH
        found.append((x + shift, y))
        before = x
    return found


def clipped(line: Sequence[Point]) -> list[Point]:
    """Return a ring whose points beyond the ends of the map stand right beside it, and only where that is needed."""
    moved = [(min(max(x, -BESIDE), WIDTH + BESIDE), y) for x, y in line]
    return [
        point
        for before, point, after in zip([moved[-1], *moved[:-1]], moved, [*moved[1:], moved[0]], strict=True)
        if 0 <= point[0] <= WIDTH or before[0] != point[0] or after[0] != point[0]
    ]


def path_of(lines: Sequence[Sequence[Point]], *, closed: bool) -> str:
    """Write lines as a path in whole numbers, each point relative to the one before."""
    parts: list[str] = []
    x = y = 0
    for line in lines:
        rounded = [(round(a), round(b)) for a, b in line]
        steps = [(rounded[0][0] - x, rounded[0][1] - y)]
        steps += [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(rounded) if a != b]
        if closed and rounded[0] == rounded[-1]:
            steps.pop()
        if len(steps) < (3 if closed else 2):
            continue
        x, y = x + sum(step[0] for step in steps), y + sum(step[1] for step in steps)
        if closed:
            x, y = rounded[0]
        numbers = "".join(f" {value}" if value >= 0 else str(value) for step in steps for value in step)
        parts.append(f"m{numbers.removeprefix(' ')}{'z' if closed else ''}")
    return "".join(parts)


def main() -> None:
    """Write the outline."""
    topology = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    arcs = [[((x + 180) * SCALE, (TOP - y) * SCALE) for x, y in arc] for arc in arcs_of(topology)]
    bottom = (TOP - BOTTOM) * SCALE
    thin = [simplified(arc, LEAST_TRIANGLE) for arc in arcs]
    uses = Counter(
        number if number >= 0 else ~number
        for country in topology["objects"]["countries"]["geometries"]
        for ring in rings(country)
        for number in ring
    )
    coasts = []
    for land in topology["objects"]["land"]["geometries"]:
        for ring in rings(land):
            line: list[Point] = []
            for number in ring:
                line += thin[number] if number >= 0 else thin[~number][::-1]
            line = unbroken(line)
            if abs(_ring_area(line)) < LEAST_ISLAND or min(y for _, y in line) >= bottom:
                continue
            moved = ([(x + shift, y) for x, y in line] for shift in (0, -WIDTH, WIDTH))
            coasts += [clipped(each) for each in moved if any(0 < x < WIDTH for x, _ in each)]
    borders = [thin[number] for number, count in sorted(uses.items()) if count > 1]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(f"{NOTICE}{path_of(coasts, closed=True)}\n{path_of(borders, closed=False)}\n", encoding="utf-8")


def _area(a: Point, b: Point, c: Point) -> float:
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2


def _ring_area(line: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(line, [*line[1:], line[0]], strict=True)) / 2


if __name__ == "__main__":
    main()
