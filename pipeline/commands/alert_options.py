"""The options that an alert has on the command line, for adding and for changing one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from pipeline.commands.context import current_settings
from pipeline.commands.durations import Duration, Moment
from pipeline.commands.secrets import secret_file
from pipeline.errors import UsageError

# Whether so few or so many make sense the rules say.
MOST, MOST_TIMES = click.IntRange(max=1_000_000), click.FloatRange(max=1_000_000)


class Digest(click.ParamType):
    """Read when digests go, or how often."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | int:
        from pipeline.alerts.wall_clock import FORMS, read_schedule

        if isinstance(value, int):
            return value
        if not value.strip():
            return ""
        if (found := re.fullmatch(r"(\d{1,6})([smhdw])", value.strip())) and int(found[1]):
            return Duration().convert(value, param, ctx)
        try:
            read_schedule(value)
        except UsageError:
            self.fail(f"{value!r} is no time for digests; write {FORMS}, or how often: 6h.", param, ctx)
        return str(value).strip().casefold()


OPTIONS = (
    click.option("--to", "channels", multiple=True, metavar="CHANNEL", help="A channel's name or address; repeatable."),
    secret_file("--to-file", "A channel's address"),
    secret_file("--secret-file", "The KEY that its webhooks are signed with"),
    click.option("--feed", "feeds", multiple=True, help="Only articles of this feed; repeatable."),
    click.option("--tag", "tags", multiple=True, help="Only articles with this tag; repeatable."),
    click.option("--lang", "languages", multiple=True, help="Only articles in this language; repeatable."),
    click.option(
        "--once-per",
        type=click.Choice(("story", "article")),
        default="story",
        show_default=True,
        help="Alert once per.",
    ),
    click.option(
        "--origins", "min_origins", type=MOST, default=1, metavar="N", help="Wait for N independent publishers."
    ),
    click.option("--silence", type=Duration(), help="Alert when nothing came for this long instead."),
    click.option("--surge", type=MOST_TIMES, metavar="TIMES", help="Alert when so many times the usual came instead."),
    click.option(
        "--window", "window_s", type=Duration(), default="1d", show_default=True, help="What --surge compares."
    ),
    click.option(
        "--digest",
        type=Digest(),
        metavar="WHEN",
        help="Collect alerts: hourly, daily@08:00, weekdays@07:30, 'weekly@mon 08:00', or every 6h.",
    ),
    click.option("--cap-per-hour", type=MOST, metavar="N", help="Send N messages an hour, then one with the rest."),
    click.option("--cap-per-day", type=MOST, metavar="N", help="Send N messages a day, then one with the rest."),
    click.option("--quiet", metavar="HH:MM-HH:MM", help="Hold messages back between these times."),
    click.option(
        "--time-zone",
        default=lambda: current_settings().time_zone,
        show_default="time_zone of the settings",
        metavar="ZONE",
        help="Of --quiet, --digest and of days.",
    ),
    click.option("--expires", type=Moment(), metavar="TIME", help="Stop at this time (UTC)."),
    click.option("--priority", type=click.Choice(("low", "normal", "high")), default="normal", show_default=True),
)


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that an alert has."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def digest_fields(digest: str | int | None) -> dict[str, Any]:
    """Return the fields of a rule that say when digests go."""
    if isinstance(digest, int):
        return {"digest_s": digest, "digest": None}
    return {"digest_s": 0, "digest": digest or None}
