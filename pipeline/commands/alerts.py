"""`newswire alert`: rules, what they would find, and what became of every message."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from pipeline.commands.context import open_store
from pipeline.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Duration(click.ParamType):
    """Read 90s, 15m, 6h, 3d or 2w as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhdw])", value.strip())
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no duration; write 30m, 6h, 3d or 2w.", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


@click.group()
def alert() -> None:
    """Be told about new articles that a query finds."""


@alert.command()
@click.argument("name")
@click.argument("query")
@click.option("--to", "channels", multiple=True, metavar="CHANNEL", help="A channel's name or address; repeatable.")
@click.option("--feed", "feeds", multiple=True, help="Only articles of this feed; repeatable.")
@click.option("--tag", "tags", multiple=True, help="Only articles with this tag; repeatable.")
@click.option("--lang", "languages", multiple=True, help="Only articles in this language; repeatable.")
@click.option(
    "--once-per", type=click.Choice(("story", "article")), default="story", show_default=True, help="Alert once per."
)
@click.option("--origins", "min_origins", type=int, default=1, metavar="N", help="Wait for N independent publishers.")
@click.option("--silence", type=Duration(), help="Alert when nothing came for this long instead.")
@click.option("--surge", type=float, metavar="TIMES", help="Alert when so many times the usual came instead.")
@click.option("--window", "window_s", type=Duration(), default="1d", show_default=True, help="What --surge compares.")
@click.option("--digest", "digest_s", type=Duration(), default=0, help="Collect alerts and send them this often.")
@click.option("--cap-per-hour", type=int, metavar="N", help="Send N messages an hour, then one with the rest.")
@click.option("--cap-per-day", type=int, metavar="N", help="Send N messages a day, then one with the rest.")
@click.option("--quiet", metavar="HH:MM-HH:MM", help="Hold messages back between these times.")
@click.option("--time-zone", default="UTC", show_default=True, metavar="ZONE", help="Of --quiet and of days.")
@click.option("--expires", type=click.DateTime(), help="Stop at this time (UTC).")
@click.option("--priority", type=click.Choice(("low", "normal", "high")), default="normal", show_default=True)
@click.option("--replace", is_flag=True, help="Replace the alert of this name.")
def add(
    name: str,
    query: str,
    silence: int | None,
    surge: float | None,
    quiet: str | None,
    expires: datetime | None,
    replace: bool,
    **options: Any,
) -> None:
    """Keep QUERY as the alert NAME.

    Channels: a name from [channels] in the settings, or terminal:, desktop:, webhook+https://host/path#secret=KEY,
    ntfy:topic, mailto:you@example.org, smtps://…, atom:FILE, jsonfeed:FILE, apprise:URL. Default: the terminal that
    the notifier runs in. Priority high passes quiet hours, digests and caps.
    """
    from pipeline.services.alerts import new_rule
    from pipeline.views.alerts import forecast_line, warning_lines
    from pipeline.wiring import services, stores

    end = expires.replace(tzinfo=UTC) if expires else None
    rule = new_rule(
        name, query, stores.clock(), silence_s=silence, surge_times=surge, quiet=quiet, expires=end, **options
    )
    with open_store() as store:
        alerts = services.alerts(store)
        found = alerts.forecast(alerts.add(rule, replace=replace))
    click.echo(forecast_line(name, found))
    for line in warning_lines(found):
        click.echo(line, err=True)


@alert.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_(as_json: bool) -> None:
    """List the alerts."""
    from pipeline.views.alerts import rule_json, rule_line
    from pipeline.wiring import services, stores

    with open_store() as store:
        alerts = services.alerts(store)
        for rule in alerts.all():
            click.echo(rule_json(rule, alerts.label) if as_json else rule_line(rule, alerts.label, stores.clock()))


@alert.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """Show one alert, in plain words."""
    from pipeline.views.alerts import rule_json, rule_line
    from pipeline.wiring import services, stores

    with open_store() as store:
        alerts = services.alerts(store)
        rule = alerts.get(name)
        if as_json:
            click.echo(rule_json(rule, alerts.label))
            return
        click.echo(rule_line(rule, alerts.label, stores.clock()))
        click.echo(f"  finds {alerts.restated(rule)}")


@alert.command()
@click.argument("query")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Look back so far.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def test(ctx: click.Context, query: str, days: int, as_json: bool) -> None:
    """Tell what a query, or the alert of that name, would have found.

    Exits with 1 when it would have found nothing.
    """
    from pipeline.views.alerts import forecast_lines, warning_lines
    from pipeline.wiring import services

    with open_store() as store:
        found = services.alerts(store).forecast_of(query, days)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        for line in forecast_lines(found):
            click.echo(line)
        for line in warning_lines(found):
            click.echo(line, err=True)
    if not found.matches:
        ctx.exit(1)


@alert.command()
@click.argument("name")
@click.option("--off", is_flag=True, help="Go on with it.")
def pause(name: str, off: bool) -> None:
    """Stop an alert until told to go on."""
    from pipeline.wiring import services

    with open_store() as store:
        services.alerts(store).pause(name, paused=not off)


@alert.command()
@click.argument("name")
@click.argument("duration", type=Duration())
def snooze(name: str, duration: int) -> None:
    """Stop an alert for a DURATION such as 2h or 3d."""
    from pipeline.wiring import services

    with open_store() as store:
        until = services.alerts(store).snooze(name, duration)
    click.echo(f"{name} is silent until {until.astimezone():%Y-%m-%d %H:%M %Z}.")


@alert.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove an alert; its log stays."""
    from pipeline.wiring import services

    with open_store() as store:
        services.alerts(store).remove(name)


@alert.command()
@click.argument("name", required=False)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Print at most this many."
)
@click.option("--withheld", is_flag=True, help="Print also what was not sent, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def log(name: str | None, limit: int, withheld: bool, as_json: bool) -> None:
    """Print what became of alerts, newest first.

    Per message: whether it is queued, sent, acknowledged by the receiver or failed, what matched, and how long it took.
    """
    from pipeline.views.alerts import log_entry, log_lines
    from pipeline.wiring import services

    with open_store() as store:
        for delivery in services.alerts(store).log(limit, name, withheld=withheld):
            click.echo(msgspec.json.encode(log_entry(delivery)) if as_json else log_lines(delivery))


@alert.command(name="import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", "channels", multiple=True, metavar="CHANNEL", help="Where they go, unless the file says so.")
@click.option("--dry-run", is_flag=True, help="Show what would be kept.")
@click.pass_context
def import_(ctx: click.Context, path: Path, channels: tuple[str, ...], dry_run: bool) -> None:
    """Keep the alerts of a file.

    TOML with [[alert]] tables (name, query, and any option of `alert add`), filter rules of Miniflux or FreshRSS, one
    per line, or addresses of Google Alerts feeds. One bad rule is named and the others are kept; then exits with 1.
    """
    from pipeline.services.alert_import import read_rules
    from pipeline.wiring import services, stores

    try:
        content = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    refused = 0
    with open_store() as store:
        rules = read_rules(content, str(path), stores.clock())
        for taken in services.alerts(store).take_over(rules, channels, dry_run=dry_run):
            if taken.rule is None:
                refused += 1
                click.echo(taken.refused, err=True)
            else:
                click.echo(f"{taken.rule.name}\t{taken.rule.query}")
    if refused:
        ctx.exit(1)
