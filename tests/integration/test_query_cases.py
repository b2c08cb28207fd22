"""What people type finds what they mean, in both engines and in the matcher alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.model import AlertRule, Article, as_document
from pipeline.ports.search import SearchRequest
from pipeline.query.evaluate import MatchView, find
from pipeline.query.parser import parse
from pipeline.query.printer import restate, show
from pipeline.stages.identify.normalize import normalize
from pipeline.stages.match.stage import Rules

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CASES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data/query/cases.json").read_text(encoding="utf-8"))


def documents(articles: list[dict[str, Any]]) -> list[Any]:
    """Return the articles as the first stages leave them."""
    return [as_document(normalize(Article(source="Wire", seen=NOW, **article))) for article in articles]


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def index(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open an empty index of each engine."""
    if request.param == "sqlite":
        from pipeline.adapters.sqlite.database import Database
        from pipeline.adapters.sqlite.index import SqliteIndex

        with Database(":memory:") as database:
            yield SqliteIndex(database)
        return
    from pipeline.adapters.elasticsearch.index import ElasticsearchIndex

    opened = ElasticsearchIndex(
        request.getfixturevalue("elasticsearch_url"), prefix=request.getfixturevalue("elasticsearch_prefix")
    )
    yield opened
    opened.close()


@pytest.mark.parametrize("case", CASES)
def test_each_query_finds_what_is_meant(case: str, index: Any) -> None:
    made = documents(CASES[case]["articles"])
    assert list(index.upsert(made)) == []
    index.refresh()
    wrong = {}
    for text, expected in CASES[case]["queries"]:
        page = index.search(SearchRequest(query=parse(text), now=NOW, limit=50))
        found = sorted(document.id for document in page.documents)
        if (sorted(expected), len(expected)) != (found, page.total):
            wrong[text] = found
    assert wrong == {}


@pytest.mark.parametrize("case", CASES)
def test_an_alert_of_the_same_words_matches_the_same_articles(case: str) -> None:
    made = documents(CASES[case]["articles"])
    rules = Rules()
    for number, (text, _) in enumerate(CASES[case]["queries"]):
        rule = AlertRule(id=str(number), name=text, query=text, created=NOW)
        rules.learn(rule.id, msgspec_json(rule))
    matched: dict[str, list[str]] = {str(number): [] for number in range(len(CASES[case]["queries"]))}
    for document in made:
        view = MatchView(document)
        for found in rules.matching(view, NOW):
            matched[found.id].append(document.id)
    expected = {str(n): sorted(ids) for n, (_, ids) in enumerate(CASES[case]["queries"])}
    assert expected == {number: sorted(ids) for number, ids in matched.items()}


@pytest.mark.parametrize("case", CASES)
def test_query_says_in_plain_words_and_in_its_own_language_what_it_means(case: str) -> None:
    for text, expected in CASES[case]["queries"]:
        query = parse(text)
        assert restate(query).startswith("articles ")
        again = parse(show(query))
        found = [d.id for d in documents(CASES[case]["articles"]) if find(again.root, MatchView(d), NOW) is not None]
        assert sorted(expected) == sorted(found), (text, show(query))


def msgspec_json(rule: AlertRule) -> bytes:
    """Return a rule as it is kept."""
    import msgspec

    return msgspec.json.encode(rule)
