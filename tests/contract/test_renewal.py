"""An index that another version of the text analysis wrote is found in full, brought up to date, and left clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.language import tokens
from pipeline.language.tokens import ANALYSIS_VERSION
from pipeline.model import Document
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Opened = Any
Open = Callable[[], Opened]


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def opening(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return what opens the same index again and again."""
    if request.param == "sqlite":
        from pipeline.adapters.sqlite.database import Database
        from pipeline.adapters.sqlite.index import SqliteIndex

        databases = []

        def opened() -> Opened:
            databases.append(Database(Path(request.getfixturevalue("tmp_path")) / "newswire.db").open())
            return SqliteIndex(databases[-1])

        yield opened
        for database in databases:
            database.connection.execute("INSERT INTO terms (terms) VALUES ('integrity-check')")
            database.close()
        return
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    url, prefix = request.getfixturevalue("elasticsearch_url"), request.getfixturevalue("elasticsearch_prefix")
    yield lambda: ElasticsearchIndex(url, prefix=prefix)


@contextmanager
def earlier_analysis(version: int = ANALYSIS_VERSION - 1) -> Iterator[None]:
    """Read texts as a version did that kept the points of acronyms and knew no forms of words but Snowball's."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (
            "pipeline.adapters.sqlite.writer",
            "pipeline.adapters.sqlite.generations",
            "pipeline.adapters.elasticsearch.template",
            "pipeline.adapters.elasticsearch.months",
        ):
            patch.setattr(f"{module}.ANALYSIS_VERSION", version)
        patch.setattr(tokens, "singular", lambda token, _: token)
        patch.setattr(tokens, "one_form", lambda token: token)
        patch.setattr(tokens, "fold", lambda word: word.lower())
        _forget()
        try:
            yield
        finally:
            patch.undo()
            _forget()


def _forget() -> None:
    for cached in (tokens._short, tokens._long, tokens._parts, tokens._stems_of):
        cached.cache_clear()


def article(number: int, text: str, **fields: Any) -> Document:
    """Make an article seen some hours before now."""
    given: dict[str, Any] = {
        "source": "Wire",
        "seen": NOW - timedelta(hours=number),
        "language": "en",
        "title": text,
        "text": text,
    }
    return Document(id=f"a{number}", **(given | fields))


def ids(index: Opened, text: str, **fields: Any) -> list[str]:
    """Return the ids that a query finds, and demand that the total says as many."""
    index.refresh()
    page = index.search(SearchRequest(query=parse(text), now=NOW, limit=50, **fields))
    assert page.total == len(page.documents)
    return sorted(document.id for document in page.documents)


def old_articles() -> list[Document]:
    """Return articles to be indexed by the earlier version."""
    return [
        article(1, "The U.S. treasury spoke"),
        article(2, "Children marched in Varlo"),
        article(3, "Kettle prices rose"),
        article(4, "Kettle prices rose", duplicate_of="a3"),
        *(article(n, f"Filler{n} about prices") for n in range(5, 30)),
    ]


def test_what_earlier_versions_wrote_is_found_before_during_and_after(opening: Open) -> None:
    with earlier_analysis():
        opening().upsert(old_articles())
    index = opening()
    everything = [f"a{n}" for n in (1, 2, 3, *range(5, 30))]
    prices = sorted({*everything} - {"a1", "a2"})
    assert index.outdated() == 29
    for words in ("kettle -wrong", "kettle OR (nowhere last:90d)", "prices -kettle"):
        assert ids(index, words) == (["a3"] if "-k" not in words else sorted({*prices} - {"a3"}))
    index.upsert([article(50, "Kettle from the U.S. for a child")])
    rounds = 0
    while index.renew(7):
        rounds += 1
        assert ids(index, "kettle") == ["a3", "a50"]
        assert ids(index, "prices") == prices
        assert ids(index, "kettle (last:90d OR nowhere)", sort="best") == ["a3", "a50"]
        assert rounds < 50
    assert index.outdated() == 0
    assert ids(index, "US") == ids(index, "U.S.") == ["a1", "a50"]
    assert ids(index, "child") == ["a2", "a50"]
    assert ids(index, "kettle", copies=True) == ["a3", "a4", "a50"]


def test_irregular_words_and_what_hyphens_join_are_found_as_they_stand_until_they_are_indexed_anew(
    opening: Open,
) -> None:
    with earlier_analysis():
        opening().upsert(
            [article(1, "The harbour was bought"), article(2, "Two by-elections"), article(3, "Organised buyers")]
        )
    index = opening()
    index.upsert([article(4, "Buying a harbor before the by-election"), article(5, "An organizer")])
    rounds = 0
    while True:
        assert {"a1"} <= set(ids(index, "bought")) <= {"a1", "a4"}
        assert {"a1"} <= set(ids(index, "harbour")) <= {"a1", "a4"}
        assert {"a2"} <= set(ids(index, "by-elections")) <= {"a2", "a4"}
        assert {"a3"} <= set(ids(index, "organised")) <= {"a3", "a5"}
        if not index.renew(1):
            break
        rounds += 1
    assert rounds == 3
    for words in ("buy", "bought", "harbor", "harbour"):
        assert ids(index, words) == ["a1", "a4"]
    assert ids(index, "by-election") == ids(index, "by-elections") == ["a2", "a4"]
    assert ids(index, "organised") == ["a3", "a5"]
    index.upsert([article(2, "Nothing left", revision=2)])
    assert ids(index, "by-election OR by-elections") == ["a4"]


def test_changed_and_withdrawn_words_leave_no_ghosts(opening: Open) -> None:
    with earlier_analysis():
        opening().upsert(old_articles())
    index = opening()
    index.upsert([article(1, "The treasury was silent", revision=2), article(3, "Teapots rose", revision=2)])
    index.renew(5)
    index.upsert([article(2, "Nobody marched", revision=2)])
    assert ids(index, "kettle OR children OR US OR spoke", copies=True) == ["a4"]
    while index.renew(100):
        pass
    assert ids(index, "kettle OR children OR US OR spoke", copies=True) == ["a4"]
    assert ids(index, "treasury OR teapot OR nobody") == ["a1", "a2", "a3"]


def test_documents_of_two_earlier_versions_are_found_and_renewed(opening: Open) -> None:
    with earlier_analysis(ANALYSIS_VERSION - 1):
        opening().upsert(old_articles()[:10])
    with earlier_analysis(ANALYSIS_VERSION + 7):
        index = opening()
        index.upsert(old_articles()[10:20])
        assert index.outdated() == 10
    index = opening()
    assert index.outdated() == 20
    assert len(ids(index, "prices")) == 17
    while index.renew(6):
        assert len(ids(index, "prices")) == 17
    assert index.outdated() == 0
    assert len(ids(index, "prices")) == 17


def test_new_index_has_nothing_to_renew(opening: Open) -> None:
    index = opening()
    assert (index.outdated(), index.renew(10)) == (0, 0)
    index.upsert(old_articles())
    index.refresh()
    assert (index.outdated(), index.renew(10)) == (0, 0)
