"""`newswire alert`: rules, what they would find, and what became of every message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline import private_files
from pipeline.commands.alert_options import digest_fields, rule_options
from pipeline.commands.context import open_kept_store, open_store, tell_of_nothing
from pipeline.commands.durations import Duration
from pipeline.commands.given_files import read_given
from pipeline.commands.groups import Group
from pipeline.commands.names import alert_names
from pipeline.commands.screen import long_option, page, tell, width
from pipeline.errors import NotFoundError, UsageError
from pipeline.plain_words import os_words

if TYPE_CHECKING:
    from pipeline.services.feeds import Feeds


@click.group(cls=Group)
def alert() -> None:
    """Be told about new articles that a query finds."""


@alert.command()
@click.argument("name")
@click.argument("query")
@rule_options
@click.option("--replace", is_flag=True, help="Replace the alert of this name.")
def add(
    name: str,
    query: str,
    silence: int | None,
    surge: float | None,
    quiet: str | None,
    channels: tuple[str, ...],
    to_file: str | None,
    secret_file: str | None,
    expires: datetime | None,
    digest: str | int | None,
    replace: bool,
    **options: Any,
) -> None:
    """Keep QUERY as the alert NAME.

    Channels: a name from [channels] in the settings, or terminal:, desktop:, webhook+https://host/path#secret=KEY,
    ntfy:topic, mailto:you@example.org, smtps://…, atom:FILE, jsonfeed:FILE, apprise:URL;
    or {env = "NAME"} or {file = "PATH"}, read when something is sent. Default: the terminal that
    the notifier runs in. Priority high passes quiet hours, digests and caps.
    """
    from pipeline.services.alerts import new_rule, signed
    from pipeline.views.alerts import forecast_line, warning_lines
    from pipeline.wiring import services, stores

    channels = signed((*channels, *([to_file] if to_file else ())), secret_file, Path.cwd())
    end = expires.replace(tzinfo=UTC) if expires else None
    rule = new_rule(
        name,
        query,
        stores.clock(),
        silence_s=silence,
        surge_times=surge,
        quiet=quiet,
        expires=end,
        channels=channels,
        **digest_fields(digest),
        **options,
    )
    with open_store() as store:
        alerts = services.alerts(store)
        rule = msgspec.structs.replace(rule, feeds=_addresses(services.feeds(store), rule.feeds))
        rule = alerts.add(rule, replace=replace)
        found = alerts.forecast(rule)
    click.echo(forecast_line(rule.name, found))
    for line in warning_lines(found):
        click.echo(line, err=True)


@alert.command()
@click.argument("name", shell_complete=alert_names)
@click.option("--query", help="Ask for this instead.")
@click.option("--name", "new_name", metavar="NAME", help="Call it so.")
@rule_options
@click.pass_context
def edit(
    ctx: click.Context,
    /,
    name: str,
    query: str | None,
    new_name: str | None,
    silence: int | None,
    surge: float | None,
    quiet: str | None,
    channels: tuple[str, ...],
    to_file: str | None,
    secret_file: str | None,
    expires: datetime | None,
    digest: str | int | None,
    **options: Any,
) -> None:
    """Change what is given of the alert NAME; all else stays.

    An empty text takes away: --quiet "", --digest "".
    """
    from pipeline.services.alerts import quiet_hours, signed
    from pipeline.views.alerts import forecast_line, warning_lines
    from pipeline.wiring import services

    def given(option: str) -> bool:
        return ctx.get_parameter_source(option) == click.core.ParameterSource.COMMANDLINE

    changes = {option: value for option, value in options.items() if given(option)}
    if channels or to_file:
        changes["channels"] = signed((*channels, *([to_file] if to_file else ())), secret_file, Path.cwd())
    changes |= {"query": query} if query is not None else {}
    changes |= {"name": new_name} if new_name is not None else {}
    changes |= {"expires": expires.replace(tzinfo=UTC)} if expires is not None else {}
    changes |= digest_fields(digest) if given("digest") else {}
    if quiet is not None:
        changes["quiet_from"], changes["quiet_until"] = quiet_hours(quiet or None)
    if silence is not None:
        changes |= {"kind": "silence", "window_s": silence}
    if surge is not None:
        changes |= {"kind": "surge", "times": surge}
    if not changes:
        raise UsageError("Say what is to change, such as --query or --to; `newswire alert edit --help` lists it.")
    with open_kept_store() as store:
        alerts = services.alerts(store)
        if "feeds" in changes:
            changes["feeds"] = _addresses(services.feeds(store), changes["feeds"])
        rule = alerts.edit(name, changes)
        found = alerts.forecast(rule)
    click.echo(forecast_line(rule.name, found))
    for line in warning_lines(found):
        click.echo(line, err=True)


def _addresses(feeds: Feeds, given: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of feeds that are given as other commands take them; of one not followed yet, as it is."""
    found = []
    for name in given:
        try:
            found.append(feeds.known(name).url if name.strip() else name)
        except NotFoundError as exc:
            if ":" not in name and "/" not in name:
                raise UsageError(f"--feed {exc}") from exc
            click.echo(f"Warning: {exc}", err=True)
            found.append(name)
    return tuple(found)


@alert.command()
@click.argument("rule", metavar="RULE")
@click.argument("article", metavar="ARTICLE")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def why(rule: str, article: str, as_json: bool) -> None:
    """Tell why the alert RULE spoke of ARTICLE (an id or address), or why it did not."""
    from pipeline.views.alerts import why_json, why_lines
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        document = services.articles(store).get(article)
        found = services.alerts(store).why(rule, document)
    for line in [why_json(found)] if as_json else why_lines(found):
        click.echo(line)


@alert.command(name="send-test")
@click.argument("name", shell_complete=alert_names)
@click.pass_context
def send_test(ctx: click.Context, name: str) -> None:
    """Send a test message to every channel of the alert NAME.

    Exits with 1 when one did not take it.
    """
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        answers = services.alerts(store).send_test(name)
    for answer in answers:
        click.echo(f"{answer.channel}: {answer.error or answer.receipt or 'sent'}", err=answer.error is not None)
    if any(answer.error is not None for answer in answers):
        ctx.exit(1)


@alert.command()
@click.argument("name", required=False)
@click.option("--failed", is_flag=True, help="What could not be delivered.")
def resend(name: str | None, failed: bool) -> None:
    """Send again what could not be delivered, of the alert NAME or of all."""
    from pipeline.wiring import services

    if not failed:
        raise UsageError("Say what is to be sent again: --failed.")
    with open_kept_store() as store:
        count = services.alerts(store).resend_failed(name)
    click.echo(f"{count} {'message goes' if count == 1 else 'messages go'} again.")


@alert.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path | None) -> None:
    """Write alerts, saved searches and lists as TOML that `alert import` reads.

    Channels stand in it as they were given: addresses may hold secrets.
    """
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        text = services.alerts(store).exported()
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        private_files.write(file, text.encode())
    except OSError as exc:
        raise UsageError(f"{file} cannot be written: {os_words(exc)}.") from exc


@alert.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@long_option
def list_(as_json: bool, long_form: bool) -> None:
    """List the alerts, and what came of each in the last week."""
    from pipeline.ports.alerts import Tally
    from pipeline.views.alerts import rule_json, rule_line
    from pipeline.wiring import services, stores

    columns = width(long_form or as_json)
    with open_store(reading=True) as store:
        alerts = services.alerts(store)
        tallies, rules = alerts.tallies(), alerts.all()
        if not rules:
            tell_of_nothing("There is no alert yet; `newswire alert add NAME QUERY` adds one.", as_json=as_json)
        if columns is not None:
            from pipeline.views.alert_table import alert_table

            page(alert_table(rules, tallies, alerts.label, stores.clock(), columns))
            return
        for rule in rules:
            tally = tallies.get(rule.id, Tally())
            line = rule_line(rule, alerts.label, stores.clock(), tally)
            click.echo(rule_json(rule, alerts.label, tally) if as_json else line)


@alert.command()
@click.argument("name", shell_complete=alert_names)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(name: str, as_json: bool) -> None:
    """Show one alert, in plain words."""
    from pipeline.views.alerts import rule_json, rule_line
    from pipeline.wiring import services, stores

    with open_store(reading=True) as store:
        alerts = services.alerts(store)
        rule = alerts.get(name)
        if as_json:
            click.echo(rule_json(rule, alerts.label))
            return
        tell(rule_line(rule, alerts.label, stores.clock()))
        tell(f"  finds {alerts.restated(rule)}")


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

    with open_store(reading=True) as store:
        found = services.alerts(store).forecast_of(query, days)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        for line in forecast_lines(found, width()):
            tell(line)
        for line in warning_lines(found):
            click.echo(line, err=True)
    if not found.matches:
        ctx.exit(1)


@alert.command()
@click.argument("name", shell_complete=alert_names)
@click.option("--off", "--resume", "off", is_flag=True, help="Go on with it.")
def pause(name: str, off: bool) -> None:
    """Stop an alert until told to go on."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        services.alerts(store).pause(name, paused=not off)
    click.echo(f"{name} {'goes on' if off else 'is paused'}.")


@alert.command()
@click.argument("name", shell_complete=alert_names)
@click.argument("duration", type=Duration())
def snooze(name: str, duration: int) -> None:
    """Stop an alert for a DURATION such as 2h or 3d."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        until = services.alerts(store).snooze(name, duration)
    click.echo(f"{name} is silent until {until.astimezone():%Y-%m-%d %H:%M %Z}.")


@alert.command()
@click.argument("name", shell_complete=alert_names)
def remove(name: str) -> None:
    """Remove an alert; its log stays."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        services.alerts(store).remove(name)
    click.echo(f"{name} is removed; its log stays.")


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

    with open_store(reading=True) as store:
        deliveries = services.alerts(store).log(limit, name, withheld=withheld)
        for delivery in deliveries:
            tell(msgspec.json.encode(log_entry(delivery)) if as_json else log_lines(delivery))
    if not deliveries:
        tell_of_nothing("The log has no such message.", as_json=as_json)


@alert.command(name="import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", "channels", multiple=True, metavar="CHANNEL", help="Where they go, unless the file says so.")
@click.option("--dry-run", is_flag=True, help="Show what would be kept.")
@click.pass_context
def import_(ctx: click.Context, path: Path, channels: tuple[str, ...], dry_run: bool) -> None:
    """Keep the alerts of a file.

    TOML with [[alert]] tables (name, query, and any option of `alert add`), [[search]] tables (name, query) and
    [[list]] tables (name, names), filter rules of Miniflux or FreshRSS, one per line, or addresses of Google Alerts
    feeds. One bad rule is named and the others are kept; then exits with 1.
    """
    from pipeline.services.alert_import import read_rules
    from pipeline.wiring import services, stores

    content = read_given(path)
    refused = 0
    with open_store(reading=dry_run) as store:
        rules = read_rules(content, str(path), stores.clock())
        for taken in services.alerts(store).take_over(rules, channels, dry_run=dry_run):
            if taken.refused is not None:
                refused += 1
                click.echo(taken.refused, err=True)
            elif taken.rule is not None:
                click.echo(f"{taken.rule.name}\t{taken.rule.asked or taken.rule.query}")
    if refused:
        ctx.exit(1)
