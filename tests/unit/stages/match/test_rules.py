"""Rules come, change and go; documents that must not page anyone match nothing."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.model import Alert, AlertRule, Change, Document
from pipeline.query.evaluate import MatchView, find
from pipeline.query.parser import parse
from pipeline.query.printer import show
from pipeline.query.tree import AnyNode, Query
from pipeline.stages.match.stage import Rules, is_wide, match, match_read, match_words
from tests.unit.stages.match.generated import DOCUMENTS, NODES, NOW


def rule(query: str, rule_id: str = "r1", name: str = "mine") -> AlertRule:
    return AlertRule(id=rule_id, name=name, query=query, created=NOW)


def rules_with(*queries: str) -> Rules:
    rules = Rules()
    for number, query in enumerate(queries):
        rules.learn(f"r{number}", msgspec.json.encode(rule(query, f"r{number}", query)))
    return rules


def document(**changes: object) -> Document:
    fields: dict[str, object] = {
        "id": "a1",
        "source": "Reuters",
        "seen": NOW,
        "title": "Security Council meets",
        "text": "Putin was running late. Nobody minded.",
        "language": "en",
    }
    return msgspec.convert(fields | changes, Document)


def alerts(article: Document, rules: Rules) -> list[Alert]:
    return [alert for alert in match(article, rules, NOW).emit if isinstance(alert, Alert)]


def test_alert_shows_the_words_of_title_and_text_that_matched() -> None:
    (alert,) = alerts(document(), rules_with('"security council" run'))
    assert [(m.part, m.text) for m in alert.spans] == [("title", "Security Council"), ("text", "running")]


def test_a_changed_rule_matches_by_its_new_query_alone() -> None:
    rules = rules_with("putin")
    rules.learn("r0", msgspec.json.encode(rule("biden", "r0")))
    assert alerts(document(), rules) == []
    rules.learn("r0", msgspec.json.encode(rule("council", "r0")))
    assert len(alerts(document(), rules)) == 1


def test_a_removed_rule_is_gone_and_the_others_stay() -> None:
    rules = rules_with("putin", "council", "pu*")
    rules.learn("r1", None)
    assert [alert.rule for alert in alerts(document(), rules)] == ["putin", "pu*"]
    assert len(rules) == 2


def test_a_rule_added_after_documents_were_matched_takes_effect_at_once() -> None:
    rules = rules_with("nothing")
    assert alerts(document(), rules) == []
    for number, query in enumerate(("run", "putn~", "secur*", 'title:"council"', "run?ing", "source:reuters"), 1):
        rules.learn(f"r{number}", msgspec.json.encode(rule(query, f"r{number}")))
        assert number == len(alerts(document(), rules)), query


def test_learning_the_same_fact_twice_changes_nothing() -> None:
    rules = rules_with("putin")
    rules.learn("r0", msgspec.json.encode(rule("putin", "r0", "putin")))
    assert len(alerts(document(), rules)) == 1


def test_a_rule_that_cannot_be_read_is_left_out() -> None:
    assert len(rules_with("(putin", "putin")) == 1


@pytest.mark.parametrize("change", [{"backfill": True}, {"withdrawn": True}])
def test_backfill_and_withdrawn_articles_page_nobody(change: dict[str, object]) -> None:
    assert alerts(document(**change), rules_with("putin")) == []


def test_an_article_that_is_taken_back_is_told_by_its_words() -> None:
    change = Change(part="withdrawn", before="False", after="True")
    taken_back = document(withdrawn=True, revision=2, changes=(change,))
    assert len(alerts(taken_back, rules_with("putin", "biden"))) == 1


def test_the_same_document_gives_the_same_alert_id_again() -> None:
    rules = rules_with("putin")
    assert alerts(document(), rules) == alerts(document(), rules)


@pytest.mark.parametrize(
    ("query", "text", "language", "expected"),
    [
        ("run", "She was running.", "en", True),
        ('"run"', "She was running.", "en", False),
        ("run", "She was running.", "fi", False),
        ("covid", "Covid-19 spreads", "en", True),
        ("covid-19", "Covid 19 spreads", "en", True),
        ("by-election", "Three by-elections", "en", True),
        ("by-election", "Led by elected men", "en", False),
        ("by-election", "Three by-elections", "pl", False),
        ("body:by-election", "Three by-elections", "en", True),
        ("three -by-election", "Three by-elections", "en", False),
        ("AT&T", "AT&T buys", "en", True),
        ("c++", "written in C++.", "en", True),
        ("1,800", "some 1,800 people", "en", True),
        ("новые", "новый закон", "ru", True),
        ("strasse", "die Straße", "de", True),
        ("日本", "東日本大震災", "ja", True),
        ("本大震", "東日本大震災", "ja", True),
        ("本震", "東日本大震災", "ja", False),
        ("กรุงเทพ", "ที่กรุงเทพมหานคร", "th", True),
        ("cafe", "le Café noir", "fr", True),
        ("don't", "I don’t know", "en", True),
        ("#covid", "trending: covid", "en", True),
        ("U.S.", "the U.S. said", "en", True),
        ("ATLEAST2(putin)", "Putin. And Putin.", "en", True),
        ("ATLEAST3(putin)", "Putin. And Putin.", "en", False),
        ("SENTENCE(putin kyiv)", "Putin spoke. Kyiv answered.", "en", False),
        ("SENTENCE(putin kyiv)", "Putin spoke of Kyiv. They answered.", "en", True),
    ],
)
def test_words_match_as_people_expect(query: str, text: str, language: str, expected: bool) -> None:
    article = document(title=None, text=text, language=language)
    assert expected == bool(alerts(article, rules_with(query)))


@pytest.mark.parametrize(
    ("query", "wide"),
    [("putin", False), ("last:7d", True), ("pu*", False), ("lang:en -putin", False), ("revision:>1", True)],
)
def test_a_rule_that_has_to_be_tried_on_every_article_is_called_wide(query: str, wide: bool) -> None:
    assert wide == is_wide(parse(query))


@settings(max_examples=30)
@given(st.lists(DOCUMENTS, min_size=1, max_size=3), st.lists(NODES, min_size=1, max_size=10))
def test_rules_match_what_reading_each_of_them_finds(documents: list[Document], nodes: list[AnyNode]) -> None:
    rules = Rules()
    expected_roots: dict[str, AnyNode] = {}
    for number, node in enumerate(nodes):
        text = show(Query(text="", root=node))
        rules.learn(f"r{number}", msgspec.json.encode(rule(text, f"r{number}")))
        try:
            expected_roots[f"r{number}"] = parse(text).root
        except UsageError:
            continue
    for article in documents:
        expected = [key for key, root in expected_roots.items() if find(root, MatchView(article), NOW) is not None]
        assert sorted(expected) == sorted(rule.id for rule in rules.matching(MatchView(article), NOW))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("aa*a*a*a*a*b", "a" * 5_000),
        ("aaaa~2 x", "a" * 100_000),
        ("aa*", "a" * 500_000),
        (f'"{"a " * 150}"', "a " * 30_000),
        ('"a b"~100', "a b " * 20_000),
        ("SENTENCE(a b)", "a b. " * 20_000),
    ],
)
def test_hostile_query_on_hostile_text_ends_in_bounded_time(query: str, text: str) -> None:
    began = time.perf_counter()
    alerts(document(text=text), rules_with(query))
    assert time.perf_counter() - began < 5


def test_owner_of_a_rule_is_ignored_by_matching_and_survives_the_topic() -> None:
    owned = msgspec.structs.replace(rule("flood"), owner="anna")
    assert msgspec.json.decode(msgspec.json.encode(owned), type=AlertRule) == owned
    document = Document(id="a", source="Wire", seen=NOW, title="Flood", language="en")
    alerts = []
    for each in (rule("flood"), owned):
        rules = Rules()
        rules.learn(each.id, msgspec.json.encode(each))
        alerts.append(match(document, rules, NOW).emit)
    assert len(alerts[0]) == 1 and alerts[0] == alerts[1]


@settings(max_examples=60)
@given(DOCUMENTS, st.lists(NODES, min_size=1, max_size=8))
def test_rules_of_words_need_nothing_read_and_each_rule_is_asked_once(article: Document, nodes: list[AnyNode]) -> None:
    rules = rules_with(*(show(Query(text="", root=node)) for node in nodes))
    unread = msgspec.structs.replace(article, events=(), quotations=(), dates=(), entities=())
    early, late, unread_late = (
        [(alert.id, alert.spans) for alert in decide(document, rules, NOW).emit if isinstance(alert, Alert)]
        for decide, document in ((match_words, unread), (match_read, article), (match_words, article))
    )
    together = [(alert.id, alert.spans) for alert in alerts(article, rules)]
    assert early == unread_late
    assert sorted(early + late) == sorted(together)


def test_rule_that_comes_to_ask_for_events_is_asked_once_the_article_is_read_and_not_before() -> None:
    rules = rules_with("putin")
    rules.learn("r0", msgspec.json.encode(rule("putin -event:ASSAULT", "r0")))
    assert [len(decide(document(), rules, NOW).emit) for decide in (match_words, match_read, match)] == [0, 1, 1]
