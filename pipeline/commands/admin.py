"""`newswire admin`: what an operator does now and then."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from pipeline.commands.context import current_settings, kept_settings, open_kept_store, open_store
from pipeline.commands.groups import Group
from pipeline.commands.progress import progress
from pipeline.commands.screen import tell
from pipeline.errors import UsageError

SHOWN = 20


@click.group(cls=Group)
def admin() -> None:
    """Set up, repair, replay, back up and prune."""


@admin.command()
def setup() -> None:
    """Create the store, or topics and index; safe to repeat."""
    settings = current_settings()
    if settings.runtime == "embedded":
        with open_store():
            click.echo(f"The store in {settings.directory} is ready.")
        return
    from pipeline.wiring import stores

    for line in stores.set_up_servers(settings):
        click.echo(line)


@admin.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--replay", is_flag=True, help="Send them back to the stage that refused them.")
@click.option("--kind", metavar="STAGE", help="Only those that one stage gave up on, such as extract.")
@click.option("--kinds", "summed", is_flag=True, help="Count them by kind instead.")
def dead(as_json: bool, replay: bool, kind: str | None, summed: bool) -> None:
    """List records that a stage gave up on, with the reason."""
    from pipeline.views.dead_letters import letter_json, letter_line
    from pipeline.views.words import counted
    from pipeline.wiring import services

    count = 0
    with open_kept_store() if replay else open_store(reading=True) as store:
        letters = services.dead_letters(store)
        if replay:
            count = letters.send_back(kind)
            click.echo(f"{counted(count, 'record')} sent back." if count else "There are no dead letters.")
            return
        if summed:
            for name, count in letters.kinds().items():
                click.echo(msgspec.json.encode({"kind": name, "letters": count}) if as_json else f"{name}\t{count}")
            return
        for count, letter in enumerate(letters.all(kind), 1):  # noqa: B007 - the last number is how many there were
            tell(letter_json(letter) if as_json else letter_line(letter))
    if not count and not as_json:
        click.echo("There are no dead letters.")


@admin.command()
@click.option("--into", metavar="NAME", help="Build a second Elasticsearch index, then switch to it.")
def replay(into: str | None) -> None:
    """Rebuild the index from the articles in the log; nobody is alerted."""
    from pipeline.views.words import counted
    from pipeline.wiring import runners

    with progress("Replaying") as tell:
        written, failures = runners.rebuild(kept_settings(), into, lambda done: tell(f"{done:,} revisions"))
    for failure in failures[:SHOWN]:
        click.echo(failure, err=True)
    click.echo(f"{counted(written, 'revision')} replayed" + (f", {len(failures)} could not be." if failures else "."))
    if failures:
        raise click.exceptions.Exit(1)


@admin.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
def backup(file: Path | None) -> None:
    """Copy the store to FILE, or ``-``, while it is in use; without FILE, to where [backup] keeps them."""
    from pipeline.wiring import services, store_copies, stores

    settings = kept_settings()
    if settings.runtime != "embedded":
        raise UsageError("A backup of the distributed runtime is made with the snapshots of Kafka and Elasticsearch.")
    if file is None:
        with progress("Copying the store"), open_kept_store() as store:
            made = services.backups(store).make()
        click.echo(stores.backup_directory(settings) / made.name)
        return
    if str(file) == "-":
        if sys.stdout.isatty():
            raise UsageError("A backup is no text for a terminal; send it on: `newswire admin backup - | ssh ...`.")
        with progress("Copying the store"):
            store_copies.back_up_to(settings, sys.stdout.buffer)
        return
    with progress("Copying the store"), stores.database(settings, reading=True) as database:
        database.back_up(file)
    click.echo(file)


@admin.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the store, which is kept beside it; ``-`` reads standard input.

    Refused while `newswire up` runs on the store.
    """
    from pipeline.wiring import store_copies as copies

    settings = current_settings()
    if settings.runtime != "embedded":
        raise UsageError("The distributed runtime is restored from the snapshots of Kafka and Elasticsearch.")
    with progress("Restoring"):
        is_piped = str(file) == "-"
        aside = copies.restore_from(settings, sys.stdin.buffer) if is_piped else copies.restore(settings, file)
    named = "standard input" if is_piped else file
    click.echo(f"The store in {settings.directory} is now that of {named}.")
    if aside:
        click.echo(f"What stood there before is kept as {aside[0]}; remove it when all is well.", err=True)


@admin.command()
def prune() -> None:
    """Remove what is older than the settings under [keep] say, and give its room back to the disk.

    `newswire up` and `newswire index` do so by themselves.
    """
    from pipeline.views.words import counted
    from pipeline.wiring import services

    with progress("Removing") as tell, open_kept_store() as store:
        removed = services.prune(
            store, lambda removed: tell(f"{removed.records:,} records, {removed.documents:,} documents")
        )
    click.echo(
        f"Removed {counted(removed.records, 'record')} from the log, {counted(removed.documents, 'document')} from "
        f"the index and {counted(removed.deliveries, 'delivery', 'deliveries')}."
    )
