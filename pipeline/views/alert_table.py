"""Alerts as a table on a terminal, with what came of them in a week."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import click

from pipeline.model import AlertRule
from pipeline.ports.alerts import Tally
from pipeline.views.screen import GAP, columns, cut, pad, wrap
from pipeline.views.words import counted

_HEAD = ("alert", "sent", "failed", "not sent", "to")
_RIGHT = (1, 2, 3)
_FLEXIBLE = 0
QUERY_LINES = 2
NONE = Tally()


def alert_table(
    rules: Sequence[AlertRule],
    tallies: Mapping[str, Tally],
    label: Callable[[str], str],
    now: datetime,
    width: int,
) -> Iterator[str]:
    """Yield a table with a head, the numbers of the last week, and each alert's query below its name."""
    rows = [_row(rule, tallies.get(rule.id, NONE), label, now) for rule in rules]
    widths = columns([_HEAD, *rows], width, flexible=_FLEXIBLE)
    if rows:
        yield click.style(_line(_HEAD, widths), fg="bright_black")
    for rule, row in zip(rules, rows, strict=True):
        line = _line(row, widths)
        yield click.style(line[: widths[0]], bold=True) + line[widths[0] :]
        for part in wrap(rule.asked or rule.query, width - len(GAP), QUERY_LINES):
            yield GAP + click.style(part, fg="bright_black")
    yield click.style(cut(f"{counted(len(rows), 'alert')}, with the numbers of a week.", width), fg="bright_black")


def _row(rule: AlertRule, tally: Tally, label: Callable[[str], str], now: datetime) -> tuple[str, ...]:
    state = ""
    if rule.paused:
        state = " (paused)"
    elif rule.expires is not None and rule.expires <= now:
        state = " (expired)"
    elif rule.snoozed_until is not None and rule.snoozed_until > now:
        state = " (snoozed)"
    to = ", ".join(map(label, rule.channels)) or "terminal"
    return rule.name + state, f"{tally.sent:,}", f"{tally.failed:,}", f"{tally.withheld:,}", to


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(
        pad(cell, size, right=number in _RIGHT) for number, (cell, size) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()
