"""A child process that reads what strangers wrote: when that takes too long it is killed, and the program goes on."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import ParamSpec, TypeVar

from connectors.document import parse_document
from connectors.feed import NotAFeedError, ParsedFeed
from connectors.reading import Origin, Reading, read

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
        """End the child; idempotent."""
        with self._turn:
            self._stop()

    def _started(self) -> Connection:
        if self._pipe is None or self._child is None or not self._child.is_alive():
            self._stop()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._child = context.Process(target=_serve, args=(theirs,), daemon=True, name="newswire-parser")
            self._child.start()
            theirs.close()
        return self._pipe

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.join(5)
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None


class Parser:
    """Read feeds in a child process with a deadline."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self.child = Child(deadline_s)

    def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        """Parse one document. Raises ``NotAFeedError``, also when the deadline passed or the child died."""
        return self._call(url, parse_document, body, content_type, url)

    def read(
        self,
        body: bytes,
        content_type: str | None,
        url: str,
        origin: Origin,
        seen: datetime,
        recent: bytes | None,
        kept: int,
    ) -> Reading:
        """Read what is new in one document. Raises ``NotAFeedError`` as ``parse`` does."""
        return self._call(url, read, body, content_type, url, origin, seen, recent, kept)

    def close(self) -> None:
        """End the child; idempotent."""
        self.child.close()

    def _call(
        self, url: str, function: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        try:
            return self.child.call(function, *arguments, **options)
        except NotAFeedError:
            raise
        except (TimeoutError, EOFError, OSError) as exc:
            message = f"{url} could not be parsed within {self.child.deadline_s:g} s; it was left out."
            raise NotAFeedError(message) from exc
        except Exception as exc:
            raise NotAFeedError(f"{url} could not be parsed: {exc!r}.") from exc


def _serve(pipe: Connection) -> None:
    """Answer one call after the other until the parent goes away."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
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
        except Exception as exc:  # noqa: BLE001 - an error that cannot be pickled is told in words
            pipe.send(RuntimeError(repr(exc)))
