"""How much feeds bring, and what of it is unread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from pipeline.ports import feed_counts as port
from pipeline.ports.clock import Clock
from pipeline.ports.marks import READ, SEARCHABLE, Marks


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Count what a reader has not read: in all, and by feed."""

    all: int
    feeds: Mapping[str, int]


class FeedCounts:
    """Count articles by feed."""

    def __init__(self, *, counts: port.FeedCounts, marks: Marks, clock: Clock) -> None:
        self._counts = counts
        self._marks = marks
        self._clock = clock

    def days(self, feeds: Sequence[str], days: int) -> Mapping[str, list[tuple[str, int]]]:
        """Return how many articles each feed has of each of the last days, oldest first, today's last."""
        today = self._clock()
        found = self._counts.per_day(feeds, today - timedelta(days=days - 1))
        named = [f"{today - timedelta(days=n):%Y-%m-%d}" for n in reversed(range(days))]
        return {feed: [(day, found.get(feed, {}).get(day, 0)) for day in named] for feed in feeds}

    def unread(self, reader: str, feeds: Sequence[str]) -> Unread:
        """Count as ``is:unread`` finds: where too much is read, what came before the last of it counts as read."""
        after = None
        if self._marks.counts(reader).get(READ, 0) >= SEARCHABLE:
            after = self._marks.marked(reader, READ, limit=SEARCHABLE)[-1].number - 1
        whole, by_feed = self._counts.unread(reader, feeds, after=after)
        return Unread(all=whole, feeds=by_feed)
