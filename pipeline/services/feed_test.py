"""The step-by-step explanation behind `newswire feed test`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from urllib.parse import urljoin

import msgspec

from connectors.door import FEED
from connectors.fetch.http import Fetched, Fetcher, FetchError
from connectors.formats.document import HtmlPageError
from connectors.formats.parsed import NotAFeedError, ParsedEntry, ParsedFeed
from connectors.pages.fulltext import PageError
from connectors.pages.pages import Pages
from connectors.polling.outcome import USUAL, Pace
from connectors.polling.parser import Parser
from connectors.polling.schedule import QUIET, asked_s, awake, interval_s
from connectors.polling.sources import Sources
from connectors.polling.splitting import entries_left_out
from connectors.polling.subscription import Subscription, headers_for, proxy_for
from connectors.websub import offered, page_links
from pipeline.language.shorten import shorten
from pipeline.model import Article
from pipeline.services.feed_health import duration
from pipeline.services.find_feeds import candidates_on

SHOWN = 3
ERRORS_SHOWN = 10


class Step(msgspec.Struct, frozen=True):
    """Tell what one step of fetching and reading found; ``more`` explains the step before."""

    name: str
    result: Literal["ok", "warn", "fail", "more"]
    detail: str


Tell = Callable[[Step], None]


async def explain(
    fetcher: Fetcher,
    parser: Parser,
    asked: Subscription,
    tell: Tell,
    now: datetime,
    pace: Pace = USUAL,
    pages: Pages | None = None,
    sources: Sources | None = None,
) -> bool:
    """Tell each step of fetching and reading a feed; return whether it is one that can be followed.

    With ``pages`` the first entries are tried for full text, with ``sources`` other connectors than that of feeds.
    """
    if sources is not None and (told := await _explain_other(sources, parser, asked, tell, now, pace)) is not None:
        return told
    fetched = await _fetched(fetcher, parser, asked, tell)
    if fetched is None:
        return False
    try:
        parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
    except HtmlPageError as exc:
        tell(Step("read", "fail", str(exc)))
        await _offer(parser, fetched, tell)
        return False
    except NotAFeedError as exc:
        tell(Step("read", "fail", str(exc)))
        return False
    await _ask_again(fetcher, asked, fetched, tell)
    _describe(fetched, parsed, asked, tell, now, pace)
    if pages is not None:
        await _try_pages(pages, asked, parsed, tell, now)
    return True


async def _explain_other(
    sources: Sources, parser: Parser, asked: Subscription, tell: Tell, now: datetime, pace: Pace
) -> bool | None:
    """Tell how an address is read that another connector than that of feeds reads; ``None`` where none does."""
    try:
        connector = sources.connector_of(asked)
        if connector.name == FEED:
            return None
        tell(Step("connector", "ok", connector.name))
        fetched = await sources.fetch(asked)
    except (FetchError, NotAFeedError) as exc:
        tell(Step(f"fetch ({exc.kind})" if isinstance(exc, FetchError) else "connector", "fail", str(exc)))
        return False
    body, kind = fetched.body or b"", fetched.content_type
    tell(Step("fetch", "ok", f"{fetched.status}, {len(body):,} bytes, {kind or 'no Content-Type'}"))
    try:
        parsed = await asyncio.to_thread(parser.parse, body, kind, fetched.url, sources.parse_of(asked))
    except NotAFeedError as exc:
        tell(Step("read", "fail", str(exc)))
        return False
    _describe(fetched, parsed, asked, tell, now, pace)
    return True


async def _fetched(fetcher: Fetcher, parser: Parser, asked: Subscription, tell: Tell) -> Fetched | None:
    hops: list[str] = []

    async def follow(url: str) -> None:
        if hops:
            tell(Step("redirect", "ok", url))
        hops.append(url)

    try:
        fetched = await fetcher.fetch(asked.url, headers_for(asked, asked.url), permit=follow, proxy=proxy_for(asked))
    except FetchError as exc:
        tell(Step(f"fetch ({exc.kind})", "fail", str(exc)))
        if exc.retry_after_s:
            tell(Step("", "more", f"It asks to wait {duration(exc.retry_after_s)}."))
        if exc.status in (404, 410):
            await _look_around(fetcher, parser, asked, tell)
        return None
    if fetched.url != asked.url:
        how = "permanent: believed after three polls" if fetched.moved_to else "temporary: it stays at its own address"
        tell(Step("", "more", f"That is {how}."))
    size, kind = len(fetched.body or b""), fetched.content_type or "no Content-Type"
    tell(Step("fetch", "ok", f"{fetched.status}, {size:,} bytes, {kind}"))
    return fetched


async def _look_around(fetcher: Fetcher, parser: Parser, asked: Subscription, tell: Tell) -> None:
    """Tell which feeds the main page offers of the site that has lost this one."""
    home = urljoin(asked.url, "/")
    try:
        page = await fetcher.fetch(home, headers_for(asked, home), proxy=proxy_for(asked))
    except FetchError:
        return
    for candidate in (await candidates_on(parser, page))[:SHOWN]:
        tell(Step("", "more", f"{home} offers {candidate.url}  {candidate.title or ''}".rstrip()))


async def _offer(parser: Parser, fetched: Fetched, tell: Tell) -> None:
    """Tell which feeds a page offers."""
    found = await candidates_on(parser, fetched)
    for candidate in found[:SHOWN]:
        tell(Step("", "more", f"try {candidate.url}  {candidate.title or ''}".rstrip()))
    if not found:
        tell(Step("", "more", "The page offers no feed; look for an RSS link on the site."))
    offer = offered(fetched.headers.get("link"), fetched.url, *page_links(fetched.body or b"", fetched.url))
    if offer is not None:
        tell(Step("", "more", f"The page itself is pushed by {' and '.join(offer.hubs)}, its feed may be too."))


async def _ask_again(fetcher: Fetcher, asked: Subscription, fetched: Fetched, tell: Tell) -> None:
    """Ask for the feed as the next poll will, to see whether its server knows that nothing has changed."""
    asking = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    validators = {asking[name]: fetched.headers[name] for name in asking if name in fetched.headers}
    if not validators:
        tell(Step("unchanged", "ok", "the server gives no ETag or Last-Modified; equal bodies are told by their hash"))
        return
    try:
        again = await fetcher.fetch(fetched.url, headers_for(asked, fetched.url) | validators, proxy=proxy_for(asked))
    except FetchError as exc:
        tell(Step("unchanged", "warn", f"asked again with {' and '.join(validators)}: {exc}"))
        return
    told = "304, nothing is sent twice" if again.status == 304 else f"{again.status}, all is sent each time"
    tell(
        Step(
            "unchanged", "ok" if again.status == 304 else "warn", f"asked again with {' and '.join(validators)}: {told}"
        )
    )


def _describe(fetched: Fetched, parsed: ParsedFeed, asked: Subscription, tell: Tell, now: datetime, pace: Pace) -> None:
    entries = parsed.entries
    tell(Step("read", "ok", f"{parsed.kind}: {parsed.title or 'without a title'}, {len(entries)} entries"))
    if parsed.flaw:
        rescued = f"what could be read was: {len(entries)} entries"
        tell(Step("", "more", f"It is ill-formed ({parsed.flaw}); {rescued}, tell its publisher."))
    if left_out := parsed.left_out or entries_left_out(fetched.body or b""):
        tell(Step("size", "warn", f"the {left_out:,} oldest entries are left out, it has too many to be read whole"))
    for place, error in list(parsed.errors.items())[:ERRORS_SHOWN]:
        tell(Step(f"entry {place + 1}", "warn", f"cannot be read and is left out: {error}"))
    for entry in entries[:SHOWN]:
        first = shorten(entry.title or entry.text or entry.html or "")
        tell(Step("", "more", f"{f'{entry.published:%Y-%m-%d %H:%M}' if entry.published else 'undated'}  {first}"))
    dated = [entry.published for entry in entries if entry.published]
    _judge_entries(entries, dated, tell, now)
    offer = offered(fetched.headers.get("link"), fetched.url, parsed.hubs, parsed.topic)
    tell(Step("push", "ok", f"{' and '.join(offer.hubs)} pushes {offer.topic}" if offer else "no hub; it is polled"))
    wait = (
        asked_s(asked.interval_s, pace)[0]
        if asked.interval_s
        else interval_s(dated, fetched.headers, parsed.ttl_s, now, pace.floor_s, pace.ceiling_s)
    )
    rests = awake(now, parsed.hints.skip_hours, parsed.hints.skip_days) != now and not asked.interval_s
    tell(Step("pace", "ok", f"polled about every {duration(wait)}{', but not now: it rests' if rests else ''}"))


def _judge_entries(entries: tuple[ParsedEntry, ...], dated: list[datetime], tell: Tell, now: datetime) -> None:
    if not entries:
        tell(Step("dates", "warn", "There is nothing in it yet."))
        return
    undated = len(entries) - len(dated)
    tell(
        Step(
            "dates",
            "warn" if undated else "ok",
            f"{len(dated)} of {len(entries)} entries are dated" + _UNDATED * bool(undated),
        )
    )
    for raw in list(dict.fromkeys(entry.unread_date for entry in entries if entry.unread_date))[:SHOWN]:
        tell(Step("", "more", f"The date {raw!r} is not understood, or could be two; it is not guessed at."))
    if ahead := sum(moment > now for moment in dated):
        tell(Step("", "more", f"{ahead} are dated into the future, which is not believed."))
    past = [moment for moment in dated if moment <= now]
    if past and now - max(past) > QUIET:
        tell(
            Step("", "more", f"There has been nothing new since {max(past):%Y-%m-%d}; the site may have another feed.")
        )
    linked = sum(entry.url is not None for entry in entries)
    if linked < len(entries):
        tell(
            Step("links", "warn", f"{linked} of {len(entries)} entries have a link; the others are told by their words")
        )


_UNDATED = "; the others count as published when they are first seen"


async def _try_pages(pages: Pages, asked: Subscription, parsed: ParsedFeed, tell: Tell, now: datetime) -> None:
    for entry in parsed.entries[:SHOWN]:
        article = Article(
            id="", source="", seen=now, url=entry.url, title=entry.title, text=entry.text, html=entry.html
        )
        try:
            verdict = (await pages.fill(article, headers_for(asked, article.url or ""), proxy_for(asked))).verdict
            detail = f"{entry.url}: {verdict.reason}" + ("" if verdict.better else "; the feed's own text is kept")
            tell(Step("full text", "ok" if verdict.better else "warn", detail))
        except (FetchError, PageError) as exc:
            tell(Step("full text", "fail", str(exc)))
