"""What filter rules of other readers become, and which have no counterpart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.errors import UsageError
from pipeline.model import AlertRule
from pipeline.query.parser import parse
from pipeline.services.alert_import import read_rules, translate


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("EntryTitle=(?i)putin", 'title:"putin"'),
        ("EntryTitle=(?i)(putin|security council)", 'title:("putin" OR "security council")'),
        (r"EntryContent=\bkyiv\b", 'body:"kyiv"'),
        ("EntryAuthor=Jane Doe", 'author:"Jane Doe"'),
        ("EntryTag=war|peace", '(tag:"war" OR tag:"peace")'),
        ("intitle:putin kyiv", "title:putin kyiv"),
        ('intitle:"security council" -sport', 'title:"security council" -sport'),
        ("author:doe #war", "author:doe tag:war"),
        ("putin OR kyiv", "putin OR kyiv"),
        ("intitle:/putin|kyiv/i", 'title:("putin" OR "kyiv")'),
        ("https://news.google.com/rss/search?q=putin+site%3Abbc.com", "putin source:bbc.com"),
        ("https://news.google.com/rss/search?q=intitle:kyiv+when:7d&hl=en", "title:kyiv last:7d"),
    ],
)
def test_rule_becomes_a_query(line: str, query: str) -> None:
    assert translate(line)[0] == query
    parse(query)


@pytest.mark.parametrize(
    "line",
    [
        "EntryDate=future",
        "EntryURL=example.org",
        r"EntryTitle=^\d+ dead",
        "EntryTitle=a.*b",
        "EntryTitle=(a|(b|c))",
        "labels:important putin",
        "https://www.google.com/alerts/feeds/0123/4567",
        "https://example.org/feed",
    ],
)
def test_rule_without_a_counterpart_says_so(line: str) -> None:
    with pytest.raises(UsageError):
        translate(line)


def test_file_cannot_say_whose_a_rule_is() -> None:
    rules = b'[[alert]]\nname = "a"\nquery = "flood"\nowner = "anna"\n[[alert]]\nname = "b"\nquery = "oil"\n'
    refused, kept = read_rules(rules, "rules.toml", datetime(2026, 11, 25, tzinfo=UTC))
    assert isinstance(refused, str) and "owner" in refused
    assert isinstance(kept, AlertRule) and (kept.name, kept.owner) == ("b", None)
