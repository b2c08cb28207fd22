"""Durations and moments as people write them, read as the numbers and dates that are kept."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOMENTS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
LONGEST_S = 100 * 366 * 86_400
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 30, 31_536_000


class Duration(click.ParamType):
    """Read 90s, 15m, 6h, 3d or 2w as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhdw])", value.strip())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no duration; write 30m, 6h, 3d or 2w.", param, ctx)
        if int(found[1]) * _UNITS[found[2]] > LONGEST_S:
            self.fail(f"{value!r} is more than 100 years; write 30m, 6h, 3d or 2w.", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class Interval(Duration):
    """Read how often a feed is polled: a duration, or seconds as a plain number."""

    name = "interval"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        is_number = isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip())
        seconds = int(value) if is_number else super().convert(value, param, ctx)
        if not SHORTEST_INTERVAL_S <= seconds <= LONGEST_INTERVAL_S:
            self.fail(f"A feed is polled every 30 seconds at most and once a year at least, not every {value}.")
        return seconds


class Moment(click.DateTime):
    """Read a day, or a day and a time."""

    def __init__(self) -> None:
        super().__init__(_MOMENTS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment: datetime = super().convert(value, None, None)
        except click.BadParameter:
            self.fail(f"{value!r} is no time; write 2027-01-31 or 2027-01-31T10:00.", param, ctx)
        return moment
