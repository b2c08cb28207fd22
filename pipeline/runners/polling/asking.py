"""Ask for a feed as a poll does: only what has changed, and whole where a server takes that question amiss."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from connectors.fetch.http import Fetched, Fetcher, FetchError
from connectors.polling.outcome import EMPTY_BELIEVED
from connectors.polling.schedule import Poll
from connectors.polling.subscription import Subscription, headers_for, proxy_for

Permit = Callable[[str], Awaitable[None]]


async def ask(fetcher: Fetcher, subscription: Subscription, poll: Poll, address: str, permit: Permit) -> Fetched:
    """Fetch a feed from where it is now, given how its last poll went. Raises ``FetchError``.

    ``permit`` is asked before each hop and raises to forbid it.
    """
    headers = headers_for(subscription, address)
    conditions = {"If-None-Match": poll.etag, "If-Modified-Since": poll.modified}
    asked = headers | {name: value for name, value in conditions.items() if value}
    try:
        fetched = await fetcher.fetch(address, asked, permit=permit, proxy=proxy_for(subscription))
    except FetchError as exc:
        if exc.status != 412 or asked == headers:
            raise
        fetched = await fetcher.fetch(address, headers, permit=permit, proxy=proxy_for(subscription))
    if fetched.status == 304 and asked == headers:
        raise FetchError("body", f"{address} answered 304 (not changed) when it was asked for all; it is tried again.")
    if fetched.sent_nothing and fetched.status != 304 and poll.unchanged >= EMPTY_BELIEVED:
        times = f"{poll.unchanged + 1} times in a row"
        raise FetchError(
            "body", f"{address} answered {fetched.status} without content {times}; look for its new address."
        )
    return fetched
