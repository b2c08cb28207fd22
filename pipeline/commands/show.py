"""`newswire show`: one article with all that is known about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pipeline.commands.context import open_store
from pipeline.commands.names import article_ids
from pipeline.commands.screen import page, width
from pipeline.errors import NotFoundError

if TYPE_CHECKING:
    from pipeline.model import Document
    from pipeline.wiring.stores import Store


@click.command()
@click.argument("article", metavar="ID|URL", shell_complete=article_ids)
@click.option(
    "--diff",
    type=click.IntRange(1, 1_000_000),
    is_flag=False,
    flag_value=1,
    metavar="[N]",
    help="Show what the last revision changed, word by word, or the N-th from the last.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(article: str, diff: int | None, as_json: bool) -> None:
    """Show one article with all that is known about it.

    ID may be the first letters of an id, as lists print it.
    """
    from pipeline.views.article import WIDTH, article_json, article_lines
    from pipeline.views.screen import hang
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        articles = services.articles(store)
        document = articles.get(article)
        if diff is not None:
            page(_difference(store, document, diff))
            return
        matches, copies = articles.matches(document), articles.copies(document)
    if as_json:
        click.echo(article_json(document, matches))
        return
    columns = width()
    lines = article_lines(document, copies, matches, columns or WIDTH)
    page(part for line in lines for part in (hang(line, columns) if columns is not None else (line,)))


def _difference(store: Store, document: Document, number: int) -> list[str]:
    from pipeline.views.revisions import diff_lines

    kept = store.revisions.of(document.id)
    if number >= len(kept):
        there = f"{len(kept) - 1} earlier ones are kept" if len(kept) > 1 else "no earlier one is kept"
        raise NotFoundError(f"The article {document.id[:8]} is at revision {document.revision}, and {there}.")
    return list(diff_lines(kept[number], kept[number - 1], coloured=sys.stdout.isatty()))
