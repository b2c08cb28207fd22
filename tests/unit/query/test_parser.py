"""Queries: text to tree, tree to text, and what is refused."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.query.lexer import QueryError
from pipeline.query.parser import parse
from pipeline.query.printer import restate, show
from pipeline.query.tree import (
    And,
    AnyNode,
    AtLeast,
    EventFilter,
    Field,
    Fuzzy,
    Keyword,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    SameSentence,
    Word,
    walk,
)
from tests.unit.stages.match.generated import NODES


def bare(query: Query) -> str:
    """Write a tree without columns, so that trees compare whatever text they came from."""
    return repr(_without_columns(query.root))


def _without_columns(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_without_columns(inner) for inner in value)
    fields = getattr(value, "__struct_fields__", None)
    if fields is None:
        return value
    return (type(value).__name__, *(_without_columns(getattr(value, name)) for name in fields if name != "column"))


CASES: list[tuple[str, str]] = [
    ("putin", "putin"),
    ("Putin KYIV", "putin kyiv"),
    ("putin AND kyiv OR lviv", "(putin kyiv) OR lviv"),
    ("putin (kyiv OR lviv)", "putin (kyiv OR lviv)"),
    ("putin -sport", "putin -sport"),
    ("putin NOT (a b)", "putin -(a b)"),
    ('"Security Council"', '"security council"'),
    ('"un council"~5', '"un council"~5'),
    ("covid-19", '"covid 19"'),
    ("origins>=2 copies:>3 revision<3", "origins:2.. copies:4.. revision:..2"),
    ("published>=2022-02", "published:2022-02-01T00:00:00+00:00.."),
    ("AT&T", "at&t"),
    ("C++", "c++"),
    ("minist*", "minist*"),
    ("col*r", "col*r"),
    ("kyiv~", "kyiv~1"),
    ("kyiv~2", "kyiv~2"),
    ("title:(putin OR biden)", "title:(putin OR biden)"),
    ('title:"red line"', 'title:"red line"'),
    ("lang:EN tag:War", "lang:en tag:war"),
    ("last:7d putin", "last:1w putin"),
    ("revision:>1", "revision:2.."),
    ("corrected:yes", "revision:2.."),
    ("event:consult actor:Lavrov", "event:CONSULT actor:lavrov"),
    ('said:peskov quote:"red line"', 'said:peskov quote:"red line"'),
    ("SENTENCE(putin kyiv)", "SENTENCE(putin kyiv)"),
    ("ATLEAST3(putin)", "ATLEAST3(putin)"),
]


@pytest.mark.parametrize(("text", "shown"), CASES)
def test_query_is_shown_in_its_canonical_form(text: str, shown: str) -> None:
    assert shown == show(parse(text))


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_every_query_can_be_said_in_plain_words(text: str) -> None:
    assert restate(parse(text)).startswith("articles ")


@given(NODES)
@settings(max_examples=60)
def test_a_shown_tree_reads_back_as_itself(node: AnyNode) -> None:
    try:
        once = parse(show(Query(text="", root=node)))
    except QueryError:
        return  # hypothesis made a tree that the grammar refuses, such as one that is all negation
    assert bare(once) == bare(parse(show(once)))


@example("(日&1)")
@given(st.text(alphabet=st.sampled_from('ab "()~*?:-.>é日1_\x00\tANDORNT&+#@'), max_size=40))
@example("-" * 20_000 + "a")
@example("NOT " * 20_000 + "a")
@example("title:" * 500 + "a")
@settings(max_examples=60)
def test_no_text_raises_anything_but_our_error_and_what_parses_is_stable(text: str) -> None:
    try:
        query = parse(text)
    except UsageError:
        return
    assert bare(query) == bare(parse(show(query)))


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, "expected"),
        ("putin (kyiv", 12, 'expected ")"'),
        ("putin) kyiv", 6, '")"'),
        ('putin "kyiv', 7, "quotation mark"),
        ("putin OR", 9, "expected"),
        ("-putin", 1, "must be present"),
        ("a OR -b", 1, "must be present"),
        ("x p* y", 3, "2 letters"),
        ("colour:red", 1, "no field"),
        ("published:yesterday", 11, "no date"),
        ("published:2022-13", 11, "no date"),
        ("last:7", 6, "last:7d"),
        ("origins:many", 9, "no number"),
        ("a copies:>x", 10, "no number"),
        ("search:mine", 8, "saved search"),
        ("(" * 101 + "a" + ")" * 101, 102, "deep"),
        ("***", 1, "letters"),
        ("!!!", 1, "no letter"),
    ],
)
def test_error_names_the_column_and_what_was_expected(text: str, column: int, expected: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert expected in str(caught.value)
    assert column == caught.value.column


def test_conditions_on_an_event_bind_to_one_event_and_those_on_a_quotation_to_one_quotation() -> None:
    root = parse("event:CONSULT actor:lavrov said:peskov quote:line place:kyiv").root
    assert isinstance(root, And)
    assert [len(node.conditions) for node in root.nodes if isinstance(node, EventFilter)] == [2, 2, 1]


def test_a_saved_search_may_use_another_and_not_itself() -> None:
    searches = {"war": "search:kyiv OR ukraine", "kyiv": "kyiv kiev", "me": "search:me"}
    assert show(parse("putin search:war", searches)) == "putin ((kyiv kiev) OR ukraine)"
    with pytest.raises(QueryError, match="itself"):
        parse("search:me", searches)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a", Word),
        ('"a"', Phrase),
        ('"a b"~3', Near),
        ("ab*", Prefix),
        ("abc~", Fuzzy),
        ("a b", And),
        ("a OR b", Or),
        ("lang:en", Keyword),
        ("title:a", Field),
        ("SENTENCE(a b)", SameSentence),
        ("ATLEAST2(a)", AtLeast),
        ("日本語", Phrase),
    ],
)
def test_kind_of_node(text: str, kind: type) -> None:
    assert isinstance(parse(text).root, kind)


def test_negation_of_negation_is_the_thing_itself() -> None:
    assert not any(isinstance(node, Not) for node in walk(parse("a NOT -b").root))


@pytest.mark.parametrize(
    "text",
    [
        " OR ".join(f"word{n}" for n in range(10_000)),
        " ".join(f"word{n}" for n in range(2_000)),
        "(" * 100_000,
        '"' * 9_999,
        "a* b* c*",
        "aa*" + "a*" * 5_000,
        " ".join("word" for _ in range(4_000)),
        " ".join(f"({a} OR {b})" for a, b in zip("abcdefghijkl" * 50, "mnopqrstuvwx" * 50, strict=True)),
        "\x00\x01\x02",
        " ".join(f"-x{n}" for n in range(3000)) + " a",
    ],
)
def test_hostile_query_ends_in_bounded_time(text: str) -> None:
    began = time.perf_counter()
    with contextlib.suppress(UsageError):
        show(parse(text))
    assert time.perf_counter() - began < 2


def test_long_legitimate_query_is_answered() -> None:
    query = parse(" OR ".join(f'"company number{n}"' for n in range(900)))
    assert isinstance(query.root, Or)
    assert len(query.root.nodes) == 900
