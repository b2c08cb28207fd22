"""Streams of articles as reader programs ask for them: by feed, label or state, in order of arrival.

All are lists of item numbers (see ``ports.arrivals``), so that what a program was given before can be told from what
came since, whatever dates the articles bear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from pipeline.errors import UsageError
from pipeline.ports.arrivals import Arrivals, NumbersRequest
from pipeline.ports.clock import Clock
from pipeline.ports.marks import READ, STARRED
from pipeline.query.tree import Query
from pipeline.services.article_feeds import EVERYTHING, ArticleFeeds, of_feeds
from pipeline.services.feed_numbers import NO_FEED, FeedNumbers
from pipeline.services.labels import Labels, Listed
from pipeline.services.marks import Change, Marks

Kind = Literal["all", "read", "unread", "starred", "nothing", "feed", "label"]
Order = Literal["newest", "oldest"]
FIRST_PAGE = 200
LARGEST_PAGE = 50_000
# A folder of more feeds is cheaper found by looking at where each article came from.
FEEDS_ASKED = 50


class Stream(msgspec.Struct, frozen=True):
    """Name a stream: ``name`` is a feed's number or a label's name. No article is in ``nothing``."""

    kind: Kind
    name: str = ""


EVERY = Stream("all")


class StreamRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for articles of a stream that are in all of ``only`` and none of ``without``; the bounds are exclusive."""

    stream: Stream
    only: tuple[Stream, ...] = ()
    without: tuple[Stream, ...] = ()
    after: int | None = None
    before: int | None = None
    order: Order = "newest"
    limit: int = 20


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Count what is unread in a stream; ``newest`` is the number of its newest article, read or not, 0 for none."""

    stream: Stream
    count: int
    newest: int


class Streams:
    """List, count and mark the articles of one reader's streams.

    ``feeds`` returns the addresses that are followed. Articles of feeds that are followed no longer are in no stream
    but those of stars and tags.
    """

    def __init__(
        self,
        *,
        arrivals: Arrivals,
        article_feeds: ArticleFeeds,
        feed_numbers: FeedNumbers,
        feeds: Callable[[], Sequence[str]],
        labels: Labels,
        marks: Marks,
        clock: Clock,
    ) -> None:
        self._arrivals = arrivals
        self._article_feeds = article_feeds
        self._feed_numbers = feed_numbers
        self._feeds = feeds
        self._labels = labels
        self._marks = marks
        self._clock = clock

    def numbers(self, request: StreamRequest) -> list[int]:
        """Return item numbers in order. Raises ``UsageError`` for a label whose query would be ruinous."""
        found: list[int] = []
        for chunk in self._chunks(request):
            kept = chunk
            for stream in request.only:
                inside = self._inside(stream, kept)
                kept = [number for number in kept if number in inside]
            for stream in request.without:
                inside = self._inside(stream, kept)
                kept = [number for number in kept if number not in inside]
            found += kept
            if len(found) >= request.limit:
                return found[: request.limit]
        return found

    def read_all(self, stream: Stream, until: int) -> int:
        """Mark as read what a stream holds up to an item number; return how many were not read before."""
        unread = self.numbers(
            StreamRequest(stream=stream, without=(Stream("read"),), before=until + 1, limit=EVERYTHING)
        )
        self._marks.change_numbered(unread, Change(read=True))
        return len(unread)

    def unread(self) -> list[Unread]:
        """Count the unread articles of all, of each feed and of each label."""
        everything = self._asked(None, None, None, "newest", EVERYTHING)
        read = self._marks.among(READ, everything)
        followed = self._followed()
        counts, newest, unread = dict.fromkeys(followed, 0), dict.fromkeys(followed, 0), set[int]()
        for number, feed in zip(everything, self._article_feeds.of(everything), strict=True):
            if feed not in followed:
                continue
            newest[feed] = max(newest[feed], number)
            if number not in read:
                unread.add(number)
                counts[feed] += 1
        found = [Unread(stream=EVERY, count=len(unread), newest=max(newest.values(), default=0))]
        found += [
            Unread(stream=Stream("feed", str(feed)), count=counts[feed], newest=newest[feed])
            for feed in sorted(followed)
            if feed != NO_FEED or newest[feed]
        ]
        numbers = self._feed_numbers.all()
        for label in self._labels.all():
            feeds = [numbers[address] for address in label.feeds if numbers.get(address) in followed]
            count, latest = sum(counts[feed] for feed in feeds), max((newest[feed] for feed in feeds), default=0)
            if label.query is not None or not label.is_folder:
                try:
                    held = self._held(label, None, None)
                except UsageError:
                    continue
                count, latest = len(unread.intersection(held)), max(held, default=0)
            found.append(Unread(stream=Stream("label", label.name), count=count, newest=latest))
        return found

    def labels_of(self, numbers: Sequence[int]) -> dict[int, list[str]]:
        """Return the alerts and saved searches, as labels, that find each of some articles."""
        found: dict[int, list[str]] = {}
        if not numbers:
            return found
        wanted, after, before = set(numbers), min(numbers) - 1, max(numbers) + 1
        for label in self._labels.asking():
            try:
                held = self._held(label, after, before)
            except UsageError:
                continue  # a rule that names a search dropped since, or one too costly to count by
            for number in wanted.intersection(held):
                found.setdefault(number, []).append(label.name)
        return found

    def has_loose_articles(self) -> bool:
        """Tell whether there are articles of no feed that is followed: such as came from none, or starred ones."""
        everything = self._asked(None, None, None, "newest", EVERYTHING)
        if NO_FEED in self._article_feeds.of(everything):
            return True
        return not self._followed().issuperset(self._article_feeds.of(self._marks.numbers(STARRED)))

    def _followed(self) -> set[int]:
        return {NO_FEED, *self._feed_numbers.of(self._feeds()).values()}

    def _chunks(self, request: StreamRequest) -> Iterator[list[int]]:
        """Yield the numbers of the request's stream in order, in growing chunks."""
        kind, query = request.stream.kind, None
        checked: tuple[Stream, ...] = ()
        if kind in ("all", "read", "unread"):
            checked = (EVERY,) if kind == "all" else (EVERY, request.stream)
            if not self._are_some_gone():
                checked = checked[1:]
        elif kind == "feed":
            address = self._address(request.stream.name)
            if address is None and request.stream.name != str(NO_FEED):
                return
            query = of_feeds([address]) if address is not None else None
            checked = () if address is not None else (request.stream,)
        else:
            held = self._all_of(request)
            if held is not None:
                yield held
                return
            label = self._labels.named(request.stream.name)
            query, checked = (None, (request.stream,)) if label.query is None else (label.query(), ())
            if label.query is None and len(label.feeds) <= FEEDS_ASKED:
                query, checked = of_feeds(label.feeds), ()
        yield from self._growing(request, query, checked)

    def _growing(self, request: StreamRequest, query: Query | None, checked: Sequence[Stream]) -> Iterator[list[int]]:
        after, before, size = request.after, request.before, max(FIRST_PAGE, min(request.limit, LARGEST_PAGE))
        while chunk := self._asked(query, after, before, request.order, size):
            kept = chunk
            for stream in checked:
                inside = self._inside(stream, kept)
                kept = [number for number in kept if number in inside]
            yield kept
            if len(chunk) < size:
                return
            after, before = (after, chunk[-1]) if request.order == "newest" else (chunk[-1], before)
            size = min(size * 4, LARGEST_PAGE)

    def _all_of(self, request: StreamRequest) -> list[int] | None:
        """Return all numbers of stars or of a label that is a tag as well; ``None`` where asking page by page does."""
        kind = request.stream.kind
        if kind == "nothing":
            return []
        if kind == "starred":
            held = set(self._marks.numbers(STARRED))
        else:
            label = self._labels.named(request.stream.name)
            tagged = self._marks.numbers(label.mark) if label.mark else []
            if not tagged and (label.query is not None or label.feeds):
                return None
            held = self._held(label, request.after, request.before, tagged)
        low, high = request.after or 0, request.before or 1 << 63
        return sorted((n for n in held if low < n < high), reverse=request.order == "newest")

    def _held(
        self, label: Listed, after: int | None, before: int | None, tagged: Sequence[int] | None = None
    ) -> set[int]:
        """Return the numbers of a label: those of its feeds, of what it asks for, and of what is tagged so."""
        if tagged is None:
            tagged = self._marks.numbers(label.mark) if label.mark else []
        held = set(tagged)
        if label.query is not None:
            held.update(self._asked(label.query(), after, before, "newest", EVERYTHING))
        for start in range(0, len(label.feeds), FEEDS_ASKED):
            query = of_feeds(label.feeds[start : start + FEEDS_ASKED])
            held.update(self._asked(query, after, before, "newest", EVERYTHING))
        return held

    def _inside(self, stream: Stream, numbers: Sequence[int]) -> set[int]:
        """Return which of some numbers a stream holds."""
        if not numbers or stream.kind == "nothing":
            return set()
        if stream.kind == "starred":
            return self._marks.among(STARRED, numbers)
        if stream.kind == "read":
            return self._marks.among(READ, numbers)
        if stream.kind == "unread":
            return set(numbers) - self._marks.among(READ, numbers)
        if stream.kind == "label":
            label = self._labels.named(stream.name)
            return self._held(label, min(numbers) - 1, max(numbers) + 1).intersection(numbers)
        feeds = self._followed() if stream.kind == "all" else {int(stream.name)} & self._followed()
        came = zip(numbers, self._article_feeds.of(numbers), strict=True)
        return {number for number, feed in came if feed in feeds}

    def _asked(self, query: Query | None, after: int | None, before: int | None, order: Order, limit: int) -> list[int]:
        request = NumbersRequest(now=self._clock(), query=query, after=after, before=before, order=order, limit=limit)
        return list(self._arrivals.numbers(request))

    def _are_some_gone(self) -> bool:
        return len(self._feed_numbers.all()) > len(self._followed()) - 1

    def _address(self, number: str) -> str | None:
        """Return the address of a feed that is followed, by its number."""
        numbers = self._feed_numbers.of(self._feeds())
        return next((address for address, each in numbers.items() if str(each) == number), None)
