"""Decide whether an alert rule makes sense before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from zoneinfo import ZoneInfo

from pipeline.alerts.wall_clock import read_schedule
from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.query.indexing import counts_copies
from pipeline.query.parser import parse
from pipeline.query.scope import scoped
from pipeline.query.tree import Query

SHORTEST_WINDOW_S = 60
LONGEST_NAME = 200


def admit(rule: AlertRule, searches: Mapping[str, str] | None = None) -> Query:
    """Return the query a rule asks, its scope included. Raises ``UsageError`` with the first thing wrong with it."""
    if not rule.name.strip() or len(rule.name) > LONGEST_NAME or not rule.name.isprintable():
        raise UsageError(f"An alert needs a printable name of 1 to {LONGEST_NAME} characters.")
    query = scoped(parse(rule.query, searches), rule)
    if counts_copies(query.root):
        raise UsageError("Copies come after the alert; ask for independent reports instead: origins:>=2.")
    if rule.min_origins < 1:
        raise UsageError("At least one source must report a story; --origins counts from 1.")
    if rule.min_origins > 1 and rule.once_per != "story":
        raise UsageError("Sources are counted per story; --origins goes with --once-per story.")
    if rule.digest_s < 0 or (rule.kind != "match" and rule.window_s < SHORTEST_WINDOW_S):
        raise UsageError(f"A window lasts at least {SHORTEST_WINDOW_S} seconds, and a digest cannot be in the past.")
    if rule.digest is not None:
        read_schedule(rule.digest)
    if rule.kind == "surge" and rule.times <= 1:
        raise UsageError("A surge is more than usual: give a number above 1.")
    for cap in (rule.cap_per_hour, rule.cap_per_day):
        if cap is not None and cap < 1:
            raise UsageError("A cap lets at least 1 message through; pause the alert to have none.")
    _check_quiet_hours(rule)
    return query


def _check_quiet_hours(rule: AlertRule) -> None:
    try:
        ZoneInfo(rule.time_zone)
    except (KeyError, ValueError, OSError) as exc:
        raise UsageError(f"{rule.time_zone!r} is no time zone; name one such as Europe/Berlin.") from exc
    hours = (rule.quiet_from, rule.quiet_until)
    if hours == (None, None):
        return
    try:
        times = [time.fromisoformat(hour or "") for hour in hours]
    except ValueError as exc:
        raise UsageError("Quiet hours are two times of day, such as 22:00-07:00.") from exc
    if times[0] == times[1] or any(moment.tzinfo is not None for moment in times):
        raise UsageError("Quiet hours are two different times of day, such as 22:00-07:00.")
