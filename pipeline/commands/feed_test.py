"""The step-by-step explanation behind `newswire feed test`."""

from __future__ import annotations

import asyncio

import click

from connectors.document import HtmlPageError
from connectors.feed import NotAFeedError, ParsedFeed
from connectors.fulltext import PageError
from connectors.http import Fetched, Fetcher, FetchError
from connectors.pages import Pages
from connectors.parser import Parser
from connectors.schedule import interval_s
from connectors.subscription import Subscription, headers_for
from connectors.websub import offered, page_links
from pipeline.bootstrap import clock
from pipeline.commands.lines import shorten
from pipeline.model import Article
from pipeline.runners.find import candidates_on

SHOWN = 3


async def explain(fetcher: Fetcher, parser: Parser, asked: Subscription, pages: Pages | None = None) -> bool:
    """Print each step of fetching and reading a feed; return whether it is one that can be followed.

    With ``pages`` the first entries are tried for full text.
    """
    url = asked.url
    try:
        fetched = await fetcher.fetch(url, headers_for(asked, url), proxy=asked.proxy)
    except FetchError as exc:
        _step(False, f"fetch ({exc.kind})", str(exc))
        return False
    size = len(fetched.body or b"")
    _step(True, "fetch", f"{fetched.status}, {size:,} bytes, {fetched.content_type or 'no Content-Type'}")
    if fetched.url != url:
        _step(True, "redirect", f"{fetched.url} ({'permanent' if fetched.moved_to else 'temporary'})")
    conditional = [name for name in ("etag", "last-modified") if name in fetched.headers]
    _step(True, "conditional GET", ", ".join(conditional) or "no validators; unchanged bodies are told by their hash")
    try:
        parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
    except HtmlPageError as exc:
        _step(False, "parse", str(exc))
        found = await candidates_on(parser, fetched)
        for candidate in found[:SHOWN]:
            click.echo(f"      try {candidate.url}  {candidate.title or ''}")
        if not found:
            click.echo("      The page offers no feed; look for an RSS link on the site.")
        offer = offered(fetched.headers.get("link"), fetched.url, *page_links(fetched.body or b"", fetched.url))
        if offer is not None:
            click.echo(f"      The page itself is pushed by {' and '.join(offer.hubs)}, its feed may be too.")
        return False
    except NotAFeedError as exc:
        _step(False, "parse", str(exc))
        return False
    _describe(fetched, parsed)
    if pages is not None:
        await _try_pages(pages, asked, parsed)
    return True


def _describe(fetched: Fetched, parsed: ParsedFeed) -> None:
    _step(True, "parse", f"{parsed.kind}: {parsed.title or 'without a title'}, {len(parsed.entries)} entries")
    for place, error in list(parsed.errors.items())[:SHOWN]:
        _step(False, f"entry {place + 1}", error)
    dated = [entry.published for entry in parsed.entries if entry.published]
    _step(bool(dated) or not parsed.entries, "dates", f"{len(dated)} of {len(parsed.entries)} entries are dated")
    for entry in parsed.entries[:SHOWN]:
        click.echo(f"      {entry.published or 'undated'}  {shorten(entry.title or entry.text or entry.html or '')}")
    offer = offered(fetched.headers.get("link"), fetched.url, parsed.hubs, parsed.topic)
    _step(True, "push", f"{' and '.join(offer.hubs)} pushes {offer.topic}" if offer else "no hub; it is polled")
    pace = interval_s(dated, fetched.headers, parsed.ttl_s, clock(), 300, 86_400)
    _step(True, "pace", f"about every {pace / 60:.0f} minutes")


async def _try_pages(pages: Pages, asked: Subscription, parsed: ParsedFeed) -> None:
    for entry in parsed.entries[:SHOWN]:
        article = Article(
            id="", source="", seen=clock(), url=entry.url, title=entry.title, text=entry.text, html=entry.html
        )
        try:
            verdict = (await pages.fill(article, headers_for(asked, article.url or ""), asked.proxy)).verdict
            detail = f"{entry.url}: {verdict.reason}" + ("" if verdict.better else "; the feed's own text is kept")
            _step(verdict.better, "full text", detail)
        except (FetchError, PageError) as exc:
            _step(False, "full text", str(exc))


def _step(ok: bool, name: str, detail: str) -> None:
    mark = click.style("ok  ", fg="green") if ok else click.style("FAIL", fg="red")
    click.echo(f"{mark}  {name}: {detail}")
