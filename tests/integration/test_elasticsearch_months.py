"""Documents of many months are found as written this instant, without a look into every month for each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from pipeline.model import Document, derive_id

pytestmark = pytest.mark.elasticsearch
MONTHS = 8


@pytest.fixture
def index(elasticsearch_url: str, elasticsearch_prefix: str) -> Iterator:  # type: ignore[type-arg]
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    opened = ElasticsearchIndex(elasticsearch_url, prefix=elasticsearch_prefix)
    opened.setup()
    yield opened
    opened.close()


def document(month: int, number: int, revision: int = 1, seen_month: int | None = None) -> Document:
    seen = datetime(2026, seen_month or month, 10, 12, tzinfo=UTC)
    name = derive_id("months", str(month), str(number))
    return Document(id=name, source="s", seen=seen, title=f"Report {month} {number} {revision}", revision=revision)


def test_revision_goes_where_its_article_is_whatever_month_it_was_seen_in(index) -> None:  # type: ignore[no-untyped-def]
    for month in range(1, MONTHS + 1):
        assert index.upsert([document(month, number) for number in range(5)]) == []
    # Right after they were written, before any refresh of the engine's own.
    for revision in (2, 3):
        changed = [document(month, 1, revision, MONTHS) for month in range(1, MONTHS + 1)]
        assert index.upsert(changed) == []
        for each in changed:
            got = index.get(each.id)
            assert (got.revision, got.title) == (revision, each.title)
    index.refresh()
    found = index.months.locate(
        [document(m, n).id for m in range(1, MONTHS + 1) for n in range(5)], index.months.names(), True
    )
    assert len(found) == 5 * MONTHS
    total = index.months._client.count(index=index.months.target())["count"]
    assert total == 5 * MONTHS


def test_locating_looks_one_by_one_into_few_months_only(index, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    documents = [document(month, number) for month in range(1, MONTHS + 1) for number in range(5)]
    assert index.upsert(documents) == []
    client, looks = index.months._client, list[int]()
    mget = client.mget

    def counted(**options):  # type: ignore[no-untyped-def]
        looks.append(len(options["docs"]))
        return mget(**options)

    monkeypatch.setattr(client, "mget", counted)
    again = [msgspec.structs.replace(each, revision=2) for each in documents]
    assert index.upsert(again) == []
    assert max(looks) <= 2 * len(documents)
    assert {each.id: 2 for each in again} == {each.id: index.get(each.id).revision for each in again}
