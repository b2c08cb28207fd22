"""Match one document against every alert rule.

What a rule demands of a document is filed under the rarest part of it (``postings``): a document calls up the
few rules filed under something it holds, most of which match or fail by what else they demand, and the rest are
verified on their syntax trees. A rule is filed when it is learned and taken out when it changes; nothing is rebuilt.

Rules that ask for words alone are told apart from those that ask what an article has to be read for: they are asked as
soon as it is known whether the article is a copy, and the others once it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from pipeline.errors import UsageError
from pipeline.language.corrections import is_correction
from pipeline.model import Alert, AlertRule, Document, derive_id
from pipeline.query.evaluate import MatchView, find, marks
from pipeline.query.requirements import asks_what_is_read, holds
from pipeline.query.scope import query_of
from pipeline.query.tree import AnyNode, Query
from pipeline.stages.decision import Decision
from pipeline.stages.match.clauses import clauses
from pipeline.stages.match.filed import IndexedRule, PackedRules
from pipeline.stages.match.postings import Postings


class FiledRules:
    """Hold rules under what they demand, ready to be matched."""

    def __init__(self) -> None:
        self._postings = Postings()
        self._rules = PackedRules()

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, key: str, rule: AlertRule, root: AnyNode) -> None:
        """File a rule that is not there, with the tree of its query."""
        self._postings.add(self._rules.add(key, rule.name, rule.once_per, root), clauses(root))

    def matching(self, reading: MatchView, now: datetime) -> list[IndexedRule]:
        """Return the rules that a document matches, in no particular order."""
        sure, unsure = self._postings.candidates(reading)
        return self._rules.of(sure) + [rule for rule in self._rules.of(unsure) if holds(rule.root, reading, now)]

    def remove(self, key: str) -> None:
        """Take a rule out, if it is there."""
        number = self._rules.number(key)
        if number is None:
            return
        # What it lies under is worked out again: rules leave seldom, and to keep it for all of them costs memory.
        self._postings.remove(number, clauses(self._rules[number].root))
        self._rules.remove(key)


class Rules:
    """Hold the alert rules, of ``words`` and of what is ``read``; facts are ``AlertRule`` JSON by rule id."""

    def __init__(self) -> None:
        self.words = FiledRules()
        self.read = FiledRules()

    def __len__(self) -> int:
        return len(self.words) + len(self.read)

    def learn(self, key: str, value: bytes | None) -> None:
        """Add, replace or remove one rule; one whose query cannot be read any more is left out."""
        self.words.remove(key)
        self.read.remove(key)
        if value is None:
            return
        rule = msgspec.json.decode(value, type=AlertRule)
        if rule.kind != "match":
            return
        try:
            root = query_of(rule).root
        except UsageError:
            return
        (self.read if asks_what_is_read(root) else self.words).add(key, rule, root)

    def matching(self, reading: MatchView, now: datetime) -> list[IndexedRule]:
        """Return all rules that a document matches, in no particular order."""
        return list(_matching((self.words, self.read), reading, now))


def _id(rule: IndexedRule) -> str:
    return rule.id


def is_wide(query: Query) -> bool:
    """Tell whether a query has to be verified on every article, so that many like it slow matching down."""
    return any(not clause.grams for clause in clauses(query.root))


def match(document: Document, rules: Rules, now: datetime) -> Decision:
    """Decide which of all rules a document matches that was read."""
    return _match(document, (rules.words, rules.read), now)


def match_words(document: Document, rules: Rules, now: datetime) -> Decision:
    """Decide which rules of words a document matches, read or not."""
    return _match(document, (rules.words,), now)


def match_read(document: Document, rules: Rules, now: datetime) -> Decision:
    """Decide which rules that ask for events, quotations, places or dates a document matches that was read."""
    return _match(document, (rules.read,), now)


def _match(document: Document, asked: Sequence[FiledRules], now: datetime) -> Decision:
    """Decide which rules a document matches, with the words that made it match.

    Copies are judged like originals: the policy knows what was told of theirs. Backfill matches nothing. An article
    that is being withdrawn matches by its words, for those who were told of it.
    """
    taken_back = any(change.part == "withdrawn" for change in document.changes)
    if not any(map(len, asked)) or document.backfill or (document.withdrawn and not taken_back):
        return Decision(outcome="unmatched")
    reading = MatchView(document)
    alerts = [
        Alert(
            id=alert_id(rule, document),
            rule_id=rule.id,
            rule=rule.name,
            article=document,
            spans=marks(find(rule.root, reading, now) or (), reading),
            matched=now,
            subject=subject(rule, document),
        )
        for rule in sorted(_matching(asked, reading, now), key=_id)
    ]
    return Decision(outcome="matched" if alerts else "unmatched", emit=tuple(alerts))


def _matching(asked: Sequence[FiledRules], reading: MatchView, now: datetime) -> Iterable[IndexedRule]:
    return (rule for filed in asked if len(filed) for rule in filed.matching(reading, now))


def alert_id(rule: AlertRule | IndexedRule, document: Document) -> str:
    """Derive the idempotency key of an alert from the rule, its article and the revision class.

    The first report and revisions that changed only wording are one class; a revision that changed more is one of its
    own. What was told of a story is asked of the ledger: the notifier's policy decides which alert pages anyone.
    """
    changed = any(change.part != "title" and change.part != "text" for change in document.changes)
    corrected = any(change.part == "text" and is_correction(change.after or "") for change in document.changes)
    return derive_id(rule.id, document.id, str(document.revision) if changed or corrected else "")


def subject(rule: AlertRule | IndexedRule, document: Document) -> str:
    """Return what alerts of the rule are once per: the story where there is one, or the article and its copies."""
    return (document.story_id if rule.once_per == "story" else None) or document.duplicate_of or document.id
