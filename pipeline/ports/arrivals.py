"""Articles in the order of their writing, and the numbers they are known by to reader programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from pipeline.model import Document
from pipeline.query.tree import Query


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an article as it stands in the index, and its item number.

    ``number`` is given at the first writing and kept by all revisions, rebuilds and replays into a kept index: unique,
    of 16 decimal digits, below 2**53, and about the microseconds since 1970 at that time (never less than a number
    given before), so that it can be compared with times.
    """

    number: int
    document: Document


class ArrivalsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for what was written: articles that ``query`` finds, copies too, at most ``limit`` of them.

    ``now`` is what ``last:`` in the query counts back from.
    """

    now: datetime
    query: Query | None = None
    limit: int = 200


class ArrivalsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer with arrivals, earliest written first, and the position after them.

    ``more`` tells that others were waiting already: ask again at once.
    """

    arrivals: tuple[Arrival, ...]
    position: str
    more: bool = False


class NumbersRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for item numbers above ``after`` and below ``before`` (both exclusive), by the article's first writing."""

    now: datetime
    query: Query | None = None
    after: int | None = None
    before: int | None = None
    order: Literal["newest", "oldest"] = "newest"
    limit: int = 20


class Arrivals(Protocol):
    """Follow an index by writing. All raise ``UnavailableError`` or ``TransientError``."""

    def since(self, position: str | None, request: ArrivalsRequest) -> ArrivalsPage:
        """Return what was written after a position, from the beginning for ``None``.

        A position is short text without spaces that outlives every process. Whatever any process has written is given
        in its newest revision to each reader that goes on from page to page: nothing is missed, however many write at
        once and whatever their clocks say. An article comes again when it is written again, and may come twice.
        Across a rebuild beside the old index, new articles are given, but not revisions made meanwhile.
        Raises ``UsageError`` for a position that was not given out.
        """

    def end(self) -> str:
        """Return the position after all that has been written."""

    def numbers(self, request: NumbersRequest) -> Sequence[int]:
        """Return item numbers in order. Raises ``UsageError`` where counting by the query would."""

    def numbered(self, numbers: Sequence[int]) -> Sequence[Arrival]:
        """Return the articles with these item numbers, in the order asked for; unknown numbers are left out."""

    def ids_of(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the ids of articles by item number; unknown numbers are left out."""

    def numbers_of(self, article_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the item numbers of articles by article id; unknown ids are left out."""
