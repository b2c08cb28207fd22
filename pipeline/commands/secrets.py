"""Options that take a secret from a file or a prompt: everybody on a machine sees what stands in a command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipeline.errors import UsageError
from pipeline.references import secret

Command = TypeVar("Command", bound=Callable[..., Any])


def secret_file(name: str, text: str) -> Callable[[Command], Command]:
    """Return an option whose value is what stands in the file it names, or is typed where it is ``-``."""
    return click.option(name, metavar="FILE", callback=_read, help=f"{text} from a file; - asks for it.")


def one_of(given: str | None, read: str | None, name: str) -> str | None:
    """Return the one of an option and its file that was given. Raises ``UsageError`` for both."""
    if given is not None and read is not None:
        raise UsageError(f"--{name} and --{name}-file exclude each other.")
    return given if read is None else read


def _read(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    name = option.opts[0]
    if value != "-":
        found = secret("file", value, name)
    elif sys.stdin.isatty():
        found = str(click.prompt(name.removeprefix("--").removesuffix("-file"), hide_input=True, err=True)).strip()
    else:
        found = sys.stdin.readline().strip()
    if not found:
        raise UsageError(f"{name}: there is nothing in {'what was typed' if value == '-' else value}.")
    return found
