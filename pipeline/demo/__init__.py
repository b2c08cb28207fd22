"""A few dozen news items written for this project, so that every view has content without a network."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.resources import files

import msgspec

from pipeline.model import Article, derive_id


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one demo item; it was published ``hours`` before the demo starts."""

    hours: float
    source: str
    title: str
    text: str
    language: str = "en"
    tags: tuple[str, ...] = ()
    author: str | None = None


ALERTS = (
    ("Ceasefire talks", "ceasefire (talks OR truce OR envoy)"),
    ("Central banks", '"central bank" OR "interest rates"'),
    ("Floods", "flood* -insurance"),
)


def articles(now: datetime) -> list[Article]:
    """Return the demo's articles, oldest first, with times counted back from ``now``."""
    lines = (files(__name__) / "items.jsonl").read_bytes().splitlines()
    items = [msgspec.json.decode(line, type=Item) for line in lines if line.strip()]
    return [_article(item, now) for item in sorted(items, key=lambda item: -item.hours)]


def _article(item: Item, now: datetime) -> Article:
    slug = "-".join("".join(c if c.isalnum() else " " for c in item.title.lower()).split())
    host = item.source.lower().replace(" ", "")
    return Article(
        id=derive_id("demo", item.source, item.title),
        source=item.source,
        url=f"https://{host}.example/{slug}",
        title=item.title,
        authors=(item.author,) if item.author else (),
        published=now - timedelta(hours=item.hours),
        seen=now,
        text=item.text,
        language=item.language,
        tags=item.tags,
        feed=f"https://{host}.example/feed.xml",
    )
