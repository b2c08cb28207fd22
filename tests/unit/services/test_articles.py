"""Articles: searched page by page, found by id and address, explained by the alerts they match."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.model import AlertRule, Document, derive_id
from pipeline.services.articles import PAGE, Articles
from pipeline.services.saved_searches import SavedSearches
from tests.fakes.index import MemoryIndex
from tests.fakes.table import MemoryTable
from tests.unit.services.desks import stories_over

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


class Desk:
    """Hold the service with what it reads."""

    def __init__(self, *documents: Document) -> None:
        self.rules, self.searches, self.index = MemoryTable(), SavedSearches(MemoryTable()), MemoryIndex()
        self.index.upsert(documents)
        self.service = Articles(
            index=self.index,
            stories=stories_over(self.index, NOW),
            rules=self.rules,
            searches=self.searches,
            clock=lambda: NOW,
        )

    def titles(self, text: str | None, **options: object) -> list[str]:
        page = self.service.search(self.service.request(text, **options))  # type: ignore[arg-type]
        return [document.title or "" for document in page.documents]


def article(number: int, title: str = "Talks", **fields: object) -> Document:
    made = Document(
        id=derive_id(str(number)), source="s", seen=NOW - timedelta(minutes=number), title=title, revision=1
    )
    return msgspec.structs.replace(made, **fields)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3 * PAGE), st.integers(0, 2 * PAGE + 3))
def test_search_gives_the_limit_however_many_pages_that_takes(limit: int, count: int) -> None:
    desk = Desk(*(article(n) for n in range(count)))
    page = desk.service.search(desk.service.request(None, limit=limit))
    assert len(page.documents) == min(limit, count)
    assert max(desk.index.limits) <= PAGE
    assert (page.cursor is not None) == (limit < count)


def test_cursor_goes_on_where_the_page_ended() -> None:
    desk = Desk(*(article(n, f"Talks {n}") for n in range(5)))
    first = desk.service.search(desk.service.request(None, limit=3))
    assert desk.titles(None, limit=3, cursor=first.cursor) == ["Talks 3", "Talks 4"]


def test_saved_search_stands_for_its_query() -> None:
    desk = Desk(article(1, "Talks in Kyiv"), article(2, "Sport"))
    desk.searches.keep("place", "kyiv OR lviv")
    assert desk.titles("search:place") == ["Talks in Kyiv"]
    with pytest.raises(UsageError):
        desk.titles("search:nothing")


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_asked_for_is_everything(nothing: str | None) -> None:
    assert len(Desk(article(1), article(2)).titles(nothing)) == 2


def test_story_stands_for_all_that_were_merged_into_it() -> None:
    old, new = derive_id("old"), derive_id("new")
    desk = Desk(article(1, "First", story_id=old), article(2, "Second", story_id=new, merged=(old,)))
    assert sorted(desk.titles(f"story:{old}")) == sorted(desk.titles(f"story:{new[:8]}")) == ["First", "Second"]
    assert desk.titles(f"first story:{new}") == ["First"]


def test_article_is_found_by_id_beginning_and_address() -> None:
    known = article(1, url="https://site.example/a")
    desk = Desk(known, article(2))
    for name in (known.id, known.id[:10], "https://site.example/a"):
        found = desk.service.find(name)
        assert found is not None
        assert found.id == known.id
    assert desk.service.find("https://site.example/b") is None


def test_beginning_of_an_id_must_tell_articles_apart() -> None:
    one = article(1)
    desk = Desk(one, article(2, id=one.id[:8] + "0" * 24))
    with pytest.raises(UsageError, match="too short"):
        desk.service.find(one.id[:3])
    with pytest.raises(UsageError, match="More than one"):
        desk.service.find(one.id[:8])


def test_articles_like_one_need_that_one() -> None:
    one = article(1, "Talks in Kyiv")
    desk = Desk(one, article(2, "Kyiv at night"), article(3, "Sport"))
    page = desk.service.similar(one.id, desk.service.request(None))
    assert [document.title for document in page.documents] == ["Kyiv at night"]
    with pytest.raises(UsageError, match="no article"):
        desk.service.similar("0" * 32, desk.service.request(None))


def test_counts_are_of_what_the_query_finds() -> None:
    desk = Desk(article(1, source="a"), article(2, source="b"), article(3, "Sport", source="b"))
    counts = desk.service.facets(desk.service.request("talks"), "source")
    assert {count.value: count.documents for count in counts} == {"a": 1, "b": 1}
    assert [(day.documents, day.all) for day in desk.service.timeline(desk.service.request("talks"))] == [(2, 3)]


def test_article_tells_which_alerts_it_matches_and_its_copies() -> None:
    one = article(1, "Talks in Kyiv")
    desk = Desk(one, article(2, duplicate_of=one.id))
    for name, query in (("place", "kyiv"), ("other", "lviv"), ("dropped", "search:gone")):
        rule = AlertRule(id=name, name=name, query=query, created=NOW)
        desk.rules.put(rule.id, msgspec.json.encode(rule))
    assert [(m.rule, [span.text for span in m.spans]) for m in desk.service.matches(one)] == [("place", ["Kyiv"])]
    found = desk.service.find(one.id)
    assert found is not None
    assert [copy.duplicate_of for copy in desk.service.copies(found)] == [one.id]


@pytest.mark.parametrize(("name", "query"), [("two words", "x"), ("1st", "x"), ("fine", ""), ("fine", None)])
def test_saved_search_needs_a_query_and_a_name_that_can_stand_in_one(name: str, query: str | None) -> None:
    searches = SavedSearches(MemoryTable())
    with pytest.raises(UsageError):
        searches.keep(name, query)
    assert searches.all() == {}


def test_saved_search_that_is_not_there_cannot_be_dropped() -> None:
    with pytest.raises(UsageError, match="--saved"):
        SavedSearches(MemoryTable()).forget("nothing")
