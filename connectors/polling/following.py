"""What belongs to a feed beyond one document: the sitemaps of an index, the older pages of a paged feed (RFC 5005)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec

from connectors.fetch.http import FetchError
from connectors.formats.parsed import NotAFeedError, ParsedFeed
from connectors.polling.reading import KEPT, FeedReading

# An index lists a site's whole history; what changed within this time is news.
NEWS = timedelta(days=2)
MOST_SITEMAPS = 10
Read = Callable[[str, bytes | None, int], Awaitable[FeedReading]]


def sitemaps_due(index: ParsedFeed, since: datetime | None, now: datetime) -> tuple[str, ...]:
    """Return the sitemaps of an index that may have news since the last poll, newest first; of those that say nothing
    of their age only the first and the last few, for either end is where sites put the newest.
    """
    after = min(since or now, now) - NEWS
    dated = sorted(((part.changed, part.url) for part in index.parts if part.changed), reverse=True)
    due = [url for changed, url in dated if changed >= after]
    undated = [part.url for part in index.parts if part.changed is None]
    half = MOST_SITEMAPS // 2
    ends = undated if len(undated) <= MOST_SITEMAPS else [*undated[:half], *undated[-half:]]
    return tuple(dict.fromkeys([*due, *ends]))[:MOST_SITEMAPS]


async def read_pages(first: FeedReading, url: str, read: Read, most: int, failed: Callable[[str], None]) -> FeedReading:
    """Read the older pages of a feed after its first, ``most`` at the most; one that fails ends it, and is told of.

    ``read`` fetches an address and reads it, given what earlier readings remember and how much of that to keep.
    """
    reading, seen, following = first, {url}, first.parsed.next_page
    for _ in range(most):
        if following is None or following in seen:
            break
        seen.add(following)
        try:
            page = await read(following, reading.recent, KEPT + reading.entries)
        except (FetchError, NotAFeedError) as exc:
            failed(f"the older page {following} was left out: {exc}")
            break
        following = page.parsed.next_page
        # What the page remembers includes what those before it did.
        reading = msgspec.structs.replace(_joined(reading, page), per_day=page.per_day)
    return reading


async def read_sitemaps(
    index: FeedReading,
    due: tuple[str, ...],
    read: Read,
    recent: Callable[[str], bytes | None],
    failed: Callable[[str], None],
) -> FeedReading:
    """Read the sitemaps of an index and return all they brought; one that cannot be read costs only itself.

    Raises what the first raised where none can be read: such an index brings nothing, and must not pass for quiet.
    """
    reading, errors = index, list[FetchError | NotAFeedError]()
    for address in due:
        try:
            part = await read(address, recent(address), KEPT)
        except (FetchError, NotAFeedError) as exc:
            failed(f"the sitemap {address} was left out: {exc}")
            errors.append(exc)
            continue
        reading = msgspec.structs.replace(_joined(reading, part), parts=reading.parts | {address: part.recent})
    if errors and len(errors) == len(due):
        raise errors[0]
    return reading


def _joined(one: FeedReading, other: FeedReading) -> FeedReading:
    """Return both readings as one, each article once."""
    articles = {article.id: article for article in (*other.articles, *one.articles)}
    errors = one.parsed.errors | {one.entries + place: error for place, error in other.parsed.errors.items()}
    return FeedReading(
        parsed=msgspec.structs.replace(one.parsed, errors=errors),
        entries=one.entries + other.entries,
        articles=tuple(articles.values()),
        published=(*one.published, *other.published),
        recent=other.recent,
        arrived=(*one.arrived, *other.arrived),
        revised=one.revised + other.revised,
        stable=one.stable + other.stable,
        per_day=one.per_day + other.per_day,
        finished=(*one.finished, *other.finished),
    )
