"""The embedded runtime: the stages called in order by a plain loop over the store's log.

Words and search come first. Articles are compared and asked for the rules' words, and what these tell of is indexed in
the same transaction; then they wait in news.matched to be read for events, a few at a time and after whatever is newer,
and are indexed again. When more articles wait than can be compared at once, new ones are indexed as they are and wait
for that in news.revisions, in their order.

Delivery: a batch's facts, documents, alerts, dead letters and its place in the log are written in one transaction,
so each article takes effect exactly once; a crash before it repeats the batch from unchanged facts. The other topics
between the stages need no rows: what would stand in them lives and dies with the transaction.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from pipeline.errors import DamagedError, TransientError, UnavailableError
from pipeline.flow import FLOW, Stage
from pipeline.model import Article, Document, as_document
from pipeline.ports.clock import Clock
from pipeline.ports.log import Log, Message
from pipeline.ports.memories import SavedMemories
from pipeline.ports.prepared import Prepared
from pipeline.ports.search import Renewal, SearchIndex
from pipeline.ports.table import Table, Transaction
from pipeline.runners.advance import (
    DEAD_LETTERED,
    UNCHANGED,
    Advanced,
    Buried,
    Decided,
    Given,
    Learner,
    advance_all,
    bury,
    count_indexed,
    emitted,
    ends,
    outcome_of,
    passed,
)
from pipeline.runners.ahead import Ahead
from pipeline.runners.batch import WAITING, Batch, Outcome
from pipeline.runners.feeder import Feeder
from pipeline.runners.finding import Finding
from pipeline.runners.forgetting import Forgetting
from pipeline.runners.loading import Loading
from pipeline.runners.measures import Measures
from pipeline.runners.remembering import Remembering
from pipeline.runners.renewing import Renewing
from pipeline.runners.trouble import Trouble
from pipeline.stages.decision import Memory
from pipeline.topics import INDEX

GROUP = "pipeline"
AT_ONCE = 64
WAIT_S = 0.25
# After the last history that was found, the feeder rests so long; it is looked for more that often.
SETTLED_S, LOOK_S = 0.5, 0.02
# While articles are being read elsewhere, it is looked for what was read that often.
READ_S = 0.004
# How long work that is to be finished waits for a store that does not take it.
GIVE_UP_S = 12.0

_log = logging.getLogger(__name__)


class Embedded:
    """Drive the stages of ``flow`` over ``log`` with the memories rebuilt from the tables that ``table`` opens.

    ``wait`` is called with the seconds that a stage asks for; one that returns something true was told to stop.
    The ``feeder`` moves history into the log when nothing else waits; before its turn it is found as it is.
    ``renewal`` is the index as one that another version of the text analysis may have written. Facts of articles first
    seen before ``facts_before()`` are forgotten.
    ``loading`` may be begun, so that no record waits for it later. What was ``prepared`` of history is found by that.
    Large memories are ``saved``, to be read at once. A stage that takes its time may be decided ``ahead`` by others.
    """

    def __init__(
        self,
        *,
        log: Log,
        table: Callable[[str], Table],
        index: SearchIndex,
        transaction: Transaction,
        clock: Clock,
        flow: Sequence[Stage] = FLOW,
        wait: Callable[[float], object] = time.sleep,
        feeder: Feeder | None = None,
        renewal: Renewal | None = None,
        facts_before: Callable[[], datetime] | None = None,
        measures: Measures | None = None,
        prepared: Prepared | None = None,
        saved: SavedMemories | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        self._log = log
        self._feeder = feeder
        self._finding = (
            Finding(log, index=index, transaction=transaction, first=flow[0], prepared=prepared)
            if feeder is not None
            else None
        )
        self._facts = {stage.name: table(stage.facts) for stage in flow if stage.keeps_facts}
        self._forgetting = Forgetting(facts_before, self._facts, transaction) if facts_before is not None else None
        self._ahead = ahead
        self.loading = Loading(flow, ahead.begin if ahead is not None and ahead.is_on else None)
        followed = {stage.follows.table: stage.name for stage in flow if stage.follows is not None}
        self._followed = {name: table(followed_table) for followed_table, name in followed.items()}
        self._index = index
        self._transaction = transaction
        self._clock = clock
        self._flow = flow
        self._wait = wait
        self._renewing = Renewing(renewal) if renewal is not None else None
        self._memories: dict[str, Memory] = {}
        # Whether records wait in front of a stage that takes them in order: they keep their place before those that
        # come. A stage that is not in here has not been looked at.
        self._behind: dict[str, bool] = {}
        self._is_remembered = False
        self._found_at = float("-inf")
        self._learners = {stage.name: Learner(stage.name) for stage in flow}
        self._remembering = Remembering(flow, self._facts, saved)
        self.counts: Counter[str] = Counter()
        self.measures = measures or Measures()
        self.measures.outcomes = lambda: self.counts
        self._remember()

    def run(
        self,
        stopping: threading.Event,
        tell: Callable[[Outcome], None],
        *,
        finish: bool,
        between: Callable[[int], None] = lambda waiting: None,
    ) -> None:
        """Take batches until told to stop; with ``finish``, until nothing is left then.

        ``between`` is told after each batch how many articles of history wait.

        A store that is locked, full or away is waited for. Raises ``DamagedError`` for one that is damaged, and
        ``TransientError`` or ``UnavailableError`` when work that is to be finished could not be for ``GIVE_UP_S``
        seconds.
        """
        self._wait = stopping.wait
        trouble = Trouble(_log, "the pipeline")
        while finish or not stopping.is_set():
            # What came while a step waited for articles may be history: only a step begun afterwards tells.
            ending = stopping.is_set()
            try:
                outcomes = self.step(0.0 if ending else WAIT_S)
            except DamagedError:
                raise
            except Exception as exc:
                # A bug is told with its trace; the next batch may go well.
                for stage in self._flow:
                    self._log.rewind(stage.reads.name, GROUP)
                if stopping.is_set() and trouble.lasted_s() > GIVE_UP_S:
                    raise
                trouble.wait(exc, stopping)
                continue
            trouble.over()
            for outcome in outcomes:
                tell(outcome)
            waiting = 0
            with suppress(TransientError, UnavailableError):  # it is only told, and asked again after the next batch
                waiting = self.history_waiting
            between(waiting)
            is_over = not outcomes and ending
            if self._is_remembered:
                self._remembering.save(self._memories, at_end=is_over)
            if is_over:
                return

    def step(self, timeout: float = 0.0) -> list[Outcome]:
        """Take the next batch all the way; return what became of its records, or nothing when none came in time.

        New articles come first; the later topics hold what waits to be compared or to be read for events, and what
        ``admin dead --replay`` put back.
        """
        deadline = time.monotonic() + timeout
        while True:
            outcomes = self._step(timeout)
            # Without a timeout nothing is left behind: what is being read is waited for.
            is_left = self._ahead is not None and self._ahead.is_pending
            if outcomes or not is_left or (timeout and time.monotonic() >= deadline):
                return outcomes

    def _step(self, timeout: float) -> list[Outcome]:
        if not self._is_remembered:
            self._remember()
        if self._forgetting is not None:
            self._forgetting.step(self._flow, self._memories)
        if self._ahead is not None:
            self._ahead.fill()
            if messages := self._ahead.ripe():
                return self._run(self._ahead.stage, messages)
        unseen = [stage for stage in self._flow if stage.in_order and stage.name not in self._behind]
        for stage in (*unseen, *self._flow):
            messages = self._read(stage)
            if messages:
                self._renew(busy=True)
                return self._run(stage, messages)
        if self._renew(busy=False):
            return []
        first = self._flow[0]
        if self._finding is not None and (found := self._finding.step(self._memories[first.name])):
            self._found_at = time.monotonic()
            return [Outcome(kind=WAITING)] * found
        if timeout and time.monotonic() - self._found_at < SETTLED_S:
            # More is likely on its way: it is found before the first is taken up, which is slow.
            timeout = min(timeout, LOOK_S)
        elif self._feeder is not None and (self._ahead is None or self._ahead.is_low) and self._feeder.step():
            timeout = 0.0
        if self._ahead is not None and self._ahead.is_pending:
            timeout = 0.0 if self._ahead.help() else READ_S
        messages = self._log.read(first.reads.name, GROUP, first.batch, timeout)
        return self._run(first, messages) if messages else []

    @property
    def history_waiting(self) -> int:
        """Return how many articles of history wait until nothing newer does."""
        return self._feeder.waiting if self._feeder is not None else 0

    def _renew(self, *, busy: bool) -> bool:
        return self._renewing is not None and self._renewing.step(busy=busy)

    def _read(self, stage: Stage) -> Sequence[Message]:
        if self._ahead is not None and self._ahead.is_on and stage is self._ahead.stage:
            return self._ahead.read()
        messages = self._log.read(stage.reads.name, GROUP, stage.batch)
        if stage.in_order:
            self._behind[stage.name] = len(messages) == stage.batch
        return messages

    def _run(self, first: Stage, messages: Sequence[Message]) -> list[Outcome]:
        """Take a batch, or if something in it brings out a bug, each of its records alone."""
        try:
            return self._attempt(first, messages)
        except (TransientError, UnavailableError, OSError, MemoryError):
            raise  # no record's fault
        except Exception as exc:  # noqa: BLE001 - one record's bug must not stop the others
            if len(messages) == 1:
                return self._give_up(first, messages[0], exc)
        outcomes: list[Outcome] = []
        for _ in messages:
            try:
                if not self._is_remembered:
                    self._remember()
                outcomes += self._run(first, self._log.read(first.reads.name, GROUP, 1))
            except (TransientError, UnavailableError):
                if not outcomes:
                    raise
                break
        return outcomes

    def _attempt(self, first: Stage, messages: Sequence[Message]) -> list[Outcome]:
        try:
            self._learn_followed()
            batch = self._taken(first, messages)
            self._write(batch, first)
        except BaseException:
            # The memories learned what was not kept: begin again from what was, and with the same records.
            self._is_remembered = False
            self._log.rewind(first.reads.name, GROUP)
            raise
        if self._ahead is not None and first is self._ahead.stage:
            self._ahead.let_go()
        self._remembering.kept({name: len(facts) for name, facts in batch.facts.items()}, self._memories)
        self.counts += batch.counts
        self._behind |= batch.behind
        return batch.outcomes

    def _give_up(self, first: Stage, message: Message, error: Exception) -> list[Outcome]:
        """Make a record that brings out a bug a dead letter."""
        (message,) = self._log.read(first.reads.name, GROUP, 1) or (message,)
        try:
            with self._transaction():
                self._log.append([bury(message, stage=first.name, error=error)])
                self._log.commit(first.reads.name, GROUP)
        except BaseException:
            self._log.rewind(first.reads.name, GROUP)
            raise
        self.counts[DEAD_LETTERED] += 1
        return [Outcome(kind=DEAD_LETTERED, error=f"{first.name}: {message.key}: {error!r}")]

    def _taken(self, first: Stage, messages: Sequence[Message]) -> Batch:
        """Take a batch as far as it can go at once."""
        batch = Batch(facts={name: {} for name in self._facts})
        given = [Given.read(message) for message in messages]
        awaited = self._awaited(first, len(messages))
        for stage in self._flow[self._flow.index(first) :]:
            if stage is awaited:
                self._put_off(stage, given, batch)
                break
            started = time.perf_counter()
            done = self._advanced(stage, given)
            buried = sum(isinstance(result, Buried) for result in done.results)
            seconds = time.perf_counter() - started + done.apart_s
            self.measures.handled(stage.name, len(given), buried, seconds)
            batch.counts += done.counts
            given = [going for result in done.results for going in self._sort(stage, result, batch)]
        return batch

    def _advanced(self, stage: Stage, given: Sequence[Given]) -> Advanced:
        if self._ahead is not None and self._ahead.is_on and stage is self._ahead.stage:
            return self._ahead.advance_all(given, self._wait)
        if stage.loads:
            self.loading.wait()
        return advance_all(stage, self._memories[stage.name], given, self._clock, self._wait)

    def _awaited(self, first: Stage, count: int) -> Stage | None:
        """Return the stage that a batch is to wait in front of, or ``None`` when it can go all the way."""
        for stage in self._flow[self._flow.index(first) + 1 :]:
            if stage.slow or (stage.may_wait and (count > AT_ONCE or self._behind.get(stage.name))):
                return stage
        return None

    def _sort(self, stage: Stage, result: Decided | Buried, batch: Batch) -> list[Given]:
        """Put a result where it is written from; return what goes on to the next stage."""
        if stage.reads.indexed and isinstance(result.value, Document):
            batch.documents.append(result.value)  # found whether or not it can be matched
            batch.headers.append(result.given.headers)
        going = passed(stage, result)
        if isinstance(result, Buried):
            batch.messages.append(result.letter)
            batch.outcomes.append(Outcome(kind=DEAD_LETTERED, error=result.error))
            return going
        if stage.keeps_facts:
            batch.facts[stage.name] |= {fact.key: fact.value for fact in result.facts}
        if ends(stage, result):
            batch.outcomes.append(Outcome(kind=UNCHANGED))
        if stage is not self._flow[-1] and stage.passes is None:
            return emitted(stage, result)
        batch.messages += [given.message(stage.writes) for given in emitted(stage, result)]
        return going

    def _put_off(self, stage: Stage, items: Sequence[Given], batch: Batch) -> None:
        """Index what is new as it is; all wait in front of the stage."""
        for item in items:
            assert isinstance(item.value, Article)
            if isinstance(item.value, Document):
                batch.early.append(item.value)
            elif item.value.revision == 1 and not item.value.withdrawn:
                # The others are found by what they were until it is known what they copy.
                batch.early.append(as_document(item.value))
            batch.messages.append(item.message(stage.reads))
            batch.outcomes.append(Outcome(kind=WAITING))
        if stage.in_order:
            batch.behind[stage.name] = True

    def _write(self, batch: Batch, first: Stage) -> None:
        with self._transaction():
            for name, facts in batch.facts.items():
                self._facts[name].update(facts)
            self._index.upsert(batch.early)
            refused = dict(self._index.upsert(batch.documents))
            letters = [
                bury(Given(key=document.id, value=document).message(INDEX.reads), stage=INDEX.name, error=reason)
                for document in batch.documents
                if (reason := refused.get(document.id)) is not None
            ]
            self._log.append((*batch.messages, *letters))
            self._log.commit(first.reads.name, GROUP)
            if first is not self._flow[0]:  # the articles are kept to be replayed; these are done with
                self._log.expire(first.reads.name, self._clock())
        batch.counts += count_indexed(zip(batch.documents, batch.headers, strict=True), refused)
        batch.outcomes += [
            Outcome(kind=DEAD_LETTERED, error=f"{INDEX.name}: {document.id}: {refused[document.id]}")
            if document.id in refused
            else Outcome(kind=outcome_of(document), document=document)
            for document in batch.documents
        ]

    def _remember(self) -> None:
        """Rebuild the memories from what is stored."""
        self._is_remembered = False
        self._behind = {}
        self._memories = self._remembering.memories()
        for name, table in self._followed.items():
            for key, value in table.items():
                self._learners[name].learn(self._memories[name], key, value)
        self._is_remembered = True

    def _learn_followed(self) -> None:
        for name, table in self._followed.items():
            for key, value in table.changes():
                self._learners[name].learn(self._memories[name], key, value)
