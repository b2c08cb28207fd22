"""`newswire tail`: watch articles arrive, from any shell."""

from __future__ import annotations

import time
from datetime import timedelta

import click
import msgspec

from pipeline.commands.context import open_store
from pipeline.views.lines import article_line

POLL_S = 1.0
PAGE = 200
# Articles of one batch are indexed a moment after they were seen; look back that far and skip what was printed.
LOOK_BACK = timedelta(minutes=2)


@click.command()
@click.argument("query", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--last", type=click.IntRange(0), default=10, show_default=True, help="Begin with this many.")
@click.option("--once", is_flag=True, help="Stop after what is there.")
def tail(query: str | None, as_json: bool, last: int, once: bool) -> None:
    """Print articles as they are indexed.

    QUERY narrows them, in the language of `newswire search`.
    """
    from pipeline.ports.search import SearchRequest
    from pipeline.query.parser import parse
    from pipeline.query.tree import And, Query, Range
    from pipeline.wiring.stores import clock

    root = parse(query).root if query else None
    printed: set[str] = set()
    with open_store() as store:
        since = clock() - timedelta(days=36_500)
        limit = last
        while True:
            recent = Range(name="seen", low=since)
            tree = Query(text=query or "", root=And(nodes=(root, recent)) if root else recent)
            page = store.index.search(SearchRequest(query=tree, now=clock(), limit=limit, copies=True))
            for document in reversed(page.documents):
                if document.id in printed:
                    continue
                printed.add(document.id)
                click.echo(msgspec.json.encode(document) if as_json else article_line(document))
            if once:
                return
            since, limit = clock() - LOOK_BACK, PAGE
            time.sleep(POLL_S)
