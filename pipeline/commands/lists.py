"""`newswire import|export`: subscription lists, from and to other programs."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands.context import current_settings, open_store
from pipeline.errors import UsageError


@click.command("import")
@click.argument("source", metavar="FILE|URL")
def import_(source: str) -> None:
    """Subscribe to every feed of an OPML file or list of URLs.

    Folders and categories become tags.
    """
    from connectors.files.opml import read_list
    from pipeline.wiring import connectors, services

    body = connectors.fetch_list(current_settings(), source) if "://" in source else _read(Path(source))
    outlines = read_list(body, source)
    with open_store() as store:
        count = services.feeds(store).take_over(outlines)
    click.echo(f"Following {count} feeds of {source}.")


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path | None) -> None:
    """Write the subscriptions as OPML."""
    from connectors.files.opml import write_opml
    from pipeline.wiring import services

    with open_store() as store:
        text = write_opml(services.feeds(store).outlines())
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{file} cannot be written: {exc.strerror}.") from exc


def _read(file: Path) -> bytes:
    from connectors.files.opml import MAX_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}.") from exc
