"""A child process that parses: it can be killed when a document takes too long, and the program goes on."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from connectors.feed import NotAFeedError, ParsedFeed

DEADLINE_S = 20.0


class Parser:
    """Parse documents in a child process with a deadline; the child is started when first needed."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._turn = threading.Lock()

    def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        """Parse one document. Raises ``NotAFeedError``, also when the deadline passed or the child died."""
        with self._turn:
            pipe = self._started()
            try:
                pipe.send((body, content_type, url))
                if not pipe.poll(self._deadline_s):
                    raise TimeoutError
                answer: ParsedFeed | NotAFeedError = pipe.recv()
            except (TimeoutError, EOFError, OSError) as exc:
                self._stop()
                raise NotAFeedError(
                    f"{url} could not be parsed within {self._deadline_s:g} s; it was left out."
                ) from exc
        if isinstance(answer, NotAFeedError):
            raise answer
        return answer

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


def _serve(pipe: Connection) -> None:
    """Answer one document after the other until the parent goes away."""
    import signal

    from connectors.document import parse_document

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    while True:
        try:
            body, content_type, url = pipe.recv()
        except (EOFError, OSError):
            return
        answer: ParsedFeed | NotAFeedError
        try:
            answer = parse_document(body, content_type, url)
        except NotAFeedError as exc:
            answer = exc
        except Exception as exc:  # noqa: BLE001 - whatever a parser trips over must not end the child
            answer = NotAFeedError(f"{url} could not be parsed: {exc!r}.")
        pipe.send(answer)
