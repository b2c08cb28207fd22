"""`newswire search`: find articles, count them, keep the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.commands.context import open_store, saved_searches
from pipeline.errors import UsageError
from pipeline.views.lines import article_line

if TYPE_CHECKING:
    from pipeline.model import Document
    from pipeline.ports.search import SearchPage, SearchRequest
    from pipeline.query.tree import Query
    from pipeline.wiring.stores import Store

FACETS = ("source", "language", "day", "tag", "story", "actor", "place", "event")
PAGE = 200
BAR_WIDTH = 40
_Row = Mapping[str, str | int | float]


@click.command()
@click.argument("query", required=False)
@click.option("--sort", type=click.Choice(("newest", "best")), default="newest", show_default=True)
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Find at most this many.")
@click.option("--cursor", help="Go on after an earlier page.")
@click.option("--copies", is_flag=True, help="Show every copy of an article, not the original alone.")
@click.option("--like", metavar="ID|URL", help="Find articles about the same as this one, best first.")
@click.option("--facets", type=click.Choice(FACETS), help="Count the articles by this instead of listing them.")
@click.option("--timeline", is_flag=True, help="Count them by day, with their share of all coverage.")
@click.option("--save", metavar="NAME", help="Keep the query; search:NAME stands for it in others.")
@click.option("--forget", metavar="NAME", help="Drop a saved search.")
@click.option("--saved", is_flag=True, help="List the saved searches.")
@click.option("--json", "form", flag_value="json", help="Print one JSON object per line; the last has the cursor.")
@click.option("--csv", "form", flag_value="csv", help="Print a table for spreadsheets.")
@click.option("--atom", "form", flag_value="atom", help="Print an Atom feed.")
@click.pass_context
def search(
    ctx: click.Context,
    query: str | None,
    sort: str,
    limit: int,
    cursor: str | None,
    copies: bool,
    like: str | None,
    facets: str | None,
    timeline: bool,
    save: str | None,
    forget: str | None,
    saved: bool,
    form: str | None,
) -> None:
    """Find articles.

    QUERY: words, "exact phrases", AND OR NOT ( ), word*, word~, "a b"~5, title:word, source:bbc, lang:en,
    published:2022-02-01..2022-02-28, last:7d, origins>=2, event:CONSULT actor:lavrov, said:peskov, search:NAME.
    Without QUERY, everything. Newest first.
    """
    from pipeline.commands.show import find_article
    from pipeline.commands.stories import with_merged_stories
    from pipeline.ports.search import SearchRequest
    from pipeline.wiring.stores import clock

    with open_store() as store:
        if saved or forget:
            _list_or_forget(store, forget, form)
            return
        now = clock()
        parsed = _parse(store, query)
        if parsed is not None:
            parsed = with_merged_stories(store, parsed)
        if save:
            _save(store, save, query)
        request = SearchRequest(query=parsed, now=now, limit=min(limit, PAGE), sort=sort, copies=copies, cursor=cursor)
        if facets or timeline:
            found = _print_facets(store, request, facets, form) if facets else _print_timeline(store, request, form)
        elif like:
            document = find_article(store, like, now)
            if document is None:
                raise UsageError(f"There is no article {like}; `newswire search` shows the ids.")
            page = store.index.similar(document, request)
            found = _print(page.documents[:limit], page, parsed, now, form)
        else:
            documents, page = _collect(store, request, limit)
            found = _print(documents, page, parsed, now, form)
    if not found:
        ctx.exit(1)


def _parse(store: Store, text: str | None) -> Query | None:
    from pipeline.query.parser import parse

    if not text or not text.strip():
        return None
    return parse(text, saved_searches(store, text))


def _save(store: Store, name: str, query: str | None) -> None:
    if not query:
        raise UsageError("Give the query that --save is to keep.")
    if not name.isidentifier():
        raise UsageError(f"{name!r} cannot name a saved search; use letters, digits and _, beginning with a letter.")
    store.searches.put(name, query.encode())


def _list_or_forget(store: Store, forget: str | None, form: str | None) -> None:
    searches = saved_searches(store)
    if forget:
        if forget not in searches:
            raise UsageError(f"There is no saved search {forget!r}; `newswire search --saved` lists them.")
        store.searches.put(forget, None)
        return
    for name, text in searches.items():
        click.echo(msgspec.json.encode({"name": name, "query": text}) if form == "json" else f"{name}\t{text}")


def _collect(store: Store, request: SearchRequest, limit: int) -> tuple[list[Document], SearchPage]:
    """Take as many pages as the limit needs."""
    documents: list[Document] = []
    while True:
        page = store.index.search(request)
        documents += page.documents
        if page.cursor is None or len(documents) >= limit:
            return documents, page
        request = msgspec.structs.replace(request, cursor=page.cursor, limit=min(PAGE, limit - len(documents)))


def _print(
    documents: list[Document] | tuple[Document, ...],
    page: SearchPage,
    query: Query | None,
    now: datetime,
    form: str | None,
) -> bool:
    from pipeline.views.results import atom_feed, csv_table, json_lines, result_lines

    if form == "atom":
        click.echo(atom_feed(documents, query, now))
    elif form == "csv":
        click.echo(csv_table(documents, query, now), nl=False)
    elif form == "json":
        for entry in json_lines(documents, query, now, page.cursor):
            click.echo(entry)
    else:
        for document in documents:
            click.echo(article_line(document))
            for line in result_lines(document, query, now):
                click.echo(line)
        _print_footer(len(documents), page)
    return bool(documents)


def _print_footer(shown: int, page: SearchPage) -> None:
    """Tell a person how much there is; a pipe gets the articles alone."""
    if not click.get_text_stream("stdout").isatty():
        return
    total = f"about {page.total:,}" if page.estimated else f"{page.total:,}"
    line = f"{shown:,} of {total} articles."
    if page.cursor:
        line += f" More: --cursor {page.cursor}"
    click.secho(line, fg="bright_black")


def _print_facets(store: Store, request: SearchRequest, field: str, form: str | None) -> bool:
    counts = store.index.facets(request, field, limit=request.limit)
    rows: list[_Row] = [{"value": count.value, "documents": count.documents} for count in counts]
    return _print_rows(rows, form, lambda row: f"{row['documents']:>8,}  {row['value']}")


def _print_timeline(store: Store, request: SearchRequest, form: str | None) -> bool:
    days = store.index.timeline(request)
    most = max((day.documents for day in days), default=1)
    rows: list[_Row] = [
        {"day": day.day, "documents": day.documents, "all": day.all, "share": round(day.share, 6)} for day in days
    ]

    def line(row: _Row) -> str:
        bar = "█" * max(1, round(BAR_WIDTH * int(row["documents"]) / most))
        return f"{row['day']}  {row['documents']:>7,}  {row['share']:>7.2%}  {click.style(bar, fg='cyan')}"

    return _print_rows(rows, form, line)


def _print_rows(
    rows: Sequence[_Row],
    form: str | None,
    line: Callable[[_Row], str],
) -> bool:
    from pipeline.views.results import csv_rows

    if form == "atom":
        raise UsageError("An Atom feed holds articles; print counts with --json or --csv.")
    if form == "csv":
        click.echo(csv_rows(list(rows[0]) if rows else [], [list(row.values()) for row in rows]), nl=False)
        return bool(rows)
    for row in rows:
        click.echo(msgspec.json.encode(row) if form == "json" else line(row))
    return bool(rows)
