"""From the address that a user gives to the feeds that are meant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from connectors.connector import Connector
from connectors.discovery.page import Candidate, discover, platform_candidates, well_known
from connectors.door import FEED
from connectors.fetch.http import Fetched, Fetcher, FetchError
from connectors.formats.document import HtmlPageError
from connectors.formats.parsed import NotAFeedError
from connectors.pages.lists import PAGE, has_entries
from connectors.polling.parser import Parser
from connectors.polling.sources import Sources
from connectors.polling.subscription import Subscription, headers_for, proxy_for
from pipeline.errors import UsageError

TRIED = 6


class FoundFeed(msgspec.Struct, frozen=True, kw_only=True):
    """Offer a feed that was fetched and parsed; ``moved_to`` is where it permanently redirects.

    ``connector`` names who reads it, where that is not ours of feeds.
    """

    url: str
    title: str | None
    entries: int
    moved_to: str | None = None
    connector: str | None = None


async def find_feeds(fetcher: Fetcher, parser: Parser, asked: Subscription, sources: Sources) -> list[FoundFeed]:
    """Return the feeds at or on the page that is asked for, best first, each fetched and parsed.

    Raises ``FetchError`` when the address cannot be fetched, ``UsageError`` when nothing there is a feed.
    """
    url = asked.url
    connector = _connector_of(asked, sources)
    if connector.name != FEED:
        return [await _read_by(connector, parser, asked, sources)]
    try:
        fetched = await fetcher.fetch(url, headers_for(asked, url), proxy=proxy_for(asked))
    except FetchError:
        # Platforms that let no program see their pages still hand out their feeds.
        found = await _tried(fetcher, parser, asked, platform_candidates(url), TRIED)
        if not found:
            raise
        return found
    try:
        parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
        return [FoundFeed(url=url, title=parsed.title, entries=len(parsed.entries), moved_to=fetched.moved_to)]
    except NotAFeedError as exc:
        if not isinstance(exc, HtmlPageError):
            raise UsageError(f"{exc} Give the address of a feed or of a web page.") from exc
    offered = await candidates_on(parser, fetched)
    # The address that was asked for tells its platform even where the answer is a page of consent.
    candidates = list({c.url: c for c in (*platform_candidates(url), *offered)}.values())
    found = await _tried(fetcher, parser, asked, sorted(candidates, key=lambda c: -c.score)[:TRIED], TRIED)
    found = found or await _tried(fetcher, parser, asked, well_known(fetched.url), 1)
    if not found and has_entries(fetched.body or b""):
        page = msgspec.structs.replace(asked, connector=PAGE)
        return [await _read_by(_connector_of(page, sources), parser, page, sources)]
    if not found:
        raise UsageError(f"{url} is a web page on which no feed was found; look for its RSS link and give that.")
    return found


def _connector_of(asked: Subscription, sources: Sources) -> Connector:
    try:
        return sources.connector_of(asked)
    except NotAFeedError as exc:
        raise UsageError(str(exc)) from exc


async def _read_by(connector: Connector, parser: Parser, asked: Subscription, sources: Sources) -> FoundFeed:
    """Read an address by another connector than that of feeds."""
    fetched = await sources.fetch(asked)
    body, kind = fetched.body or b"", fetched.content_type
    try:
        parsed = await asyncio.to_thread(parser.parse, body, kind, fetched.url, sources.parse_of(asked))
    except NotAFeedError as exc:
        raise UsageError(str(exc)) from exc
    title, entries = parsed.title, len(parsed.entries)
    return FoundFeed(url=asked.url, title=title, entries=entries, moved_to=fetched.moved_to, connector=connector.name)


async def candidates_on(parser: Parser, page: Fetched) -> list[Candidate]:
    """Return what may be a feed of a page, best first; of a page that takes too long to read, nothing."""
    try:
        return await asyncio.to_thread(parser.call, discover, page.body or b"", page.url, page.headers.get("link"))
    except (TimeoutError, EOFError, OSError):
        return []


async def _tried(
    fetcher: Fetcher, parser: Parser, asked: Subscription, candidates: Iterable[Candidate], most: int
) -> list[FoundFeed]:
    """Return those candidates that are feeds, each once, those without any entry last."""
    found: dict[str, FoundFeed] = {}
    for candidate in candidates:
        if len(found) == most:
            break
        try:
            fetched = await fetcher.fetch(candidate.url, headers_for(asked, candidate.url), proxy=proxy_for(asked))
            parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
        except (FetchError, NotAFeedError):
            continue
        title = parsed.title or candidate.title
        feed = FoundFeed(url=candidate.url, title=title, entries=len(parsed.entries), moved_to=fetched.moved_to)
        found.setdefault(fetched.url, feed)
    return sorted(found.values(), key=lambda feed: feed.entries == 0)
