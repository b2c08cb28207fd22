"""The stories of a day that a query finds, as one text: those that most publishers tell come first."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.model import derive_id
from pipeline.ports.alerts import Notice
from pipeline.services.stories import Stories, StoryLine

LOOKED_AT = 200
LINKED = 3


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a story with the addresses of its first reports."""

    story: StoryLine
    urls: tuple[str, ...]


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the stories of a brief, and how many there were in all."""

    query: str
    days: int
    made: datetime
    items: tuple[Item, ...]
    stories: int


def brief(stories: Stories, query: str, now: datetime, *, days: int = 1, limit: int = 10) -> Brief:
    """Return the stories with an article that a query finds within some days. Raises ``UsageError``."""
    found = stories.find(query, days=days, least=1, sort="size", limit=LOOKED_AT).lines
    first = sorted(found, key=lambda line: (-line.origins, -line.articles, -line.latest.timestamp(), line.id))[:limit]
    items = tuple(Item(story=line, urls=_urls(stories, line)) for line in first)
    return Brief(query=query, days=days, made=now, items=items, stories=len(found))


def lines(made: Brief) -> list[str]:
    """Write a brief as plain lines."""
    if not made.items:
        return [f"Nothing about {made.query} in the last {_span(made.days)}."]
    written = [f"{made.query}: {_counted(made.stories, 'story', 'stories')} in the last {_span(made.days)}"]
    for number, item in enumerate(made.items, 1):
        story = item.story
        told = f"{_counted(story.origins, 'publisher')}, {_counted(story.articles, 'article')}"
        written += ["", f"{number}. {story.label} ({told})", *(f"   {url}" for url in item.urls)]
    if made.stories > len(made.items):
        written += ["", f"{made.stories - len(made.items)} more; `newswire story list` shows them."]
    return written


def notice(made: Brief) -> Notice:
    """Write a brief as one message."""
    title, *rest = lines(made)
    identity = derive_id("brief", made.query, made.made.isoformat())
    return Notice(id=identity, rule="brief", title=title, text="\n".join(rest).strip() or title, alerts=())


def _urls(stories: Stories, line: StoryLine) -> tuple[str, ...]:
    found = stories.get(line.id)
    originals = [each for each in found[1] if each.duplicate_of is None and each.url] if found else []
    by_source = {each.source: each.url for each in reversed(originals) if each.url}
    return tuple(reversed(by_source.values()))[:LINKED]


def _span(days: int) -> str:
    return "24 hours" if days == 1 else f"{days} days"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"
