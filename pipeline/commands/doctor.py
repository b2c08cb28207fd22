"""`newswire doctor`: check that everything needed is there and works."""

from __future__ import annotations

import click
import msgspec

from pipeline.commands.context import current_settings
from pipeline.commands.screen import tell


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def doctor(as_json: bool) -> None:
    """Check that everything needed is there and works.

    Exits with 1 when something is not.
    """
    from pipeline.views.lines import check_line
    from pipeline.wiring.checks import checks

    healthy = True
    for check in checks(current_settings()):
        healthy = healthy and check.ok
        tell(msgspec.json.encode(check) if as_json else check_line(check.name, check.ok, check.detail), indent=6)
    if not healthy:
        raise click.exceptions.Exit(1)
