"""Subscriptions as a table on a terminal, those in trouble first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from pipeline.services.feed_health import TROUBLED
from pipeline.services.feeds import FeedStatus
from pipeline.views.feeds import COLOURS, feed_name
from pipeline.views.screen import GAP, columns, pad, wrap
from pipeline.views.words import age, counted

_HEAD = ("state", "feed", "a day", "polled", "newest")
_RIGHT = (2, 3, 4)
_FLEXIBLE = 1
NOTE_LINES = 3


def trouble_first(statuses: Sequence[FeedStatus]) -> list[FeedStatus]:
    """Return feeds in order: what is wrong first, then by name."""

    def rank(status: FeedStatus) -> tuple[int, str]:
        state = status.health.state
        place = TROUBLED.index(state) if state in TROUBLED else len(TROUBLED)
        return place, feed_name(status.subscription).casefold()

    return sorted(statuses, key=rank)


def feed_table(statuses: Sequence[FeedStatus], now: datetime, width: int) -> Iterator[str]:
    """Yield a table with a head, below each feed in trouble what happened and what to do, and how many there are."""
    ordered = trouble_first(statuses)
    rows = [_row(status, now) for status in ordered]
    widths = columns([_HEAD, *rows], width, flexible=_FLEXIBLE)
    if rows:
        yield click.style(_line(_HEAD, widths), fg="bright_black")
    for status, row in zip(ordered, rows, strict=True):
        line = _line(row, widths)
        state = row[0]
        yield click.style(line[: len(state)], fg=COLOURS[status.health.state]) + line[len(state) :]
        if status.health.state in TROUBLED:
            indent = " " * (widths[0] + len(GAP))
            for note in wrap(f"{status.health.words} {status.subscription.url}", width - len(indent), NOTE_LINES):
                yield indent + click.style(note, fg="bright_black")
    troubled = sum(status.health.state in TROUBLED for status in ordered)
    words = f"; {troubled:,} in trouble" if troubled else ""
    yield click.style(f"{counted(len(rows), 'feed')}{words}.", fg="bright_black")


def _row(status: FeedStatus, now: datetime) -> tuple[str, ...]:
    poll = status.poll
    return (
        status.health.state,
        feed_name(status.subscription),
        f"{poll.per_day:,.1f}" if poll is not None else "-",
        age(poll.last_check, now) if poll is not None and poll.last_check else "-",
        age(poll.last_entry, now) if poll is not None and poll.last_entry else "-",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(
        pad(cell, size, right=number in _RIGHT) for number, (cell, size) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()
