"""Search finds an article if and only if the matcher matches it: reference matcher == FTS5 == Elasticsearch.

Articles and queries are made by hypothesis from a small vocabulary, so that they meet often and closely.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.adapters.sqlite.database import Database
from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.language.tokens import tokens_of
from pipeline.model import Actor, Document, Event, Place, Quotation, ResolvedDate, Schedule, Span, Speaker
from pipeline.ports.search import SearchIndex, SearchRequest
from pipeline.query.evaluate import MatchView, find
from pipeline.query.lexer import QueryError
from pipeline.query.parser import listed, parse
from pipeline.query.tree import (
    And,
    AnyNode,
    AtLeast,
    EventFilter,
    Field,
    Fuzzy,
    Keyword,
    Last,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Range,
    SameSentence,
    Wildcard,
    Word,
)

NOW = datetime(2022, 2, 24, 12, tzinfo=UTC)
# Words that share stems within and across languages, join, fold, and are written without spaces; few at a time.
VOCABULARIES = (
    ("run", "running", "runs", "Runner", "the"),
    ("minister", "ministers", "ministère", "Ministères", "die"),
    ("election", "Élection", "bank", "banking", "Banken"),
    ("говорил", "говорит", "ёлка", "елка", "the"),
    ("covid-19", "AT&T", "C++", "U.S.", "co-op", "1,800"),
    ("by-election", "by-elections", "by elected", "post-by-election", "U.S.-led", "election"),
    ("F-16", "F-16s", "премьер-министр", "премьер-министра", "porte‑paroles", "porte-parole"),
    ("Straße", "strasse", "don't", "#tag", "4.25"),
    ("日本語", "日本の首相", "首相", "กรุงเทพ", "run"),
    ("مرحبا", "ｆｕｌｌ", "Łódź", "ﬁne", "fine"),
    ("US", "us", "U.S.", "Us", "EU", "E.U."),
    ("1,800", "1.800", "1800", "1,800.50", "1\u00a0800", "euros"),
    ("Marks & Spencer", "Marks and Spencer", "Marks", "R&D", "and"),
    ("雨", "大雨", "雨量", "日本", "run"),
    ("child", "children", "eleição", "eleições", "people", "person"),
    ("الحكومة", "الحكومه", "ایران", "إيران", "ايران"),
    ("año", "ano", "AÑO", "Mehrwertsteuer", "Steuer", "o’brien"),
    ("colour", "color", "colours", "rocket 🚀", "F-16", "F16"),
)
EXPRESSIONS = (
    "colou?r", "F-?16", "x{2}|[Mm]arks", "(?-i)US", "U\\.S\\.", "run|mini", "steuer", "[aeiou]{3}", "雨", "^the",
    r"\d+", "(a|b)an", "Marks (&|and)", "election|x", "🚀", "child(ren)?",
)  # fmt: skip
LISTS = {
    "some": ("Marks & Spencer", "run", "Ministers", "covid-19", "U.S."),
    "more": ("日本", "the bank", "Ministère", "O'Brien", "people", "1,800"),
}
LANGUAGES = (None, "en", "fr", "de", "es", "pt", "ru", "ja", "th", "ar", "xx")
URLS = (None, "https://www.example.org/a", "http://example.org:80/b", "https://news.example.co.uk/", "not an address")
TAGS = ("World", "world news", "Énergie", 'say "x"', "a*b", "war|peace", "日本")
moments = st.integers(-60 * 30, 60 * 24 * 40).map(
    lambda minutes: NOW - timedelta(minutes=minutes, microseconds=minutes % 7)
)
places = st.sampled_from(("Kyiv", "New York", "Łódź")).map(lambda name: Place(text=name, start=0, end=1, country="XXX"))
days = st.sampled_from(("2022-02-24", "2022-02-25", "2022-03", "2022-02-01/2022-02-03")).map(
    lambda value: ResolvedDate(value=value, granularity="day", text="x", start=0, end=1)
)
names = st.sampled_from(("Sergey Lavrov", "Lavrov", "Antony Blinken", "White House"))
actors = st.builds(lambda name: Actor(text=name, start=0, end=1, code="RUS"), names)
span = Span(text="x", start=0, end=1)
events = st.builds(
    lambda kind, acting, target, place, day, scheduled: Event(
        id=kind, type=kind, trigger=span, sentence=span, actors=acting, recipients=target, location=place, date=day,
        schedule=Schedule(what="x", status="announced", when=day) if scheduled else None,
    ),
    st.sampled_from(("CONSULT", "THREATEN")),
    st.lists(actors, max_size=2).map(tuple),
    st.lists(actors, max_size=1).map(tuple),
    st.none() | places,
    st.none() | days,
    st.booleans(),
)  # fmt: skip


def _texts(words: st.SearchStrategy[str]) -> tuple[st.SearchStrategy[str], st.SearchStrategy[str]]:
    sentences = st.lists(words, min_size=1, max_size=7).map(lambda some: " ".join(some).capitalize() + ". ")
    return sentences, st.lists(sentences, max_size=4).map("".join)


def _documents(words: st.SearchStrategy[str]) -> st.SearchStrategy[list[Document]]:
    sentences, texts = _texts(words)
    quotations = st.builds(
        lambda text, speaker: Quotation(text=text, start=0, end=1, kind="direct", speaker=speaker),
        texts.filter(bool),
        st.none() | names.map(lambda name: Speaker(text=name, start=0, end=1, role="foreign minister")),
    )
    document = st.builds(
        Document,
        id=st.uuids(version=4).map(lambda value: value.hex),
        source=st.sampled_from(("Reuters", "Le Monde", "run bank")),
        seen=moments,
        published=st.none() | moments,
        updated=st.none() | moments,
        title=st.none() | sentences,
        text=st.none() | texts,
        authors=st.lists(names, max_size=2).map(tuple),
        language=st.sampled_from(LANGUAGES),
        tags=st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
        url=st.sampled_from(URLS),
        feed=st.none() | st.sampled_from(("https://example.com/Feed A", "https://example.com/b")),
        story_id=st.none() | st.sampled_from(("s1", "s2")),
        revision=st.integers(1, 3),
        origins=st.integers(1, 4),
        events=st.lists(events, max_size=2).map(tuple),
        quotations=st.lists(quotations, max_size=2).map(tuple),
    )
    several = st.lists(document, min_size=3, max_size=10, unique_by=lambda made: made.id)
    return st.tuples(several, st.lists(st.integers(0, 2), max_size=4)).map(lambda made: _with_copies(*made))


def _with_copies(made: list[Document], copied: list[int]) -> list[Document]:
    """Make the last documents copies of some of the first three, and let each know its copies."""
    first = max(3, len(made) - len(copied))
    originals = dict(zip([document.id for document in made[first:]], copied, strict=False))
    return [
        msgspec.structs.replace(
            document,
            duplicate_of=made[originals[document.id]].id if document.id in originals else None,
            copies=tuple(copy for copy, original in originals.items() if made[original].id == document.id),
        )
        for document in made
    ]


@st.composite
def wildcards(draw: st.DrawFn, tokens: st.SearchStrategy[str]) -> Wildcard:
    text = draw(tokens)
    at = draw(st.integers(2, max(len(text) - 1, 2)))
    return Wildcard(pattern=text[:at] + draw(st.sampled_from("?*")) + text[at + draw(st.integers(0, 2)) :])


@st.composite
def fuzzies(draw: st.DrawFn, tokens: st.SearchStrategy[str]) -> Fuzzy:
    text = draw(tokens)
    at = draw(st.integers(0, len(text) - 1))
    put = draw(st.sampled_from(("", "x", text[at : at + 2][::-1])))
    return Fuzzy(text=text[:at] + put + text[at + draw(st.integers(0, 2)) :] or text, distance=draw(st.integers(0, 2)))


@st.composite
def written(draw: st.DrawFn, words: st.SearchStrategy[str]) -> AnyNode:
    """Write a leaf in the query language: what the parser alone makes, such as exact forms and numbers."""
    some = " ".join(draw(st.lists(words, min_size=1, max_size=2)))
    form = draw(st.sampled_from(("{}", '"{}"', '="{}"', '"{}"~2', "*{}", "/{}/")))
    if form == "/{}/":
        some = draw(st.sampled_from(EXPRESSIONS))
    elif form == "*{}":
        some = some.split()[0][-draw(st.integers(3, 6)) :]
    try:
        return parse(form.format(some)).root
    except QueryError:
        return parse(f'"{some}"').root


def _text_leaves(
    words: st.SearchStrategy[str], tokens: st.SearchStrategy[str]
) -> tuple[st.SearchStrategy[AnyNode], st.SearchStrategy[AnyNode]]:
    """Make the leaves about text: those that a name field takes too, and all."""
    word_nodes = st.builds(lambda text: Word(text=text), tokens)
    phrases = st.lists(words, min_size=1, max_size=3).map(lambda some: Phrase(tokens=tokens_of(" ".join(some))))
    prefixes = st.builds(lambda text, n: Prefix(text=text[:n]), tokens, st.integers(1, 4))
    simple = word_nodes | phrases | prefixes
    nears = st.builds(
        lambda some, distance: Near(tokens=tuple(some), distance=distance),
        st.lists(tokens, min_size=2, max_size=4),
        st.integers(0, 4),
    )
    counted = st.builds(lambda word, count: AtLeast(word=word, count=count), simple, st.integers(1, 3))
    same = st.lists(simple, min_size=1, max_size=3).map(lambda some: SameSentence(nodes=tuple(some)))
    names = st.sampled_from(sorted(LISTS)).map(lambda name: listed(name, LISTS[name]))
    made = written(words)
    return simple, made | made | names | simple | nears | wildcards(tokens) | fuzzies(tokens) | counted | same


keywords = st.builds(
    lambda pair, prefix, n: Keyword(name=pair[0], value=pair[1].casefold()[: n if prefix else None], prefix=prefix),
    st.sampled_from(
        [("tag", tag) for tag in TAGS]
        + [("lang", "en"), ("lang", "ru"), ("feed", "https://example.com/Feed A"), ("story", "s1"), ("id", "a")]
    ),
    st.booleans(),
    st.integers(1, 9),
)
spoken = st.sampled_from(
    "site:example.org site:www.example.org site:co.uk site:org is:copy published:today published:yesterday..today "
    "published:>now-7d after:today-3d before:yesterday seen:now-36h..now published:2022-02-24 after:2022-02 last:1d "
    "revision:>1 updated:<today".split()
).flatmap(
    lambda text: st.sampled_from(("UTC", "Asia/Tokyo", "America/New_York")).map(lambda z: parse(text, zone=z).root)
)
ranges = st.builds(
    lambda name, low, high: Range(name=name, low=low, high=high if low is not None and high is None else high or NOW),
    st.sampled_from(("published", "updated", "seen")),
    st.none() | moments,
    st.none() | moments,
) | st.builds(
    lambda name, low, more: Range(name=name, low=low, high=None if low and more is None else (low or 0) + (more or 0)),
    st.sampled_from(("revision", "origins", "copies")),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(0, 3),
)
last = st.builds(lambda hours: Last(seconds=3600 * hours), st.integers(1, 24 * 40))
conditions = st.lists(
    st.sampled_from(
        (
            ("event", "CONSULT"),
            ("event", "THREATEN"),
            ("actor", "lavrov"),
            ("actor", "sergey lavrov"),
            ("actor", "rus"),
            ("target", "blinken"),
            ("place", "new york"),
            ("place", "lodz"),
            ("when", "2022-02"),
            ("when", "2022-02-24"),
            ("scheduled", "yes"),
            ("scheduled", "no"),
        )
    ),
    min_size=1,
    max_size=3,
) | st.lists(
    st.sampled_from(
        (("said", "lavrov"), ("said", "minister"), ("quote", "run"), ("quote", "首相"), ("quote", "the bank"))
    ),
    min_size=1,
    max_size=2,
)
event_filters = conditions.map(lambda some: EventFilter(conditions=tuple(some)))


def _queries(vocabulary: Sequence[str]) -> st.SearchStrategy[Query]:
    words = st.sampled_from(vocabulary)
    tokens = st.sampled_from(sorted({token for word in vocabulary for token in tokens_of(word)}))
    simple, text_leaves = _text_leaves(words, tokens)
    name_words = st.sampled_from(("Lavrov", "Sergey Lavrov", "House", "Monde", "Reuters", "run", "bank"))
    name_leaves = name_words.map(lambda text: Phrase(tokens=tokens_of(text))) | simple
    fields = st.builds(lambda name, node: Field(name=name, node=node), st.sampled_from(("title", "body")), text_leaves)
    name_fields = st.builds(
        lambda name, node: Field(name=name, node=node), st.sampled_from(("author", "source")), name_leaves
    )
    # Mostly words: the rest is said in few ways.
    leaves: st.SearchStrategy[AnyNode] = st.one_of(
        text_leaves,
        text_leaves,
        text_leaves,
        fields,
        fields,
        name_fields,
        keywords,
        spoken,
        spoken,
        ranges,
        last,
        event_filters,
    )
    return st.recursive(leaves, _branches, max_leaves=6).map(lambda root: Query(text="", root=root))


def _branches(children: st.SearchStrategy[AnyNode]) -> st.SearchStrategy[AnyNode]:
    several = st.lists(children, min_size=2, max_size=3).map(tuple)
    inner_or = several.map(lambda nodes: Or(nodes=nodes))
    return (
        several.map(lambda nodes: And(nodes=nodes))
        | inner_or
        | st.builds(lambda one, other: And(nodes=(one, Not(node=other))), children, children)
        | children.map(lambda node: Not(node=node))
    )


def _worlds(queries: int) -> st.SearchStrategy[tuple[list[Document], list[Query]]]:
    """Make documents, and queries in the same few words."""
    return st.sampled_from(VOCABULARIES).flatmap(
        lambda vocabulary: st.tuples(
            _documents(st.sampled_from(vocabulary)),
            st.lists(_queries(vocabulary), min_size=queries // 2, max_size=queries),
        )
    )


def _expected(document_list: Sequence[Document], query: Query) -> list[str]:
    return sorted(d.id for d in document_list if find(query.root, MatchView(d), NOW) is not None)


def _found(index: SearchIndex, query: Query) -> list[str]:
    page = index.search(SearchRequest(query=query, now=NOW, limit=100, copies=True))
    assert (page.total, page.estimated) == (len(page.documents), False)
    return sorted(document.id for document in page.documents)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(_worlds(queries=12))
@pytest.mark.timeout(300)
def test_fts5_finds_exactly_what_the_matcher_matches(world: tuple[list[Document], list[Query]]) -> None:
    documents, queries = world
    with Database(":memory:") as database:
        index = SqliteIndex(database)
        assert list(index.upsert(documents)) == []
        for query in queries:
            assert _expected(documents, query) == _found(index, query), query
        for document in documents:  # what is indexed can be taken out again, to the last posting
            database.connection.execute("INSERT INTO terms (terms) VALUES ('integrity-check')")
            index.upsert([document])


@pytest.fixture(scope="module")
def elasticsearch(elasticsearch_url: str) -> Iterator[Callable[[], SearchIndex]]:
    """Make indices one after the other, each dropping the one before."""
    from elasticsearch import Elasticsearch

    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    prefix = f"parity-{uuid.uuid4().hex[:8]}-"
    index = ElasticsearchIndex(elasticsearch_url, prefix=prefix)
    client = Elasticsearch(elasticsearch_url)

    def empty() -> SearchIndex:
        names = list(client.indices.get(index=f"{prefix}*", allow_no_indices=True).body)
        if names:
            client.indices.delete(index=",".join(names))
        return index

    yield empty
    empty()
    client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}newswire")
    client.close()
    index.close()


@pytest.mark.elasticsearch
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(world=_worlds(queries=40))
@pytest.mark.timeout(600)
def test_elasticsearch_finds_exactly_what_the_matcher_matches(
    elasticsearch: Callable[[], SearchIndex], world: tuple[list[Document], list[Query]]
) -> None:
    documents, queries = world
    index = elasticsearch()
    assert list(index.upsert(documents)) == []
    index.refresh()
    for query in queries:
        assert _expected(documents, query) == _found(index, query), query
