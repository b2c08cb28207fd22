"""The ports that read one set of documents, over each adapter: what the contract suites of these ports run on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import pytest

from pipeline.adapters.sqlite.arrivals import SqliteArrivals
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.events import SqliteEvents
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.stories import SqliteStories
from pipeline.model import Document
from pipeline.ports.arrivals import Arrivals
from pipeline.ports.events import Events
from pipeline.ports.stories import Stories
from tests.fakes.archive import Archive, MemoryArrivals, MemoryEvents, MemoryStories

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
ADAPTERS = ["memory", "sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)]


class Index(Protocol):
    """Take documents."""

    def upsert(self, documents: Sequence[Document]) -> Sequence[tuple[str, str]]:
        """Store documents by id."""

    def refresh(self) -> None:
        """Make them visible."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the ports under test; ``writer`` makes a further writer to the same documents."""

    index: Index
    arrivals: Arrivals
    stories: Stories
    events: Events
    writer: Callable[[], Index]

    def put(self, *documents: Document) -> None:
        """Write documents, so that they are found."""
        assert list(self.index.upsert(documents)) == []
        self.index.refresh()


@pytest.fixture(params=ADAPTERS)
def ports(request: pytest.FixtureRequest) -> Iterator[Ports]:
    """Return the ports over one adapter."""
    if request.param == "memory":
        archive = Archive()
        yield Ports(
            index=archive,
            arrivals=MemoryArrivals(archive),
            stories=MemoryStories(archive),
            events=MemoryEvents(archive),
            writer=lambda: archive,
        )
        return
    if request.param == "sqlite":
        with Database(request.getfixturevalue("tmp_path") / "newswire.db") as database:
            yield over(database)
        return
    with on_elasticsearch(
        request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    ) as made:
        yield made


def over(database: Database) -> Ports:
    """Return the ports over a store."""
    index = SqliteIndex(database)
    stories = SqliteStories(database, index)
    return Ports(
        index=index,
        arrivals=SqliteArrivals(database, index),
        stories=stories,
        events=SqliteEvents(database, index, stories),
        writer=lambda: SqliteIndex(database),
    )


@contextmanager
def on_elasticsearch(url: str, prefix: str) -> Iterator[Ports]:
    """Return the ports over Elasticsearch."""
    from pipeline.adapters.elasticsearch.arrivals import ElasticsearchArrivals
    from pipeline.adapters.elasticsearch.events import ElasticsearchEvents
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex
    from pipeline.adapters.elasticsearch.stories import ElasticsearchStories

    opened: list[ElasticsearchIndex] = []

    def writer() -> ElasticsearchIndex:
        opened.append(ElasticsearchIndex(url, prefix=prefix))
        return opened[-1]

    index = writer()
    index.setup()
    stories = ElasticsearchStories(index)
    yield Ports(
        index=index,
        arrivals=ElasticsearchArrivals(index),
        stories=stories,
        events=ElasticsearchEvents(index, stories),
        writer=writer,
    )
    for each in opened:
        each.close()


def article(article_id: str, title: str = "Ministers meet", **fields: Any) -> Document:
    """Make a document seen an hour ago."""
    seen = fields.pop("seen", NOW - timedelta(hours=1))
    return Document(
        id=article_id,
        title=title,
        seen=seen,
        revision=fields.pop("revision", 1),
        source=fields.pop("source", "Wire"),
        language=fields.pop("language", "en"),
        **fields,
    )
