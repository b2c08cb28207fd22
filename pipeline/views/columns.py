"""How something grew, as SVG: a bar for each hour, day or week, with a part of each set off; a table has the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

import msgspec

HEIGHT = 64
WIDTH = 720
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A step is taken if no more bars than this come of it; the last one, whatever comes of it.
MOST_COLUMNS = 72
STEPS = (HOUR, 3 * HOUR, DAY, 7 * DAY, 28 * DAY)


class Column(msgspec.Struct, frozen=True):
    """Count what came from ``start`` on, for one step, and how much of that is set off."""

    start: datetime
    count: int
    set_off: int


def columns_of(moments: Sequence[tuple[datetime, bool]]) -> tuple[timedelta, list[Column]]:
    """Return the step and a column for each of them from the first moment to the last; moments may be set off."""
    if not moments:
        return HOUR, []
    first, last = min(moment for moment, _ in moments), max(moment for moment, _ in moments)
    for step in STEPS:
        start = first.replace(minute=0, second=0, microsecond=0, hour=0 if step >= DAY else first.hour)
        most = int((last - start) / step) + 1
        if most <= MOST_COLUMNS:
            break
    if most > MOST_COLUMNS:  # what is older stands in the first column
        start, most = start + step * (most - MOST_COLUMNS), MOST_COLUMNS
    counts = [[0, 0] for _ in range(most)]
    for moment, is_set_off in moments:
        n = min(max(int((moment - start) / step), 0), most - 1)
        counts[n][0] += 1
        counts[n][1] += is_set_off
    return step, [Column(start + step * n, count, set_off) for n, (count, set_off) in enumerate(counts)]


def step_words(step: timedelta) -> str:
    """Say how long a step is."""
    return {HOUR: "an hour", 3 * HOUR: "every three hours", DAY: "a day", 7 * DAY: "a week"}.get(
        step, "every four weeks"
    )


def columns_chart(columns: Sequence[Column], label: str) -> str:
    """Draw the columns, what is set off below the rest."""
    most = max((column.count for column in columns), default=0) or 1
    step = WIDTH / max(len(columns), 12)
    bars = []
    for n, column in enumerate(columns):
        x, width = round(n * step, 1), round(max(step - 1, 0.8), 1)
        whole, part = (round(value / most * (HEIGHT - 2), 1) for value in (column.count, column.set_off))
        if column.count:
            bars.append(f'<rect x="{x:g}" y="{HEIGHT - whole:g}" width="{width:g}" height="{whole:g}"/>')
        if column.set_off:
            bars.append(f'<rect class="first" x="{x:g}" y="{HEIGHT - part:g}" width="{width:g}" height="{part:g}"/>')
    return (
        f'<svg class="timeline growth" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{"".join(bars)}</svg>'
    )
