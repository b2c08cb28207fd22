"""Which rules are kept, and what their scope adds to the query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.alerts.rules import admit
from pipeline.errors import UsageError
from pipeline.model import AlertRule, Document
from pipeline.query.evaluate import MatchView, find

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def a_rule(**options: Any) -> AlertRule:
    values: dict[str, Any] = {"id": "r", "name": "rule", "query": "putin", "created": NOW}
    return AlertRule(**values | options)


def matches(rule: AlertRule, **article: Any) -> bool:
    values: dict[str, Any] = {"id": "a", "source": "bbc", "seen": NOW, "title": "Putin"}
    document = Document(**values | article)
    return find(admit(rule).root, MatchView(document), NOW) is not None


def test_plain_rule_is_admitted() -> None:
    assert matches(a_rule())


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 201},
        {"query": "putin ("},
        {"query": ""},
        {"query": "putin copies>2"},
        {"query": "-putin"},
        {"min_origins": 0},
        {"min_origins": 2, "once_per": "article"},
        {"digest_s": -1},
        {"kind": "silence", "window_s": 1},
        {"kind": "surge", "times": 1.0},
        {"cap_per_hour": 0},
        {"cap_per_day": -1},
        {"cap_per_hour": 10**18},
        {"min_origins": 10**18},
        {"digest_s": 10**12},
        {"kind": "silence", "window_s": 10**12},
        {"kind": "surge", "times": float("inf")},
        {"kind": "surge", "times": float("nan")},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"quiet_from": "22:00"},
        {"quiet_from": "22:00", "quiet_until": "25:00"},
        {"quiet_from": "22:00", "quiet_until": "22:00"},
        {"quiet_from": "22:00+01:00", "quiet_until": "07:00"},
    ],
)
def test_senseless_rule_is_refused_in_one_sentence(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        admit(a_rule(**options))


@pytest.mark.parametrize(
    ("begin", "end"),
    [("22:00", "24:00"), ("22:00", "00:00"), ("24:00", "06:00"), ("7:00", "9:30"), ("22:00:30", "07:00")],
)
def test_quiet_hours_may_end_with_the_day(begin: str, end: str) -> None:
    admit(a_rule(quiet_from=begin, quiet_until=end))


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("22:00", "24:30", "'24:30' is no time of day"),
        ("22", "7h", "'7h' is no time of day"),
        ("22:00", None, "one of them is missing"),
        ("00:00", "24:00", "the whole day: pause the alert"),
        ("07:00", "07:00", "two different times"),
    ],
)
def test_quiet_hours_are_refused_with_the_reason(begin: str, end: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        admit(a_rule(quiet_from=begin, quiet_until=end))


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ({"languages": ("en", "fr")}, {"language": "fr"}, {"language": "de"}),
        ({"tags": ("War",)}, {"tags": ("x", "war")}, {"tags": ("x",)}),
        ({"feeds": ("http://Example.org/F",)}, {"feed": "http://example.org/F"}, {"feed": "http://example.org/g"}),
    ],
)
def test_scope_narrows_the_query(scope: dict[str, Any], inside: dict[str, Any], outside: dict[str, Any]) -> None:
    assert (matches(a_rule(**scope), **inside), matches(a_rule(**scope), **outside)) == (True, False)


def test_scopes_of_two_kinds_must_both_hold() -> None:
    rule = a_rule(query="putin OR kyiv", languages=("en",), tags=("war",))
    assert not matches(rule, language="en")
    assert matches(rule, language="en", tags=("war",))
