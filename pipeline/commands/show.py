"""`newswire show`: one article with all that is known about it."""

from __future__ import annotations

import click

from pipeline.commands.context import open_store


@click.command()
@click.argument("article", metavar="ID|URL")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def show(ctx: click.Context, article: str, as_json: bool) -> None:
    """Show one article with all that is known about it.

    ID may be the first letters of an id, as lists print it.
    """
    from pipeline.views.article import article_json, article_lines
    from pipeline.wiring import services

    with open_store() as store:
        articles = services.articles(store)
        document = articles.find(article)
        if document is None:
            click.echo(f"There is no article {article}.", err=True)
            ctx.exit(1)
        matches, copies = articles.matches(document), articles.copies(document)
    if as_json:
        click.echo(article_json(document, matches))
        return
    for line in article_lines(document, copies, matches):
        click.echo(line)
