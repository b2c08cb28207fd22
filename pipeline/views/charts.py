"""Charts as SVG: bars by day, and sparklines; the numbers behind them stand in a table beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from html import escape

import msgspec

from pipeline.ports.search import Day

WIDTH = 720
HEIGHT = 48
MOST_BARS = 90
LEAST_BARS = 30
SPARK = (60, 16)


class Bar(msgspec.Struct, frozen=True):
    """Hold one bar: the days it stands for, what matched and what there was in all."""

    first: str
    last: str
    documents: int
    all: int

    @property
    def share(self) -> float:
        """Return the matching part of the coverage, from 0 to 1."""
        return self.documents / self.all if self.all else 0.0


def bars_of(days: Sequence[Day]) -> list[Bar]:
    """Return bars for all days to the last, a month of them at least, several to a bar where there are many.

    Days that are no dates, and dates too far off to draw (years before 1900), are left out.
    """
    known = {day.day: day for day in days if _date(day.day) is not None}
    if not known:
        return []
    first, last = _date(min(known)), _date(max(known))
    assert first is not None and last is not None
    # A few days alone would be walls, not bars.
    first = min(first, last - timedelta(days=LEAST_BARS - 1))
    size = 1
    while ((last - first).days + size) // size > MOST_BARS:
        size = size * 7 if size == 1 else size * 2
    bars = []
    start = first
    while start <= last:
        within = [f"{start + timedelta(days=n):%Y-%m-%d}" for n in range(size)]
        found = [known[day] for day in within if day in known]
        bars.append(Bar(within[0], within[-1], sum(d.documents for d in found), sum(d.all for d in found)))
        start += timedelta(days=size)
    return bars


def timeline(bars: Sequence[Bar], link: Callable[[Bar], str] | None, label: str) -> str:
    """Draw bars, each a link that narrows to its days; the reader who cannot see it has the table."""
    if not bars:
        return ""
    most = max(bar.documents for bar in bars) or 1
    step = WIDTH / len(bars)
    drawn = []
    for n, bar in enumerate(bars):
        height = round(bar.documents / most * (HEIGHT - 2), 1)
        if bar.documents and height < 1.5:
            height = 1.5
        days = bar.first if bar.first == bar.last else f"{bar.first} to {bar.last}"
        title = escape(f"{days}: {bar.documents:,} of {bar.all:,}")
        x, width = round(n * step, 2), round(max(step - 1, 0.8), 2)
        shape = f'<rect class="hit" x="{x}" y="0" width="{round(step, 2)}" height="{HEIGHT}"/>' + (
            f'<rect x="{x}" y="{HEIGHT - height}" width="{width}" height="{height}"/>' if bar.documents else ""
        )
        inside = f"<title>{title}</title>{shape}"
        if link is not None and bar.documents:
            inside = f'<a href="{escape(link(bar))}" data-day="{bar.first}" aria-label="{title}">{inside}</a>'
        drawn.append(inside)
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="group" '
        f'aria-label="{escape(label)}">{"".join(drawn)}</svg>'
    )


def sparkline(values: Sequence[int], label: str) -> str:
    """Draw a small row of bars."""
    width, height = SPARK
    most = max(values, default=0)
    if not most:
        return f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}"></svg>'
    step = width / len(values)
    bars = "".join(
        f'<rect x="{n * step:.1f}" y="{height - value / most * height:.1f}" width="{max(step - 0.5, 0.5):.1f}" '
        f'height="{value / most * height:.1f}"/>'
        for n, value in enumerate(values)
        if value
    )
    return f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{bars}</svg>'


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year < 3000 else None
