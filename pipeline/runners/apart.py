"""A record through a stage in another process: the question that goes there and the answer that comes back, as bytes.

What becomes of the record is the same as in this process, errors and their traces included: ``answer`` is ``advance``
of one record, and what it tells is put together again by ``answered``.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from datetime import datetime

import msgspec

from pipeline.errors import TerminalError, TransientError, UnavailableError
from pipeline.flow import FLOW, Stage
from pipeline.ports.log import Message
from pipeline.ports.readers import ReaderLostError
from pipeline.runners.advance import DEAD_LETTERED, UNCHANGED, Advanced, Buried, Decided, Given, buried, ends
from pipeline.runners.advance import advance as advance_here

# How much less a process that reads counts than others when there is work for all: what it does nobody waits for, while
# alerts to words, servers and whoever uses the machine do. With cores to spare it takes as much time as ever.
NICENESS = 5


class _Question(msgspec.Struct, frozen=True, array_like=True):
    """Hold a record and the moment it is decided at."""

    stage: str
    now: datetime
    key: str
    raw: bytes
    headers: dict[str, str]


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    """Hold what became of a record: what its decision emits, or its dead letter; or for how long it is to wait."""

    seconds: float
    outcome: str = ""
    emit: tuple[bytes, ...] = ()
    letter: Message | None = None
    error: str = ""
    retry_after: float | None = None
    is_away: bool = False


# The parser is no matter for two.
_one_at_a_time = threading.Lock()
_questions, _answers = msgspec.msgpack.Decoder(_Question), msgspec.msgpack.Decoder(_Answer)


def question(stage: Stage, given: Given, now: datetime) -> bytes:
    """Return what ``answer`` is to be given of a record that was read from a log."""
    asked = _Question(stage=stage.name, now=now, key=given.key, raw=given.raw, headers=given.headers)
    return msgspec.msgpack.encode(asked)


def answer(questions: Sequence[bytes], flow: Sequence[Stage] = FLOW) -> list[bytes]:
    """Decide on records one by one: what another process runs, or a thread of this one at a time."""
    with _one_at_a_time:
        return [msgspec.msgpack.encode(_answer(_questions.decode(each), flow)) for each in questions]


def load(flow: Sequence[Stage] = FLOW) -> None:
    """Load what the first record would wait for, and keep it out of the search for garbage: another process runs it.

    From then on that process gives way to others.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        for stage in flow:
            if stage.is_apart:
                for step in stage.loads:
                    step()
    finally:
        gc.collect()
        gc.freeze()


def answered(stage: Stage, batch: Sequence[Given], answers: Sequence[Future[bytes]]) -> Advanced:
    """Return what ``advance`` would of a batch, waiting for its answers. Raises as it does."""
    results: list[Decided | Buried] = []
    counts: Counter[str] = Counter()
    seconds = 0.0
    for given, future in zip(batch, answers, strict=True):
        try:
            told = _answers.decode(future.result())
        except CancelledError as exc:
            raise UnavailableError("Nobody reads for events any more: the program is ending.") from exc
        except ReaderLostError as exc:
            results.append(buried(stage, given, None, TerminalError(given.key, stage.name, str(exc))))
            counts[DEAD_LETTERED] += 1
            continue
        seconds += told.seconds
        if told.retry_after is not None:
            wait = TransientError(told.error, told.retry_after)
            return Advanced(results=tuple(results), counts=counts, wait=wait, apart_s=seconds)
        if told.is_away:
            raise UnavailableError(told.error)
        result = _result(stage, given, told)
        results.append(result)
        if isinstance(result, Buried):
            counts[DEAD_LETTERED] += 1
        elif ends(stage, result):
            counts[UNCHANGED] += 1
    return Advanced(results=tuple(results), counts=counts, apart_s=seconds)


def _result(stage: Stage, given: Given, told: _Answer) -> Decided | Buried:
    if told.letter is not None:
        return Buried(given=given, value=None, letter=told.letter, error=told.error)
    emit = tuple(msgspec.json.decode(raw, type=stage.writes.type) for raw in told.emit)
    return Decided(given=given, value=None, outcome=told.outcome, emit=emit, facts=())


def _answer(asked: _Question, flow: Sequence[Stage]) -> _Answer:
    stage = next(stage for stage in flow if stage.name == asked.stage)
    given = Given(key=asked.key, raw=asked.raw, headers=asked.headers)
    began = time.perf_counter()
    try:
        done = advance_here(stage, stage.memory(), [given], asked.now)
    except UnavailableError as exc:
        return _Answer(seconds=time.perf_counter() - began, error=str(exc), is_away=True)
    seconds = time.perf_counter() - began
    if done.wait is not None:
        return _Answer(seconds=seconds, error=str(done.wait), retry_after=done.wait.retry_after)
    (result,) = done.results
    if isinstance(result, Buried):
        return _Answer(seconds=seconds, letter=result.letter, error=result.error)
    emit = tuple(msgspec.json.encode(value) for value in result.emit)
    return _Answer(seconds=seconds, outcome=result.outcome, emit=emit)
