"""The embedded runtime: the stages called in order by a plain loop over the store's log.

Search comes first: when more articles wait than can be taken all the way at once, new ones are indexed as they are.
They wait in news.revisions to be compared with one another, in their order, then in news.documents to be read for
events and matched, and are indexed again after each.

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
from pipeline.flow import ALERTS, DEDUPLICATE, ENRICHED, EXTRACT, FLOW, IDENTIFY, MATCH, Stage, dead_letter
from pipeline.model import Alert, Article, Document, Record, as_document
from pipeline.ports.clock import Clock
from pipeline.ports.log import Log, Message
from pipeline.ports.search import SearchIndex
from pipeline.ports.table import Table, Transaction
from pipeline.stages.decision import Memory

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


class _Item(msgspec.Struct, kw_only=True):
    """Follow one record through the stages: ``value`` is what the next stage reads, ``None`` when there is no more."""

    message: Message
    value: Record | None
    kind: str
    document: Document | None = None
    error: str | None = None


class _Batch(msgspec.Struct, kw_only=True):
    """Collect what one batch is to write."""

    facts: dict[str, dict[str, bytes | None]]
    documents: list[Document] = []
    waiting: list[Message] = []
    alerts: list[Alert] = []
    dead: list[Message] = []


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
        # Revisions that wait keep their place before those that come: the earliest is the original. None: not known.
        self._revisions_wait: bool | None = None
        self.counts: Counter[str] = Counter()
        self._remember()

    def step(self, timeout: float = 0.0) -> list[Outcome]:
        """Take the next batch all the way; return one outcome per article, or nothing when none came in time.

        New articles come first; the later topics hold what waits to be read for events, and what
        ``admin dead --replay`` put back.
        """
        first = [stage for stage in self._flow if stage.name == DEDUPLICATE.name and self._revisions_wait is None]
        for stage in (*first, *self._flow):
            messages = self._read(stage)
            if messages:
                return self._run(stage, messages)
        messages = self._log.read(self._flow[0].reads.name, GROUP, BATCH, timeout)
        return self._run(self._flow[0], messages) if messages else []

    def _read(self, stage: Stage) -> Sequence[Message]:
        limit = BATCH if stage.name in (IDENTIFY.name, DEDUPLICATE.name) else AT_ONCE
        messages = self._log.read(stage.reads.name, GROUP, limit)
        if stage.name == DEDUPLICATE.name:
            self._revisions_wait = len(messages) == limit
        return messages

    def _run(self, first: Stage, messages: Sequence[Message]) -> list[Outcome]:
        self._learn_rules()
        batch = _Batch(facts={stage.name: {} for stage in self._flow})
        awaited = self._awaited(first, len(messages))
        try:
            items = [self._opened(first, message, batch) for message in messages]
            for stage in self._flow[self._flow.index(first) :]:
                live = [item for item in items if item.value is not None]
                if stage.name == awaited:
                    self._put_off(stage, live, batch)
                    break
                self._prepare(stage, live)
                for item in live:
                    self._advance(stage, item, batch)
            batch.documents += [item.document for item in items if item.document is not None]
            self._write(batch, messages[0].topic)
        except BaseException:
            # The memories learned what was not kept: begin again from what was.
            self._remember()
            raise
        self.counts.update(item.kind for item in items if item.kind != WAITING)
        return [Outcome(kind=item.kind, document=item.document, error=item.error) for item in items]

    def _awaited(self, first: Stage, count: int) -> str | None:
        """Return the stage that a batch is to wait for, or ``None`` when it can go all the way."""
        if first.name == IDENTIFY.name:
            return DEDUPLICATE.name if count > AT_ONCE or self._revisions_wait else None
        return EXTRACT.name if count > AT_ONCE else None

    def _opened(self, stage: Stage, message: Message, batch: _Batch) -> _Item:
        item = _Item(message=message, value=None, kind=message.headers.get(_OUTCOME, "unchanged"))
        try:
            item.value = msgspec.json.decode(message.value, type=stage.reads.type)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            self._bury(stage, item, message, exc, batch)
        return item

    def _prepare(self, stage: Stage, items: Sequence[_Item]) -> None:
        if stage.prepare is None or not items:
            return
        try:
            stage.prepare(self._memories[stage.name], [item.value for item in items])
        except Exception:  # noqa: BLE001 - it only saves time; what is wrong with one value shows when that is decided
            return

    def _advance(self, stage: Stage, item: _Item, batch: _Batch) -> None:
        """Take one record through one stage."""
        value, memory = item.value, self._memories[stage.name]
        assert value is not None
        try:
            decision = stage.decide(value, memory, self._clock())
            for fact in decision.facts:
                memory.learn(fact.key, fact.value)
        except Exception as exc:  # noqa: BLE001 - one article's bug must not stop the others
            self._bury(stage, item, _message(stage, item.message, value), exc, batch)
            return
        batch.facts[stage.name] |= {fact.key: fact.value for fact in decision.facts}
        item.kind = _notable(item.kind, decision.outcome)
        item.value = None
        if stage.name == MATCH.name:
            assert isinstance(value, Document)
            item.document = value
            batch.alerts += [alert for alert in decision.emit if isinstance(alert, Alert)]
        elif decision.emit:
            (item.value,) = decision.emit

    def _put_off(self, stage: Stage, items: Sequence[_Item], batch: _Batch) -> None:
        """Index what is new as it is; all wait for the stage."""
        for item in items:
            assert isinstance(item.value, Article)
            if isinstance(item.value, Document):
                batch.documents.append(item.value)
            elif item.kind == "new":  # the others are found by what they were until it is known what they copy
                batch.documents.append(as_document(item.value))
            headers = item.message.headers | {_OUTCOME: item.kind}
            batch.waiting.append(msgspec.structs.replace(_message(stage, item.message, item.value), headers=headers))
            item.kind = WAITING
        if stage.name == DEDUPLICATE.name:
            self._revisions_wait = True

    def _bury(self, stage: Stage, item: _Item, letter: Message, error: Exception, batch: _Batch) -> None:
        reason = error.reason if isinstance(error, TerminalError) else _trace(error)
        batch.dead.append(dead_letter(letter, stage=stage.name, reason=reason, returns_to=letter.topic))
        item.kind, item.value, item.error = "dead", None, f"{stage.name}: {letter.key}: {error!r}"

    def _write(self, batch: _Batch, topic: str) -> None:
        with self._transaction():
            for name, facts in batch.facts.items():
                self._tables[name].update(facts)
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


def _message(stage: Stage, message: Message, value: Record) -> Message:
    key, encoded = stage.reads.key(value), msgspec.json.encode(value)
    return Message(topic=stage.reads.name, key=key, value=encoded, headers=message.headers)


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error, limit=-8))
