"""Why an alert spoke of an article, or why it did not."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.model import AlertRule, Document
from pipeline.ports.alerts import Deliveries, Delivery
from pipeline.query.evaluate import MatchView
from pipeline.query.printer import restate
from pipeline.query.requirements import asks_what_is_read, holds
from pipeline.query.scope import query_of
from pipeline.query.tree import And, AnyNode, Or, Query

LOOKED_AT = 5_000


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Say of a part of a query in plain words whether an article fulfils it."""

    words: str
    holds: bool


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Tell whether a rule's query matches an article, by which parts, and what became of it.

    ``deliveries`` are about the article itself, ``others`` about its story or its copies.
    """

    rule: AlertRule
    article: Document
    matches: bool
    parts: tuple[Part, ...]
    deliveries: tuple[Delivery, ...]
    others: tuple[Delivery, ...]
    words: str


def explain(rule: AlertRule, article: Document, deliveries: Deliveries, now: datetime) -> Why:
    """Look into the query and the ledger. Raises ``UsageError`` for a rule whose query cannot be read any more."""
    query = query_of(rule)
    reading = MatchView(article)
    matches = holds(query.root, reading, now)
    subjects = {article.id, article.story_id, article.duplicate_of, *article.merged} - {None}
    known = deliveries.entries(LOOKED_AT, rule.id, sorted(subject for subject in subjects if subject))
    own = tuple(each for each in known if each.alert.article is not None and each.alert.article.id == article.id)
    told = tuple(each for each in known if each not in own and each.state != "withheld")
    return Why(
        rule=rule,
        article=article,
        matches=matches,
        parts=tuple(
            Part(words=restate(Query(text="", root=node)).removeprefix("articles "), holds=holds(node, reading, now))
            for node in _parts(query.root)
        ),
        deliveries=own,
        others=told,
        words=_words(rule, query, article, matches, own, told),
    )


def _parts(root: AnyNode) -> tuple[AnyNode, ...]:
    """Return the parts that are judged one by one: all must hold, or for a choice, one."""
    if isinstance(root, And):
        return tuple(part for node in root.nodes for part in (_parts(node) if isinstance(node, And) else (node,)))
    if isinstance(root, Or):
        return root.nodes
    return (root,)


def _words(
    rule: AlertRule,
    query: Query,
    article: Document,
    matches: bool,
    own: tuple[Delivery, ...],
    told: tuple[Delivery, ...],
) -> str:
    """Say in one sentence what became of the article."""
    if own:
        spoken = [each for each in own if each.state != "withheld"]
        if spoken:
            return f"It was told: {', '.join(sorted({f'{each.state} to {each.channel}' for each in spoken}))}."
        return f"It was not told: {own[0].error}."
    if rule.kind != "match":
        return f"The alert watches for {rule.kind}, not for single articles."
    if not matches and asks_what_is_read(query.root) and not _is_read(article):
        return "The query does not match it so far: nothing was read from its text, and it may still wait for that."
    if not matches:
        return "The query does not match it, so there was nothing to tell."
    if told:
        return f"Nothing is known of it; of the same story {told[0].state} to {told[0].channel}."
    if rule.created > article.seen:
        return f"The alert is younger ({rule.created:%Y-%m-%d %H:%M} UTC) than the article's coming."
    return "Nothing is known of it: it may still be on its way, or its row is past its time or was only counted."


def _is_read(article: Document) -> bool:
    """Tell whether something was read from an article's text; one that says nothing looks like one that waits."""
    return bool(article.events or article.quotations or article.dates or article.entities)
