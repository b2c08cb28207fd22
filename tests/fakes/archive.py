"""Documents in memory, and the ports that read them: every question is answered by looking at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pipeline.errors import UsageError
from pipeline.model import Document, Event, ReportedEvent, origins
from pipeline.moments import microseconds
from pipeline.ports.arrivals import Arrival, ArrivalsPage, ArrivalsRequest, NumbersRequest
from pipeline.ports.events import EventDay, EventDays, EventsPage, EventsRequest
from pipeline.ports.stories import StoriesPage, StoriesRequest, StoryArticles, StorySummary
from pipeline.query.evaluate import MatchView, find
from pipeline.query.indexing import order_key
from pipeline.query.tree import EventFilter, Query
from pipeline.stages.extract.events.merging import merge_reports

FIRST_NUMBER = 1_700_000_000_000_000


class Archive:
    """Keep the newest revision of each document, in order of writing."""

    def __init__(self) -> None:
        self.written: dict[str, tuple[int, Document]] = {}
        self.numbers: dict[str, int] = {}
        self.first_seen: dict[str, datetime] = {}
        self.writes = 0

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id; an older revision never replaces a newer one."""
        for document in documents:
            kept = self.written.get(document.id)
            if kept is not None and (kept[1].revision > document.revision or kept[1] == document):
                continue
            self.writes += 1
            self.written[document.id] = self.writes, document
            self.numbers.setdefault(document.id, FIRST_NUMBER + self.writes)
            self.first_seen.setdefault(document.id, document.seen)
        return ()

    def refresh(self) -> None:
        """Do nothing: what is written is visible."""

    def found(self, query: Query | None, now: datetime) -> list[Document]:
        """Return the documents that match, newest first."""
        documents = [document for _, document in self.written.values() if self.matches(document, query, now)]
        return sorted(documents, key=lambda document: order_key(document, self.first_seen[document.id]), reverse=True)

    def matches(self, document: Document, query: Query | None, now: datetime) -> bool:
        """Tell whether a document matches, copies counted."""
        return query is None or find(query.root, MatchView(self.with_copies(document)), now) is not None

    def with_copies(self, document: Document) -> Document:
        """Return a document with the ids of its copies, as indexes give it back."""
        copies = [each for _, each in self.written.values() if each.duplicate_of == document.id]
        copies.sort(key=lambda copy: order_key(copy, self.first_seen[copy.id]))
        return msgspec.structs.replace(document, copies=tuple(copy.id for copy in copies))

    def stories(self) -> dict[str, list[Document]]:
        """Return the articles of each story that goes on, oldest first."""
        grouped: defaultdict[str, list[Document]] = defaultdict(list)
        for _, document in self.written.values():
            if document.story_id:
                grouped[self.survivor(document.story_id)].append(document)
        for members in grouped.values():
            members.sort(key=lambda document: (document.published or document.seen, document.id))
        return grouped

    def survivor(self, story_id: str) -> str:
        """Return the story that goes on for one that may have been merged."""
        into = {gone: d.story_id for _, d in self.written.values() for gone in d.merged if d.story_id}
        passed = {story_id}
        while (following := into.get(story_id)) is not None and following not in passed:
            story_id = following
            passed.add(story_id)
        return story_id

    def merged(self, story_id: str) -> tuple[str, ...]:
        """Return the ids of the stories that turned out to be this one."""
        gone = {each for _, document in self.written.values() for each in document.merged}
        return tuple(sorted(each for each in gone if each != story_id and self.survivor(each) == story_id))


class MemoryArrivals:
    """Follow an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def since(self, position: str | None, request: ArrivalsRequest) -> ArrivalsPage:
        """Return what was written after a position."""
        if position is not None and not (position.isdecimal() and len(position) < 20 and position.isascii()):
            raise UsageError("The position is not one that was given out; start again without it.")
        after = int(position or 0)
        later = sorted((n, d) for n, d in self._archive.written.values() if n > after)
        fitting = [(n, d) for n, d in later if self._archive.matches(d, request.query, request.now)]
        given, more = fitting[: request.limit], len(fitting) > request.limit
        end = given[-1][0] if more and given else self._archive.writes
        return ArrivalsPage(arrivals=tuple(self._arrival(d) for _, d in given), position=str(end), more=more)

    def end(self) -> str:
        """Return the position after all that has been written."""
        return str(self._archive.writes)

    def numbers(self, request: NumbersRequest) -> Sequence[int]:
        """Return item numbers in order."""
        numbers = (self._archive.numbers[document.id] for document in self._archive.found(request.query, request.now))
        low, high = request.after or 0, request.before or 1 << 63
        return sorted((n for n in numbers if low < n < high), reverse=request.order == "newest")[: request.limit]

    def numbered(self, numbers: Sequence[int]) -> Sequence[Arrival]:
        """Return the articles with these item numbers."""
        by_number = {number: article_id for article_id, number in self._archive.numbers.items()}
        return [self._arrival(self._archive.written[by_number[n]][1]) for n in numbers if n in by_number]

    def ids_of(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the ids of articles by item number."""
        wanted = set(numbers)
        return {number: article_id for article_id, number in self._archive.numbers.items() if number in wanted}

    def numbers_of(self, article_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the item numbers of articles."""
        return {each: self._archive.numbers[each] for each in article_ids if each in self._archive.numbers}

    def _arrival(self, document: Document) -> Arrival:
        return Arrival(number=self._archive.numbers[document.id], document=self._archive.with_copies(document))


class MemoryStories:
    """Sum up the stories of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def summaries(self, request: StoriesRequest) -> StoriesPage:
        """Return one page."""
        at = _offset(request.cursor)
        wanted = {
            self._archive.survivor(document.story_id)
            for document in self._archive.found(request.query, request.now)
            if document.story_id
        }
        found = [self._summed_up(story_id, request.now, request.window_s) for story_id in wanted]
        found = [
            each
            for each in found
            if each.articles >= request.articles_min
            and each.origins >= request.origins_min
            and (request.latest_from is None or each.latest >= request.latest_from)
            and (request.latest_before is None or each.latest < request.latest_before)
        ]
        found.sort(key=lambda each: (*_rank(each, request.sort), each.id))
        page = found[at : at + request.limit]
        following = str(at + len(page)) if at + len(page) < len(found) else None
        return StoriesPage(stories=tuple(page), total=len(found), cursor=following)

    def story(self, story_id: str, now: datetime, window_s: int = 21_600) -> StorySummary | None:
        """Sum up one story."""
        survivor = self._archive.survivor(story_id)
        return self._summed_up(survivor, now, window_s) if survivor in self._archive.stories() else None

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of stories that begin so."""
        ids = {each for story_id in self._archive.stories() for each in (story_id, *self._archive.merged(story_id))}
        return sorted({self._archive.survivor(each) for each in ids if each.startswith(beginning)})[:limit]

    def articles(self, story_id: str, cursor: str | None = None, limit: int = 200) -> StoryArticles:
        """Return a story's articles, oldest first."""
        at = _offset(cursor)
        members = self._archive.stories().get(self._archive.survivor(story_id), [])
        following = str(at + limit) if at + limit < len(members) else None
        page = tuple(map(self._archive.with_copies, members[at : at + limit]))
        return StoryArticles(articles=page, cursor=following)

    def _summed_up(self, story_id: str, now: datetime, window_s: int) -> StorySummary:
        members, window = self._archive.stories()[story_id], timedelta(seconds=window_s)
        moments = [d.published if d.published and d.published <= d.seen else d.seen for d in members]
        return StorySummary(
            id=story_id,
            first_seen=min(document.seen for document in members),
            latest=max(moments),
            articles=len(members),
            origins=max(len(origins(members)), 1),
            recent=sum(moment > now - window for moment in moments),
            before=sum(now - window >= moment > now - 2 * window for moment in moments),
            sources=tuple(sorted({document.source for document in members})),
            merged=self._archive.merged(story_id),
        )


class MemoryEvents:
    """Find the events of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def page(self, request: EventsRequest) -> EventsPage:
        """Return one page."""
        found = merge_reports(self._pairs(request))
        first_reports = [each.told_by[0].event for each in found]
        if request.cursor is not None and request.cursor not in first_reports:
            raise UsageError("The cursor is not one that an earlier page gave; start again without it.")
        at = first_reports.index(request.cursor) + 1 if request.cursor else 0
        events = found[at : at + request.limit]
        following = events[-1].told_by[0].event if at + request.limit < len(found) else None
        return EventsPage(events=events, cursor=following)

    def days(self, request: EventsRequest) -> EventDays:
        """Count by day."""
        days: Counter[str] = Counter()
        for reported in merge_reports(self._pairs(request)):
            told_by = [self._archive.written[report.article][1] for report in reported.told_by]
            first = min(document.published or document.seen for document in told_by)
            happened = reported.event.date
            days[happened.value[:10] if happened else first.date().isoformat()] += 1
        return EventDays(days=tuple(EventDay(day=day, events=count) for day, count in sorted(days.items())))

    def event(self, event_id: str) -> ReportedEvent | None:
        """Return the event that a report tells of."""
        for reported in merge_reports(self._pairs(EventsRequest(now=datetime.min.replace(tzinfo=UTC)))):
            if any(report.event == event_id for report in reported.told_by):
                return reported
        return None

    def named(self, beginning: str, limit: int = 2) -> Sequence[str]:
        """Return the ids of reports that begin so."""
        ids = {event.id for _, document in self._archive.written.values() for event in document.events}
        return sorted(each for each in ids if each.startswith(beginning))[:limit]

    def _pairs(self, request: EventsRequest) -> list[tuple[Document, Event]]:
        return [
            (self._joined(document), event)
            for document in self._archive.found(request.query, request.now)
            for event in document.events
            if event.confidence >= request.confidence_min and _satisfies(event, document, request.conditions)
        ]

    def _joined(self, document: Document) -> Document:
        if document.story_id is None:
            return document
        return msgspec.structs.replace(document, story_id=self._archive.survivor(document.story_id), merged=())


def _satisfies(event: Event, document: Document, conditions: tuple[tuple[str, str], ...]) -> bool:
    if not conditions:
        return True
    alone = MatchView(msgspec.structs.replace(document, events=(event,)))
    return find(EventFilter(conditions=conditions), alone, document.seen) is not None


def _rank(story: StorySummary, sort: str) -> tuple[Any, ...]:
    if sort == "growth":
        return story.before - story.recent, -story.articles
    if sort == "newest":
        return (-microseconds(story.latest),)
    return -story.origins, -story.articles


def _offset(cursor: str | None) -> int:
    if cursor is not None and not cursor.isdecimal():
        raise UsageError("The cursor is not one that an earlier page gave; start again without it.")
    return int(cursor or 0)
