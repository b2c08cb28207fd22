"""What every command shares: the settings of this call and the store they name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import config, private_files
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.wiring.stores import Store


def current_settings() -> config.Settings:
    """Load the settings that ``--config``, the environment and ``--data`` make. Raises ``UsageError``.

    What others may read of them and of the store is taken from them, with a word.
    """
    chosen: dict[str, str] = click.get_current_context().ensure_object(dict)
    path = Path(chosen["config"]) if "config" in chosen else None
    settings = config.load(path, {"data": chosen.get("data")})
    files = [config.file_in_use(path)]
    for line in private_files.tightened(settings.directory, files, ours=settings.data is None):
        click.echo(line, err=True)
    return settings


def open_store(*, reading: bool = False) -> AbstractContextManager[Store]:
    """Open the store of the current settings. Raises ``UnavailableError``.

    Who only reads makes none where there is none, with a word, and can look into one that may not be written to.
    """
    from pipeline.wiring import stores

    settings = current_settings()
    if reading and not stores.exists(settings):
        click.echo(_nothing_kept(settings), err=True)
    return stores.store(settings, reading=reading)


def open_kept_store() -> AbstractContextManager[Store]:
    """Open the store to change what stands in it. Raises ``UsageError`` where there is none, ``UnavailableError``."""
    from pipeline.wiring import stores

    return stores.store(kept_settings())


def kept_settings() -> config.Settings:
    """Load the settings of a command that is about a store that is there. Raises ``UsageError`` where there is none."""
    from pipeline.wiring import stores

    settings = current_settings()
    if not stores.exists(settings):
        raise UsageError(_nothing_kept(settings))
    return settings


def tell_of_nothing(words: str, *, as_json: bool) -> None:
    """Say that a list is empty, beside the output, and where it was looked for; programs see it by themselves."""
    if not as_json:
        click.echo(f"{words} {_where_looked()}".rstrip(), err=True)


def _where_looked() -> str:
    """Say where a command looked that found nothing, and what else there is."""
    from pipeline.wiring import stores

    settings = current_settings()
    if settings.runtime != "embedded":
        return f"Looked in the index at {settings.elasticsearch} with the prefix {settings.prefix!r}."
    if not stores.exists(settings):
        return ""  # this was said when the store was to be opened
    return f"Looked in {settings.directory}.{_demonstration(settings)}"


def _nothing_kept(settings: config.Settings) -> str:
    return (
        f"Nothing is kept in {settings.directory} yet: `newswire up URL` follows a feed; --data names another "
        f"directory.{_demonstration(settings)}"
    )


def _demonstration(settings: config.Settings) -> str:
    demo = settings.directory / "demo"
    return f" The demonstration is another store: --data {demo}" if (demo / "newswire.db").exists() else ""
