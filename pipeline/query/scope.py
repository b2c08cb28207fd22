"""What an alert rule's scope means: conditions joined to its query, so that search and matcher agree on it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.language.codes import normalize_language
from pipeline.model import AlertRule
from pipeline.query.parser import parse
from pipeline.query.tree import And, AnyNode, Keyword, Or, Query


def query_of(rule: AlertRule, searches: Mapping[str, str] | None = None) -> Query:
    """Return the query a rule asks: its lists, its time zone and its scope included. Raises ``QueryError``."""
    return scoped(parse(rule.query, searches, rule.lists, rule.time_zone), rule)


def scoped(query: Query, rule: AlertRule) -> Query:
    """Narrow a rule's query to its feeds, tags and languages: any of each, all three."""
    languages = [normalize_language(language) or language for language in rule.languages]
    scopes = (("feed", rule.feeds), ("tag", rule.tags), ("lang", languages))
    conditions = [_any(name, values) for name, values in scopes if values]
    return Query(text=query.text, root=And(nodes=(query.root, *conditions))) if conditions else query


def _any(name: str, values: Sequence[str]) -> AnyNode:
    # The grammar folds keyword values the same way.
    nodes = tuple(Keyword(name=name, value=value.casefold()) for value in values)
    return nodes[0] if len(nodes) == 1 else Or(nodes=nodes)
