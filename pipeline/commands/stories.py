"""`newswire story`: reports of the same happening, together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.context import open_store
from pipeline.commands.lines import article_line, shorten
from pipeline.model import Document

if TYPE_CHECKING:
    from pipeline.bootstrap import Store

PAGE = 500
GROWTH = timedelta(days=1)


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up a story: ``origins`` counts originals (copies of a text count once), ``growth`` those of the last day."""

    id: str
    label: str
    first_seen: datetime
    latest: datetime
    articles: int
    origins: int
    growth: int
    sources: tuple[str, ...]


@click.group()
def story() -> None:
    """List and show stories: reports of the same happening."""


@story.command("list")
@click.argument("query", required=False)
@click.option("--days", type=click.IntRange(1), default=7, show_default=True, help="Look at articles this recent.")
@click.option("--least", type=click.IntRange(1), default=2, show_default=True, help="With this many articles or more.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Show this many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_stories(query: str | None, days: int, least: int, limit: int, as_json: bool) -> None:
    """List stories, the largest first; QUERY narrows the articles looked at."""
    from pipeline.bootstrap import clock

    with open_store() as store:
        documents = _documents(store, f"last:{days}d" + (f" ({query})" if query else ""))
    lines = [line for line in summed_up(documents, clock()) if line.articles >= least]
    lines.sort(key=lambda line: (-line.origins, -line.articles, line.id))
    for line in lines[:limit]:
        click.echo(msgspec.json.encode(line) if as_json else _text(line))
    if not lines:
        raise click.exceptions.Exit(1)


@story.command()
@click.argument("story_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(story_id: str, as_json: bool) -> None:
    """Show one story with its articles, oldest first."""
    from pipeline.bootstrap import clock

    with open_store() as store:
        documents = sorted(_documents(store, f"story:{story_id}"), key=lambda d: (d.published or d.seen, d.id))
    found = summed_up(documents, clock())
    if not found:
        click.echo(f"There is no story {story_id}; `newswire story list` shows those there are.", err=True)
        raise click.exceptions.Exit(1)
    if as_json:
        click.echo(msgspec.json.encode({"story": found[0], "articles": documents}))
        return
    click.echo(_text(found[0]))
    for document in documents:
        click.echo("  " + article_line(document))


def summed_up(documents: Iterable[Document], now: datetime) -> list[StoryLine]:
    """Sum up the stories of some documents. The label is the title of the earliest original."""
    grouped: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if document.story_id:
            grouped[document.story_id].append(document)
    lines = []
    for story_id, members in grouped.items():
        members.sort(key=lambda d: (d.published or d.seen, d.id))
        originals = [member for member in members if member.duplicate_of is None] or members[:1]
        moments = [member.published or member.seen for member in members]
        lines.append(
            StoryLine(
                id=story_id,
                label=originals[0].title or shorten(originals[0].text or ""),
                first_seen=min(member.seen for member in members),
                latest=moments[-1],
                articles=len(members),
                origins=len(originals),
                growth=sum(moment >= now - GROWTH for moment in moments),
                sources=tuple(sorted({member.source for member in members})),
            )
        )
    return lines


def _documents(store: Store, query: str) -> list[Document]:
    from pipeline.bootstrap import clock
    from pipeline.language.grammar import parse
    from pipeline.ports import SearchRequest

    found: list[Document] = []
    cursor = None
    while True:
        request = SearchRequest(query=parse(query), now=clock(), limit=PAGE, copies=True, cursor=cursor)
        page = store.index.search(request)
        found += page.documents
        cursor = page.cursor
        if cursor is None:
            return found


def _text(line: StoryLine) -> str:
    counts = f"{line.articles} articles, {line.origins} origins, {line.growth} in the last day"
    return f"{click.style(line.id[:8], fg='bright_black')}  {shorten(line.label)}  [{counts}]"
