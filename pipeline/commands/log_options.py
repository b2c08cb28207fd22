"""The options by which whatever runs for long says how it writes its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def log_options(command: Command) -> Command:
    """Give a command ``--log-format`` and ``--log-level``, which take effect before it begins."""
    command = click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        expose_value=False,
        callback=_remember,
        help="What is written to standard error about the work; info has a line per outcome.",
    )(command)
    return click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        expose_value=False,
        callback=_remember,
        help="How it is written: text, which journald reads too, or one JSON object per line.",
    )(command)


def _remember(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    from pipeline.wiring import logs

    asked: dict[str, str] = ctx.meta.setdefault("newswire.log", {})
    asked[option.name or ""] = value
    form = asked.get("log_format", "text")
    logs.set_up("json" if form == "json" else "text", asked.get("log_level", "info"))
