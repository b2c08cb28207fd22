"""Stories: all of them are listed, however many articles there are, and found under every id they had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.model import Document, derive_id
from pipeline.query.parser import parse
from pipeline.services.stories import LABEL_AGE, LABEL_PAGE, PAGE, Stories, with_merged_stories
from pipeline.views.stories import story_line, story_lines
from tests.fakes.index import MemoryIndex
from tests.unit.services.desks import stories_over

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


def report(number: int, story: str, **fields: object) -> Document:
    seen = NOW - timedelta(hours=1, seconds=number)
    made = Document(
        id=derive_id(str(number)), source=f"s{number % 3}", seen=seen, title=f"Talks {number}", language="en",
        revision=1, story_id=derive_id(story),
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def desk(*documents: Document) -> Stories:
    index = MemoryIndex()
    index.upsert(documents)
    return stories_over(index, NOW)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, PAGE + 20), st.integers(1, 2 * PAGE))
def test_every_story_is_listed_once_up_to_the_limit(count: int, limit: int) -> None:
    found = desk(*(report(n, str(n)) for n in range(count))).find(None, least=1, limit=limit)
    assert len({line.id for line in found.lines}) == len(found.lines) == min(count, limit)


def test_stories_are_chosen_by_query_size_and_origins() -> None:
    copied = [report(10, "copied"), report(11, "copied", duplicate_of=report(10, "copied").id)]
    service = desk(report(1, "large"), report(2, "large"), report(3, "small", title="Sport"), *copied)
    assert [line.articles for line in service.find(None).lines] == [2, 2]
    assert [line.id for line in service.find(None, origins=2).lines] == [derive_id("large")]
    assert [line.id for line in service.find("sport", least=1).lines] == [derive_id("small")]


@pytest.mark.parametrize(
    ("age", "state"), [(timedelta(days=2, hours=23), "open"), (timedelta(days=3, hours=1), "closed")]
)
def test_story_is_closed_after_three_quiet_days(age: timedelta, state: str) -> None:
    service = desk(report(1, "s", seen=NOW - age), report(2, "s", seen=NOW - age - timedelta(hours=1)))
    (line,) = service.find(None).lines
    assert line.state == state
    assert [len(service.find(None, state=each).lines) for each in ("open", "closed")] == [
        int(state == "open"), int(state == "closed")
    ]  # fmt: skip


def test_rates_are_articles_an_hour_now_and_before() -> None:
    service = desk(
        *(report(n, "s") for n in range(12)), *(report(n, "s", seen=NOW - timedelta(hours=8)) for n in range(20, 26))
    )
    (line,) = service.find(None).lines
    assert (line.per_hour, line.per_hour_before, line.growth) == (2.0, 1.0, 1.0)
    assert story_line(line).endswith("[open, 18 articles, 3 origins, 2 an hour (+1)]")


def test_story_is_shown_under_its_id_its_beginning_and_that_of_one_merged_into_it() -> None:
    old, new = derive_id("old"), derive_id("new")
    service = desk(report(1, "old"), report(2, "new", merged=(old,)), report(3, "new"))
    for name in (new, new[:6].upper(), old, old[:6]):
        found = service.get(name)
        assert found is not None
        line, articles = found
        assert (line.id, line.merged, len(articles)) == (new, (old,), 3)
        assert any(old in each for each in story_lines(line, articles))
    assert service.get("0" * 32) is None


def test_story_of_many_pages_is_shown_whole_and_oldest_first() -> None:
    found = desk(*(report(n, "s") for n in range(2 * PAGE + 1))).get(derive_id("s"))
    assert found is not None
    seen = [article.seen for article in found[1]]
    assert (len(seen), seen) == (2 * PAGE + 1, sorted(seen))


def test_beginning_must_tell_stories_apart() -> None:
    service = desk(report(1, "a", story_id="abcd" + "0" * 28), report(2, "b", story_id="abcd" + "1" * 28))
    with pytest.raises(UsageError, match="too short"):
        service.get("abc")
    with pytest.raises(UsageError, match="More than one"):
        service.get("abcd")


@pytest.mark.parametrize("text", ["talks", "story:abc", "talks NOT story:abcd"])
def test_query_stays_where_no_story_was_merged(text: str) -> None:
    query = parse(text)
    assert with_merged_stories(query, lambda value: ["abcd" + "0" * 28]) == query


def namings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that is told of how many articles each story is named."""
    named: list[int] = []

    def label(articles: list[Document]) -> str:
        named.append(len(articles))
        return "A story"

    monkeypatch.setattr("pipeline.services.story_labels.label", label)
    return named


def test_story_is_named_anew_when_it_has_grown_or_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    named = namings(monkeypatch)
    index, now = MemoryIndex(), [NOW]
    service = stories_over(index, NOW)
    monkeypatch.setattr(service, "_clock", lambda: now[0])

    def listed(count: int) -> None:
        index.upsert([report(n, "s") for n in range(count)])
        assert service.find(None).lines[0].articles == count

    for count in (20, 20, 22):
        listed(count)
    assert named == [20]
    listed(23)
    now[0] += LABEL_AGE
    listed(23)
    assert named == [20, 23, 23]


def test_naming_reads_no_more_of_a_large_story_than_its_first_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    read = namings(monkeypatch)
    desk(*(report(n, "s") for n in range(3 * LABEL_PAGE))).find(None)
    assert read == [LABEL_PAGE]
