"""What an alert would have found in what is stored: how often, how much, for example."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.model import Document
from pipeline.ports.search import Day, SearchIndex, SearchRequest
from pipeline.query.tree import And, Last, Query

DAY_S = 86_400
SAMPLES = 5
# Stories are counted in this many of the newest matches, and the share taken for all.
LOOKED_AT = 200
NOISY_PER_DAY = 50.0


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what a query found in the last ``days``, and how many alerts a day that would be."""

    query: str
    reads: str
    days: int
    matches: int
    stories: int
    alerts_per_day: float
    per_day: tuple[Day, ...]
    samples: tuple[Document, ...]
    warnings: tuple[str, ...]


def forecast(index: SearchIndex, query: Query, now: datetime, days: int, *, once_per: str) -> Forecast:
    """Ask the index what the query would have found."""
    from pipeline.query.printer import restate

    window = Last(seconds=days * DAY_S)
    within = Query(text=query.text, root=And(nodes=(query.root, window)))
    request = SearchRequest(query=within, now=now, limit=LOOKED_AT)
    per_day = tuple(index.timeline(request))
    page = index.search(request)
    covered = index.timeline(SearchRequest(query=Query(text="", root=window), now=now))
    looked = page.documents
    shares = len({document.story_id or document.id for document in looked}) / len(looked) if looked else 0.0
    matches = sum(day.documents for day in per_day)
    stories = round(matches * shares)
    rate = (stories if once_per == "story" else matches) / max(1, len(covered))
    return Forecast(
        query=query.text,
        reads=restate(query),
        days=days,
        matches=matches,
        stories=stories,
        alerts_per_day=round(rate, 2),
        per_day=per_day,
        samples=tuple(looked[:SAMPLES]),
        warnings=tuple(_warnings(query, matches, rate, len(covered), days)),
    )


def _warnings(query: Query, matches: int, rate: float, covered: int, days: int) -> list[str]:
    from pipeline.stages.match.stage import is_wide

    found = []
    if covered and not matches:
        found.append(f"Nothing in the last {days} days would have matched: is a word misspelt, or too much asked?")
    if rate > NOISY_PER_DAY:
        found.append(f"About {rate:,.0f} alerts a day: narrow the query, or add --digest 1d or --cap-per-day 10.")
    if is_wide(query):
        found.append("No word of the query is in every match, so it is tried on every article: exact, only slower.")
    return found
