"""Whether a person looks at a command's answer, and how wide their screen is."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def long_option(command: Command) -> Command:
    """Give a command ``--long``: on a terminal, too, one line an entry as in a pipe."""
    return click.option("--long", "long_form", is_flag=True, help="One full line each, as when it is not a terminal.")(
        command
    )


def width(long_form: bool = False) -> int | None:
    """Return how many columns there are to write in; ``None`` where no person looks, or the long form is asked for."""
    from pipeline.views.screen import usable

    if long_form or not sys.stdout.isatty():
        return None
    return usable(shutil.get_terminal_size().columns)


def page(lines: Iterable[str]) -> None:
    """Print lines, through a pager where they are more than the terminal shows at once."""
    lines = list(lines)
    if sys.stdout.isatty() and len(lines) >= shutil.get_terminal_size().lines:
        click.echo_via_pager("\n".join(lines) + "\n")
        return
    for line in lines:
        click.echo(line)


def tell(line: str | bytes, indent: int = 2) -> None:
    """Print a line; on a terminal one that is longer goes on below, between words and further in."""
    columns = width() if isinstance(line, str) else None
    if columns is None:
        click.echo(line)
        return
    from pipeline.views.screen import hang

    for part in str(line).split("\n"):
        for each in hang(part, columns, indent):
            click.echo(each)
