"""`newswire parse`: read a feed, page or file without any store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.feeds import with_fetcher
from pipeline.commands.lines import shorten
from pipeline.errors import UsageError
from pipeline.model import Article

if TYPE_CHECKING:
    from connectors.fetch.http import Fetcher
    from connectors.polling.parser import Parser


@click.command()
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def parse(source: str, as_json: bool) -> None:
    """Read a feed, page or file and print its articles.

    SOURCE is an address or a file. No store is touched.
    """
    from pipeline.stages.identify.normalize import normalize

    articles = _fetched(source) if "://" in source else _from_file(Path(source))
    articles = [normalize(article) for article in articles]
    if as_json:
        click.echo(msgspec.json.encode(articles))
    else:
        for article in articles:
            moment = (article.published or article.seen).astimezone()
            click.echo(f"{moment:%Y-%m-%d %H:%M}  {shorten(article.title or article.text or '')}  {article.url or ''}")
    if not articles:
        raise click.exceptions.Exit(1)


def _from_file(path: Path) -> list[Article]:
    from connectors.files.files import read_files
    from pipeline.wiring.stores import clock

    if not path.exists():
        raise UsageError(f"There is no file {path}; give a file, a directory or an address with http:// or https://.")
    return list(read_files(path, clock()))


def _fetched(url: str) -> list[Article]:
    from connectors.formats.parsed import NotAFeedError
    from connectors.polling.articles import articles_of
    from pipeline.wiring.stores import clock

    async def work(fetcher: Fetcher, parser: Parser) -> list[Article]:
        fetched = await fetcher.fetch(url)
        parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
        return articles_of(parsed, url, clock())

    try:
        return with_fetcher(work)
    except NotAFeedError as exc:
        raise UsageError(str(exc)) from exc
