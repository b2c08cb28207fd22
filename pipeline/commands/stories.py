"""`newswire story`: reports of the same happening, together."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import click
import msgspec

from pipeline.commands.context import open_store
from pipeline.errors import UsageError
from pipeline.language.shorten import shorten
from pipeline.model import Document
from pipeline.views.lines import article_line

if TYPE_CHECKING:
    from pipeline.query.tree import AnyNode, Query
    from pipeline.wiring.stores import Store

PAGE = 500
# So many of the largest stories are looked at; filters choose among them.
LOOKED_AT = 200
RECENT = timedelta(hours=6)
SORTS = ("size", "growth", "newest")
# A story is labelled by the titles of so many reports and so many words of each text.
LABELLED_BY = 100
LEAD_WORDS = 60
SHORT_TITLE = 4
# Questions and what somebody said are not what happened.
_VOICE = re.compile(r"[?？؟¿]|^\W*[\"“”„«»‘「『]|: [\"“„«‘「『]")
VOICE = 0.6
# The first reports say what happened, later ones what followed.
LATER = 0.3


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up a story.

    ``origins`` counts originals: all copies of a text count once. ``per_hour`` is the number of articles an hour within
    the last six hours, ``per_hour_before`` within the six before them, ``growth`` the difference. A story is closed
    from the moment it has been quiet for three days. ``merged`` are the stories that turned out to be this one.
    """

    id: str
    label: str
    state: Literal["open", "closed"]
    first_seen: datetime
    latest: datetime
    closed: datetime | None
    articles: int
    origins: int
    per_hour: float
    per_hour_before: float
    growth: float
    sources: tuple[str, ...]
    merged: tuple[str, ...]


@click.group()
def story() -> None:
    """List and show stories: reports of the same happening."""


@story.command("list")
@click.argument("query", required=False)
@click.option("--days", type=click.IntRange(1), default=7, show_default=True, help="Look at articles this recent.")
@click.option("--least", type=click.IntRange(1), default=2, show_default=True, help="With this many articles or more.")
@click.option("--origins", type=click.IntRange(1), default=1, show_default=True, help="With this many origins or more.")
@click.option("--state", type=click.Choice(("open", "closed")), help="Only stories that still grow, or no more.")
@click.option("--sort", type=click.Choice(SORTS), default="size", show_default=True, help="What comes first.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Show this many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_stories(
    query: str | None,
    days: int,
    least: int,
    origins: int,
    state: str | None,
    sort: str,
    limit: int,
    as_json: bool,
) -> None:
    """List stories, the largest first; QUERY chooses those with an article it finds."""
    from pipeline.wiring.stores import clock

    with open_store() as store:
        ids = _largest(store, f"last:{days}d" + (f" ({query})" if query else ""), max(LOOKED_AT, limit))
        lines = summed_up(_documents(store, ids), clock())
    lines = [
        line
        for line in lines
        if line.articles >= least and line.origins >= origins and (state is None or line.state == state)
    ]
    lines.sort(key=lambda line: (*_rank(line, sort), line.id))
    for line in lines[:limit]:
        click.echo(msgspec.json.encode(line) if as_json else _text(line))
    if not lines:
        raise click.exceptions.Exit(1)


@story.command()
@click.argument("story_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(story_id: str, as_json: bool) -> None:
    """Show one story with its articles, oldest first.

    ID may be the first letters of an id, as lists print it, or the id of a story that was merged into another.
    """
    from pipeline.wiring.stores import clock

    with open_store() as store:
        documents = _documents(store, same_story(store, story_id))
    found = summed_up(documents, clock())
    if not found:
        click.echo(f"There is no story {story_id}; `newswire story list` shows those there are.", err=True)
        raise click.exceptions.Exit(1)
    if len(found) > 1:
        raise UsageError(f"More than one story's id begins with {story_id}; give more of it.")
    (line,) = found
    if as_json:
        click.echo(msgspec.json.encode({"story": line, "articles": documents}))
        return
    click.echo(_text(line))
    for merged in line.merged:
        click.echo(f"  Story {merged} turned out to be this one.")
    if line.closed is not None:
        click.echo(f"  Closed {line.closed.astimezone():%Y-%m-%d %H:%M}, after three quiet days.")
    for document in documents:
        click.echo("  " + article_line(document))


def summed_up(documents: Iterable[Document], now: datetime) -> list[StoryLine]:
    """Sum up the stories of some documents, merged ones as one."""
    from pipeline.stages.deduplicate.stories import closes, reported

    documents = list(documents)
    into = _survivors(documents)
    grouped: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if document.story_id:
            grouped[into.get(document.story_id, document.story_id)].append(document)
    lines = []
    for story_id, members in grouped.items():
        members.sort(key=_by_time)
        moments = [reported(member.published, member.seen) for member in members]
        recent = sum(moment > now - RECENT for moment in moments)
        before = sum(now - RECENT >= moment > now - 2 * RECENT for moment in moments)
        hours = RECENT.total_seconds() / 3600
        closed = closes(max(moments), now)
        lines.append(
            StoryLine(
                id=story_id,
                label=_label([member for member in members if member.duplicate_of is None] or members),
                state="open" if closed is None else "closed",
                first_seen=min(member.seen for member in members),
                latest=max(moments),
                closed=closed,
                articles=len(members),
                origins=len({member.duplicate_of or member.id for member in members}),
                per_hour=round(recent / hours, 2),
                per_hour_before=round(before / hours, 2),
                growth=round((recent - before) / hours, 2),
                sources=tuple(sorted({member.source for member in members})),
                merged=tuple(sorted(gone for gone, kept in into.items() if kept == story_id)),
            )
        )
    return lines


def same_story(store: Store, story_id: str) -> list[str]:
    """Return the ids of stories that are one with this one (or that begin with it): its own and all merged."""
    from pipeline.query.tree import Keyword

    if len(story_id) < 4:
        raise UsageError(f"{story_id!r} is too short to tell stories apart; give four letters of the id or more.")
    value = story_id.casefold()
    first = _search(store, Keyword(name="story", value=value, prefix=len(value) < 32))
    ids = {document.story_id for document in first if document.story_id and document.story_id.startswith(value)}
    ids |= {merged for document in first for merged in document.merged if merged.startswith(value)}
    return sorted(_connected(store, ids))


def with_merged_stories(store: Store, query: Query) -> Query:
    """Return a query in which ``story:`` stands for all stories that turned out to be that one."""
    from pipeline.query.tree import Keyword, Or

    def widened(node: AnyNode) -> AnyNode:
        if isinstance(node, Keyword) and node.name == "story" and len(node.value) >= 4:
            ids = same_story(store, node.value)
            same = tuple(Keyword(name="story", value=each, column=node.column) for each in ids)
            return Or(nodes=same) if len(same) > 1 else node
        if hasattr(node, "nodes"):
            return msgspec.structs.replace(node, nodes=tuple(map(widened, node.nodes)))
        if hasattr(node, "node"):
            return msgspec.structs.replace(node, node=widened(node.node))
        return node

    return msgspec.structs.replace(query, root=widened(query.root)) if "story:" in query.text.casefold() else query


def _survivors(documents: Sequence[Document]) -> dict[str, str]:
    """Return for each merged story the one that goes on."""
    into = {gone: document.story_id for document in documents for gone in document.merged if document.story_id}
    for gone in into:
        while into[gone] in into:
            into[gone] = into[into[gone]]
    return into


def _connected(store: Store, ids: set[str]) -> set[str]:
    """Follow merges both ways, however often."""
    known: set[str] = set()
    while new := ids - known:
        known |= new
        for document in _documents(store, sorted(new)):
            ids |= {document.story_id or "", *document.merged} - {""}
    return ids


def _largest(store: Store, query: str, limit: int) -> list[str]:
    from pipeline.ports.search import SearchRequest
    from pipeline.query.parser import parse
    from pipeline.wiring.stores import clock

    request = SearchRequest(query=parse(query), now=clock(), copies=True)
    counts = store.index.facets(request, "story", limit)
    return sorted(_connected(store, {count.value for count in counts}))


def _documents(store: Store, ids: Sequence[str]) -> list[Document]:
    """Return the articles of some stories, the oldest first."""
    from pipeline.query.tree import Keyword, Or

    found: dict[str, Document] = {}
    for at in range(0, len(ids), 50):
        nodes = tuple(Keyword(name="story", value=each) for each in ids[at : at + 50])
        found |= {
            document.id: document for document in _search(store, nodes[0] if len(nodes) == 1 else Or(nodes=nodes))
        }
    return sorted(found.values(), key=_by_time)


def _search(store: Store, root: AnyNode) -> list[Document]:
    from pipeline.ports.search import SearchRequest
    from pipeline.query.tree import Query
    from pipeline.wiring.stores import clock

    found: list[Document] = []
    cursor = None
    while True:
        query = Query(text="story", root=root)
        page = store.index.search(SearchRequest(query=query, now=clock(), limit=PAGE, copies=True, cursor=cursor))
        found += page.documents
        cursor = page.cursor
        if cursor is None:
            return found


def _label(originals: Sequence[Document]) -> str:
    """Return the title that tells most of what the reports have in common; of two, the earlier."""
    from pipeline.language.tokens import analyse
    from pipeline.stages.deduplicate.weights import rarities

    titled = [document for document in originals if document.title][:LABELLED_BY]
    if not titled:
        return shorten(originals[0].text or "(no title)")
    titles = [set(analyse(document.title, document.language).stems) for document in titled]
    used: Counter[str] = Counter()
    for document, words in zip(titled, titles, strict=True):
        used.update(words | set(analyse(document.text, document.language).stems[:LEAD_WORDS]))
    rare = rarities(list(used), titled[0].language)

    def told(number: int) -> float:
        # What one report alone uses is not in common; a long title should tell more than a short one.
        common = sum((used[word] - 1) * rare[word] for word in titles[number])
        voice = VOICE if _VOICE.search(titled[number].title or "") else 1.0
        news = 1 - LATER * number / len(titled)
        return common * voice * news / math.sqrt(len(titles[number]) + SHORT_TITLE)

    best = max(range(len(titled)), key=lambda number: (round(told(number), 6), -number))
    return titled[best].title or ""


def _by_time(document: Document) -> tuple[datetime, str]:
    return document.published or document.seen, document.id


def _rank(line: StoryLine, sort: str) -> tuple[float, ...]:
    if sort == "growth":
        return -line.growth, -line.articles
    if sort == "newest":
        return (-line.latest.timestamp(),)
    return -line.origins, -line.articles


def _text(line: StoryLine) -> str:
    counts = f"{line.state}, {_count(line.articles, 'article')}, {_count(line.origins, 'origin')}"
    if line.per_hour or line.per_hour_before:
        counts += f", {line.per_hour:g} an hour ({line.growth:+g})"
    return f"{click.style(line.id[:8], fg='bright_black')}  {shorten(line.label)}  [{counts}]"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
