"""`newswire list`: lists of names, for which ``list:NAME`` stands in queries."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from pipeline.commands.context import open_kept_store, open_store, tell_of_nothing
from pipeline.commands.given_files import read_given
from pipeline.commands.groups import Group
from pipeline.commands.names import list_names
from pipeline.commands.screen import tell
from pipeline.errors import UsageError
from pipeline.plain_words import not_utf8

_FILE = click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Take names from a file as well, one a line; - is standard input.",
)


@click.group(name="list", cls=Group)
def list_() -> None:
    """Keep lists of names, for which list:NAME stands in queries.

    A list holds up to 10,000 names of people, firms or places. Alerts that use it follow its changes.
    """


@list_.command()
@click.argument("name")
@click.argument("names", nargs=-1, metavar="[ENTRY]...")
@_FILE
@click.option("--replace", is_flag=True, help="Replace the list of this name.")
def add(name: str, names: tuple[str, ...], file: Path | None, replace: bool) -> None:
    """Keep the list NAME with these entries."""
    from pipeline.wiring import services

    entries = [*names, *_read(file)]
    with open_store() as store:
        count = services.lists(store).add(name, entries, replace=replace)
    click.echo(f"{name}: {count:,} name{'s' if count != 1 else ''}.")


@list_.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str | None, as_json: bool) -> None:
    """Print the names of a list, one a line; without NAME, all lists and how long they are."""
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        lists = services.lists(store)
        if name is None:
            if not (every := lists.all()):
                tell_of_nothing("There is no list; `newswire list add NAME` makes one.", as_json=as_json)
            for known, names in every.items():
                row = {"name": known, "names": len(names)}
                tell(msgspec.json.encode(row) if as_json else f"{known}\t{len(names):,}")
            return
        names = lists.get(name)
    if as_json:
        click.echo(msgspec.json.encode({"name": name, "names": names}))
        return
    for entry in names:
        tell(entry)


@list_.command()
@click.argument("name", shell_complete=list_names)
@click.argument("names", nargs=-1, metavar="[ENTRY]...")
@_FILE
@click.option("--remove", "removed", multiple=True, metavar="ENTRY", help="Take this name out; repeatable.")
def edit(name: str, names: tuple[str, ...], file: Path | None, removed: tuple[str, ...]) -> None:
    """Add entries to the list NAME, or take some out."""
    from pipeline.wiring import services

    entries = [*names, *_read(file)]
    if not entries and not removed:
        raise UsageError("Say what to change: entries to add, --file, or --remove ENTRY.")
    with open_kept_store() as store:
        count = services.lists(store).edit(name, entries, removed)
    click.echo(f"{name}: {count:,} name{'s' if count != 1 else ''}.")


@list_.command()
@click.argument("name", shell_complete=list_names)
def remove(name: str) -> None:
    """Drop a list that no alert and no saved search uses."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        services.lists(store).remove(name)


def _read(file: Path | None) -> list[str]:
    from pipeline.services.lists import read_names

    if file is None:
        return []
    try:
        return read_names(read_given(file).decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise UsageError(f"{file} cannot be read: {not_utf8(exc)}.") from exc
