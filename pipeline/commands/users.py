"""`newswire user`: several readers, each with marks, alerts and searches of their own."""

from __future__ import annotations

import sys

import click
import msgspec

from pipeline.commands.context import open_kept_store, open_store, tell_of_nothing
from pipeline.commands.groups import Group
from pipeline.errors import UsageError


@click.group(cls=Group)
def user() -> None:
    """Let several readers in, each with marks, alerts and searches of their own."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(("reader", "editor", "admin")), default="reader", show_default=True,
              help="A reader reads and keeps alerts; an editor changes feeds, too; an admin all.")  # fmt: skip
@click.option("--no-password", is_flag=True, help="The reader comes in by tokens only: token add --user NAME.")
def add(name: str, role: str, no_password: bool) -> None:
    """Add a reader; the password is asked for, or read from standard input as one line. Its hash alone is kept."""
    from pipeline.services.readers import ROLES
    from pipeline.wiring import services

    password = "" if no_password else _password()
    with open_store() as store:
        services.readers(store).add(name, next(each for each in ROLES if each == role), password)
    click.echo(f"{name} may come in as {role}.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_users(as_json: bool) -> None:
    """List the readers by name."""
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        readers = services.readers(store).all()
        for each in readers:
            fields = {"name": each.name, "role": each.role, "created": each.created, "password": bool(each.password)}
            click.echo(msgspec.json.encode(fields) if as_json else f"{each.name}  {each.role}  {each.created:%Y-%m-%d}")
    if not readers:
        tell_of_nothing("There is no reader beside you; `newswire user add NAME` makes one.", as_json=as_json)


@user.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a reader with tokens, marks, alerts and searches; the feeds are everybody's and stay."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        services.remove_reader(store, name)
    click.echo(f"{name} is removed.")


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError("No password was given; --no-password makes a reader who comes in by tokens only.")
    return password
