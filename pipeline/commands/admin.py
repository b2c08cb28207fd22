"""`newswire admin`: what an operator does now and then."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands.context import current_settings, open_store
from pipeline.errors import UsageError

SHOWN = 20


@click.group()
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
def dead(as_json: bool, replay: bool) -> None:
    """List records that a stage gave up on, with the reason."""
    from pipeline.views.dead_letters import letter_json, letter_line
    from pipeline.wiring import services

    count = 0
    with open_store() as store:
        letters = services.dead_letters(store)
        if replay:
            count = letters.send_back()
            click.echo(f"{count} records sent back." if count else "There are no dead letters.")
            return
        for count, letter in enumerate(letters.all(), 1):  # noqa: B007 - the last number is how many there were
            click.echo(letter_json(letter) if as_json else letter_line(letter))
    if not count and not as_json:
        click.echo("There are no dead letters.")


@admin.command()
@click.option("--into", metavar="NAME", help="Build a second Elasticsearch index, then switch to it.")
def replay(into: str | None) -> None:
    """Rebuild the index from the articles in the log; nobody is alerted."""
    from pipeline.wiring import runners

    written, failures = runners.rebuild(current_settings(), into, _show_progress)
    for failure in failures[:SHOWN]:
        click.echo(failure, err=True)
    click.echo(f"{written} revisions replayed" + (f", {len(failures)} could not be." if failures else "."))
    if failures:
        raise click.exceptions.Exit(1)


@admin.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the store to FILE while it is in use."""
    from pipeline.wiring import stores

    settings = current_settings()
    if settings.runtime != "embedded":
        raise UsageError("A backup of the distributed runtime is made with the snapshots of Kafka and Elasticsearch.")
    with stores.database(settings) as database:
        database.back_up(file)
    click.echo(file)


@admin.command()
def prune() -> None:
    """Remove what is older than the settings under [keep] say."""
    from pipeline.wiring import services

    with open_store() as store:
        removed = services.prune(store)
    click.echo(
        f"Removed {removed.records} records from the log, {removed.documents} documents from the index and "
        f"{removed.deliveries} deliveries."
    )


def _show_progress(written: int) -> None:
    if click.get_text_stream("stderr").isatty():
        click.echo(f"\r{written} revisions", err=True, nl=False)
