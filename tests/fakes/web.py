"""The page over a store in memory, for tests of what it shows and does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import msgspec

from connectors.polling.subscription import Subscription
from pipeline.adapters.sqlite.arrivals import SqliteArrivals
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.events import SqliteEvents
from pipeline.adapters.sqlite.feed_counts import SqliteFeedCounts
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.ledger import SqliteLedger
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.marks import SqliteMarks
from pipeline.adapters.sqlite.revisions import SqliteRevisions
from pipeline.adapters.sqlite.stories import SqliteStories
from pipeline.adapters.sqlite.table import SqliteTable
from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.services.find_feeds import FoundFeed
from pipeline.services.pictures import Pictures
from pipeline.settings import Settings, Web
from pipeline.topics import ACCESS, FEEDS, LISTS, POLLS, PUSHES, RECENT, RULES, SEARCHES
from pipeline.web.app import App
from pipeline.web.desk import Check, Desk, Door
from pipeline.wiring.stores import Store
from pipeline.wiring.web import desk
from tests.fakes.browser import Browser


class Page(msgspec.Struct, kw_only=True):
    """Hold a page, the store under it, and what was noted of changes."""

    store: Store
    desk: Desk
    browser: Browser
    audit: list[tuple[str, str, str]]

    def put(self, *documents: Document) -> None:
        """Index documents."""
        assert list(self.store.index.upsert(documents)) == []
        self.store.index.refresh()

    def another(self, host: str = "127.0.0.1:8765", address: str = "127.0.0.1") -> Browser:
        """Return another browser on the same page."""
        return Browser(self.browser.app, host, address)


@contextmanager
def page(*, door: Door | None = None, pictures: Pictures | None = None) -> Iterator[Page]:
    """Serve a page over a new store."""
    with Database(":memory:") as database, page_over(_store(database), door, pictures) as served:
        yield served


@contextmanager
def page_over(opened: Store, door: Door | None = None, pictures: Pictures | None = None) -> Iterator[Page]:
    """Serve a page over a store."""
    audit: list[tuple[str, str, str]] = []
    made = msgspec.structs.replace(
        desk(opened, "127.0.0.1"),
        audit=lambda who, what, subject: audit.append((who, what, subject)),
        checks=lambda: [Check("index", True, "all is well")],
        find_feeds=_found,
        back_up=None,
        pictures=pictures,
        **({"door": door} if door is not None else {}),
    )
    app = App(made)
    try:
        yield Page(store=opened, desk=made, browser=Browser(app.asgi()), audit=audit)
    finally:
        app.close()


def _found(asked: Subscription) -> Sequence[FoundFeed]:
    if "nothing" in asked.url:
        raise UsageError(f"{asked.url} is a web page on which no feed was found; look for its RSS link and give that.")
    return [FoundFeed(url=asked.url, title="The Harbour Wire", entries=3)]


def _store(database: Database) -> Store:
    index = SqliteIndex(database)
    stories = SqliteStories(database, index)
    table = partial(SqliteTable, database)
    return Store(
        settings=Settings(web=Web()),
        log=SqliteLog(database),
        index=index,
        renewal=index,
        arrivals=SqliteArrivals(database, index),
        stories=stories,
        events=SqliteEvents(database, index, stories),
        revisions=SqliteRevisions(database),
        marks=SqliteMarks(database),
        feed_counts=SqliteFeedCounts(database),
        records=None,
        upkeep=None,
        backups=None,
        ledger=SqliteLedger(database),
        table=table,
        feeds=table(FEEDS.table),
        polls=table(POLLS.table),
        pushes=table(PUSHES.table),
        recent=table(RECENT.table),
        rules=table(RULES.table),
        searches=table(SEARCHES.table),
        lists=table(LISTS.table),
        access=table(ACCESS.table),
        transaction=database.transaction,
        damage=lambda: None,
    )
