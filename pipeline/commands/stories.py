"""`newswire story`: reports of the same happening, together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.context import open_store, tell_of_nothing
from pipeline.commands.groups import Group
from pipeline.commands.screen import long_option, page, tell, width
from pipeline.errors import NotFoundError

if TYPE_CHECKING:
    from pipeline.services.stories import Sort, State

SORTS = ("size", "growth", "newest")


@click.group(cls=Group)
def story() -> None:
    """List and show stories: reports of the same happening."""


@story.command("list")
@click.argument("query", required=False)
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=7, show_default=True, help="Look at articles this recent."
)
@click.option(
    "--least", type=click.IntRange(1, 1_000_000), default=2, show_default=True, help="With this many articles or more."
)
@click.option(
    "--origins", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="With this many origins or more."
)
@click.option("--state", type=click.Choice(("open", "closed")), help="Only stories that still grow, or no more.")
@click.option("--sort", type=click.Choice(SORTS), default="size", show_default=True, help="What comes first.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Show this many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@long_option
def list_stories(
    query: str | None,
    days: int,
    least: int,
    origins: int,
    state: State | None,
    sort: Sort,
    limit: int,
    as_json: bool,
    long_form: bool,
) -> None:
    """List stories, the largest first; QUERY chooses those with an article it finds."""
    from pipeline.views.stories import story_line
    from pipeline.views.story_listing import story_listing
    from pipeline.wiring import services
    from pipeline.wiring.stores import clock

    columns = width(long_form or as_json)
    with open_store(reading=True) as store:
        found = services.stories(store).find(
            query, days=days, least=least, origins=origins, state=state, sort=sort, limit=limit
        )
    if columns is not None:
        page(part for line in found.lines for part in story_listing(line, clock(), columns))
    else:
        for line in found.lines:
            click.echo(msgspec.json.encode(line) if as_json else story_line(line))
    if found.estimated:
        click.echo("Some stories may be missing or incomplete; narrow the query, or ask again later.", err=True)
    if not found.lines:
        none = "No such story." if query or state or origins > 1 else f"No story of these days has {least} articles."
        tell_of_nothing(none, as_json=as_json)
        raise click.exceptions.Exit(1)


@story.command()
@click.argument("story_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(story_id: str, as_json: bool) -> None:
    """Show one story with its articles, oldest first.

    ID may be the first letters of an id, as lists print it, or the id of a story that was merged into another.
    """
    from pipeline.views.stories import story_json, story_lines
    from pipeline.wiring import services

    with open_store(reading=True) as store:
        found = services.stories(store).get(story_id)
    if found is None:
        raise NotFoundError(f"There is no story {story_id}; `newswire story list` shows those there are.")
    if as_json:
        click.echo(story_json(*found))
        return
    for line in story_lines(*found):
        tell(line)
