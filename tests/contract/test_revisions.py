"""The Revisions port's promises, kept by every adapter: what was replaced can be read again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.revisions import SqliteRevisions
from pipeline.ports.revisions import Revisions
from pipeline.ports.search import SearchIndex
from tests.contract.ports import NOW, article

Kept = tuple[SearchIndex, Revisions]


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    if request.param == "sqlite":
        with Database(request.getfixturevalue("tmp_path") / "newswire.db") as database:
            index = SqliteIndex(database)
            yield index, SqliteRevisions(database)
        return
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    opened = ElasticsearchIndex(url, prefix=prefix)
    opened.setup()
    yield opened, opened.revisions
    opened.close()


def titles(kept: Kept, article_id: str) -> list[str | None]:
    return [each.title for each in kept[1].of(article_id)][::-1]


def test_every_revision_is_kept_newest_first(kept: Kept) -> None:
    for revision, title in enumerate(("First", "Second", "Third"), 1):
        kept[0].upsert([article("a", title, revision=revision), article("b", revision=1)])
    assert titles(kept, "a") == ["First", "Second", "Third"]
    assert titles(kept, "b") == ["Ministers meet"]
    assert titles(kept, "unknown") == []


def test_revisions_that_come_at_once_are_kept_as_well(kept: Kept) -> None:
    kept[0].upsert([article("a", "Title 1", revision=1), article("b", revision=1), article("a", "Title 2", revision=2)])
    assert titles(kept, "a") == ["Title 1", "Title 2"]
    batch = [article("a", f"Title {revision}", revision=revision) for revision in (1, 2, 3, 5, 4, 6)]
    kept[0].upsert(batch)
    kept[0].upsert(batch)
    assert titles(kept, "a") == ["Title 1", "Title 2", "Title 3", "Title 5", "Title 6"]


def test_redelivery_and_late_revisions_keep_the_order(kept: Kept) -> None:
    for revision in (1, 3, 3, 1, 4):
        kept[0].upsert([article("a", f"Title {revision}", revision=revision)])
    assert titles(kept, "a") == ["Title 1", "Title 3", "Title 4"]


def test_revisions_that_come_together_are_all_kept(kept: Kept) -> None:
    kept[0].upsert([article("a", f"Title {revision}", revision=revision) for revision in (1, 2, 3)])
    assert titles(kept, "a") == ["Title 1", "Title 2", "Title 3"]
    kept[0].upsert([article("a", f"Title {revision}", revision=revision) for revision in (2, 3, 4, 6)])
    kept[0].upsert([article("a", f"Title {revision}", revision=revision) for revision in (4, 5, 6)])
    assert titles(kept, "a") == ["Title 1", "Title 2", "Title 3", "Title 4", "Title 6"]


def test_revisions_of_a_pruned_article_are_gone(kept: Kept) -> None:
    old = NOW - timedelta(days=90)
    for revision in (1, 2):
        kept[0].upsert([article("a", seen=old, revision=revision)])
        kept[0].upsert([article("b", revision=revision)])
    kept[0].refresh()
    kept[0].prune(NOW - timedelta(days=30))
    assert titles(kept, "a") == []
    assert titles(kept, "b") == ["Ministers meet"] * 2
    # As one that comes back with the same id shows, nothing is left of them.
    kept[0].upsert([article("a", "Back", revision=9)])
    assert titles(kept, "a") == ["Back"]
