"""Match one document against every alert rule.

Rules are filed under the rarest word that a matching document must hold; only those filed under a word of the
document, and those that cannot be filed, are verified on their syntax trees. A rule is filed when it is learned and
taken out when it changes: nothing is ever rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from pipeline.errors import UsageError
from pipeline.language.analysis import fold, stem
from pipeline.language.evaluate import Reading, find, marks
from pipeline.language.grammar import parse
from pipeline.language.query import And, AnyNode, AtLeast, Field, Near, Or, Phrase, Query, SameSentence, Word
from pipeline.language.scope import scoped
from pipeline.model import Alert, AlertRule, Document, derive_id
from pipeline.stages.decision import Decision

# Rules under one of these words would be tried on most documents; they are filed under another of their words.
_COMMON = frozenset(
    "the of and to in is that for it with as was on are by be at from has his have an not but which this they said "
    "after will who more a i he she new de la le der die und en el".split()
)


class _Filed(msgspec.Struct, frozen=True):
    rule: AlertRule
    query: Query
    keys: tuple[str, ...]


class Rules:
    """Hold the alert rules, each under the words that call for it; facts are ``AlertRule`` JSON by rule id."""

    def __init__(self) -> None:
        self._filed: dict[str, _Filed] = {}
        self._by_word: dict[str, set[str]] = {}
        self._always: set[str] = set()
        self._stems: dict[str, dict[str, set[str]]] = {}

    def learn(self, key: str, value: bytes | None) -> None:
        """Add, replace or remove one rule; one whose query cannot be read any more is left out."""
        self._remove(key)
        if value is None:
            return
        rule = msgspec.json.decode(value, type=AlertRule)
        if rule.paused or rule.kind != "match":
            return
        try:
            query = scoped(parse(rule.query), rule)
        except UsageError:
            return
        keys = tuple(sorted(required_words(query.root) or ()))
        self._filed[key] = _Filed(rule, query, keys)
        if not keys:
            self._always.add(key)
        for word in keys:
            self._by_word.setdefault(word, set()).add(key)
            for language, words in self._stems.items():
                words.setdefault(stem(word, language), set()).add(word)

    def __len__(self) -> int:
        return len(self._filed)

    def candidates(self, reading: Reading) -> list[tuple[AlertRule, Query]]:
        """Return the rules that may match, in order of their ids: all that do, and few that do not."""
        language = reading.document.language or "und"
        words = self._stems.get(language)
        if words is None:
            words = self._stems[language] = {}
            for word in self._by_word:
                words.setdefault(stem(word, language), set()).add(word)
        found = set(self._always)
        for part in ("title", "body"):
            for key in words.keys() & reading.positions(part, stems=True).keys():
                for word in words[key]:
                    found |= self._by_word.get(word, set())
        return [(self._filed[key].rule, self._filed[key].query) for key in sorted(found)]

    def _remove(self, key: str) -> None:
        filed = self._filed.pop(key, None)
        if filed is None:
            return
        self._always.discard(key)
        for word in filed.keys:
            under = self._by_word[word]
            under.discard(key)
            if not under:
                del self._by_word[word]


def match(document: Document, rules: Rules, now: datetime) -> Decision:
    """Decide which rules a document matches, with the words that made it match.

    Copies, withdrawn articles and backfill match nothing: they page nobody (design: delivery promise).
    """
    if document.duplicate_of or document.backfill or document.withdrawn:
        return Decision(outcome="unmatched")
    reading = Reading(document)
    alerts = []
    for rule, query in rules.candidates(reading):
        hits = find(query.root, reading, now)
        if hits is None:
            continue
        alerts.append(
            Alert(
                id=alert_id(rule, document),
                rule_id=rule.id,
                rule=rule.name,
                article=document,
                spans=marks(hits, reading),
                matched=now,
                subject=subject(rule, document),
            )
        )
    return Decision(outcome="matched" if alerts else "unmatched", emit=tuple(alerts))


def alert_id(rule: AlertRule, document: Document) -> str:
    """Derive the idempotency key of an alert from the rule, its subject and the revision class.

    The class of a first report is its source, or nothing when every article alerts; a revision that changed more than
    wording is a class of its own. The notifier's policy decides which of a story's alerts page anyone.
    """
    reporter = document.source if rule.once_per == "story" else ""
    changed = any(change.part != "title" and change.part != "text" for change in document.changes)
    revision = f"{document.id} {document.revision}" if changed else ""
    return derive_id(rule.id, subject(rule, document), reporter, revision)


def subject(rule: AlertRule, document: Document) -> str:
    """Return what alerts of the rule are once per: the story where there is one, or the article."""
    return (document.story_id if rule.once_per == "story" else None) or document.id


def required_words(node: AnyNode) -> set[str] | None:
    """Return words of which a matching title or body must hold at least one, or ``None`` when none can be named.

    A document that holds a token holds its stem, so exact tokens serve as well as words.
    """
    match node:
        case Word(text=text):
            return {text}
        case Phrase(tokens=tokens) | Near(tokens=tokens):
            return {_rarest(tokens)}
        case AtLeast(word=word):
            return required_words(word)
        case Field(name=name, node=inner):
            return required_words(inner) if name in ("title", "body") else None
        case And(nodes=nodes) | SameSentence(nodes=nodes):
            choices = [words for inner in nodes if (words := required_words(inner))]
            return min(choices, key=_cost) if choices else None
        case Or(nodes=nodes):
            union: set[str] = set()
            for inner in nodes:
                words = required_words(inner)
                if not words:
                    return None
                union |= words
            return union
        case _:
            return None


def _rarest(tokens: Iterable[str]) -> str:
    return max(tokens, key=lambda token: (fold(token) not in _COMMON, len(token)))


def _cost(words: set[str]) -> tuple[int, int, int]:
    """Estimate how many documents a set of words calls up: common words cost most, then many, then short ones."""
    return sum(word in _COMMON for word in words), len(words), -min(map(len, words))
