"""Decide whether an alert rule makes sense before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time

from pipeline.alerts.wall_clock import read_schedule, time_of_day
from pipeline.errors import UsageError
from pipeline.language.codes import normalize_language
from pipeline.model import Alert, AlertRule
from pipeline.query.days import zone_of
from pipeline.query.evaluate import MatchView
from pipeline.query.indexing import counts_copies
from pipeline.query.requirements import holds
from pipeline.query.scope import query_of
from pipeline.query.tree import Keyword, Query, walk
from pipeline.query.vocabulary import is_language, language_error

SHORTEST_WINDOW_S = 60
# Moments are counted back from now, and there are none before the year 1.
LONGEST_WINDOW_S = 100 * 366 * 86_400
MOST = 1_000_000
LONGEST_NAME = 200
QUIET_HOURS = "22:00-07:00"


def admit(rule: AlertRule, searches: Mapping[str, str] | None = None) -> Query:
    """Return the query a rule asks, its scope included. Raises ``UsageError`` with the first thing wrong with it."""
    if not rule.name.strip() or len(rule.name) > LONGEST_NAME or not rule.name.isprintable():
        raise UsageError(f"An alert needs a printable name of 1 to {LONGEST_NAME} characters.")
    zone_of(rule.time_zone)
    _check_scope(rule)
    query = query_of(rule, searches)
    if any(isinstance(node, Keyword) and node.is_mark for node in walk(query.root)):
        raise UsageError("What you have read or marked changes after the alert: is:read, is:starred and mark: are for "
                         "search only; leave them out.")  # fmt: skip
    if counts_copies(query.root):
        raise UsageError("Copies come after the alert; ask for independent reports instead: origins:>=2.")
    if rule.min_origins < 1:
        raise UsageError("At least one source must report a story; --origins counts from 1.")
    if rule.min_origins > 1 and rule.once_per != "story":
        raise UsageError("Sources are counted per story; --origins goes with --once-per story.")
    if rule.digest_s < 0 or (rule.kind != "match" and rule.window_s < SHORTEST_WINDOW_S):
        raise UsageError(f"A window lasts at least {SHORTEST_WINDOW_S} seconds, and a digest cannot be in the past.")
    if max(rule.digest_s, rule.window_s) > LONGEST_WINDOW_S:
        raise UsageError("A window and the time between digests last 100 years at most; give less.")
    if not all(
        count is None or count <= MOST for count in (rule.min_origins, rule.times, rule.cap_per_hour, rule.cap_per_day)
    ):
        raise UsageError(f"Origins, the times of a surge and caps are {MOST:,} at most; give less.")
    if rule.digest is not None:
        read_schedule(rule.digest)
    if rule.kind == "surge" and rule.times <= 1:
        raise UsageError("A surge is more than usual: give a number above 1.")
    for cap in (rule.cap_per_hour, rule.cap_per_day):
        if cap is not None and cap < 1:
            raise UsageError("A cap lets at least 1 message through; pause the alert to have none.")
    _check_quiet_hours(rule)
    return query


def still_asks(rule: AlertRule, alert: Alert) -> bool:
    """Tell whether a rule, as it is by now, would find the article of an alert that it was matched for."""
    if alert.article is None or rule.kind != "match":
        return True
    try:
        root = query_of(rule).root
    except UsageError:
        return True  # what was asked for before it could not be read
    return holds(root, MatchView(alert.article), alert.matched)


def _check_scope(rule: AlertRule) -> None:
    for option, values in (("--feed", rule.feeds), ("--tag", rule.tags), ("--lang", rule.languages)):
        if not all(value.strip() for value in values):
            raise UsageError(f"{option} was given nothing; leave it out, or say which.")
    for language in rule.languages:
        if not is_language(normalize_language(language) or ""):
            raise UsageError(f"--lang {language_error(language)}")


def _check_quiet_hours(rule: AlertRule) -> None:
    hours = (rule.quiet_from, rule.quiet_until)
    if hours == (None, None):
        return
    times = [_time_of_day(hour or "") for hour in hours]
    if times[0] != times[1]:
        return
    if hours[0] != hours[1]:
        raise UsageError(f"Quiet hours {hours[0]}-{hours[1]} are the whole day: pause the alert, or give it a digest.")
    raise UsageError(f"Quiet hours are two different times of day, such as {QUIET_HOURS}.")


def _time_of_day(text: str) -> time:
    try:
        return time_of_day(text)
    except ValueError as exc:
        said = f"{text!r} is no time of day" if text else "one of them is missing"
        raise UsageError(
            f"Quiet hours are two times of day, such as {QUIET_HOURS}, until 24:00 at most; {said}."
        ) from exc
