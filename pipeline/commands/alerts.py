"""`newswire alert`: rules, what they would find, and what became of every message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline.commands.alert_lines import log_entry, log_lines, print_forecast, rule_json, rule_line
from pipeline.commands.context import open_store
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.commands.forecast import Forecast
    from pipeline.model import AlertRule
    from pipeline.wiring.stores import Store

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
HISTORY_DAYS = 30


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
@click.option("--origins", "min_origins", type=int, default=1, metavar="N", help="Wait until N sources report it.")
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
    from pipeline.model import AlertRule, derive_id
    from pipeline.wiring.stores import clock

    if silence and surge:
        raise UsageError("An alert watches for silence or for a surge, not for both.")
    now = clock()
    begin, end = _hours(quiet)
    if silence:
        options["window_s"] = silence
    rule = AlertRule(
        id=derive_id("rule", name, now.isoformat()),
        name=name,
        query=query,
        created=now,
        kind="silence" if silence else "surge" if surge else "match",
        times=surge or 5.0,
        quiet_from=begin,
        quiet_until=end,
        expires=expires.replace(tzinfo=UTC) if expires else None,
        **options,
    )
    with open_store() as store:
        kept = _by_name(store).get(name)
        if kept is not None and not replace:
            raise UsageError(f"There is an alert {name!r} already; add --replace, or choose another name.")
        if kept is not None:
            rule = msgspec.structs.replace(rule, id=kept.id, created=kept.created, owner=kept.owner)
        _keep(store, rule)
        _print_forecast_briefly(store, rule, now)


@alert.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_(as_json: bool) -> None:
    """List the alerts."""
    from pipeline.wiring.runners import channels
    from pipeline.wiring.stores import clock

    with open_store() as store:
        label = channels(store.settings).label
        for rule in sorted(_by_name(store).values(), key=lambda rule: rule.name):
            click.echo(rule_json(rule, label) if as_json else rule_line(rule, label, clock()))


@alert.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """Show one alert, in plain words."""
    from pipeline.alerts.rules import admit
    from pipeline.query.printer import restate
    from pipeline.wiring.runners import channels
    from pipeline.wiring.stores import clock

    with open_store() as store:
        rule, label = _find(store, name), channels(store.settings).label
        if as_json:
            click.echo(rule_json(rule, label))
            return
        click.echo(rule_line(rule, label, clock()))
        click.echo(f"  finds {restate(admit(rule))}")


@alert.command()
@click.argument("query")
@click.option("--days", type=click.IntRange(1, 3650), default=HISTORY_DAYS, show_default=True, help="Look back so far.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def test(ctx: click.Context, query: str, days: int, as_json: bool) -> None:
    """Tell what a query, or the alert of that name, would have found.

    Exits with 1 when it would have found nothing.
    """
    from pipeline.wiring.stores import clock

    now = clock()
    with open_store() as store:
        rule = _by_name(store).get(query) or _unnamed(query, now)
        found = _forecast(store, rule, now, days)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        print_forecast(found)
    if not found.matches:
        ctx.exit(1)


@alert.command()
@click.argument("name")
@click.option("--off", is_flag=True, help="Go on with it.")
def pause(name: str, off: bool) -> None:
    """Stop an alert until told to go on."""
    with open_store() as store:
        _put(store, msgspec.structs.replace(_find(store, name), paused=not off, snoozed_until=None))


@alert.command()
@click.argument("name")
@click.argument("duration", type=Duration())
def snooze(name: str, duration: int) -> None:
    """Stop an alert for a DURATION such as 2h or 3d."""
    from pipeline.wiring.stores import clock

    with open_store() as store:
        until = clock() + timedelta(seconds=duration)
        _put(store, msgspec.structs.replace(_find(store, name), snoozed_until=until))
    click.echo(f"{name} is silent until {until.astimezone():%Y-%m-%d %H:%M %Z}.")


@alert.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove an alert; its log stays."""
    with open_store() as store:
        store.rules.put(_find(store, name).id, None)


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
    with open_store() as store:
        for delivery in store.ledger.entries(limit, rule=name):
            if delivery.state == "withheld" and not withheld:
                continue
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
    from pipeline.commands.alert_import import read_rules
    from pipeline.wiring.stores import clock

    refused = 0
    with open_store() as store:
        kept = _by_name(store)
        for rule in read_rules(path, clock()):
            if isinstance(rule, str):
                refused += 1
                click.echo(rule, err=True)
                continue
            if rule.name in kept:
                before = kept[rule.name]
                rule = msgspec.structs.replace(rule, id=before.id, created=before.created, owner=before.owner)
            if channels and not rule.channels:
                rule = msgspec.structs.replace(rule, channels=channels)
            if not dry_run:
                try:
                    _keep(store, rule)
                except UsageError as exc:
                    refused += 1
                    click.echo(f"{rule.name}: {exc}", err=True)
                    continue
            click.echo(f"{rule.name}\t{rule.query}")
    if refused:
        ctx.exit(1)


def _hours(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    begin, dash, end = text.partition("-")
    if not dash:
        raise UsageError("Quiet hours are two times of day, such as --quiet 22:00-07:00.")
    return begin.strip(), end.strip()


def _unnamed(query: str, now: datetime) -> AlertRule:
    from pipeline.model import AlertRule

    return AlertRule(id="", name="test", query=query, created=now)


def _rules(store: Store) -> Iterator[AlertRule]:
    from pipeline.model import AlertRule

    for _, value in store.rules.items():  # noqa: PERF102 - a port has no values()
        yield msgspec.json.decode(value, type=AlertRule)


def _by_name(store: Store) -> dict[str, AlertRule]:
    return {rule.name: rule for rule in _rules(store)}


def _find(store: Store, name: str) -> AlertRule:
    found = _by_name(store).get(name)
    if found is None:
        raise UsageError(f"There is no alert {name!r}; `newswire alert list` shows them.")
    return found


def _searches(store: Store) -> dict[str, str]:
    return {name: value.decode() for name, value in store.searches.items()}


def _keep(store: Store, rule: AlertRule) -> None:
    """Check a rule and its channels and keep it."""
    from pipeline.alerts.rules import admit
    from pipeline.query.parser import parse
    from pipeline.query.printer import show as display
    from pipeline.wiring.runners import channels

    searches = _searches(store)
    admit(rule, searches)
    known = channels(store.settings)
    for channel in rule.channels:
        known.open(channel)
    if "search:" in rule.query:
        # A rule means what it meant when it was kept: saved searches are written out.
        rule = msgspec.structs.replace(rule, query=display(parse(rule.query, searches)))
    _put(store, rule)


def _put(store: Store, rule: AlertRule) -> None:
    store.rules.put(rule.id, msgspec.json.encode(rule))


def _forecast(store: Store, rule: AlertRule, now: datetime, days: int) -> Forecast:
    from pipeline.alerts.rules import admit
    from pipeline.commands.forecast import forecast

    return forecast(store, admit(rule, _searches(store)), now, days, once_per=rule.once_per)


def _print_forecast_briefly(store: Store, rule: AlertRule, now: datetime) -> None:
    found = _forecast(store, rule, now, HISTORY_DAYS)
    click.echo(f"{rule.name}: {found.reads}. About {found.alerts_per_day:g} alerts a day.")
    for warning in found.warnings:
        click.echo(f"Warning: {warning}", err=True)
