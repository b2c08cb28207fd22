"""What a user asked to follow, with the options of each feed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import msgspec


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one feed to follow. ``headers`` may be secret: they go to the feed's own origin only.

    With ``fulltext`` each new entry's page is read too, where that gives more than the feed does.
    """

    url: str
    added: datetime
    title: str | None = None
    tags: tuple[str, ...] = ()
    paused: bool = False
    interval_s: int | None = None
    language: str | None = None
    user_agent: str | None = None
    headers: dict[str, str] = {}
    fulltext: bool = False
    schema_version: int = 1


def headers_for(subscription: Subscription, url: str) -> dict[str, str]:
    """Return what to send with a fetch for a feed: to another origin nothing but the name we go by."""
    headers = dict(subscription.headers) if urlsplit(url)[:2] == urlsplit(subscription.url)[:2] else {}
    if subscription.user_agent:
        headers["User-Agent"] = subscription.user_agent
    return headers
