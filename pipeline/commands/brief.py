"""`newswire brief`: the day's stories about something, on the terminal or to a channel."""

from __future__ import annotations

import click
import msgspec

from pipeline.commands.context import open_store
from pipeline.commands.screen import tell


@click.command()
@click.argument("query")
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, help="Look back so far.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Tell this many stories.")
@click.option("--to", "channels", multiple=True, metavar="CHANNEL", help="Send it there instead; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def brief(ctx: click.Context, query: str, days: int, limit: int, channels: tuple[str, ...], as_json: bool) -> None:
    """Print the day's stories that QUERY finds.

    Those that most publishers tell come first. Exits with 1 when there is none, or when a channel did not take it.
    """
    from pipeline.services import brief as briefs
    from pipeline.wiring import runners, services, stores

    with open_store(reading=True) as store:
        for channel in channels:
            runners.channels(store.settings).check(channel)
        made = briefs.brief(services.stories(store), query, stores.clock(), days=days, limit=limit)
        answers = [services.alerts(store).send(channel, briefs.notice(made)) for channel in channels]
    if as_json:
        click.echo(msgspec.json.encode(made))
    elif not channels:
        tell("\n".join(briefs.lines(made)))
    for answer in answers:
        click.echo(f"{answer.channel}: {answer.error or answer.receipt or 'sent'}", err=True)
    if not made.items or any(answer.error is not None for answer in answers):
        ctx.exit(1)
