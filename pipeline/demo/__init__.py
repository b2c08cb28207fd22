"""A few dozen news items written for this project, so that every view has content without a network.

What their texts say of days is counted back from the moment they are shown at, so that it is true whenever that is:
``{day:26}`` is the weekday 26 hours before, ``{date:-151}`` the date 151 hours after, ``{month:…}`` and ``{year:…}``.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from importlib.resources import files

import msgspec

from pipeline.model import Article, derive_id


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one demo item; it was published ``hours`` before the demo starts.

    One that ``revises`` the title of an earlier one of its source is that article again, ``hours`` before then.
    """

    hours: float
    source: str
    title: str
    text: str
    language: str = "en"
    tags: tuple[str, ...] = ()
    author: str | None = None
    revises: str | None = None


ALERTS = (
    ("Ceasefire talks", "ceasefire (talks OR truce OR envoy)"),
    ("Central banks", '"central bank" OR "interest rates"'),
    ("Floods", "flood* -insurance"),
)


_PLACE = re.compile(r"\{(day|date|month|year):(-?\d+)\}")
_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "ja": "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
}
_MONTHS = "January February March April May June July August September October November December".split()


def articles(now: datetime) -> list[Article]:
    """Return the demo's articles as they were first, oldest first, with times counted back from ``now``."""
    items = sorted(_items(), key=lambda item: -item.hours)
    return [_article(item, now, item.hours) for item in items if item.revises is None]


def revisions(now: datetime) -> list[Article]:
    """Return those of the articles again that were revised, as they became."""
    first = {(item.source, item.title): item.hours for item in _items()}
    return [_article(item, now, first[item.source, item.revises]) for item in _items() if item.revises is not None]


def count() -> int:
    """Return how many articles there are, revisions included."""
    return len(_items())


def _items() -> list[Item]:
    lines = (files(__name__) / "items.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Item) for line in lines if line.strip()]


def _article(item: Item, now: datetime, published_hours: float) -> Article:
    name = item.revises or item.title
    slug = "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
    host = item.source.lower().replace(" ", "")
    return Article(
        id=derive_id("demo", item.source, name),
        source=item.source,
        url=f"https://{host}.example/{slug}",
        title=item.title,
        authors=(item.author,) if item.author else (),
        published=now - timedelta(hours=published_hours),
        updated=now - timedelta(hours=item.hours) if item.revises else None,
        seen=now,
        text=dated(item.text, item.language, now),
        language=item.language,
        tags=item.tags,
        feed=f"https://{host}.example/feed.xml",
    )


def dated(text: str, language: str, now: datetime) -> str:
    """Return a text with the days that its marks stand for."""

    def write(found: re.Match[str]) -> str:
        moment = now - timedelta(hours=int(found[2]))
        if found[1] == "day":
            return _WEEKDAYS[language].split()[moment.weekday()]
        if found[1] == "date":
            return f"{moment.day} {_MONTHS[moment.month - 1]}"
        return _MONTHS[moment.month - 1] if found[1] == "month" else str(moment.year)

    return _PLACE.sub(write, text)
