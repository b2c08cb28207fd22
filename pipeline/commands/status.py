"""`newswire status|trace`: how everything is, and what happened to one article."""

from __future__ import annotations

import sys

import click

from pipeline.commands.context import open_store
from pipeline.commands.screen import tell

WATCH_S = 2.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--watch", is_flag=True, help="Print it again every two seconds, until Ctrl-C.")
def status(as_json: bool, watch: bool) -> None:
    """Say how it is: feeds, articles, queues, alerts, disk and the last errors."""
    from pipeline.views.status import status_json, status_lines
    from pipeline.wiring import services
    from pipeline.wiring.watching import watched

    with open_store(reading=True) as store:
        statuses = services.statuses(store)
        for now in watched(statuses.now, WATCH_S):
            if watch and not as_json and sys.stdout.isatty():
                click.clear()
            if as_json:
                click.echo(status_json(now))
            else:
                tell("\n".join(status_lines(now)), indent=10)
            if not watch:
                return
            sys.stdout.flush()


@click.command()
@click.argument("article", metavar="ID|URL")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def trace(article: str, as_json: bool) -> None:
    """Tell what happened to one article, stage by stage.

    Where it came from, whether it was new, what it copies and how alike they are, its story, the alerts that it matched
    or just missed, and what became of the messages.
    """
    from pipeline.errors import NotFoundError
    from pipeline.views.trace import trace_json, trace_lines
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        found = services.traces(store).of(article)
    if found is None:
        raise NotFoundError(
            f"Nothing is known of the article {article}: it never came, is past its time, or its feed mutes it; "
            "`newswire feed test` shows what a feed has."
        )
    if as_json:
        click.echo(trace_json(found))
        return
    for line in trace_lines(found):
        tell(line, indent=8)
