"""The embedded runtime: the stages called in order by a plain loop over the store's log.

Search comes before events: when more articles wait than can be read for events at once, they are indexed as they are,
and wait in news.documents to be read, matched and indexed again.

Delivery: a batch's facts, documents, alerts, dead letters and its place in the log are written in one transaction,
so each article takes effect exactly once; a crash before it repeats the batch from unchanged facts. The other topics
between the stages need no rows: what would stand in them lives and dies with the transaction.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from pipeline.errors import TerminalError
from pipeline.flow import ALERTS, ENRICHED, EXTRACT, FLOW, MATCH, Stage, dead_letter
from pipeline.model import Alert, Document, Record
from pipeline.ports import Clock, Log, Message, SearchIndex, Table, Transaction
from pipeline.stages.decision import Decision, Fact, Memory

GROUP = "pipeline"
BATCH = 256
AT_ONCE = 64
WAITING = "waiting"
_OUTCOME = "outcome"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of an article: new, revised, unchanged, withdrawn, duplicate or dead; or waiting still."""

    kind: str
    document: Document | None = None
    error: str | None = None


class Batch(msgspec.Struct, kw_only=True):
    """Collect what one batch is to write."""

    facts: list[tuple[str, Fact]] = []
    documents: list[Document] = []
    waiting: list[Message] = []
    alerts: list[Alert] = []
    dead: list[Message] = []
    outcomes: list[Outcome] = []


class Embedded:
    """Drive the stages of ``flow`` over ``log`` with the memories rebuilt from ``table``."""

    def __init__(
        self,
        *,
        log: Log,
        table: Callable[[str], Table],
        rules: Table,
        index: SearchIndex,
        transaction: Transaction,
        clock: Clock,
        flow: Sequence[Stage] = FLOW,
    ) -> None:
        self._log = log
        self._tables = {stage.name: table(f"facts.{stage.name}") for stage in flow}
        self._rules = rules
        self._index = index
        self._transaction = transaction
        self._clock = clock
        self._flow = flow
        self._memories: dict[str, Memory] = {}
        self.counts: Counter[str] = Counter()
        self._remember()

    def step(self, timeout: float = 0.0) -> list[Outcome]:
        """Take the next batch all the way; return one outcome per article, or nothing when none came in time.

        New articles come first; the later topics hold what waits to be read for events, and what
        ``admin dead --replay`` put back.
        """
        for start, stage in enumerate(self._flow):
            messages = self._log.read(stage.reads.name, GROUP, AT_ONCE if start else BATCH)
            if messages:
                return self._run(start, messages)
        messages = self._log.read(self._flow[0].reads.name, GROUP, BATCH, timeout)
        return self._run(0, messages) if messages else []

    def _run(self, start: int, messages: Sequence[Message]) -> list[Outcome]:
        self._learn_rules()
        batch = Batch()
        hurried = start == 0 and len(messages) > AT_ONCE
        try:
            for message in messages:
                batch.outcomes.append(self._take(start, message, batch, hurried=hurried))
            self._write(batch, messages[0].topic)
        except BaseException:
            # The memories learned what was not kept: begin again from what was.
            self._remember()
            raise
        self.counts.update(outcome.kind for outcome in batch.outcomes if outcome.kind != WAITING)
        return batch.outcomes

    def _take(self, start: int, message: Message, batch: Batch, *, hurried: bool) -> Outcome:
        kind, document = message.headers.get(_OUTCOME, "unchanged"), None
        letter, stage = message, self._flow[start]
        try:
            value: Record = msgspec.json.decode(message.value, type=self._flow[start].reads.type)
            for stage in self._flow[start:]:
                letter = _letter(stage, message, value)
                if hurried and stage.name == EXTRACT.name and isinstance(value, Document):
                    batch.documents.append(value)
                    batch.waiting.append(msgspec.structs.replace(letter, headers=letter.headers | {_OUTCOME: kind}))
                    return Outcome(kind=WAITING)
                if isinstance(value, Document) and stage.name == MATCH.name:
                    document = value
                decision = self._decide(stage, value, batch)
                kind = _notable(kind, decision.outcome)
                if stage.name == MATCH.name or not decision.emit:
                    break
                (value,) = decision.emit
        except Exception as exc:  # noqa: BLE001 - one article's bug must not stop the others
            reason = exc.reason if isinstance(exc, TerminalError) else _trace(exc)
            batch.dead.append(dead_letter(letter, stage=stage.name, reason=reason, returns_to=letter.topic))
            return Outcome(kind="dead", error=f"{stage.name}: {message.key}: {exc!r}")
        if document is not None:
            batch.documents.append(document)
            batch.alerts += [alert for alert in decision.emit if isinstance(alert, Alert)]
        return Outcome(kind=kind, document=document)

    def _decide(self, stage: Stage, value: Record, batch: Batch) -> Decision:
        memory = self._memories[stage.name]
        decision = stage.decide(value, memory, self._clock())
        for fact in decision.facts:
            memory.learn(fact.key, fact.value)
            batch.facts.append((stage.name, fact))
        return decision

    def _write(self, batch: Batch, topic: str) -> None:
        with self._transaction():
            for name, fact in batch.facts:
                self._tables[name].put(fact.key, fact.value)
            for article_id, reason in self._index.upsert(batch.documents):
                document = next(d for d in batch.documents if d.id == article_id)
                letter = Message(topic=ENRICHED.name, key=article_id, value=msgspec.json.encode(document))
                batch.dead.append(dead_letter(letter, stage="index", reason=reason, returns_to=letter.topic))
            self._log.append(
                Message(topic=ALERTS.name, key=ALERTS.key(alert), value=msgspec.json.encode(alert))
                for alert in batch.alerts
            )
            self._log.append((*batch.waiting, *batch.dead))
            self._log.commit(topic, GROUP)
            if topic != self._flow[0].reads.name:  # the articles are kept to be replayed; these are done with
                self._log.expire(topic, self._clock())

    def _remember(self) -> None:
        self._memories = {stage.name: stage.memory() for stage in self._flow}
        for stage in self._flow:
            facts = self._rules if stage.name == MATCH.name else self._tables[stage.name]
            for key, value in facts.items():
                self._memories[stage.name].learn(key, value)

    def _learn_rules(self) -> None:
        memory = self._memories[MATCH.name]
        for key, value in self._rules.changes():
            memory.learn(key, value)


def _notable(so_far: str, outcome: str) -> str:
    """Keep the most telling word: a copy is a duplicate whether it is new or revised."""
    if outcome == "duplicate" or (outcome in ("new", "revised", "withdrawn") and so_far == "unchanged"):
        return outcome
    return so_far


def _letter(stage: Stage, message: Message, value: Record) -> Message:
    return Message(topic=stage.reads.name, key=message.key, value=msgspec.json.encode(value), headers=message.headers)


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error, limit=-8))
