"""From the address that a user gives to the feeds that are meant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from connectors.discovery import Candidate, discover, well_known
from connectors.document import HtmlPageError
from connectors.feed import NotAFeedError
from connectors.http import Fetcher, FetchError
from connectors.parser import Parser
from connectors.subscription import Subscription, headers_for
from pipeline.errors import UsageError

TRIED = 6


class FoundFeed(msgspec.Struct, frozen=True, kw_only=True):
    """Offer a feed that was fetched and parsed."""

    url: str
    title: str | None
    entries: int


async def find_feeds(fetcher: Fetcher, parser: Parser, asked: Subscription) -> list[FoundFeed]:
    """Return the feeds at or on the page that is asked for, best first, each fetched and parsed.

    Raises ``FetchError`` when the address cannot be fetched, ``UsageError`` when nothing there is a feed.
    """
    url = asked.url
    fetched = await fetcher.fetch(url, headers_for(asked, url), proxy=asked.proxy)
    body = fetched.body or b""
    try:
        parsed = await asyncio.to_thread(parser.parse, body, fetched.content_type, fetched.url)
        return [FoundFeed(url=url, title=parsed.title, entries=len(parsed.entries))]
    except NotAFeedError as exc:
        if not isinstance(exc, HtmlPageError):
            raise UsageError(f"{exc} Give the address of a feed or of a web page.") from exc
    candidates = discover(body, fetched.url, fetched.headers.get("link"))
    found = await _tried(fetcher, parser, asked, candidates[:TRIED])
    found = found or await _tried(fetcher, parser, asked, well_known(fetched.url))
    if not found:
        raise UsageError(f"{url} is a web page on which no feed was found; look for its RSS link and give that.")
    return found


async def _tried(
    fetcher: Fetcher, parser: Parser, asked: Subscription, candidates: Iterable[Candidate]
) -> list[FoundFeed]:
    found = []
    for candidate in candidates:
        try:
            fetched = await fetcher.fetch(candidate.url, headers_for(asked, candidate.url), proxy=asked.proxy)
            parsed = await asyncio.to_thread(parser.parse, fetched.body or b"", fetched.content_type, fetched.url)
        except (FetchError, NotAFeedError):
            continue
        title = parsed.title or candidate.title
        found.append(FoundFeed(url=candidate.url, title=title, entries=len(parsed.entries)))
    return found
