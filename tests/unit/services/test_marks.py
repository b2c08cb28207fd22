"""Marks: what is read, starred and tagged is found again by searching, and makes no alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.alerts.rules import admit
from pipeline.errors import UsageError
from pipeline.model import AlertRule, Document, derive_id
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.query.printer import restate, show
from pipeline.services.feed_settings import FeedOptions, changed
from pipeline.services.feeds import new_subscription
from pipeline.services.marks import Change, Marks, State
from pipeline.services.saved_searches import SavedSearches
from tests.fakes.archive import MemoryArrivals
from tests.fakes.index import MemoryIndex
from tests.fakes.marks import MemoryMarks
from tests.fakes.table import MemoryTable

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


class Desk:
    """Hold five articles, their marks, and searches by one reader."""

    def __init__(self) -> None:
        self.index = MemoryIndex()
        for n in range(5):
            made = Document(id=derive_id(str(n)), source="s", seen=NOW - timedelta(hours=n), title=f"Flood {n}")
            self.index.upsert([made])
        self.kept = MemoryMarks()
        self.marks = self.of("")
        self.searches = SavedSearches(MemoryTable(), filled=self.marks.filled)

    def of(self, reader: str) -> Marks:
        return Marks(marks=self.kept, arrivals=MemoryArrivals(self.index.archive), clock=lambda: NOW, reader=reader)

    def found(self, text: str) -> list[str]:
        query = self.searches.parse(text)
        return [each.title or "" for each in self.index.search(SearchRequest(query=query, now=NOW)).documents]


def id_of(n: int) -> str:
    return derive_id(str(n))


def test_what_is_marked_is_found_by_it() -> None:
    desk = Desk()
    desk.marks.change([id_of(1), id_of(2)], Change(read=True))
    desk.marks.change([id_of(2)], Change(starred=True, add=("  War   Room ",)))
    assert desk.found("is:read") == ["Flood 1", "Flood 2"]
    assert desk.found("is:unread flood") == ["Flood 0", "Flood 3", "Flood 4"]
    assert desk.found("flood -is:starred is:read") == ["Flood 1"]
    assert desk.found('mark:"war room" OR title:0') == ["Flood 0", "Flood 2"]
    assert desk.marks.tags() == {"war room": 1}
    assert desk.marks.of([id_of(2)]) == {id_of(2): State(read=True, starred=True, tags=("war room",))}


def test_marks_are_taken_back() -> None:
    desk = Desk()
    desk.marks.change([id_of(1)], Change(read=True, add=("x",)))
    assert desk.marks.change([id_of(1)], Change(read=False, remove=("X",))) == {id_of(1): State()}
    assert desk.found("is:read") == []


def test_marking_all_read_stops_at_a_number_and_can_be_undone() -> None:
    desk = Desk()
    desk.marks.change([id_of(0)], Change(read=True))
    numbers = MemoryArrivals(desk.index.archive).numbers_of([id_of(n) for n in range(5)])
    done = desk.marks.read_all(parse("flood"), until=numbers[id_of(2)])
    assert sorted(desk.found("is:read")) == ["Flood 0", "Flood 1", "Flood 2"]
    desk.marks.unread_again(done)
    assert desk.found("is:read") == ["Flood 0"]


def test_readers_do_not_see_each_others_marks() -> None:
    desk = Desk()
    desk.of("bob").change([id_of(1)], Change(read=True, starred=True))
    assert desk.found("is:read OR is:starred") == []


def test_unknown_article_is_told_and_nothing_is_marked() -> None:
    desk = Desk()
    with pytest.raises(UsageError, match="no article nowhere"):
        desk.marks.change([id_of(1), "nowhere"], Change(read=True))
    assert desk.found("is:read") == []


@pytest.mark.parametrize("tag", ["", "  ", "x" * 101, 'a"b', "a\x00b"])
def test_what_cannot_be_a_tag_is_refused(tag: str) -> None:
    with pytest.raises(UsageError, match="no tag"):
        Desk().marks.change([id_of(1)], Change(add=(tag,)))


def test_beyond_what_can_be_searched_the_older_counts_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.services.marks.SEARCHABLE", 2)
    desk = Desk()
    desk.marks.change([id_of(n) for n in (0, 1, 2)], Change(read=True))
    query = show(desk.marks.filled(parse("is:unread")))
    assert query.startswith("seen:") and query.endswith("-is:read")


@pytest.mark.parametrize("text", ["flood is:read", "flood -is:starred", "flood OR (a mark:b)", "is:unread"])
def test_rules_and_mutes_refuse_marks_with_the_reason(text: str) -> None:
    rule = AlertRule(id="r", name="r", query=text, created=NOW)
    with pytest.raises(UsageError, match="for search only"):
        admit(rule)
    with pytest.raises(UsageError, match="for search only"):
        changed(new_subscription("https://a.example/f", NOW), FeedOptions(mute=(text,)))


def test_marks_are_restated() -> None:
    said = restate(parse("flood is:unread mark:later"))
    assert "that you have not read" in said and "that you marked “later”" in said


def test_what_is_starred_or_tagged_is_spared_by_pruning_and_what_is_read_is_not() -> None:
    desk = Desk()
    desk.marks.change([id_of(0), id_of(1)], Change(read=True))
    desk.marks.change([id_of(1), id_of(2)], Change(starred=True))
    desk.marks.change([id_of(2), id_of(3)], Change(add=("war",)))
    assert desk.marks.spared() == {id_of(1), id_of(2), id_of(3)}
