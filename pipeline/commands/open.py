"""`newswire open`: an article in the browser."""

from __future__ import annotations

import click

from pipeline.commands.context import open_store
from pipeline.commands.names import article_ids
from pipeline.errors import NotFoundError, UnavailableError

SCHEMES = ("http://", "https://")


@click.command("open")
@click.argument("article", metavar="ID|URL", shell_complete=article_ids)
def open_(article: str) -> None:
    """Open an article in the browser.

    ID may be the first letters of an id, as lists print it.
    """
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        document = services.articles(store).get(article)
    if document.url is None or not document.url.startswith(SCHEMES):
        raise NotFoundError(f"The article {document.id[:8]} has no address on the web; `newswire show` has its text.")
    click.echo(document.url)
    if click.launch(document.url) != 0:
        raise UnavailableError("No browser could be started; the address is printed above.")
