"""Call functions in a child process with a deadline; one that takes too long is killed."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import ParamSpec, TypeVar

DEADLINE_S = 20.0


Arguments = ParamSpec("Arguments")


Result = TypeVar("Result")


class Child:
    """Call functions of this program in a child process with a deadline; the child is started when first needed."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self.deadline_s = deadline_s
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._turn = threading.Lock()

    def call(
        self, function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Return what a module's function returns, or raise what it raises.

        Raises ``TimeoutError`` when the deadline passed, ``EOFError`` when the child died.
        """
        with self._turn:
            pipe = self._started()
            try:
                pipe.send((function, arguments, options))
                if not pipe.poll(self.deadline_s):
                    raise TimeoutError(f"not done within {self.deadline_s:g} s")
                result: Result | BaseException = pipe.recv()
            except (TimeoutError, EOFError, OSError):
                self._stop()
                raise
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        """End the child, also one that is at work for another thread; idempotent."""
        if (child := self._child) is not None:
            child.kill()
        with self._turn:
            self._stop()

    def _started(self) -> Connection:
        if self._pipe is None or self._child is None or not self._child.is_alive():
            self._stop()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            child = context.Process(target=_serve, args=(theirs,), daemon=True, name="newswire-parser")
            with _starting, _deaf_to_interrupts(), _without_main():
                child.start()
            self._child = child  # whoever closes meanwhile may only kill what has begun
            theirs.close()
        return self._pipe

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.join(5)
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None


_starting = threading.Lock()


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not run the program's script again, as multiprocessing has them do.

    They need nothing of it; and where it does not ask whether it is the program, each would be a further one.
    """
    script, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: it is for the parent, which then ends them.

    A process inherits what its parent holds back; what it does of itself comes after its imports, and too late.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Starting its tracker, which the first child does, multiprocessing lets interrupts through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection) -> None:
    """Answer one call after the other until the parent goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            function, arguments, options = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            result = function(*arguments, **options)
        except Exception as exc:  # noqa: BLE001 - whatever a parser trips over must not end the child
            result = exc
        try:
            pipe.send(result)
        except OSError:
            return  # the parent is gone
        except Exception as exc:  # noqa: BLE001 - an error that cannot be pickled is told in words
            pipe.send(RuntimeError(repr(exc)))
