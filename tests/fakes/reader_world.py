"""Feeds and articles for reader programs to read, odd ones among them, an hour apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.polling.subscription import Subscription
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import Document, Enclosure
from tests.fakes.web import Page

HOUR_US = 3_600_000_000
FEEDS = ("https://alpha.example/feed", "https://beta.example/rss?a=1", "https://gamma.example/atom.xml")
FOLDERS = {FEEDS[0]: ("World",), FEEDS[1]: ("World", "Sport"), FEEDS[2]: ()}
NEW_FEED = "https://delta.example/feed.xml"
ARTICLES = 24


def seed(served: Page) -> dict[int, str]:
    """Follow feeds and put articles an hour apart, odd ones among them; return the feed of each by item number."""
    for url, folders in FOLDERS.items():
        title = None if url == FEEDS[2] else f"News of {url[8:13]}"
        feed = Subscription(url=url, added=datetime.now(UTC), title=title, tags=folders)
        served.store.feeds.put(url, msgspec.json.encode(feed))
    served.put(*(_article(n) for n in range(ARTICLES)))
    numbers = served.store.arrivals.numbers_of([f"{n:032x}" for n in range(ARTICLES)])
    moved = {}
    for n in reversed(range(ARTICLES)):
        number = after = numbers[f"{n:032x}"]
        # Numbers are the times of writing: where the store is ours alone, they are moved apart.
        if isinstance(served.store.index, SqliteIndex):
            after = number - (ARTICLES - n) * HOUR_US
            connection = served.store.index._database.connection
            connection.execute("UPDATE documents SET number = ? WHERE number = ?", (after, number))
        moved[after] = _article(n).feed or ""
    return moved


def _article(n: int) -> Document:
    odd: dict[int, dict[str, Any]] = {
        3: {"title": None}, 4: {"title": None, "text": None, "url": None}, 5: {"url": None}, 6: {"text": None},
        7: {"title": "إعصار يضرب الساحل", "language": "ar"}, 8: {"title": "😀 <b>Ministers</b> & others"},
        9: {"published": datetime(1901, 1, 1, tzinfo=UTC)}, 10: {"published": datetime(2999, 1, 1, tzinfo=UTC)},
        11: {"enclosures": (Enclosure(address="https://x.example/a.mp3"), Enclosure(address="https://x.example/b",
                                                                                       type="x/y", length=7))},
        12: {"title": "Bell\x07 and null\x00"}, 13: {"feed": None}, 14: {"html": "<p>Words</p>", "authors": ("A", "B")},
    }  # fmt: skip
    made = Document(id=f"{n:032x}", title=f"Title {n}", text=f"Text {n}", url=f"https://x.example/{n}", revision=1,
                    seen=datetime.now(UTC), source="Wire", language="en", feed=FEEDS[n % 3])  # fmt: skip
    return msgspec.structs.replace(made, **odd.get(n, {}))
