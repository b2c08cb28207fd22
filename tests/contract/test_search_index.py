"""What every search index promises, shown on SQLite FTS5 and on a real Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.adapters.verified_search import matches
from pipeline.errors import UsageError
from pipeline.model import Actor, Document, Event, Quotation, Span, Speaker
from pipeline.ports.search import SearchIndex, SearchPage, SearchRequest
from pipeline.query.parser import parse
from pipeline.query.tree import And, Keyword, Not, Query

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def index(request: pytest.FixtureRequest) -> Iterator[SearchIndex]:
    if request.param == "sqlite":
        with Database(":memory:") as database:
            yield SqliteIndex(database)
        return
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    url = request.getfixturevalue("elasticsearch_url")
    made = ElasticsearchIndex(url, prefix=request.getfixturevalue("elasticsearch_prefix"))
    made.setup()
    yield made
    made.close()


def article(article_id: str, title: str = "Ministers meet", **fields: Any) -> Document:
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


def put(index: SearchIndex, *documents: Document) -> None:
    assert list(index.upsert(documents)) == []
    index.refresh()


def search(index: SearchIndex, text: str | None = None, **fields: Any) -> SearchPage:
    return index.search(SearchRequest(query=parse(text) if text else None, now=fields.pop("now", NOW), **fields))


def ids(index: SearchIndex, text: str | None = None, **fields: Any) -> list[str]:
    return [document.id for document in search(index, text, **fields).documents]


def test_upserting_again_changes_nothing(index: SearchIndex) -> None:
    put(index, article("a"), article("b", "Markets fall"))
    put(index, article("a"), article("b", "Markets fall"))
    assert (ids(index, "meeting"), search(index).total) == (["a"], 2)


def test_what_a_reader_marked_is_found_once_it_is_filled_in(index: SearchIndex) -> None:
    put(index, article("a"), article("b"), article("c", "Markets fall"))
    query = parse("is:starred OR mark:later OR is:unread")
    assert index.search(SearchRequest(query=query, now=NOW)).documents == ()

    def asked(text: str, *among: str) -> list[str]:
        starred, plain = Keyword(name="is", value="starred", among=frozenset(among)), parse("ministers").root
        root = And(nodes=(plain, Not(node=starred) if text == "others" else starred))
        page = index.search(SearchRequest(query=Query(text=text, root=root), now=NOW))
        return sorted(document.id for document in page.documents)

    assert (asked("starred", "b", "c"), asked("others", "b"), asked("starred")) == (["b"], ["a"], [])


def test_older_revision_never_replaces_newer(index: SearchIndex) -> None:
    put(index, article("a", "Second", revision=2))
    put(index, article("a", "First", revision=1))
    assert (ids(index, "first"), ids(index, "second")) == ([], ["a"])


def test_newer_revision_replaces_older_wherever_its_month_is(index: SearchIndex) -> None:
    put(index, article("a", "First", seen=datetime(2022, 1, 31, 23, tzinfo=UTC)))
    put(index, article("a", "Second", revision=2, seen=datetime(2022, 2, 1, 1, tzinfo=UTC)))
    found = index.get("a")
    assert (search(index).total, ids(index, "first"), ids(index, "second")) == (1, [], ["a"])
    assert found is not None and found.title == "Second"


def test_two_revisions_in_one_call_leave_the_newer(index: SearchIndex) -> None:
    put(index, article("a", "Second", revision=2), article("a", "First", revision=1))
    assert ids(index, "second") == ["a"]


def test_document_comes_back_as_it_went_in_with_its_copies(index: SearchIndex) -> None:
    original = article(
        "a",
        text="Putin said: “Yes.”",
        published=NOW,
        tags=("World",),
        quotations=(
            Quotation(text="Yes.", start=13, end=17, kind="direct", speaker=Speaker(text="Putin", start=0, end=5)),
        ),
    )
    put(index, original, article("b", duplicate_of="a"))
    assert msgspec.structs.replace(original, copies=("b",)) == index.get("a")


def test_unknown_id_is_none(index: SearchIndex) -> None:
    assert index.get("a") is None
    put(index, article("b"))
    assert index.get("a") is None


def test_empty_index_finds_nothing(index: SearchIndex) -> None:
    request = SearchRequest(query=parse("word"), now=NOW)
    assert (search(index).total, list(index.facets(request, "day")), list(index.timeline(request))) == (0, [], [])


def test_newest_first_by_publication_but_not_by_an_announced_future(index: SearchIndex) -> None:
    put(
        index,
        article("old", published=NOW - timedelta(days=3)),
        article("future", published=NOW + timedelta(days=300), seen=NOW - timedelta(days=2)),
        article("new", published=NOW - timedelta(days=1)),
    )
    assert ids(index, "meet") == ["new", "future", "old"]


def test_pages_join_without_gap_or_repetition_while_articles_arrive(index: SearchIndex) -> None:
    put(index, *(article(f"n{n:02}", seen=NOW - timedelta(minutes=n)) for n in range(20, 45)))
    found, cursor = [], None
    for n in range(4):
        page = search(index, "meet", limit=7, cursor=cursor)
        found += [document.id for document in page.documents]
        cursor = page.cursor
        put(index, article(f"late{n}", seen=NOW))
    assert [f"n{n:02}" for n in range(20, 45)] == found
    assert cursor is None


def test_best_first_prefers_title_and_frequency_and_pages(index: SearchIndex) -> None:
    put(
        index,
        article("none", "Other", text="Nothing of note, though oil is mentioned once among many other things today."),
        article("title", "Oil oil", text="Oil prices. Oil."),
        article("body", "Markets", text="Oil prices rose and oil shares with them today on the exchange."),
        article("else", "Weather", text="Rain."),
    )
    first = search(index, "oil", sort="best", limit=2)
    second = search(index, "oil", sort="best", limit=2, cursor=first.cursor)
    order = [document.id for document in (*first.documents, *second.documents)]
    assert (order, first.total, second.cursor) == (["title", "body", "none"], 3, None)


def test_copies_are_folded_unless_asked_for(index: SearchIndex) -> None:
    put(
        index, article("a", "Flood warning", source="AP"), article("b", "Flood warning", source="BBC", duplicate_of="a")
    )
    assert ids(index, "flood") == ["a"]
    assert sorted(ids(index, "flood", copies=True)) == ["a", "b"]
    assert ids(index, "flood source:bbc") == ["b"]


def test_total_beyond_what_need_be_counted_may_be_an_estimate_and_says_so(index: SearchIndex) -> None:
    # Every second article speaks of rain, and every tenth is a copy.
    texts = ("Rain fell.", "The sun shone.")
    index.upsert(
        [
            article(f"n{n}", text=texts[n % 2], published=NOW + timedelta(minutes=n), seen=NOW + timedelta(minutes=n),
                    duplicate_of=f"n{n - 2}" if n % 10 == 8 else None)
            for n in range(200)
        ]
    )  # fmt: skip
    index.refresh()
    asked = SearchRequest(query=parse("rain"), now=NOW + timedelta(days=1), limit=5)
    exact = index.search(asked)
    assert (exact.total, exact.estimated) == (80, False)
    few = index.search(msgspec.structs.replace(asked, counted=100))
    assert (few.total, few.estimated) == (80, False)
    many = index.search(msgspec.structs.replace(asked, counted=20))
    assert many.documents == exact.documents
    assert many.total == 80 or (many.estimated and 60 <= many.total <= 110)


def test_copy_that_alone_matches_is_found(index: SearchIndex) -> None:
    put(index, article("a", "Flood warning"), article("b", "Flood warning for Ghent", duplicate_of="a"))
    assert ids(index, "ghent") == ["b"]


def hours(count: int) -> datetime:
    return NOW - timedelta(hours=count)


def a_warehouse_fire(index: SearchIndex) -> None:
    """Put a report with three copies, two of which name what it does not, and another report that names it too."""
    put(
        index,
        article("wire", "Fire at a warehouse", source="Wire", tags=("wire",), seen=hours(30)),
        article("early", "Fire at the Brennan warehouse", source="Echo", duplicate_of="wire", seen=hours(29)),
        article("late", "Fire at a Brennan warehouse", source="Post", duplicate_of="wire", seen=hours(2)),
        article("plain", "Fire at a warehouse", source="Mail", duplicate_of="wire", seen=hours(28)),
        article("other", "Brennan questioned", source="Post", seen=hours(1)),
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fire", ["wire"]),
        ("brennan", ["other", "early"]),
        ("brennan fire", ["early"]),
        ("source:post", ["other", "late"]),
        ("source:post OR source:mail", ["other", "plain"]),
        ("fire -tag:wire", ["early"]),
        ("ATLEAST1(brennan) last:3h", ["other", "late"]),
        ("SENTENCE(brennan warehouse)", ["early"]),
    ],
)
def test_group_is_found_by_any_member_and_counted_once(index: SearchIndex, query: str, found: list[str]) -> None:
    a_warehouse_fire(index)
    page = search(index, query)
    assert (found, len(found), False) == ([d.id for d in page.documents], page.total, page.estimated)
    request = SearchRequest(query=parse(query), now=NOW)
    assert len(found) == sum(day.documents for day in index.timeline(request))
    assert len(found) == sum(count.documents for count in index.facets(request, "source"))


def test_groups_page_without_gap_or_repetition(index: SearchIndex) -> None:
    a_warehouse_fire(index)
    for query in ("brennan OR fire", None):
        found, cursor = [], None
        for _ in range(9):
            page = search(index, query, limit=1, cursor=cursor)
            found += [document.id for document in page.documents]
            cursor = page.cursor
            if cursor is None:
                break
        assert (["other", "wire"], 2) == (found, page.total)


def test_event_conditions_must_hold_for_one_event(index: SearchIndex) -> None:
    def event(kind: str, actor: str) -> Event:
        span = Span(text="x", start=0, end=1)
        return Event(id=kind, type=kind, trigger=span, sentence=span, actors=(Actor(text=actor, start=0, end=1),))

    put(
        index,
        article("one", events=(event("CONSULT", "Sergey Lavrov"),)),
        article("two", events=(event("CONSULT", "Wang Yi"), event("THREATEN", "Lavrov"))),
    )
    assert sorted(ids(index, "event:consult")) == ["one", "two"]
    assert ids(index, "event:consult actor:lavrov") == ["one"]
    assert (search(index, "event:consult actor:lavrov").total, search(index, "actor:lavrov").estimated) == (1, False)


def test_facets_and_timeline_count_what_is_found(index: SearchIndex) -> None:
    put(
        index,
        article("a", source="AP", tags=("World",), seen=NOW - timedelta(days=1)),
        article("b", source="AP", tags=("World", "War"), language="de"),
        article("c", "Else", source="BBC"),
        article("d", source="DPA", duplicate_of="a"),
    )
    request = SearchRequest(query=parse("title:meet*"), now=NOW)

    def counts(field: str) -> list[tuple[str, int]]:
        return [(count.value, count.documents) for count in index.facets(request, field)]

    assert counts("source") == [("AP", 2)]
    assert counts("tag") == [("World", 2), ("War", 1)]
    assert counts("language") == [("de", 1), ("en", 1)]
    assert counts("day") == [("2022-02-24", 1), ("2022-02-23", 1)]
    days = [(day.day, day.documents, day.all, day.share) for day in index.timeline(request)]
    assert days == [("2022-02-23", 1, 1, 1.0), ("2022-02-24", 1, 2, 0.5)]


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        ("UTC", {"2022-03-26": 2, "2022-03-27": 4, "2022-03-28": 1}),
        # 23 hours: from 23:00 UTC of the day before to 22:00.
        ("Europe/Berlin", {"2022-03-26": 1, "2022-03-27": 3, "2022-03-28": 3}),
        ("Asia/Kathmandu", {"2022-03-27": 4, "2022-03-28": 3}),
        ("America/New_York", {"2022-03-26": 3, "2022-03-27": 4}),
        ("Pacific/Kiritimati", {"2022-03-27": 3, "2022-03-28": 4}),
    ],
)
def test_days_are_those_of_the_zone(index: SearchIndex, zone: str, found: dict[str, int]) -> None:
    moments = (
        "26T20:00:00", "26T23:00:00", "27T02:30:00", "27T17:00:00", "27T22:00:00", "27T23:59:59", "28T03:59:59",
    )  # fmt: skip
    times = [datetime.fromisoformat(f"2022-03-{moment}+00:00") for moment in moments]
    put(index, *(article(f"a{n}", seen=time, published=time) for n, time in enumerate(times)))
    request = SearchRequest(query=parse("title:meet*"), now=NOW, zone=zone)
    days = [(day.day, day.documents, day.all) for day in index.timeline(request)]
    assert days == [(day, n, n) for day, n in found.items()]
    assert [(count.value, count.documents) for count in index.facets(request, "day")] == list(found.items())[::-1]
    assert [count.value for count in index.facets(request, "day", limit=1)] == [max(found)]
    for day, n in found.items():
        asked = SearchRequest(query=parse(f"published:{day}", zone=zone), now=NOW)
        assert index.search(asked).total == n


@pytest.mark.parametrize(("language", "comma"), [("en", True), (None, True), ("de", False), ("es", True)])
def test_number_is_found_where_all_articles_group_digits_alike(
    index: SearchIndex, language: str | None, comma: bool
) -> None:
    put(index, article("a", "Some 1,800 left", language=language), article("b", "Some 1.800 left", language=language))
    both = language == "es"
    assert sorted(ids(index, "1,800")) == (["a", "b"] if both else ["a"])
    assert sorted(ids(index, "1.800")) == (["a", "b"] if both else ["b"])
    assert sorted(ids(index, "1800")) == (["a", "b"] if both else ["a"] if comma else ["b"])


def test_similar_articles_share_telling_words(index: SearchIndex) -> None:
    put(
        index,
        article("a", "Volcano erupts in Iceland", text="Lava from the volcano reached Grindavik."),
        article("b", "Grindavik evacuated", text="The volcano near Grindavik sent lava to the harbour."),
        article("c", "Parliament votes", text="The budget passed."),
    )
    document = index.get("a")
    assert document is not None
    page = index.similar(document, SearchRequest(query=None, now=NOW))
    assert [document.id for document in page.documents] == ["b"]


def test_pruned_articles_are_gone(index: SearchIndex) -> None:
    put(index, article("old", seen=datetime(2021, 12, 30, tzinfo=UTC)), article("new"))
    assert index.prune(datetime(2022, 2, 10, tzinfo=UTC)) == 1
    index.refresh()
    assert (ids(index), index.get("old")) == (["new"], None)


def test_text_that_is_no_unicode_is_refused_and_the_rest_kept(index: SearchIndex) -> None:
    refused = index.upsert([article("a", "broken \ud800"), article("b")])
    index.refresh()
    assert ([article_id for article_id, _ in refused], ids(index)) == (["a"], ["b"])


@pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA", "💥"])
def test_foreign_cursor_is_refused(index: SearchIndex, cursor: str) -> None:
    put(index, article("a"))
    with pytest.raises(UsageError):
        search(index, "meet", cursor=cursor)


@pytest.mark.parametrize(
    "text",
    [
        " OR ".join(f"word{n}" for n in range(4_000)),
        " ".join(f"meet{n}*" for n in range(300)),
        "(" * 90 + "meet" + ")" * 90,
        "".join(f"(a{n} OR (b{n} " for n in range(45)) + "meet" + "))" * 45,
        "me* mi* fo*",
        "meet AND NOT (" + " OR ".join(f'"a{n} b{n}"' for n in range(500)) + ")",
        'tag:"; DROP TABLE documents --" OR title:"\'"'.replace('title:"\'"', "meet"),
    ],
)
@pytest.mark.timeout(30)
def test_hostile_query_ends_in_an_answer_or_a_refusal(index: SearchIndex, text: str) -> None:
    put(index, article("a"))
    try:
        found = ids(index, text)
    except UsageError:
        return
    assert found in ([], ["a"])


def test_very_long_words_and_values_are_kept_and_found(index: SearchIndex) -> None:
    word = "donau" * 60
    put(index, article("a", word, tags=("t" * 2_000,)), article("b", word + "x", tags=("t" * 1_999,)))
    assert ids(index, f"title:{word}") == ["a"]
    assert ids(index, f"tag:{'t' * 2_000}") == ["a"]


def test_words_noted_in_a_dropped_transaction_are_noted_again() -> None:
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        with pytest.raises(RuntimeError), database.transaction():
            put(index, article("a", "Elections"))
            raise RuntimeError
        put(index, article("a", "Elections"))
        assert (ids(index, "election"), ids(index, "electi?ns")) == (["a"], ["a"])


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.sampled_from(["ash", "elm", "oak"]), min_size=1), st.integers(0, 40)),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from(["ash", "ash OR elm", "oak -ash", "ash elm", "source:s1 OR oak", "SENTENCE(ash elm) OR oak"]),
)
def test_search_finds_a_group_if_and_only_if_the_matcher_matches_a_member(
    members: list[tuple[int, set[str], int]], query: str
) -> None:
    first: dict[int, str] = {}
    documents = []
    for number, (group, words, age) in enumerate(members):
        name = f"d{number}"
        original = first.setdefault(group, name)
        documents.append(
            article(
                name,
                " ".join(sorted(words)),
                source=f"s{number % 3}",
                seen=NOW - timedelta(hours=age),
                duplicate_of=original if original != name else None,
            )
        )
    request = SearchRequest(query=parse(query), now=NOW, limit=3)
    wanted = {d.duplicate_of or d.id for d in documents if matches(d, request)}
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        put(index, *documents)
        shown: list[Document] = []
        page = index.search(request)
        shown += page.documents
        while page.cursor is not None:
            page = index.search(msgspec.structs.replace(request, cursor=page.cursor))
            shown += page.documents
        counted = sum(day.documents for day in index.timeline(request))
    assert sorted(wanted) == sorted(d.duplicate_of or d.id for d in shown)
    assert all(matches(d, request) for d in shown)
    assert (len(wanted), len(wanted), False) == (page.total, counted, page.estimated)


DATED = (
    "last:1d", "ash last:1d", "last:1d OR ash", "ash OR (elm last:2d)", "ash -last:1d", "published:2022-02-23",
    "published:2022-02-23..2022-02-24 last:3d", "(ash OR elm) -published:2022-02-24", "after:2022-02-23 elm",
    "(last:1d published:2022-02-23) OR (ash published:2022-02-21..2022-02-22)", "SENTENCE(ash elm) last:2d",
    "before:2022-02-23",
)  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from(["ash", "elm"]), min_size=1),
            st.integers(0, 72),
            st.none() | st.integers(-72, 72),
            st.none() | st.integers(0, 72),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(DATED),
    st.sampled_from(["newest", "best"]),
    st.none() | st.integers(1, 5),
)
def test_dates_are_found_however_far_they_are_from_when_an_article_was_seen(
    members: list[tuple[set[str], int, int | None, int | None]], query: str, sort: str, counted: int | None
) -> None:
    documents, again = [], []
    for number, (words, age, published, later) in enumerate(members):
        made = article(
            f"d{number}",
            " ".join(sorted(words)),
            seen=NOW - timedelta(hours=age),
            published=None if published is None else NOW - timedelta(hours=published),
        )
        documents.append(made)
        if later is not None:
            again.append(msgspec.structs.replace(made, revision=2, seen=made.seen + timedelta(hours=later)))
    request = SearchRequest(query=parse(query), now=NOW, sort=sort, limit=30, counted=counted)
    newest = {document.id: document for document in (*documents, *again)}
    wanted = sorted(document.id for document in newest.values() if matches(document, request))
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        put(index, *documents)
        put(index, *again)
        page = index.search(request)
    assert wanted == sorted(document.id for document in page.documents)
    assert page.total == len(wanted) or (page.estimated and counted is not None and len(wanted) > counted)


def test_recent_articles_are_found_without_reading_the_others() -> None:
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        put(index, *(article(f"d{n}", "Ash and elm", seen=NOW - timedelta(hours=n)) for n in range(50)))
        asked: list[str] = []
        database.connection.set_trace_callback(asked.append)
        for query in ("last:1d", "ash last:1d", "published:2022-02-24", "(last:2d ash) OR last:1d"):
            search(index, query, counted=20)
        database.connection.set_trace_callback(None)
        plans = [
            step
            for sql in asked
            if sql.startswith("SELECT") and "documents AS d" in sql
            for *_, step in database.connection.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]
    assert plans
    assert [step for step in plans if step.startswith("SCAN") and "d" in step.split()[1:2]] == []
