"""What the page asks: the services, wired once, and how it may be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.ports.arrivals import Arrivals
from pipeline.ports.revisions import Revisions
from pipeline.web.removed import Removed

if TYPE_CHECKING:
    from connectors.polling.subscription import Subscription
    from pipeline.model import Article
    from pipeline.ports.log import Message
    from pipeline.services.access import Access
    from pipeline.services.alerts import Alerts
    from pipeline.services.articles import Articles
    from pipeline.services.events import Events
    from pipeline.services.feed_counts import FeedCounts
    from pipeline.services.feed_numbers import FeedNumbers
    from pipeline.services.feed_test import Step
    from pipeline.services.feeds import Feeds
    from pipeline.services.find_feeds import FoundFeed
    from pipeline.services.hub import Hub
    from pipeline.services.labels import Labels
    from pipeline.services.lists import Lists
    from pipeline.services.marks import Marks
    from pipeline.services.passing import PassingRecords
    from pipeline.services.pictures import Pictures
    from pipeline.services.readers import Readers
    from pipeline.services.saved_searches import SavedSearches
    from pipeline.services.status import Statuses
    from pipeline.services.stories import Stories
    from pipeline.services.streams import Streams
    from pipeline.services.trace import Traces


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Say who may come in: a password, further names that the page is called by, whether only this machine can ask.

    ``proxies``, by address or network, are believed how a request came to them, and which reader it is from where they
    name one in ``user_header``.
    """

    password: str | None = None
    hosts: tuple[str, ...] = ()
    is_loopback: bool = True
    user_header: str | None = None
    proxies: tuple[str, ...] = ()


class Check(msgspec.Struct, frozen=True):
    """Tell whether something works."""

    name: str
    ok: bool
    detail: str


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the services of one store; ``audit`` writes a line about a change: who, what, to what."""

    articles: Articles
    stories: Stories
    events: Events
    feeds: Feeds
    feed_counts: FeedCounts
    searches: SavedSearches
    lists: Lists
    alerts: Alerts
    marks: Callable[[str], Marks]
    labels: Callable[[str], Labels]
    streams: Callable[[str], Streams]
    feed_numbers: FeedNumbers
    arrivals: Arrivals
    revisions: Revisions
    access: Access
    letters: Callable[[int], Sequence[Message]]
    send_back: Callable[[], int]
    clock: Callable[[], datetime]
    door: Door
    audit: Callable[[str, str, str], None]
    publish: Callable[[Iterable[Article]], int]
    find_feeds: Callable[[Subscription], Sequence[FoundFeed]]
    explain_feed: Callable[[Subscription], Sequence[Step]]
    checks: Callable[[], Sequence[Check]]
    statuses: Statuses
    traces: Traces
    back_up: Callable[[], Path] | None
    channels: tuple[str, ...]
    time_zone: str
    pictures: Pictures | None
    demo: Callable[[], object]
    readers: Readers
    own: Callable[[str], Mapping[str, Any]]
    hub: Hub
    passing: PassingRecords
    reader: str = ""

    @property
    def removed(self) -> Removed:
        """Return what was removed and can be put back."""
        return Removed(self.passing)

    def of(self, reader: str) -> Desk:
        """Return the desk of a reader: with marks, alerts, searches and what became of messages that are theirs."""
        return self if reader == self.reader else msgspec.structs.replace(self, reader=reader, **self.own(reader))

    @property
    def is_open(self) -> bool:
        """Tell whether everybody is let in: only this machine can ask, and nobody has a name or password."""
        door = self.door
        return door.is_loopback and not door.password and not door.user_header and not self.readers.are_any()
