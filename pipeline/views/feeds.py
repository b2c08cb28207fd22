"""How subscriptions, their health and the steps of a feed's test read on a terminal and as fields."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pipeline.language.shorten import shorten
from pipeline.services.feed_health import State, health
from pipeline.services.push_health import push_health, push_words
from pipeline.views.words import counted

if TYPE_CHECKING:
    from connectors.door import Installed
    from connectors.files.opml import ListRead
    from connectors.polling.subscription import Subscription
    from pipeline.services.feed_test import Step
    from pipeline.services.feeds import FeedStatus, Followed
    from pipeline.services.find_feeds import FoundFeed

COLOURS: dict[State, str] = {
    "ok": "green",
    "new": "cyan",
    "paused": "yellow",
    "moved": "yellow",
    "quiet": "yellow",
    "restless": "yellow",
    "broken": "red",
    "gone": "red",
}
LEFT_OUT_SHOWN = 50
_MARKS = {"ok": "green", "warn": "yellow", "fail": "red"}
_WRITTEN = {"ok": "ok  ", "warn": "warn", "fail": "FAIL", "more": "    "}


def feed_fields(status: FeedStatus, now: datetime) -> dict[str, object]:
    """Return all that is known of a feed, secrets hidden."""
    return health(status.subscription, status.poll, now) | push_health(status.poll, status.push)


def feed_name(subscription: Subscription) -> str:
    """Return what a feed is called: its title, or else its host, or its address where that has none."""
    try:
        host = urlsplit(subscription.url).netloc
    except ValueError:  # an address of a list that somebody else wrote
        host = ""
    return subscription.title or host or subscription.url


def feed_line(status: FeedStatus, now: datetime) -> str:
    """Write a feed as one line: state, name, address, what happened and what to do."""
    subscription, found = status.subscription, status.health
    name = shorten(feed_name(subscription), 40)
    state = click.style(f"{found.state:<7}", fg=COLOURS[found.state])
    line = f"{state}{name:<40}  {subscription.url}  {found.words}"
    return "  ".join((line, *push_words(status.poll, status.push, now)))


def field_lines(fields: dict[str, object]) -> list[str]:
    """Write fields one a line."""
    return [f"{name:<16}{_written(value)}" for name, value in fields.items()]


def found_line(found: FoundFeed) -> str:
    """Write a feed that was found as one line."""
    return f"{found.url}  {shorten(found.title or 'without a title', 60)}, {counted(found.entries, 'entry', 'entries')}"


def connector_fields(found: Installed) -> dict[str, object]:
    """Return what is known of a connector."""
    return {
        "name": found.name,
        "distribution": found.distribution or "newswire",
        "version": found.version,
        "reads": found.words,
        "error": found.error,
    }


def connector_line(found: Installed) -> str:
    """Write a connector as one line."""
    by = f"{found.distribution} {found.version}" if found.distribution else "newswire"
    mark = click.style("FAIL", fg="red") if found.error else click.style("ok  ", fg="green")
    return f"{mark}  {found.name:<12}{by:<30}{found.error or found.words}"


def followed_line(followed: Followed) -> str:
    """Say that a feed is followed, or why not."""
    feed = followed.feed
    if followed.subscription is None:
        return f"{feed.url} has moved to {followed.elsewhere}, which is followed already."
    return f"Following {followed.subscription.title or feed.url}  {feed.url}"


def step_line(step: Step) -> str:
    """Write one step of a feed's test."""
    mark = _WRITTEN[step.result]
    if step.result in _MARKS:
        mark = click.style(mark, fg=_MARKS[step.result])
    return f"{mark}  {step.name}: {step.detail}" if step.name else f"{mark}  {step.detail}"


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}"
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def list_lines(read: ListRead, followed: int) -> list[str]:
    """Tell what became of the entries of a subscription list, and of each that was left out, why."""
    again = read.entries - len(read.left_out) - followed
    twice = f", {again} of feeds listed before" if again else ""
    left = [f"  line {one.line}: {shorten(one.text, 80)}: {one.why}" for one in read.left_out[:LEFT_OUT_SHOWN]]
    more = len(read.left_out) - len(left)
    were = counted(read.entries, "entry was", "entries were")
    return [
        f"{were} read{twice}, {len(read.left_out)} left out{':' if left else '.'}",
        *left,
        *([f"  and {more} more"] if more else []),
    ]
