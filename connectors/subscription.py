"""What a user asked to follow, with the options of each feed."""

from __future__ import annotations

from datetime import datetime

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
