"""`newswire web`: the page and the API alone, over either runtime."""

from __future__ import annotations

from functools import partial

import click
import msgspec

from pipeline.commands.context import current_settings


@click.command()
@click.option("--listen", metavar="ADDRESS:PORT", help="Where to serve it, instead of what the settings say.")
def web(listen: str | None) -> None:
    """Serve the page and the API alone.

    On another address than this machine's own, a password (password under [web]) or a token is needed.
    Stop with Ctrl-C.
    """
    from pipeline.wiring import web as wiring

    settings = current_settings()
    if listen:
        settings = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, listen=listen))
    wiring.serve(settings, partial(click.echo, err=True))
