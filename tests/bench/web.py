"""Measure the page over 200,000 made-up articles: time on the server by kind of page, alone and while articles arrive.

The store is that of the bench of searches, up to now and with stories. Times are those of whole answers from the app,
without a network. While 20 articles a second are written (by another thread, as `up` does), the same is asked again.
Memory is that of the process with 100 open streams. NEWSWIRE_BENCH_ARTICLES sets another number of articles.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import Document, derive_id
from pipeline.settings import Settings
from pipeline.web.app import App
from pipeline.wiring import stores, web
from tests.bench.search import ARTICLES, SPACING_S, fill, vocabulary
from tests.fakes.browser import Browser

ROUNDS = 3
PER_SECOND = 20
STREAMS = 100
RANKS = (5, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def run() -> dict[str, float]:
    """Fill a store, ask for pages; times are in milliseconds."""
    words = vocabulary()
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data=directory)
        with stores.database(settings) as database:
            since = datetime.now(UTC) - timedelta(seconds=ARTICLES * SPACING_S)
            fill(SqliteIndex(database), database, words, since, in_stories=True)
        with stores.store(settings) as opened:
            app = App(web.desk(opened, "127.0.0.1"))
            browser = Browser(app.asgi())
            pages = _pages(browser, words)
            for paths in pages.values():
                browser.get(paths[-1])  # what is loaded for the first question is loaded
            figures = {f"{kind}_p95_ms": _p95(browser, paths) for kind, paths in pages.items()}
            with _arriving(opened.index, words):
                figures |= {f"{kind}_p95_ms_while_arriving": _p95(browser, paths) for kind, paths in pages.items()}
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            asyncio.run(_listen(app.asgi(), browser.host))
            figures["streams_100_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            figures["page_bytes_max"] = max(
                len(browser.get(path).body) for paths in pages.values() for path in paths[:3]
            )
            app.close()
    return figures


def _pages(browser: Browser, words: list[str]) -> dict[str, list[str]]:
    some = [words[rank] for rank in RANKS]
    ids = [entry["article"]["id"] for entry in browser.get("/api/v1/articles?limit=10").json()["articles"]]
    stories = [entry["id"] for entry in browser.get("/api/v1/stories?limit=10").json()]
    return {
        "list": ["/", "/?view=unread", "/?lang=de", "/?view=starred", "/?source=Wire"],
        "search": [f"/search?q={word}" for word in some],
        "article": [f"/article/{each}" for each in ids] + [f"/article/{each}?in=1" for each in ids],
        "stories": [f"/stories?days={days}&sort={sort}" for days in (1, 7) for sort in ("size", "growth", "newest")],
        "story": [f"/story/{story}" for story in stories],
        "api_search": [f"/api/v1/articles?q={word}" for word in some],
    }


def _p95(browser: Browser, paths: list[str]) -> float:
    times = []
    for path in paths * ROUNDS:
        started = time.perf_counter()
        assert browser.get(path).status == 200, path
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[int(len(times) * 0.95)]


@contextmanager
def _arriving(index: object, words: list[str]) -> Iterator[None]:
    """Write so many articles a second for as long as the block runs."""
    stop = threading.Event()
    write: Callable[[list[Document]], object] = index.upsert  # type: ignore[attr-defined]

    def work() -> None:
        for n in itertools.count():
            if stop.wait(1 / PER_SECOND):
                return
            now = datetime.now(UTC)
            text = " ".join(words[(n * 7 + k * k) % 20_000] for k in range(300))
            write(
                [
                    Document(
                        id=derive_id("late", str(n)), source="Wire", seen=now, title=text[:60], text=text, revision=1
                    )
                ]
            )

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


async def _listen(app: object, host: str) -> None:
    """Open streams, and close them after some seconds."""
    gone = asyncio.Event()

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        pass

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/live", "raw_path": b"/live", "root_path": "", "query_string": b"", "client": ("127.0.0.1", 4_000),
        "server": ("127.0.0.1", 8765), "headers": [(b"host", host.encode())],
    }  # fmt: skip
    streams = [asyncio.create_task(app(dict(scope), receive, send)) for _ in range(STREAMS)]  # type: ignore[operator]
    await asyncio.sleep(5)
    gone.set()
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
