"""The Readers port as a pool of child processes, each with a thread here that hands it records and takes its answers.

At least once: an answer counts when it is here, and what a child had in hand when it ended is read again, by the child
that takes its place. What was in hand together is then read one by one, so that only the record that ends its reader is
given up on. Where no child can be started at all, the records are read in this process, and that is said once.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from connectors.fetch.child import Child
from pipeline.errors import UnavailableError
from pipeline.ports.readers import ReaderLostError

# Handed to a child at a time: each time costs both processes a moment, and the first waits for the last.
CHUNK = 4
# A record that takes this long is taken for one that never ends; the longest take seconds.
DEADLINE_S = 300.0
# How often one record may end its reader.
DEATHS = 2
# How often in a row children may end before they have read anything.
FALSE_STARTS = 3
RESTART_S = 0.5

_log = logging.getLogger(__name__)

Answer = Callable[[Sequence[bytes]], Sequence[bytes]]


class Caller(Protocol):
    """Call functions somewhere else: ``Child`` is one."""

    def call(self, function: Callable[..., object], *arguments: object) -> object:
        """Return what a module's function returns. Raises ``TimeoutError``, ``EOFError`` when whoever ran it ended."""

    def close(self) -> None:
        """End it; idempotent."""


class _Task:
    """Hold one question, the answer to come, and what happened to those who tried."""

    def __init__(self, question: bytes) -> None:
        self.question = question
        self.future: Future[bytes] = Future()
        self.is_begun = False
        self.is_alone = False
        self.deaths = 0

    def begin(self) -> bool:
        """Tell whether it is still wanted; from then on it cannot be cancelled."""
        self.is_begun = self.is_begun or self.future.set_running_or_notify_cancel()
        return self.is_begun


class ReadingPool:
    """Have ``processes`` children answer by a module's function, after they ran another that loads what it needs."""

    def __init__(
        self,
        answer: Answer,
        load: Callable[[], object],
        processes: int,
        make: Callable[[], Caller] = lambda: Child(DEADLINE_S),
    ) -> None:
        self._answer = answer
        self._load = load
        self._callers = [make() for _ in range(processes)]
        self._threads: list[threading.Thread] = []
        self._tasks: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._ready = threading.Event()
        self._false_starts = 0

    def begin(self) -> None:
        """Start the children in threads; idempotent."""
        with self._changed:
            if self._threads or self._closing.is_set():
                return
            self._threads = [
                threading.Thread(target=self._serve, args=(caller,), name=f"reader-{number}", daemon=True)
                for number, caller in enumerate(self._callers, 1)
            ]
        for thread in self._threads:
            thread.start()

    @property
    def is_ready(self) -> bool:
        """Tell whether a child has loaded what it needs."""
        return self._ready.is_set()

    def read(self, question: bytes) -> Future[bytes]:
        """Return the answer to come."""
        self.begin()
        task = _Task(question)
        with self._changed:
            if self._closing.is_set():
                task.future.cancel()
            else:
                self._tasks.append(task)
                self._changed.notify()
        return task.future

    def close(self) -> None:
        """End the children, and cancel what was not answered."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        for caller in self._callers:
            caller.close()
        for thread in self._threads:
            thread.join(5.0)
        for caller in self._callers:  # also one that a thread was about to start
            caller.close()
        while self._tasks:
            _cancel(self._tasks.popleft())

    def _serve(self, caller: Caller) -> None:
        """Hand one child its records until the pool is closed."""
        is_loaded = False
        while not self._closing.is_set():
            if not is_loaded and not self._is_here:
                is_loaded = self._loaded(caller)
                continue
            tasks = self._next()
            if not tasks:
                continue
            try:
                self._hand_out(caller, tasks)
            except (EOFError, OSError) as exc:
                is_loaded = False
                self._lost(tasks, exc)
                self._closing.wait(RESTART_S)

    def _loaded(self, caller: Caller) -> bool:
        """Have a child start and load; tell whether it did. What cannot be loaded is told with the first record."""
        try:
            caller.call(self._load)
        except (EOFError, OSError) as exc:
            with self._changed:
                self._false_starts += 1
                is_last = self._false_starts == FALSE_STARTS
            if is_last and not self._closing.is_set():
                _log.warning("no process that reads for events can be started; it is done in this one error=%r", exc)
            self._closing.wait(RESTART_S)
            return False
        except Exception as exc:  # noqa: BLE001 - the first record that needs it meets the same, and tells it
            _log.debug("not loaded error=%r", exc)
        self._false_starts = 0
        self._ready.set()
        return True

    @property
    def _is_here(self) -> bool:
        if self._false_starts < FALSE_STARTS:
            return False
        self._ready.set()
        return True

    def _next(self) -> list[_Task]:
        """Return the records to be read next, once there are any, those that are to be alone alone."""
        with self._changed:
            self._changed.wait_for(lambda: self._tasks or self._closing.is_set())
            share = -(-len(self._tasks) // len(self._callers))
            tasks: list[_Task] = []
            while self._tasks and len(tasks) < min(CHUNK, share):
                if tasks and (tasks[0].is_alone or self._tasks[0].is_alone):
                    break
                task = self._tasks.popleft()
                if task.begin():
                    tasks.append(task)
            return tasks

    def _hand_out(self, caller: Caller, tasks: Sequence[_Task]) -> None:
        """Have records read. Raises ``EOFError`` or ``OSError`` when the child ended or hung."""
        questions = [task.question for task in tasks]
        try:
            answers = self._answer(questions) if self._is_here else caller.call(self._answer, questions)
            assert isinstance(answers, list)
            assert len(answers) == len(tasks)
        except (EOFError, OSError):
            raise
        except Exception as exc:  # noqa: BLE001 - a bug is told where the answer is missed
            for task in tasks:
                task.future.set_exception(exc)
            return
        for task, answer in zip(tasks, answers, strict=True):
            task.future.set_result(answer)

    def _lost(self, tasks: Sequence[_Task], error: Exception) -> None:
        """Have what a child had in hand read again, one by one; give up on what ended several."""
        if self._closing.is_set():
            for task in tasks:
                _cancel(task)
            return
        _log.warning(
            "a process that reads for events ended and is started again records=%d error=%r", len(tasks), error
        )
        again = []
        for task in tasks:
            task.deaths += task.is_alone
            task.is_alone = True
            if task.deaths < DEATHS:
                again.append(task)
            else:
                how = f"took longer than {DEADLINE_S:g} s" if isinstance(error, TimeoutError) else "ended"
                task.future.set_exception(
                    ReaderLostError(
                        f"The process that read this article for events {how}, each of {task.deaths + 1} times; "
                        "it is left out. `newswire admin dead --replay` tries again."
                    )
                )
        with self._changed:
            self._tasks.extendleft(reversed(again))
            self._changed.notify_all()


def _cancel(task: _Task) -> None:
    if not task.future.cancel() and not task.future.done():
        task.future.set_exception(UnavailableError("Nobody reads for events any more: the program is ending."))
