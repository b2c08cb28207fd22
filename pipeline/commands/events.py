"""`newswire event`: list and show coded events, and count them by day."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pipeline.commands.context import open_store, tell_of_nothing
from pipeline.commands.groups import Group
from pipeline.commands.screen import long_option, page, tell, width

if TYPE_CHECKING:
    from pipeline.services.events import Asked

    Filtered = Callable[..., None]


@click.group(cls=Group)
def event() -> None:
    """List and show events: who did what to whom."""


def _filters(command: Filtered) -> Filtered:
    for option in reversed(
        (
            click.option("--type", "type_", metavar="TYPE", help="PLOVER type, such as CONSULT or ASSAULT."),
            click.option("--actor", help="Who acts: name, country code or sector."),
            click.option("--target", help="On whom: name, country code or sector."),
            click.option("--place", help="Where: name or country code."),
            click.option("--when", metavar="DATE", help="On a day, month or year: 2022-02-24, 2022-02, 2022."),
            click.option("--scheduled", is_flag=True, help="Only what is announced for a date."),
            click.option("--query", help="Only in the articles that a search finds."),
            click.option("--sure", type=click.FloatRange(0, 1), default=0.0, help="Leave out what is less certain."),
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line."),
        )
    ):
        command = option(command)
    return command


@event.command("list")
@_filters
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Print at most this many."
)
@click.option("--all", "everything", is_flag=True, help="Also what one publisher alone reports and is less sure.")
@long_option
@click.pass_context
def list_events(ctx: click.Context, /, limit: int, as_json: bool, long_form: bool, **asked: Any) -> None:
    """List events, newest article first; what several articles of a story report is one event.

    What independent publishers confirm comes first. The rest is listed if it is read with confidence.
    """
    from pipeline.views.events import event_json, event_line
    from pipeline.views.story_listing import event_listing
    from pipeline.wiring import services

    columns = width(long_form or as_json)
    with open_store(reading=True) as store:
        found = services.events(store).find(_asked(**asked), limit)
    if columns is not None:
        page(part for reported in found for part in event_listing(reported, columns))
    else:
        for reported in found:
            click.echo(event_json(reported) if as_json else event_line(reported))
    if not found:
        tell_of_nothing("There is no such event.", as_json=as_json)
        ctx.exit(1)


@event.command()
@click.argument("event_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(event_id: str, as_json: bool) -> None:
    """Show one event with the sentence that proves it.

    EVENT_ID is an id or its beginning, as `newswire event list` prints it.
    """
    from pipeline.views.events import event_json, event_lines
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        found = services.events(store).get(event_id)
    if as_json:
        click.echo(event_json(found))
        return
    for line in event_lines(found):
        tell(line)


@event.command()
@_filters
@click.pass_context
def timeline(ctx: click.Context, /, as_json: bool, **asked: Any) -> None:
    """Count events by the day they happen on, or else by the day they were first reported."""
    from pipeline.views.events import day_lines
    from pipeline.wiring import services

    columns = width()
    with open_store(reading=True) as store:
        counted = services.events(store).days(_asked(**asked))
    lines = map(msgspec.json.encode, counted.days) if as_json else day_lines(counted.days, columns)
    for line in lines:
        click.echo(line)
    if counted.estimated:
        click.echo(
            "More articles match than are read: what a story reports of one type and one day counts as one event.",
            err=True,
        )
    if not counted.days:
        tell_of_nothing("There is no such event.", as_json=as_json)
        ctx.exit(1)


def _asked(type_: str | None, sure: float, **asked: Any) -> Asked:
    from pipeline.services.events import Asked

    return Asked(event=type_, confidence_min=sure, **asked)
