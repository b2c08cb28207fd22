"""A command that holds others."""

from __future__ import annotations

import click


class Group(click.Group):
    """Say which command was probably meant where there is none of the name that was given."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            from difflib import get_close_matches  # takes part of the start

            if near := get_close_matches(str(args[0]), self.list_commands(ctx), n=1):
                exc.message += f" Did you mean {near[0]!r}?"
            raise
