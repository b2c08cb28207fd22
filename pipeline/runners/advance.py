"""A batch of records through one stage: the one way, shared by the embedded runtime, the agents and the replay.

Decoding, preparing, deciding, learning, counting and burying happen here and nowhere else, so that a record meets the
same in every runtime. What a runtime adds is where records come from and how what was decided is made durable.

The runtimes still differ in this, each for its reason:

- *Where a slow stage's records are handed to other processes*: embedded as soon as they wait in the log, so that there
  is always something to read (``ahead``); agents as soon as Kafka hands them out.
- *Search before compare* (embedded): more articles than can be taken all the way at once are indexed as they are
  before they are compared, for there one process does everything; in the distributed runtime the stages run beside each
  other, and what waits for one holds up no other.
- *What is found before it is read for events*: in the embedded runtime everything, with the alert that tells of it; the
  sink leaves out history and backfill, of which no alert tells.
- *No news.enriched in the embedded runtime*: the index is in the same transaction as the facts, so there is nothing
  between extract and index that could be lost; Kafka and Elasticsearch share no transaction.
- *Where a failure to store goes*: embedded takes the batch back and rebuilds its memories; an agent stops the worker,
  and the records not yet acknowledged are read again.
- *When rules are learned*: embedded before each batch, from a table beside the log; agents every 0.4 s, for asking
  Kafka before every record would cost a round trip each.
- *Retention*: ``expire`` is called on the topics between the stages in the embedded store, which has nobody else to do
  it; Kafka's topics have the retention that ``flow`` gives them.
- *Who counts what was indexed*: embedded in the same step; in the distributed runtime the sink does, under the same
  words, and the worker counts what ended before.
- *The place of a record sent back*: both put a dead letter back where it failed, but only Kafka keeps it by partition:
  records of one key stay in order, others may pass it.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from pipeline.errors import TerminalError, TransientError, UnavailableError
from pipeline.flow import Stage
from pipeline.model import Document, Record
from pipeline.plain_words import unreadable
from pipeline.ports.clock import Clock
from pipeline.ports.log import Message
from pipeline.stages.decision import Fact, Memory
from pipeline.topics import Stream, dead_letter

# What a record may end in, in the words that every runtime counts it by.
INDEXED = "indexed"
UNCHANGED = "unchanged"
DUPLICATE = "duplicate"
DEAD_LETTERED = "dead-lettered"

# The header of what a decision emitted beside the record it was made on, such as an earlier article that turned out to
# be no copy: it goes the same way, and was counted when its own record came.
BESIDE = "beside"

# The header of what passed a stage as it came, with the stage's name: it was asked there, and need not be again.
PASSED = "passed"

_FRAMES = 8

log = logging.getLogger(__name__)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a record on its way into a stage: its bytes as they were read, or the value that a stage just emitted."""

    key: str
    raw: bytes = b""
    value: Record | None = None
    headers: dict[str, str] = {}

    @classmethod
    def read(cls, message: Message) -> Given:
        """Take a record as a log gave it."""
        return cls(key=message.key, raw=message.value, headers=message.headers)

    def message(self, topic: Stream) -> Message:
        """Return the record as its topic holds it."""
        raw = self.raw if self.value is None else msgspec.json.encode(self.value)
        return Message(topic=topic.name, key=self.key, value=raw, headers=self.headers)


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what a stage made of a record: the values that go on, in order, and the facts to keep.

    ``value`` is the record itself, unless another process decided on it.
    """

    given: Given
    value: Record | None
    outcome: str
    emit: tuple[Record, ...]
    facts: tuple[Fact, ...]


class Buried(msgspec.Struct, frozen=True, kw_only=True):
    """Tell why a stage could make nothing of a record, with the dead letter to keep."""

    given: Given
    value: Record | None
    letter: Message
    error: str


class Advanced(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one result per record, in order, and a count of the records that ended here.

    With ``wait``, the stage asked for time at the record after the last result: wait, and hand in the rest again.
    ``apart_s`` is how many seconds another process was at work.
    """

    results: tuple[Decided | Buried, ...]
    counts: Counter[str]
    wait: TransientError | None = None
    apart_s: float = 0.0


def advance(stage: Stage, memory: Memory, batch: Sequence[Given], now: datetime) -> Advanced:
    """Take a batch through a stage, record by record; the memory learns each decision before the next is made.

    A record that cannot be handled costs only itself. Nothing is stored and nothing sent: a batch that is dropped
    leaves only the memory changed.
    """
    opened = [_opened(stage, given) for given in batch]
    prepare(stage, memory, [value for value in opened if not isinstance(value, Exception)])
    results: list[Decided | Buried] = []
    counts: Counter[str] = Counter()
    for given, value in zip(batch, opened, strict=True):
        try:
            result = _decided(stage, memory, given, value, now)
        except TransientError as exc:
            return Advanced(results=tuple(results), counts=counts, wait=exc)
        results.append(result)
        if isinstance(result, Buried):
            counts[DEAD_LETTERED] += 1
        elif ends(stage, result):
            counts[UNCHANGED] += 1
    return Advanced(results=tuple(results), counts=counts)


def advance_all(
    stage: Stage, memory: Memory, batch: Sequence[Given], clock: Clock, wait: Callable[[float], object]
) -> Advanced:
    """Take a whole batch through a stage, waiting where the stage asks for time.

    ``wait`` takes seconds; when it returns something true it was told to stop, and the ``TransientError`` is raised.
    """
    results: list[Decided | Buried] = []
    counts: Counter[str] = Counter()
    while True:
        done = advance(stage, memory, batch[len(results) :], clock())
        results += done.results
        counts += done.counts
        if done.wait is None:
            return Advanced(results=tuple(results), counts=counts)
        if wait(done.wait.retry_after):
            raise done.wait


class Learner:
    """Have memories learn what is stored; what one cannot read is reported once and left out.

    It may have been written by a newer version, or be damaged: either way the others count.
    """

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._reported: set[tuple[str, bytes | None]] = set()

    def learn(self, memory: Memory, key: str, value: bytes | None) -> None:
        """Learn one fact or rule."""
        try:
            memory.learn(key, value)
        except Exception as exc:  # noqa: BLE001 - one bad record must not stop the start
            if (key, value) not in self._reported:
                self._reported.add((key, value))
                log.error("unreadable, left out stage=%s key=%s error=%s", self._stage, key, unreadable(exc))


def ends(stage: Stage, decided: Decided) -> bool:
    """Tell whether a record goes no further because it says nothing new; what was enriched ends in the index."""
    return not decided.emit and stage.passes is None and not stage.reads.indexed


def passed(stage: Stage, result: Decided | Buried) -> list[Given]:
    """Return the record as it came, on its way past a stage that it passes, also one that could make nothing of it."""
    if stage.passes is None or result.value is None:
        return []
    headers = result.given.headers | {PASSED: stage.name}
    return [Given(key=stage.passes.key(result.value), value=result.value, headers=headers)]


def memories(flow: Sequence[Stage]) -> dict[str, Memory]:
    """Make the memories of stages, by their names; those that follow one table share one."""
    followed: dict[str, Memory] = {}
    return {
        stage.name: stage.memory()
        if stage.follows is None
        else followed.setdefault(stage.follows.table, stage.memory())
        for stage in flow
    }


def emitted(stage: Stage, decided: Decided) -> list[Given]:
    """Return what goes on to the next stage, with the key it has in its topic.

    The first is what became of the record; the others are marked as ``BESIDE`` it.
    """
    headers = decided.given.headers
    return [
        Given(key=stage.writes.key(value), value=value, headers=headers | {BESIDE: "yes"} if number else headers)
        for number, value in enumerate(decided.emit)
    ]


def count_indexed(documents: Iterable[tuple[Document, Mapping[str, str]]], refused: Iterable[str]) -> Counter[str]:
    """Count what became of documents, with their records' headers, of which the index refused those with the given ids.

    A record counts once: what its decision emitted beside it counts only when it is refused.
    """
    without = frozenset(refused)
    counts: Counter[str] = Counter()
    for document, headers in documents:
        if document.id in without:
            counts[DEAD_LETTERED] += 1
        elif BESIDE not in headers:
            counts[outcome_of(document)] += 1
    return counts


def outcome_of(document: Document) -> str:
    """Return the word that an indexed document is counted by."""
    return DUPLICATE if document.duplicate_of else INDEXED


def bury(message: Message, *, stage: str, error: Exception | str) -> Message:
    """Make the dead letter of a record that goes back to the topic it came from, with the reason or the trace."""
    reason = error if isinstance(error, str) else _reason(error)
    return dead_letter(message, stage=stage, reason=reason, returns_to=message.topic)


def _opened(stage: Stage, given: Given) -> Record | Exception:
    if given.value is not None:
        return given.value
    try:
        return msgspec.json.decode(given.raw, type=stage.reads.type)
    except Exception as exc:  # noqa: BLE001 - deep nesting raises RecursionError, bad text UnicodeDecodeError
        return exc


def prepare(stage: Stage, memory: Memory, values: Sequence[Record]) -> None:
    """Tell a stage's memory what is decided on next, which only saves time."""
    if stage.prepare is None or not values:
        return
    try:
        stage.prepare(memory, values)
    except Exception:  # noqa: BLE001 - it only saves time; what is wrong with one value shows when that is decided
        return


def _decided(stage: Stage, memory: Memory, given: Given, value: Record | Exception, now: datetime) -> Decided | Buried:
    if isinstance(value, Exception):
        return buried(stage, given, None, value)
    try:
        decide = stage.decide if PASSED in given.headers else stage.decide_unpassed or stage.decide
        decision = decide(value, memory, now)
        for fact in decision.facts:
            memory.learn(fact.key, fact.value)
    except (TransientError, UnavailableError):
        raise  # facts cannot be read: no record's fault
    except Exception as exc:  # noqa: BLE001 - one record's bug must not stop the others
        return buried(stage, given, value, exc)
    return Decided(given=given, value=value, outcome=decision.outcome, emit=decision.emit, facts=decision.facts)


def buried(stage: Stage, given: Given, value: Record | None, error: Exception) -> Buried:
    """Tell that a stage could make nothing of a record because of an error."""
    letter = bury(given.message(stage.reads), stage=stage.name, error=error)
    return Buried(given=given, value=value, letter=letter, error=f"{stage.name}: {given.key}: {error!r}")


def _reason(error: Exception) -> str:
    if isinstance(error, TerminalError):
        return error.reason
    return "".join(traceback.format_exception(error, limit=-_FRAMES))
