"""A loopback web server with one scenario per path."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Scenario</title><link>http://example.com/</link>
<item><title>First report of the harbour</title><link>http://example.com/1</link><guid>g1</guid>
<pubDate>Mon, 21 Feb 2022 10:00:00 GMT</pubDate><description>Cranes stood still all day.</description></item>
<item><title>Second report of the harbour</title><link>http://example.com/2</link><guid>g2</guid>
<pubDate>Mon, 21 Feb 2022 11:00:00 GMT</pubDate><description>Cranes moved again at night.</description></item>
</channel></rss>"""


class FeedServer:
    """Serve ``pages`` (path to body, or to a function of the request) on 127.0.0.1, and count the requests."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Callable[[BaseHTTPRequestHandler], Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers: dict[str, str]
                outer.requests.append((self.path, dict(self.headers.items())))
                page = outer.pages.get(self.path)
                if callable(page):
                    status, headers, body = page(self)
                else:
                    status, headers, body = (404, {}, b"not here") if page is None else (200, {}, page)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def redirect(target: str, status: int = 301) -> Callable[[BaseHTTPRequestHandler], Answer]:
    """Answer with a redirect."""
    return lambda _: (status, {"Location": target}, b"")


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], Answer]:
    """Answer with a status and headers."""
    return lambda _: (code, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def bomb(_: BaseHTTPRequestHandler) -> Answer:
    """Answer with a gzip body that inflates to 300 MB."""
    return 200, {"Content-Encoding": "gzip"}, _bomb()


@lru_cache(1)
def _bomb() -> bytes:
    return gzip.compress(b"\0" * 300_000_000, 1)


def slow(_: BaseHTTPRequestHandler) -> Answer:
    """Answer after longer than the client waits."""
    time.sleep(5)
    return 200, {}, FEED


def validated(handler: BaseHTTPRequestHandler) -> Answer:
    """Answer 304 to who has the entity tag."""
    if handler.headers.get("If-None-Match") == '"v1"':
        return 304, {"ETag": '"v1"'}, b""
    return 200, {"ETag": '"v1"'}, FEED
