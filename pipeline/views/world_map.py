"""Events on a map of the world as SVG: the larger a circle, the more happened there; a table has the same.

Degrees are drawn as they are (equirectangular), two units each; the part of the world that is shown is the one needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files

from pipeline.views.event_survey import Spot

SCALE = 2
TOP, BOTTOM = 84, -58
WIDTH, HEIGHT = 360 * SCALE, (TOP - BOTTOM) * SCALE
# No part smaller than this share of the world is shown: the outline is too coarse for more.
CLOSEST = 0.25
MARGIN = 30
MOST_DRAWN = 150


@lru_cache(maxsize=1)
def outline() -> tuple[str, str]:
    """Return the coasts and the borders as paths (see world/NOTICE.md)."""
    text = files("pipeline.views").joinpath("world", "outline.txt").read_text("utf-8")
    coasts, borders = (line for line in text.splitlines() if line and not line.startswith("#"))
    return coasts, borders


def world_map(spots: Sequence[Spot], link: Callable[[Spot], str], label: str) -> str:
    """Draw a map with the places where most happened, each a link; the smaller circles lie on the larger ones."""
    shown = sorted(spots, key=lambda spot: -len(spot.events))[:MOST_DRAWN]
    left, top, width = window([place(spot) for spot in shown])
    height = round(width * HEIGHT / WIDTH, 1)
    coasts, borders = outline()
    circles = "".join(_circle(spot, link(spot), width / WIDTH) for spot in shown)
    return (
        f'<svg class="map" viewBox="{left:g} {top:g} {width:g} {height:g}" role="group" aria-label="{escape(label)}">'
        f'<g aria-hidden="true"><path class="land" d="{coasts}"/><path class="border" d="{borders}"/></g>'
        f"{circles}</svg>"
    )


def place(spot: Spot) -> tuple[float, float]:
    """Return where a place stands on the map; what lies beyond its edges stands at them."""
    x, y = (spot.longitude + 180) * SCALE, (TOP - spot.latitude) * SCALE
    return min(max(x, 0.0), WIDTH), min(max(y, 0.0), HEIGHT)


def window(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the left and upper edge and the width of the part of the map that all points lie in, with a margin."""
    if not points:
        return 0, 0, WIDTH
    left, right = min(x for x, _ in points) - MARGIN, max(x for x, _ in points) + MARGIN
    top, bottom = min(y for _, y in points) - MARGIN, max(y for _, y in points) + MARGIN
    width = min(max(right - left, (bottom - top) * WIDTH / HEIGHT, WIDTH * CLOSEST), WIDTH)
    height = width * HEIGHT / WIDTH
    x = min(max((left + right - width) / 2, 0), WIDTH - width)
    y = min(max((top + bottom - height) / 2, 0), HEIGHT - height)
    return round(x, 1), round(y, 1), round(width, 1)


def _circle(spot: Spot, link: str, scale: float) -> str:
    x, y = place(spot)
    count = len(spot.events)
    words = escape(f"{spot.name}: {count:,} event{'s' if count != 1 else ''}")
    radius = round((4 + 2.5 * math.sqrt(min(count, 64))) * scale, 1)
    return (
        f'<a href="{escape(link)}" aria-label="{words}"><title>{words}</title>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/></a>'
    )
