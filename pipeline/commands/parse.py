"""`newswire parse`: read a feed, page or file without any store."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from pipeline.commands.context import current_settings


@click.command()
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def parse(source: str, as_json: bool) -> None:
    """Read a feed, page or file and print its articles.

    SOURCE is an address or a file. No store is touched.
    """
    from pipeline.services.read_articles import read_path
    from pipeline.views.lines import parsed_line
    from pipeline.wiring import connectors, stores

    if connectors.is_address(current_settings(), source):
        articles = connectors.read_address(current_settings(), source)
    else:
        articles = read_path(Path(source), stores.clock())
    if as_json:
        click.echo(msgspec.json.encode(articles))
    else:
        for article in articles:
            click.echo(parsed_line(article))
    if not articles:
        raise click.exceptions.Exit(1)
