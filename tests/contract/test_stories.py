"""What every adapter of the Stories port promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.model import Document
from pipeline.ports.stories import StoriesRequest, StorySummary
from pipeline.query.parser import parse
from tests.contract.ports import NOW, Ports, article, ports

__all__ = ["ports"]
HOUR = timedelta(hours=1)


def report(name: str, story: str, hours: float = 1, **fields: Any) -> Document:
    return article(name, story_id=story, seen=NOW - hours * HOUR, **({"source": f"Paper {name}"} | fields))


def put(ports: Ports, *documents: Document) -> None:
    ports.put(*documents)


def listed(ports: Ports, text: str | None = None, **fields: object) -> list[str]:
    request = StoriesRequest(now=NOW, query=parse(text) if text else None, **fields)  # type: ignore[arg-type]
    page = ports.stories.summaries(request)
    assert not page.estimated
    return [story.id for story in page.stories]


def test_story_is_summed_up(ports: Ports) -> None:
    put(
        ports,
        report("a", "s1", 20, source="AP", published=NOW - 21 * HOUR),
        report("b", "s1", 8, source="BBC"),
        report("c", "s1", 2, source="AP", published=NOW + 5 * HOUR),
        report("d", "s1", 1, source="DPA", duplicate_of="b", published=NOW - 3 * HOUR),
        report("e", "s2", 1),
        article("f"),
    )
    assert ports.stories.story("s1", NOW) == StorySummary(
        id="s1",
        first_seen=NOW - 20 * HOUR,
        latest=NOW - 2 * HOUR,
        articles=4,
        origins=2,
        recent=2,
        before=1,
        sources=("AP", "BBC", "DPA"),
    )


def test_story_of_one_source_or_of_copies_alone_has_one_origin(ports: Ports) -> None:
    put(ports, *(report(f"a{n}", "s1", 1 + n, source="AP") for n in range(3)))
    put(ports, *(report(f"b{n}", "s2", 1 + n, duplicate_of="elsewhere") for n in range(3)))
    found = [ports.stories.story(story, NOW) for story in ("s1", "s2")]
    assert [1, 1] == [story.origins for story in found if story]
    assert [] == listed(ports, origins_min=2)


def test_unknown_story_is_none(ports: Ports) -> None:
    assert ports.stories.story("s1", NOW) is None
    assert ports.stories.articles("s1").articles == ()
    put(ports, report("a", "s2"))
    assert (ports.stories.story("s1", NOW), listed(ports, "nothing"), list(ports.stories.named("x"))) == (None, [], [])


def test_merged_stories_are_one(ports: Ports) -> None:
    put(
        ports,
        report("a", "s3", 9, source="X"),
        report("b", "s2", 8, source="Y"),
        report("c", "s2", 7, merged=("s3",)),
        report("d", "s1", 6, duplicate_of="a"),
        report("e", "s1", 5, merged=("s2",)),
    )
    found = ports.stories.story("s3", NOW)
    assert found is not None
    assert (found.id, found.articles, found.origins, found.merged) == ("s1", 5, 4, ("s2", "s3"))
    assert found == ports.stories.story("s1", NOW) == ports.stories.story("s2", NOW)
    assert listed(ports) == ["s1"]
    assert [document.id for document in ports.stories.articles("s2").articles] == ["a", "b", "c", "d", "e"]


def test_merges_are_followed_in_whichever_order_they_are_written(ports: Ports) -> None:
    put(ports, report("a", "s1", merged=("s2",)))
    put(ports, report("b", "s2", merged=("s3",)))
    put(ports, report("c", "s3"))
    assert listed(ports) == ["s1"]
    assert list(ports.stories.named("s3")) == ["s1"]


def test_query_chooses_stories_and_all_their_articles_are_counted(ports: Ports) -> None:
    put(ports, report("a", "s1", title="Flood"), report("b", "s1"), report("c", "s2"), article("d", "Flood"))
    page = ports.stories.summaries(StoriesRequest(now=NOW, query=parse("flood")))
    assert [(story.id, story.articles) for story in page.stories] == [("s1", 2)]
    assert page.total == 1


def test_story_is_chosen_by_an_article_of_a_merged_one(ports: Ports) -> None:
    put(ports, report("a", "s2", title="Flood"), report("b", "s1", merged=("s2",)))
    assert listed(ports, "flood") == ["s1"]


def test_orders(ports: Ports) -> None:
    put(
        ports,
        *(report(f"a{n}", "big", 30 + n) for n in range(3)),
        *(report(f"b{n}", "fast", 1 + n) for n in range(2)),
        *(report(f"c{n}", "copied", 20, duplicate_of="c0" if n else None) for n in range(4)),
        report("d", "last", 0.5),
        report("e", "last", 8),
        report("f", "last", 9),
        report("g", "last", 10),
    )
    assert listed(ports) == ["last", "big", "fast", "copied"]
    assert listed(ports, sort="growth") == ["fast", "copied", "big", "last"]
    assert listed(ports, sort="newest") == ["last", "fast", "copied", "big"]


def test_bounds(ports: Ports) -> None:
    put(
        ports,
        report("a", "s1", 90),
        report("b", "s1", 80, duplicate_of="a"),
        report("c", "s2", 2),
        report("d", "s2", 1),
        report("e", "s3", 1),
    )
    assert listed(ports, articles_min=2) == ["s2", "s1"]
    assert listed(ports, origins_min=2) == ["s2"]
    assert listed(ports, latest_from=NOW - 72 * HOUR, articles_min=2) == ["s2"]
    assert listed(ports, latest_before=NOW - 72 * HOUR) == ["s1"]
    assert sorted(listed(ports, latest_from=NOW - HOUR)) == ["s2", "s3"]


@pytest.mark.parametrize("sort", ["size", "growth", "newest"])
def test_pages_join_and_tell_how_many_there_are(ports: Ports, sort: str) -> None:
    put(ports, *(report(f"a{n}-{m}", f"s{n:02}", 1 + m) for n in range(23) for m in range(1 + n % 3)))
    found, cursor = [], None
    while True:
        page = ports.stories.summaries(StoriesRequest(now=NOW, sort=sort, limit=5, cursor=cursor))  # type: ignore[arg-type]
        assert page.total == 23
        found += [story.id for story in page.stories]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(found) == 23 and set(found) == {f"s{n:02}" for n in range(23)}
    assert found == listed(ports, sort=sort, limit=100)


def test_stories_are_named_by_the_beginning_of_an_id(ports: Ports) -> None:
    put(ports, report("a", "abc1"), report("b", "abd2", merged=("abc9",)), report("c", "xyz3"))
    assert list(ports.stories.named("ab")) == ["abc1", "abd2"]
    assert list(ports.stories.named("abc")) == ["abc1", "abd2"]
    assert list(ports.stories.named("abc9")) == ["abd2"]
    assert list(ports.stories.named("ab", limit=1)) == ["abc1"]
    assert list(ports.stories.named("a%")) == list(ports.stories.named("ab*")) == []


def test_articles_of_a_story_page_from_the_oldest(ports: Ports) -> None:
    put(ports, *(report(f"a{n:02}", "s1", 50 - n, published=NOW - (50 - n) * HOUR) for n in range(12)))
    put(ports, report("b", "s1", 1, published=None, duplicate_of="a00"))
    found: list[Document] = []
    cursor = None
    while True:
        page = ports.stories.articles("s1", cursor, 5)
        found += page.articles
        cursor = page.cursor
        if cursor is None:
            break
    assert [document.id for document in found] == [*(f"a{n:02}" for n in range(12)), "b"]
    assert found[0].copies == ("b",)


def test_revised_article_is_counted_once_and_in_its_new_story(ports: Ports) -> None:
    put(ports, report("a", "s1"), report("b", "s1"))
    put(ports, report("b", "s2", revision=2))
    assert [(s.id, s.articles) for s in ports.stories.summaries(StoriesRequest(now=NOW)).stories] == [
        ("s1", 1),
        ("s2", 1),
    ]


def test_foreign_cursor_is_refused(ports: Ports) -> None:
    put(ports, report("a", "s1"))
    for cursor in ("x", "%%%", "bnVsbA", "💥"):
        with pytest.raises(UsageError):
            ports.stories.summaries(StoriesRequest(now=NOW, cursor=cursor))
        with pytest.raises(UsageError):
            ports.stories.articles("s1", cursor)
