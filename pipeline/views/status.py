"""How everything is, as lines for a person and as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from pipeline.services.status import Status, troubles
from pipeline.views.words import age, counted, size_words, span_words

SHOWN = 8
_HEAD = 10


def status_json(status: Status) -> bytes:
    """Write the status as one JSON object."""
    return msgspec.json.encode(status)


def status_lines(status: Status) -> Iterator[str]:
    """Write the status line by line: what is well in one line each, then what somebody should see to."""
    for name, words in status_parts(status):
        yield click.style(name.ljust(_HEAD), bold=True) + words
    found = list(troubles(status))
    if found:
        yield ""
    for sentence in found[:SHOWN]:
        yield click.style("! ", fg="yellow", bold=True) + sentence
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN} more; `newswire feed list` has all feeds"


def status_parts(status: Status) -> Iterator[tuple[str, str]]:
    """Yield each part of the status by its name, in words."""
    runs = {True: "running", False: "not running", None: ""}[status.running]
    yield "runtime", f"{status.runtime}{', ' + runs if runs else ''}"
    yield "feeds", _feeds(status)
    articles = status.articles
    yield (
        "articles",
        f"{articles.all:,}; of the last hour {articles.last_hour:,}, of the last day {articles.last_day:,}",
    )
    waiting = [f"{queue.waiting:,} for {queue.name}" for queue in status.queues if queue.waiting]
    yield "waiting", ", ".join(waiting) or "nothing"
    yield "alerts", _alerts(status)
    dead = ", ".join(f"{count:,} by {kind}" for kind, count in status.dead_letters.items())
    yield "dead", dead or "no dead letters"
    if status.disk is not None:
        yield "disk", _disk(status)
    if status.backups is not None:
        newest = status.backups.newest
        made = (
            f"{counted(status.backups.kept, 'backup')}, the newest {age(newest.made, status.at)} old" if newest else ""
        )
        yield "backups", made or "none; set `every` under [backup], or run `newswire admin backup`"


def _feeds(status: Status) -> str:
    feeds = status.feeds
    states = ", ".join(f"{count:,} {state}" for state, count in feeds.states.items())
    delay = f", seen {span_words(feeds.delay_s)} after they are published" if feeds.delay_s is not None else ""
    pace = f"{counted(round(feeds.per_day), 'article')} a day{delay}"
    return f"{counted(feeds.all, 'feed')}{': ' + states if states else ''}; {pace}"


def _alerts(status: Status) -> str:
    alerts = status.alerts
    paused = f" ({alerts.paused} paused)" if alerts.paused else ""
    return (
        f"{counted(alerts.rules, 'alert')}{paused}; in the last day {alerts.sent:,} sent, {alerts.failed:,} failed, "
        f"{alerts.queued:,} on their way, {alerts.withheld:,} not sent"
    )


def _disk(status: Status) -> str:
    disk = status.disk
    assert disk is not None
    parts = [size_words(disk.taken)]
    if disk.bound:
        parts[0] += f" of {size_words(disk.bound)}"
    if disk.free_on_disk is not None:
        parts.append(f"{size_words(disk.free_on_disk)} free on the disk")
    if disk.per_article is not None:
        parts.append(f"{size_words(disk.per_article)} an article")
    if disk.per_year:
        parts.append(f"a year would add {size_words(disk.per_year)}")
    return ", ".join(parts)
