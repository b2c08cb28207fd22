"""`newswire import|export`: subscription lists, from and to other programs."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline import private_files
from pipeline.commands.context import current_settings, open_store
from pipeline.commands.progress import progress
from pipeline.errors import UsageError
from pipeline.plain_words import os_words


@click.command("import")
@click.argument("source", metavar="FILE|URL")
@click.pass_context
def import_(ctx: click.Context, source: str) -> None:
    """Subscribe to every feed of an OPML file or list of URLs, ``-`` for standard input.

    Folders and categories become tags, and so do those of newsboat. What is left out is told with its line. A file that
    `newswire export --all` wrote brings alerts, saved searches and lists, too.
    """
    from connectors.files.opml import read_whole_list
    from pipeline.services.whole_setup import looks_like_setup
    from pipeline.views.feeds import list_lines
    from pipeline.views.words import counted
    from pipeline.wiring import connectors, services

    body = connectors.fetch_list(current_settings(), source) if "://" in source else _read(source)
    if looks_like_setup(body):
        _import_setup(ctx, body, source)
        return
    read = read_whole_list(body, source)
    with progress("Following"), open_store() as store:
        count = services.feeds(store).take_over(read.outlines)
    click.echo(f"Following {counted(count, 'feed')} of {source}.")
    for line in list_lines(read, count):
        click.echo(line, err=True)


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--all", "whole", is_flag=True, help="Write feeds with options, alerts, searches and lists, as JSON.")
def export(file: Path | None, whole: bool) -> None:
    """Write the subscriptions as OPML, to standard output without FILE or with ``-``.

    With --all the whole setup, for `newswire import`: secrets in it are names of variables to be set where it goes.
    """
    from connectors.files.opml import write_opml
    from pipeline.services.whole_setup import write_setup
    from pipeline.wiring import services

    with progress("Writing"), open_store(reading=True) as store:
        if whole:
            setup, names = services.setups(store).exported()
            content = write_setup(setup)
        else:
            content = write_opml(services.feeds(store).outlines()).encode("utf-8", "backslashreplace")
            names = []
    for name in names:
        click.echo(f"A secret is left out; set {name} where this is imported.", err=True)
    if file is None or str(file) == "-":
        click.echo(content, nl=False)
        return
    try:
        private_files.write(file, content)
    except OSError as exc:
        raise UsageError(f"{file} cannot be written: {os_words(exc)}.") from exc


def _import_setup(ctx: click.Context, body: bytes, source: str) -> None:
    from pipeline.services.whole_setup import read_setup
    from pipeline.views.words import counted
    from pipeline.wiring import services

    setup = read_setup(body, source)
    with progress("Taking over"), open_store() as store:
        done = services.setups(store).take_over(setup)
    for sentence in done.refused:
        click.echo(sentence, err=True)
    click.echo(
        f"Following {counted(done.feeds, 'feed')} of {source}, with {counted(done.alerts, 'alert')}, "
        f"{counted(done.searches, 'saved search', 'saved searches')} and {counted(done.lists, 'list')}."
    )
    if done.refused:
        ctx.exit(1)


def _read(source: str) -> bytes:
    from connectors.files.opml import MAX_BYTES

    if source == "-":
        return click.get_binary_stream("stdin").read(MAX_BYTES + 1)
    file = Path(source)
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {os_words(exc)}.") from exc
