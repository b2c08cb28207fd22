"""`newswire search`: find articles, count them, keep the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipeline.commands.context import open_kept_store, open_store, tell_of_nothing
from pipeline.commands.names import search_names
from pipeline.commands.screen import long_option, tell, width
from pipeline.errors import UsageError
from pipeline.ports.search import FACETS

if TYPE_CHECKING:
    from pipeline.ports.search import SearchRequest
    from pipeline.services.articles import Articles
    from pipeline.wiring.stores import Store


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
@click.option("--forget", metavar="NAME", shell_complete=search_names, help="Drop a saved search.")
@click.option("--saved", is_flag=True, help="List the saved searches.")
@click.option("--more", is_flag=True, help="Go on where the last search on this store ended.")
@long_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line; the last has the cursor.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for spreadsheets.")
@click.option("--atom", "as_atom", is_flag=True, help="Print an Atom feed.")
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
    more: bool,
    long_form: bool,
    as_json: bool,
    as_csv: bool,
    as_atom: bool,
) -> None:
    """Find articles.

    QUERY: words, "exact phrases", AND OR NOT ( ), word*, *ending, word~, "a b"~5, =US (these very letters), /regex/,
    title:word, source:bbc, site:example.org, lang:en, published:2022-02-01..2022-02-28, after:yesterday, last:7d,
    is:copy, origins>=2, event:CONSULT actor:lavrov, said:peskov, list:NAME, search:NAME.
    Without QUERY, everything. Newest first.
    """
    from pipeline.commands.last_search import LastSearch, recall, remember
    from pipeline.query.hints import hints
    from pipeline.services.articles import COUNTED
    from pipeline.views.results import footer, found_parts, listed_parts
    from pipeline.wiring import services

    form = one_or_none("json" * as_json, "csv" * as_csv, "atom" * as_atom)
    one_or_none("facets" * bool(facets), "timeline" * timeline, "like" * bool(like))
    if more:
        one_or_none("more", "cursor" * bool(cursor))
        if query is not None:
            raise UsageError("--more goes on with the last query; leave this one out, or --more.")
        last = recall()
        query, sort, copies, cursor = last.query, last.sort, last.copies, last.cursor
    columns = width(long_form)
    with open_kept_store() if forget else open_store(reading=not save) as store:
        if saved or forget:
            _list_or_forget(store, forget, form)
            return
        articles = services.articles(store)
        request = articles.request(query, limit=limit, sort=sort, copies=copies, cursor=cursor, counted=COUNTED)
        if save:
            services.saved_searches(store).keep(save, query)
        if facets or timeline:
            if form == "atom":
                raise UsageError("An Atom feed holds articles; print counts with --json or --csv.")
            found = _print_counts(articles, request, facets, form)
        else:
            page = articles.similar(like, request) if like else articles.search(request)
            shown = form is None and columns is not None
            parts = (
                listed_parts(page, request.query, request.now, columns, by_day=sort == "newest" and not like)
                if shown and columns is not None
                else found_parts(page, request.query, request.now, form)
            )
            for part in parts:
                click.echo(part, nl=False)
            if form is None and click.get_text_stream("stdout").isatty():
                tell(click.style(footer(page), fg="bright_black"))
            if form is None and not like:
                remember(LastSearch(query=query, sort=sort, copies=copies, cursor=page.cursor))
            found = bool(page.documents)
    if not found:
        for hint in hints(request.query) if request.query else ():
            click.echo(hint, err=True)
        if form is None:
            tell_of_nothing("Nothing found.", as_json=False)
        ctx.exit(1)


def one_or_none(*names: str) -> str | None:
    """Return the option that was given, of several that exclude each other. Raises ``UsageError`` for two."""
    given = [name for name in names if name]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other; give one of them.")
    return given[0] if given else None


def _print_counts(articles: Articles, request: SearchRequest, facet: str | None, form: str | None) -> bool:
    from pipeline.views.tables import count_table, day_table

    if facet:
        counts = articles.facets(request, facet)
        click.echo(count_table(counts, form), nl=False)
        return bool(counts)
    days = articles.timeline(request)
    click.echo(day_table(days, form, width()), nl=False)
    return bool(days)


def _list_or_forget(store: Store, forget: str | None, form: str | None) -> None:
    from pipeline.views.lines import saved_search
    from pipeline.wiring import services

    searches = services.saved_searches(store)
    if forget:
        searches.forget(forget)
        return
    if not (kept := searches.all()):
        tell_of_nothing("No search is saved; `newswire search --save NAME QUERY` saves one.", as_json=form == "json")
    for name, text in kept.items():
        tell(saved_search(name, text, form))
