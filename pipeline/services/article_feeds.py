"""Which feed each article came from, by item number, for counting many articles at once."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from pipeline.ports.arrivals import Arrivals, NumbersRequest
from pipeline.ports.clock import Clock
from pipeline.query.tree import AnyNode, Keyword, Or, Query
from pipeline.services.feed_numbers import NO_FEED, FeedNumbers

AT_ONCE = 500
# Asking for one feed's numbers takes about as long as reading so many articles.
ARTICLES_A_QUERY = 10
EVERYTHING = 10_000_000


class ArticleFeeds:
    """Remember the feed number of each article: twelve bytes for each, learned when first asked for.

    An article's feed is that of its first writing, as its item number is.
    """

    def __init__(self, arrivals: Arrivals, numbers: FeedNumbers, clock: Clock) -> None:
        self._arrivals = arrivals
        self._feed_numbers = numbers
        self._clock = clock
        self._numbers = array("q")
        self._feeds = array("l")
        self._numbered = 0
        self._turn = threading.Lock()

    def of(self, numbers: Sequence[int]) -> list[int]:
        """Return the feed number of each article, ``NO_FEED`` for one that came from none that is known."""
        with self._turn:
            self._forget_loose()
            found = [self._found(number) for number in numbers]
            unknown = [number for number, feed in zip(numbers, found, strict=True) if feed is None]
            if unknown:
                self._learn(unknown)
                found = [self._found(number) for number in numbers]
        return [NO_FEED if feed is None else feed for feed in found]

    def _forget_loose(self) -> None:
        """Ask again what came from no feed that was known, once another feed is: its articles may have come first."""
        numbered = len(self._feed_numbers.all())
        if numbered == self._numbered:
            return
        self._numbered = numbered
        kept = [(n, feed) for n, feed in zip(self._numbers, self._feeds, strict=True) if feed != NO_FEED]
        self._numbers = array("q", (n for n, _ in kept))
        self._feeds = array("l", (feed for _, feed in kept))

    def _found(self, number: int) -> int | None:
        at = bisect_left(self._numbers, number)
        return self._feeds[at] if at < len(self._numbers) and self._numbers[at] == number else None

    def _learn(self, unknown: Sequence[int]) -> None:
        feeds = self._feed_numbers.all()
        learned: dict[int, int] = {}
        if len(unknown) > ARTICLES_A_QUERY * len(feeds):
            after, wanted = min(unknown) - 1, set(unknown)
            for address, feed in feeds.items():
                request = NumbersRequest(now=self._clock(), query=of_feeds([address]), after=after, limit=EVERYTHING)
                learned |= {number: feed for number in self._arrivals.numbers(request) if number in wanted}
            learned |= dict.fromkeys(wanted.difference(learned), NO_FEED)
        else:
            for start in range(0, len(unknown), AT_ONCE):
                for arrival in self._arrivals.numbered(unknown[start : start + AT_ONCE]):
                    learned[arrival.number] = feeds.get(arrival.document.feed or "", NO_FEED)
        self._keep(learned)

    def _keep(self, learned: Mapping[int, int]) -> None:
        added = sorted(learned.items())
        if self._numbers and added and added[0][0] < self._numbers[-1]:
            added = sorted({**dict(zip(self._numbers, self._feeds, strict=True)), **learned}.items())
            self._numbers, self._feeds = array("q"), array("l")
        self._numbers.extend(number for number, _ in added)
        self._feeds.extend(feed for _, feed in added)


def of_feeds(addresses: Sequence[str]) -> Query:
    """Return the query for the articles of some feeds."""
    # The grammar folds addresses the same way.
    nodes: tuple[AnyNode, ...] = tuple(Keyword(name="feed", value=address.casefold()) for address in addresses)
    return Query(text="feeds", root=nodes[0] if len(nodes) == 1 else Or(nodes=nodes))
