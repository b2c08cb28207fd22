"""Lists of names: kept whole or not at all, and written into every rule that uses them."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.model import AlertRule, Document
from pipeline.query.evaluate import MatchView
from pipeline.query.scope import query_of
from pipeline.services.lists import MAX_NAMES, Lists, read_names
from pipeline.services.saved_searches import SavedSearches
from pipeline.stages.match.stage import Rules
from tests.fakes.table import MemoryTable

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Desk:
    """Hold a service of lists over tables in memory."""

    def __init__(self) -> None:
        self.rules, self.searches = MemoryTable(), MemoryTable()
        self.lists = Lists(lists=MemoryTable(), rules=self.rules, searches=self.searches, transaction=nullcontext)
        self.saved = SavedSearches(self.searches, self.lists.all)

    def keep(self, rule_id: str, query: str) -> None:
        """Keep a rule with the lists that it uses."""
        rule = AlertRule(id=rule_id, name=rule_id, query=query, created=NOW, lists=self.saved.lists_in(query))
        self.rules.put(rule_id, msgspec.json.encode(rule))

    def matched(self, text: str) -> list[str]:
        """Return the rules that an article of this text matches."""
        rules = Rules()
        for key, value in self.rules.items():
            rules.learn(key, value)
        view = MatchView(Document(id="a", source="Wire", seen=NOW, text=text, language="en"))
        return sorted(rule.id for rule in rules.matching(view, NOW))


@pytest.fixture
def desk() -> Desk:
    """Open an empty desk."""
    return Desk()


def test_names_are_kept_once_whatever_their_case_accents_and_invisible_characters(desk: Desk) -> None:
    assert desk.lists.add("Team", ["Ana  Ruíz", "ana ruiz", "O’Hara", "Ana\u200b Ruiz", "U.S. Steel"]) == 3
    assert desk.lists.get("TEAM") == ("Ana Ruíz", "O’Hara", "U.S. Steel")


def test_rule_that_uses_a_list_follows_its_changes(desk: Desk) -> None:
    desk.lists.add("team", ["Ana Ruiz"])
    desk.keep("one", "list:team wins")
    desk.keep("two", "tariffs")
    assert (desk.matched("Ana Ruiz wins"), desk.matched("Bo Lind wins")) == (["one"], [])
    assert desk.lists.edit("team", ["Bo Lind"], ["ana ruiz"]) == 1
    assert (desk.matched("Ana Ruiz wins"), desk.matched("Bo Lind wins")) == ([], ["one"])
    desk.lists.add("team", ["Cy Young"], replace=True)
    assert desk.matched("Cy Young wins") == ["one"]


def test_list_inside_a_saved_search_is_in_the_rule_as_well(desk: Desk) -> None:
    desk.lists.add("team", ["Ana Ruiz"])
    desk.saved.keep("wins", "list:team wins")
    assert desk.saved.lists_in("search:wins OR war") == {"team": ("Ana Ruiz",)}
    assert desk.saved.lists_in("war") == {}


def test_list_in_use_is_not_dropped(desk: Desk) -> None:
    desk.lists.add("team", ["Ana Ruiz"])
    desk.lists.add("team-b", ["Bo Lind"])
    desk.keep("one", "list:team")
    desk.saved.keep("b", "list:TEAM-B")
    for name, user in (("team", "the alert 'one'"), ("team-b", "the saved search 'b'")):
        with pytest.raises(UsageError, match=user):
            desk.lists.remove(name)
    desk.rules.put("one", None)
    desk.lists.remove("team")
    assert desk.lists.all().keys() == {"team-b"}


@pytest.mark.parametrize(
    ("name", "entries", "wrong"),
    [
        ("", ["a"], "cannot name"),
        ("a b", ["a"], "cannot name"),
        ("team", ["new"], "already"),
        ("new", [], "one name at least"),
        ("new", ["fine", "!!!"], "no word"),
        ("new", [f"name{n}" for n in range(MAX_NAMES + 1)], "up to 10,000"),
    ],
)
def test_nothing_is_kept_half(desk: Desk, name: str, entries: list[str], wrong: str) -> None:
    desk.lists.add("team", ["Ana Ruiz"])
    with pytest.raises(UsageError, match=wrong):
        desk.lists.add(name, entries)
    assert desk.lists.all() == {"team": ("Ana Ruiz",)}


def test_wrong_name_is_told_with_the_nearest(desk: Desk) -> None:
    desk.lists.add("ministers", ["Ana Ruiz"])
    with pytest.raises(UsageError, match="did you mean 'ministers'"):
        desk.lists.get("minister")
    with pytest.raises(UsageError, match="did you mean 'Ana Ruiz'"):
        desk.lists.edit("ministers", remove=["Ana Ruis"])


def test_largest_list_is_matched_without_a_query_of_its_length(desk: Desk) -> None:
    desk.lists.add("firms", [f"Firm{n} Works" for n in range(MAX_NAMES)])
    desk.keep("one", "list:firms profit")
    assert desk.matched("A profit for firm7777 works.") == ["one"]
    assert desk.matched("A profit for firm7777 and works.") == []
    rule = msgspec.json.decode(desk.rules.values["one"], type=AlertRule)
    assert len(query_of(rule).text) < 50


def test_names_are_read_one_a_line() -> None:
    assert read_names("\ufeff# people\nAna Ruiz\r\n\n  Bo Lind \n") == ["Ana Ruiz", "Bo Lind"]
