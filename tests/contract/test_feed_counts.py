"""The FeedCounts port's promises, kept by both adapters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.feed_counts import SqliteFeedCounts
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.marks import SqliteMarks
from pipeline.ports.feed_counts import FeedCounts
from pipeline.ports.marks import READ, STARRED, Marked, Marks
from pipeline.ports.search import SearchIndex
from tests.contract.ports import NOW, article

ONE, TWO, EMPTY = "https://one.example/Feed?x=1", "https://two.example/feed", "https://none.example/"
DAY = timedelta(days=1)


class Ports(msgspec.Struct, frozen=True):
    """Hold the port under test, and where its articles and marks come from."""

    counts: FeedCounts
    index: SearchIndex
    marks: Marks


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def ports(request: pytest.FixtureRequest) -> Iterator[Ports]:
    if request.param == "sqlite":
        with Database(request.getfixturevalue("tmp_path") / "newswire.db") as database:
            yield Ports(SqliteFeedCounts(database), SqliteIndex(database), SqliteMarks(database))
        return
    from pipeline.adapters.elasticsearch.feed_counts import ElasticsearchFeedCounts
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.elasticsearch.marks import ElasticsearchMarks

    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    index, marks = ElasticsearchIndex(url, prefix=prefix), ElasticsearchMarks(url, prefix=prefix)
    index.setup()
    yield Ports(ElasticsearchFeedCounts(index, marks), index, marks)
    index.close()
    marks.close()


def fill(ports: Ports) -> None:
    ports.index.upsert(
        [
            article("a", feed=ONE, published=NOW - DAY),
            article("b", feed=ONE, duplicate_of="a", published=NOW - DAY),
            article("c", feed=ONE, published=NOW),
            article("d", feed=ONE, seen=NOW - 9 * DAY, published=NOW - 9 * DAY),
            article("e", feed=TWO, published=NOW),
            article("f", published=NOW),
        ]
    )
    ports.index.refresh()


def test_articles_are_counted_by_feed_and_day_copies_too(ports: Ports) -> None:
    assert ports.counts.per_day([ONE], NOW) == {}
    fill(ports)
    assert ports.counts.per_day([ONE, TWO, EMPTY], NOW - 2 * DAY) == {
        ONE: {"2022-02-23": 2, "2022-02-24": 1}, TWO: {"2022-02-24": 1},
    }  # fmt: skip
    assert ports.counts.per_day([ONE], NOW - 9 * DAY)[ONE]["2022-02-15"] == 1
    assert ports.counts.per_day([], NOW) == {}


def test_a_day_is_counted_from_its_first_moment(ports: Ports) -> None:
    midnight = NOW.replace(hour=0)
    ports.index.upsert([article("a", feed=ONE, seen=midnight), article("b", feed=ONE, seen=midnight - DAY / 86_400)])
    ports.index.refresh()
    assert ports.counts.per_day([ONE], NOW) == {ONE: {"2022-02-24": 1}}


def test_what_a_reader_has_not_read_is_counted_without_copies(ports: Ports) -> None:
    assert ports.counts.unread("ann", [ONE]) == (0, {})
    fill(ports)
    ports.marks.set("ann", READ, [Marked(article=each, number=10**15) for each in ("a", "b", "e")])
    ports.marks.set("ann", STARRED, [Marked(article="c", number=10**15)])
    assert ports.counts.unread("ann", [ONE, TWO, EMPTY]) == (3, {ONE: 2})
    assert ports.counts.unread("bob", [ONE, TWO, EMPTY]) == (5, {ONE: 3, TWO: 1})
    ports.marks.clear("ann", READ, ["a"])
    assert ports.counts.unread("ann", []) == (4, {})


def test_what_has_a_low_number_does_not_count(ports: Ports) -> None:
    fill(ports)
    assert ports.counts.unread("ann", [ONE], after=0) == (5, {ONE: 3})
    assert ports.counts.unread("ann", [ONE], after=(1 << 53) - 1) == (0, {})


def test_revision_is_counted_once(ports: Ports) -> None:
    fill(ports)
    ports.index.upsert([article("c", "Corrected", feed=ONE, published=NOW, revision=2)])
    ports.index.refresh()
    assert ports.counts.per_day([ONE], NOW) == {ONE: {"2022-02-24": 1}}
    assert ports.counts.unread("ann", [ONE])[1] == {ONE: 3}
