"""`newswire token`: who may ask the API, and from other machines."""

from __future__ import annotations

import click
import msgspec

from pipeline.commands.context import open_kept_store, open_store, tell_of_nothing
from pipeline.commands.groups import Group


@click.group(cls=Group)
def token() -> None:
    """Let programs and other machines in by tokens."""


@token.command()
@click.argument("name")
@click.option("--scope", type=click.Choice(("read", "own", "write", "admin")), default="read", show_default=True,
              help="What it may do: own adds marks, alerts and searches, write the feeds, admin all.")  # fmt: skip
@click.option("--user", default="", metavar="NAME", help="Whose marks, alerts and searches are meant.")
def add(name: str, scope: str, user: str) -> None:
    """Make a token and print it, for the only time: only its hash is kept."""
    from pipeline.services.access import SCOPES
    from pipeline.wiring import services

    with open_store() as store:
        owner = services.owner_of_token(store, user, scope)
        click.echo(services.access(store).add(name, next(each for each in SCOPES if each == scope), owner))


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_tokens(as_json: bool) -> None:
    """List the tokens by name; what they are is nowhere kept."""
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        tokens = services.access(store).tokens()
        for each in tokens:
            fields = {"name": each.name, "scope": each.scope, "user": each.owner, "created": each.created}
            click.echo(
                msgspec.json.encode(fields)
                if as_json
                else f"{each.name}  {each.scope}  {each.created:%Y-%m-%d}  {each.owner}".rstrip()
            )
    if not tokens:
        tell_of_nothing("There is no token; `newswire token add NAME` makes one.", as_json=as_json)


@token.command()
@click.argument("name")
def remove(name: str) -> None:
    """Let a token be worth nothing from now on."""
    from pipeline.wiring import services

    with open_kept_store() as store:
        services.access(store).remove(name)
    click.echo(f"{name} is removed.")
