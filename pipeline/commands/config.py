"""`newswire config`: see and write the settings."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from pipeline import config as settings_file
from pipeline import private_files
from pipeline.commands.context import current_settings
from pipeline.commands.groups import Group
from pipeline.errors import UsageError
from pipeline.plain_words import os_words


@click.group(cls=Group)
def config() -> None:
    """Show, find or write the settings file."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Print the settings in force, secrets masked."""
    settings = settings_file.masked(current_settings())
    if as_json:
        click.echo(msgspec.json.encode(settings))
        return
    click.echo(settings_file.describe(settings), nl=False)


@config.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def init(file: Path | None) -> None:
    """Write a commented settings file with the defaults."""
    target = file or _place()
    text = settings_file.describe(settings_file.Settings())
    try:
        private_files.make_directory(target.parent)
        private_files.write_new(target, text.encode())
    except FileExistsError:
        raise UsageError(f"{target} already exists; edit it, or name another file.") from None
    except OSError as exc:
        raise UsageError(f"{target} cannot be written: {os_words(exc)}.") from exc
    click.echo(target)


@config.command()
def path() -> None:
    """Print where the settings file is looked for."""
    click.echo(_place())


def _place() -> Path:
    chosen: dict[str, str] = click.get_current_context().ensure_object(dict)
    return settings_file.file_in_use(Path(chosen["config"]) if "config" in chosen else None)
