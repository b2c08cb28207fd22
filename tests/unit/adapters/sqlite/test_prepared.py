"""What was worked out beforehand changes nothing of what is stored, and is used for what it was made of alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite import prepared as preparing
from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.sqlite.log import SqliteLog
from pipeline.adapters.sqlite.prepared import SqlitePrepared, prepare
from pipeline.flow import IDENTIFY
from pipeline.model import Article
from pipeline.ports.search import SearchRequest
from pipeline.query.parser import parse
from pipeline.runners.finding import Finding
from pipeline.runners.polling.publishing import message_of
from pipeline.stages.identify.stage import preview

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLES = {
    "documents": "position, id, revision, first_seen, seen, published, updated, original, language, source, origins, "
    "story, analysis",
    "bodies": "position, value",
    "facets": "position, field, value",
    "vocabulary": "token",
    "stems": "language, stem, token",
    "languages": "language, documents",
    "log": "topic, key, packed, value, headers",
}
words = st.text(
    st.sampled_from("abcdeàßéł ıİ漢字कि한ا0123456789.,&<>\"'|=\n\t\u00ad"), min_size=0, max_size=120
) | st.sampled_from(
    ["The runners of the markets were running", "Die Häuser der Stadt", "x" * 99, "x" * 100, "x" * 101, "a|b =c", ""]
)
articles = st.builds(
    Article,
    id=st.sampled_from("abcdef"),
    source=words,
    seen=st.just(NOW),
    title=st.none() | words,
    authors=st.lists(words, max_size=2).map(tuple),
    text=st.none() | words,
    html=st.none() | words.map("<p>{}</p>".format),
    language=st.sampled_from([None, "en", "de", "zh", "xx"]),
    tags=st.lists(words, max_size=2).map(tuple),
    url=st.none() | words.map("https://news.example/{}".format),
    withdrawn=st.booleans(),
    history=st.just(True),
)


def made_of(article: Article) -> bytes:
    return prepare(preview, article)


def found(database: Database, given: Sequence[Article], prepared: SqlitePrepared | None) -> dict[str, list[Any]]:
    """Return the rows of a store in which history was published and found."""
    log, index = SqliteLog(database, prepared), SqliteIndex(database, 1, prepared)
    log.append(map(message_of, given))
    finding = Finding(log, index=index, transaction=database.transaction, first=IDENTIFY, prepared=prepared)
    memory = IDENTIFY.memory()
    while finding.step(memory):
        pass
    rows = {
        table: sorted(database.connection.execute(f"SELECT {columns} FROM {table}"), key=repr)
        for table, columns in TABLES.items()
    }
    with_terms = database.connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    assert len(rows["bodies"]) == with_terms
    # FTS5 keeps no text here: its vocabulary tells what it was given, where.
    database.connection.execute("CREATE VIRTUAL TABLE temp.said USING fts5vocab('main', 'terms', 'instance')")
    return rows | {"terms": sorted(database.connection.execute("SELECT term, doc, col, offset FROM temp.said"))}


@pytest.fixture
def fresh() -> Iterator[Callable[[], Database]]:
    opened: list[Database] = []

    def make() -> Database:
        opened.append(Database(":memory:").open())
        return opened[-1]

    yield make
    for database in opened:
        database.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(articles, max_size=8))
def test_store_is_the_same_whether_or_not_its_rows_were_prepared(given: list[Article]) -> None:
    preparing._sent.clear()
    prepared = SqlitePrepared()
    prepared.keep([made_of(article) for article in given])
    with Database(":memory:") as one, Database(":memory:") as other:
        assert found(one, given, None) == found(other, given, prepared)


def test_words_are_found_by_their_stems_though_what_told_of_these_was_lost(fresh: Callable[[], Database]) -> None:
    preparing._sent.clear()
    one, other = (
        Article(id=name, source="s", seen=NOW, title="The runners were running", language="en", history=True)
        for name in "ab"
    )
    made_of(one)  # and then its poll could not be written
    prepared = SqlitePrepared()
    prepared.keep([made_of(other)])
    database = fresh()
    found(database, [other], prepared)
    page = SqliteIndex(database).search(SearchRequest(query=parse("runs"), now=NOW))
    assert ["b"] == [document.id for document in page.documents]


def test_what_was_made_of_another_version_of_an_article_is_not_used(fresh: Callable[[], Database]) -> None:
    article = Article(id="a", source="s", seen=NOW, title="One title", history=True)
    prepared = SqlitePrepared()
    prepared.keep([made_of(article)])
    changed = msgspec.structs.replace(article, title="Another title")
    database = fresh()
    found(database, [changed], prepared)
    document = SqliteIndex(database).get("a")
    assert document is not None
    assert "Another title" == document.title


def test_held_is_no_more_than_there_is_room_for_and_what_was_handed_out_makes_room() -> None:
    several = [Article(id=str(n), source="s", seen=NOW, title=f"Title {n}", history=True) for n in range(10)]
    made = [made_of(article) for article in several]
    prepared = SqlitePrepared(most_bytes=sum(map(len, made[:4])))
    prepared.keep(made)
    records = [msgspec.json.encode(article) for article in several]
    assert 4 == sum(prepared.stored(record) is not None for record in records)
    assert prepared.document(records[0]) is not None
    assert prepared.document(records[0]) is None
    prepared.keep(made[4:])
    assert prepared.document(records[4]) is not None


def test_what_waits_for_too_long_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (Article(id=name, source="s", seen=NOW, title=name, history=True) for name in "ab")
    prepared = SqlitePrepared(most_bytes=len(made_of(old)))
    moment = [0.0]
    monkeypatch.setattr("pipeline.adapters.sqlite.prepared.time.monotonic", lambda: moment[0])
    prepared.keep([made_of(old)])
    prepared.keep([made_of(new)])
    assert prepared.stored(msgspec.json.encode(new)) is None
    moment[0] = preparing.KEPT_S + 1
    prepared.keep([made_of(new)])
    assert prepared.stored(msgspec.json.encode(new)) is not None


def test_what_is_large_fresh_withdrawn_or_of_very_long_words_is_left_to_who_writes_it() -> None:
    plain = Article(id="a", source="s", seen=NOW, title="t", history=True)
    several = (
        msgspec.structs.replace(plain, text="word " * 60_000),
        msgspec.structs.replace(plain, withdrawn=True),
        msgspec.structs.replace(plain, history=False),
        msgspec.structs.replace(plain, text="x" * 200),
    )
    assert made_of(plain)
    assert [b""] * 4 == [made_of(article) for article in several]
