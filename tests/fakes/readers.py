"""Readers in this process, which answer when they are told to; and what children of a pool are given to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from pipeline.errors import TransientError
from pipeline.ports.readers import ReaderLostError


class MemoryReaders:
    """Answer by a function what was asked, a few at a time and in any order, or at once; ``lost`` end their readers."""

    def __init__(
        self,
        answer: Callable[[Sequence[bytes]], Sequence[bytes]],
        *,
        at_once: bool = False,
        lost: Callable[[bytes], bool] = lambda question: False,
    ) -> None:
        self._answer = answer
        self._at_once = at_once
        self._lost = lost
        self.pending: list[tuple[bytes, Future[bytes]]] = []
        self._is_closed = False
        self.asked: list[bytes] = []
        self.is_begun = False
        self.is_ready = True

    def begin(self) -> None:
        """Take note."""
        self.is_begun = True

    def read(self, question: bytes) -> Future[bytes]:
        """Return the answer to come."""
        self.begin()
        self.asked.append(question)
        future: Future[bytes] = Future()
        if self._is_closed:
            future.cancel()
        self.pending.append((question, future))
        if self._at_once:
            self.work()
        return future

    def work(self, count: int | None = None, at: Callable[[int], int] = lambda pending: 0) -> None:
        """Answer so many, or all; ``at`` chooses among those that wait."""
        for _ in range(len(self.pending) if count is None else min(count, len(self.pending))):
            question, future = self.pending.pop(at(len(self.pending)))
            if not future.set_running_or_notify_cancel():
                continue
            if self._lost(question):
                future.set_exception(ReaderLostError("ended"))
                continue
            try:
                (answer,) = self._answer([question])
            except Exception as exc:  # noqa: BLE001 - as the port: it is met where the answer is missed
                future.set_exception(exc)
            else:
                future.set_result(answer)

    def close(self) -> None:
        """Cancel what was not answered."""
        self._is_closed = True
        for _, future in self.pending:
            future.cancel()


def load() -> None:
    """Load nothing."""


def die() -> None:
    """End like a process that the system killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    """Fail to load."""
    raise TransientError("not now")


def shout(questions: Sequence[bytes]) -> list[bytes]:
    """Answer in capitals, but end over ``die``, and the first time over ``die once FILE``; ``bug`` raises."""
    answers = []
    for question in questions:
        if question == b"die":
            die()
        if question == b"bug":
            raise ValueError("a bug")
        if question.startswith(b"die once "):
            met = Path(question.removeprefix(b"die once ").decode())
            if not met.exists():
                met.touch()
                die()
        answers.append(question.upper())
    return answers


def who(questions: Sequence[bytes]) -> list[bytes]:
    """Answer with the number of the process."""
    return [str(os.getpid()).encode() for _ in questions]
