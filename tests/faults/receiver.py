"""A webhook on loopback that does what it is told: accept, fail, hang, drip, or call back before it answers."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Behaviour = Callable[["Request"], None]


class Request:
    """Hold one received request and answer it."""

    def __init__(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self.headers = dict(handler.headers.items())
        self.body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.path = handler.path
        self.received = time.time()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def key(self) -> str:
        return self.headers["Idempotency-Key"]

    def answer(self, status: int, **headers: str) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def drip(self, seconds: float) -> None:
        """Send a header byte by byte, each in time for a per-read timeout."""
        deadline = time.monotonic() + seconds
        self._handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while time.monotonic() < deadline:
            self._handler.wfile.write(b"a")
            self._handler.wfile.flush()
            time.sleep(0.05)


def accept(request: Request) -> None:
    request.answer(204)


def fail(request: Request) -> None:
    request.answer(503)


class Receiver:
    """Record requests; ``behaviour`` may be changed at any time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.behaviour: Behaviour = accept
        self.released = threading.Event()

    def hang(self, request: Request) -> None:
        self.released.wait(30)

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Request]:
        """Return the requests once there are ``count``, or what came in time."""
        deadline = time.monotonic() + seconds
        while len(self.requests) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return list(self.requests)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = Request(self)
            receiver.requests.append(request)
            receiver.behaviour(request)

        def log_message(self, *arguments: Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # the other side was cut off or killed, as planned

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
