"""`newswire tail`: watch articles arrive, from any shell."""

from __future__ import annotations

import click

from pipeline.commands.articles_out import writer
from pipeline.commands.context import kept_settings
from pipeline.commands.screen import long_option, width

POLL_S = 1.0


@click.command()
@click.argument("query", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--last", type=click.IntRange(0, 100_000), default=10, show_default=True, help="Begin with this many.")
@long_option
@click.option("--once", is_flag=True, help="Stop after what is there.")
def tail(query: str | None, as_json: bool, last: int, long_form: bool, once: bool) -> None:
    """Print articles as they are indexed.

    QUERY narrows them, in the language of `newswire search`.
    """
    from pipeline.wiring import services, stores
    from pipeline.wiring.watching import watched

    write = writer(width(long_form), as_json=as_json)
    with stores.store(kept_settings(), reading=True) as store:
        arrivals = services.arrivals(store, query)
        for document in arrivals.latest(last):
            write(document)
        if once:
            return
        for documents in watched(arrivals.new, POLL_S):
            for document in documents:
                write(document)
