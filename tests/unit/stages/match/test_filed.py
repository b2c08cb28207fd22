"""Packed rules are the rules that were added, whatever left and came meanwhile."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.model import AlertRule, Document
from pipeline.query.evaluate import MatchView, find
from pipeline.query.parser import listed, parse
from pipeline.query.printer import show
from pipeline.query.scope import query_of
from pipeline.query.tree import AnyNode, Query
from pipeline.stages.match.filed import TREE_BYTES_MAX, PackedRules
from pipeline.stages.match.stage import Rules
from tests.unit.stages.match.generated import DOCUMENTS, NODES, NOW

LONG = listed("names", [f"Name Number{n}" for n in range(200)])
KEYS = st.sampled_from([*(f"rule {n}" for n in range(40)), "", "ключ", "日本"])
CHANGES = st.lists(st.tuples(KEYS, st.sampled_from(["story", "article"]), NODES | st.just(LONG) | st.none()))


@given(NODES | st.just(LONG))
def test_tree_is_the_same_once_packed(node: AnyNode) -> None:
    rules = PackedRules()
    assert rules[rules.add("id", "name", "story", node)].root == node


@pytest.mark.parametrize(
    "query",
    [
        "published:today",
        "seen:>=2022-02-24T10:00 -published:<yesterday",
        "last:36h revision:2..5",
        '/colou?rs?/ OR "🚀"',
        "=NATO 1.800 1,5",
        "well-known run* *ning ky?v talk~",
        'title:"red line"~5 ATLEAST2(talks) SENTENCE(kyiv lviv)',
        "event:CONSULT actor:kyiv said:putin",
        "is:starred mark:later tag:war",
    ],
)
def test_tree_of_a_written_query_is_the_same_once_packed(query: str) -> None:
    rules = PackedRules()
    root = parse(query, zone="Europe/Kyiv").root
    assert rules[rules.add("id", "name", "story", root)].root == root


@settings(max_examples=30)
@given(
    st.lists(DOCUMENTS, min_size=1, max_size=2),
    st.lists(st.tuples(st.integers(0, 6), NODES | st.none(), st.sampled_from([(), ("en",)])), max_size=24),
)
def test_rules_that_came_changed_and_left_match_what_reading_each_finds(
    documents: list[Document], changes: list[tuple[int, AnyNode | None, tuple[str, ...]]]
) -> None:
    rules, expected = Rules(), dict[str, AlertRule]()
    for number, node, languages in changes:
        key = f"r{number}"
        expected.pop(key, None)
        if node is None:
            rules.learn(key, None)
            continue
        query = show(Query(text="", root=node))
        rule = AlertRule(id=key, name=key, query=query, created=NOW, languages=languages)
        rules.learn(key, msgspec.json.encode(rule))
        with contextlib.suppress(UsageError):
            parse(query)
            expected[key] = rule
    assert len(rules) == len(expected)
    for document in documents:
        view = MatchView(document)
        matching = [key for key, rule in expected.items() if find(query_of(rule).root, view, NOW) is not None]
        assert sorted(matching) == sorted(rule.id for rule in rules.matching(view, NOW))


@settings(max_examples=60)
@given(CHANGES)
def test_rules_are_those_added_and_not_removed(changes: list[tuple[str, str, AnyNode | None]]) -> None:
    rules, expected = PackedRules(), dict[str, tuple[str, AnyNode]]()
    for key, once_per, node in changes:
        if rules.number(key) is not None:
            rules.remove(key)
            expected.pop(key)
        if node is not None:
            rules.add(key, f"name of {key}", once_per, node)
            expected[key] = once_per, node
        assert len(rules) == len(expected)
    for key, (once_per, node) in expected.items():
        number = rules.number(key)
        assert number is not None
        found = rules[number]
        assert (key, f"name of {key}", once_per, node) == (found.id, found.name, found.once_per, found.root)


def test_many_rules_that_come_and_go_are_found_by_their_ids() -> None:
    rules = PackedRules()
    root = parse("ceasefire").root
    for n in range(3_000):
        rules.add(f"r{n}", "", "story", root)
        if n % 3 == 2:
            rules.remove(f"r{n - 1}")
    numbers = {n: rules.number(f"r{n}") for n in range(3_000)}
    assert {n for n, number in numbers.items() if number is None} == {n for n in range(3_000) if n % 3 == 1}
    assert all(rules[number].id == f"r{n}" for n, number in numbers.items() if number is not None)


def test_long_tree_is_kept_apart() -> None:
    assert len(msgspec.msgpack.encode(LONG)) > TREE_BYTES_MAX
    rules = PackedRules()
    assert rules[rules.add("id", "name", "story", LONG)].root is LONG
    rules.remove("id")
    assert rules[rules.add("other", "name", "story", parse("x").root)].root == parse("x").root
