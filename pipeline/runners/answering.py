"""Answers about one process over HTTP: /metrics, /healthz and /readyz, one request at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from pipeline.errors import NewswireError

_log = logging.getLogger("newswire.metrics")
# A scraper that does not go on is left.
TIMEOUT_S = 10.0
POLL_S = 0.2


class Readiness:
    """Judge whether work goes on: what waits must move. ``waiting`` may raise, which is not ready either."""

    def __init__(
        self,
        waiting: Callable[[], int],
        moves: Callable[[], int],
        patience_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting = waiting
        self._moves = moves
        self._patience_s = patience_s
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._since = clock()

    def reason(self) -> str | None:
        """Return why it is not ready; ``None`` when it is."""
        try:
            seen = self._waiting(), self._moves()
        except NewswireError as exc:
            return str(exc)
        before, self._seen = self._seen, seen
        went_on = before is None or seen[1] != before[1] or seen[0] < before[0]
        if not seen[0] or went_on:
            self._since = self._clock()
            return None
        still = self._clock() - self._since
        return f"{seen[0]} records wait and nothing moved for {still:.0f} s" if still > self._patience_s else None


class Answering:
    """Serve on an address in the calling thread until told to stop."""

    def __init__(self, host: str, port: int, metrics: Callable[[], bytes], reason: Callable[[], str | None]) -> None:
        class Handler(_Handler):
            answers = staticmethod(lambda path: _answer(path, metrics, reason))

        self._server = HTTPServer((host, port), Handler)
        self._server.timeout = POLL_S

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return int(self._server.server_address[1])

    def run(self, stop: threading.Event) -> None:
        """Answer requests one after the other."""
        with self._server:
            while not stop.is_set():
                self._server.handle_request()


def _answer(path: str, metrics: Callable[[], bytes], reason: Callable[[], str | None]) -> tuple[int, str, bytes]:
    plain = "text/plain; charset=utf-8"
    if path == "/healthz":
        return 200, plain, b"ok\n"
    if path == "/readyz":
        why = reason()
        return (200, plain, b"ready\n") if why is None else (503, plain, f"{why}\n".encode())
    if path == "/metrics":
        return 200, "text/plain; version=0.0.4; charset=utf-8", metrics()
    return 404, plain, b"There are /metrics, /healthz and /readyz.\n"


class _Handler(BaseHTTPRequestHandler):
    """Answer GET requests."""

    answers: Any = None
    timeout = TIMEOUT_S
    server_version = "newswire"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one request; what fails is the answer's failure."""
        try:
            code, kind, body = self.answers(self.path.partition("?")[0])
        except Exception as exc:  # noqa: BLE001 - told to who asked, and ends nothing
            code, kind, body = 503, "text/plain; charset=utf-8", f"{exc}\n".encode()
            if not isinstance(exc, NewswireError):
                _log.exception("the answer to %s failed", self.path)
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: scrapes come every few seconds."""
