"""What the API takes and returns beside the records of ``pipeline.model``; both are documented from these types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from pipeline.model import Document

Names = Annotated[list[str], msgspec.Meta(min_length=1, max_length=10_000)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Mark what is sent."""


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mark what is taken: an unknown field is a mistake."""


class MarkState(Shape, frozen=True, kw_only=True):
    """Say what the reader did with an article."""

    read: bool
    starred: bool
    tags: tuple[str, ...] = ()


class SnippetEntry(Shape, frozen=True, kw_only=True):
    """Hold a passage, and where words are marked in it and in the title."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    title_marks: tuple[tuple[int, int], ...] = ()


class ArticleEntry(Shape, frozen=True, kw_only=True):
    """Hold an article with its item number (as text: it may exceed what JavaScript counts exactly)."""

    article: Document
    number: str
    state: MarkState
    snippet: SnippetEntry | None = None


class ArticlePage(Shape, frozen=True, kw_only=True):
    """Hold a page of articles; ``cursor`` goes on after it."""

    articles: tuple[ArticleEntry, ...]
    total: int
    estimated: bool = False
    cursor: str | None = None


class MatchEntry(Shape, frozen=True, kw_only=True):
    """Name an alert and the words of the article that it matches by."""

    alert: str
    words: tuple[str, ...]


class CountEntry(Shape, frozen=True, kw_only=True):
    """Count articles with a value."""

    value: str
    articles: int


class DayEntry(Shape, frozen=True, kw_only=True):
    """Count articles of a day, and all of that day."""

    day: str
    articles: int
    all: int


class Restated(Shape, frozen=True, kw_only=True):
    """Say what a query means."""

    query: str
    words: str


class StoryEntry(Shape, frozen=True, kw_only=True):
    """Sum up a story."""

    id: str
    label: str
    state: Literal["open", "closed"]
    first_seen: datetime
    latest: datetime
    articles: int
    origins: int
    per_hour: float
    growth: float
    sources: tuple[str, ...]
    merged: tuple[str, ...]


class StoryWhole(Shape, frozen=True, kw_only=True):
    """Hold a story and its articles, oldest first."""

    story: StoryEntry
    articles: tuple[Document, ...]


class QuotationEntry(Shape, frozen=True, kw_only=True):
    """Hold a quotation, who is quoted, and the article it stands in."""

    text: str
    kind: str
    article: str
    speaker: str | None = None
    role: str | None = None


class Pushed(Shape, frozen=True, kw_only=True):
    """Tell how many articles were taken, and what was wrong with which line."""

    accepted: int
    refused: tuple[str, ...] = ()


class MarkChange(Taken, frozen=True, kw_only=True):
    """Set or take marks of articles."""

    articles: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=1_000)]
    read: bool | None = None
    starred: bool | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class NewFeed(Taken, frozen=True, kw_only=True):
    """Ask for a feed to be followed; ``all`` takes every feed that the page offers."""

    url: Text
    title: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    interval: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None
    mute: tuple[str, ...] = ()
    all: bool = False


class OfferedFeed(Shape, frozen=True, kw_only=True):
    """Name a feed that an address offers."""

    url: str
    title: str | None
    entries: int


class FollowedFeed(Shape, frozen=True, kw_only=True):
    """Name a feed that is followed now; ``elsewhere`` where it is followed already."""

    url: str
    title: str | None
    elsewhere: str | None = None


class FeedDay(Shape, frozen=True, kw_only=True):
    """Count the articles of a feed on a day (UTC)."""

    day: str
    articles: int


class Counted(Shape, frozen=True, kw_only=True):
    """Tell how many it was."""

    count: int


class Imported(Shape, frozen=True, kw_only=True):
    """Tell how many feeds of a list are followed, and which lines were left out and why."""

    followed: int
    left_out: tuple[str, ...] = ()


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the address of a shared article."""

    address: str


class SavedQuery(Taken, frozen=True, kw_only=True):
    """Hold a query."""

    query: Text


class AlertOptions(Taken, frozen=True, kw_only=True):
    """Hold the options of an alert, as on the command line."""

    channels: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kind: Literal["match", "silence", "surge"] = "match"
    window_s: Annotated[int, msgspec.Meta(ge=60, le=31_536_000)] = 86_400
    times: Annotated[float, msgspec.Meta(ge=1, le=1_000_000)] = 5.0
    once_per: Literal["story", "article"] = "story"
    min_origins: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    digest: str | None = None
    digest_s: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)] = 0
    cap_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    cap_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    time_zone: str = "UTC"
    expires: datetime | None = None
    priority: Literal["low", "normal", "high"] = "normal"


class NewAlert(AlertOptions, frozen=True, kw_only=True):
    """Ask for an alert."""

    name: Text
    query: Text


class AlertEdit(Taken, frozen=True, kw_only=True):
    """Hold the fields of an alert that are to change; what is not named stays."""

    name: Text | msgspec.UnsetType = msgspec.UNSET
    query: Text | msgspec.UnsetType = msgspec.UNSET
    channels: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    feeds: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    languages: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    once_per: Literal["story", "article"] | msgspec.UnsetType = msgspec.UNSET
    min_origins: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | msgspec.UnsetType = msgspec.UNSET
    digest: str | msgspec.UnsetType | None = msgspec.UNSET
    cap_per_hour: Annotated[int, msgspec.Meta(ge=1)] | msgspec.UnsetType | None = msgspec.UNSET
    cap_per_day: Annotated[int, msgspec.Meta(ge=1)] | msgspec.UnsetType | None = msgspec.UNSET
    quiet_from: str | msgspec.UnsetType | None = msgspec.UNSET
    quiet_until: str | msgspec.UnsetType | None = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    priority: Literal["low", "normal", "high"] | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET


class AlertEntry(AlertOptions, frozen=True, kw_only=True):
    """Hold an alert; channels without what may be secret in them."""

    id: str
    name: str
    query: str
    reads: str
    created: datetime
    paused: bool = False
    snoozed_until: datetime | None = None


class DeliveryEntry(Shape, frozen=True, kw_only=True):
    """Tell what became of a message, and why it was not sent where it was not."""

    id: str
    alert: str
    channel: str
    state: str
    due: datetime
    changed: datetime
    attempts: int
    reason: str | None = None
    receipt: str | None = None
    article: str | None = None
    title: str | None = None


class WhyEntry(Shape, frozen=True, kw_only=True):
    """Tell whether an alert matches an article, by which parts, and what became of it."""

    matches: bool
    words: str
    parts: tuple[tuple[str, bool], ...]


class Preview(Shape, frozen=True, kw_only=True):
    """Tell what a query found in some days, and how many messages a day that would be."""

    query: str
    reads: str
    days: int
    matches: int
    stories: int
    alerts_per_day: float
    per_day: tuple[DayEntry, ...]
    samples: tuple[str, ...]
    warnings: tuple[str, ...]


class CheckEntry(Shape, frozen=True, kw_only=True):
    """Tell whether something works."""

    name: str
    ok: bool
    detail: str
