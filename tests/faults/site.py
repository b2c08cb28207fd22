"""A web site with feeds, outside the system under test: it knows which items it has really handed out."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

# As many items as stand in a feed at a time: none may fall out of it before the longest outage is over.
KEPT = 1_000


class Site:
    """Serve feeds; each item has a title of its own, by which it is found in the end."""

    def __init__(self, feeds: int) -> None:
        self.url = ""
        self.served: set[str] = set()
        self._items: list[list[str]] = [[] for _ in range(feeds)]
        self._dates: dict[str, str] = {}
        self._turn = threading.Lock()
        self._made = 0

    @property
    def feeds(self) -> list[str]:
        """Return the addresses of the feeds."""
        return [f"{self.url}/{number}.xml" for number in range(len(self._items))]

    def add(self, count: int) -> None:
        """Publish items, on one feed after the other."""
        with self._turn:
            for _ in range(count):
                # Words that no two items share: copies of one another would be one story.
                number = self._made
                title = f"item{number:06d} " + " ".join(f"w{(number * 7919 + n * 104729) % 99991}" for n in range(12))
                self._items[number % len(self._items)].append(title)
                self._dates[title] = format_datetime(datetime.now(UTC))
                self._made += 1

    def count(self) -> int:
        """Return how many items there are, served or not yet."""
        return sum(map(len, self._items))

    def forget(self) -> None:
        """Take all items out of the feeds, as if none had been served."""
        with self._turn:
            for items in self._items:
                items.clear()
            self.served.clear()

    def body(self, number: int) -> bytes:
        """Return a feed as it is now, and note what stands in it as served."""
        with self._turn:
            titles = self._items[number][-KEPT:]
            self.served |= {title.split()[0] for title in titles}
            items = "".join(
                f"<item><title>{title}</title><guid isPermaLink='false'>{title.split()[0]}</guid>"
                f"<link>{self.url}/{title.split()[0]}</link><pubDate>{self._dates[title]}</pubDate>"
                f"<description>Report {title}.</description></item>"
                for title in reversed(titles)
            )
        head = f"<title>Feed {number}</title><link>{self.url}/</link>"
        return f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()


@contextmanager
def serving(feeds: int) -> Iterator[Site]:
    """Serve on a free port of this machine."""
    site = Site(feeds)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = site.body(int(self.path.strip("/").partition(".")[0]))
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            return

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            return  # the other side was killed, as planned

    server = Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
