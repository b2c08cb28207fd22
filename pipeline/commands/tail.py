"""`newswire tail`: watch articles arrive, from any shell."""

from __future__ import annotations

import time

import click
import msgspec

from pipeline.commands.context import open_store

POLL_S = 1.0


@click.command()
@click.argument("query", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--last", type=click.IntRange(0), default=10, show_default=True, help="Begin with this many.")
@click.option("--once", is_flag=True, help="Stop after what is there.")
def tail(query: str | None, as_json: bool, last: int, once: bool) -> None:
    """Print articles as they are indexed.

    QUERY narrows them, in the language of `newswire search`.
    """
    from pipeline.views.lines import article_line
    from pipeline.wiring import services

    with open_store() as store:
        arrivals = services.arrivals(store, query)
        documents = arrivals.latest(last)
        while True:
            for document in documents:
                click.echo(msgspec.json.encode(document) if as_json else article_line(document))
            if once:
                return
            time.sleep(POLL_S)
            documents = arrivals.new()
