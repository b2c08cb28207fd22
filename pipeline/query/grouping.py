"""Numbers whose one mark groups digits in some languages and not in others, as conditions on the language."""

from __future__ import annotations

from pipeline.language.numbers import EITHER_GROUPS, POINT_GROUPS, marks_of
from pipeline.query.tree import And, AnyNode, ByGrouping, Keyword, Not, Or


def reading(node: ByGrouping, language: str | None) -> AnyNode:
    """Return what is looked for in a document of a language."""
    return {",": node.comma, ".": node.point}.get(marks_of(language), node.either)


def by_language(node: ByGrouping) -> AnyNode:
    """Write the three readings as one condition for an engine that knows the language of each document."""
    return Or(
        nodes=(
            And(nodes=(node.comma, Not(node=_any(POINT_GROUPS | EITHER_GROUPS)))),
            And(nodes=(node.point, _any(POINT_GROUPS))),
            And(nodes=(node.either, _any(EITHER_GROUPS))),
        )
    )


def _any(languages: frozenset[str]) -> AnyNode:
    return Or(nodes=tuple(Keyword(name="lang", value=language) for language in sorted(languages)))
