"""Measure the page over 200,000 made-up articles: time on the server by kind of page, alone and while articles arrive.

The store is that of the bench of searches, up to now and with stories. Times are those of whole answers from the app,
without a network. While 20 articles a second are written (by another thread, as `up` does), the same is asked again.
Memory is that of the process with 100 open streams, and of `up` with the page over the same store when its upkeep is
done. NEWSWIRE_BENCH_ARTICLES sets another number of articles. Where NEWSWIRE_KAFKA and NEWSWIRE_ELASTICSEARCH name
servers, the same is asked of as many articles there, under a prefix that is dropped afterwards; these are not limited.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.adapters.sqlite.index import SqliteIndex
from pipeline.model import Document, derive_id
from pipeline.settings import Settings
from pipeline.web.app import App
from pipeline.wiring import stores, web
from pipeline.wiring.stores import Store
from tests.bench.search import ARTICLES, BATCH, SPACING_S, articles, fill, vocabulary
from tests.fakes.browser import Browser

ROUNDS = 5
PER_SECOND = 20
STREAMS = 100
RANKS = (5, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
# `up` puts a store that was filled at once in order first, for minutes; so much of a core is no more than rest.
SETTLED = 0.01
SETTLE_S = 1800.0
LOOK_S = 15.0
IDLE_S = 60.0
_callers = itertools.count()
KINDS = ("list", "search", "article", "stories", "story")
LIMITS = (
    {f"{kind}_p95_ms{when}": 100.0 for kind in KINDS for when in ("", "_while_arriving")}
    | {f"api_search_p95_ms{when}": 60.0 for when in ("", "_while_arriving")}
    | {"stories_first_ms": 100.0, "streams_100_mb": 100.0, "page_kb_max": 100.0}
    | {"idle_mb": 320.0, "idle_core_percent": 1.0}
)


def run() -> dict[str, float]:
    """Fill a store, ask for pages; times are in milliseconds."""
    words = vocabulary()
    since = datetime.now(UTC) - timedelta(seconds=ARTICLES * SPACING_S)
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data=directory)
        with stores.database(settings) as database:
            fill(SqliteIndex(database), database, words, since, in_stories=True)
        with stores.store(settings) as opened:
            figures = _measured(opened, words)
        figures |= _idle(directory)
    if "NEWSWIRE_KAFKA" in os.environ and "NEWSWIRE_ELASTICSEARCH" in os.environ:
        figures |= {f"distributed_{name}": value for name, value in _distributed(words, since).items()}
    return figures | {"load": os.getloadavg()[0]}


def _measured(opened: Store, words: list[str]) -> dict[str, float]:
    app = App(web.desk(opened, "127.0.0.1"))
    browser = Browser(app.asgi())
    pages = _pages(browser, words)
    for paths in pages.values():
        browser.get(paths[-1])  # what is loaded for the first question is loaded
    app.close()
    # What was remembered of stories is not.
    app = App(web.desk(opened, "127.0.0.1"))
    browser = Browser(app.asgi())
    browser.get("/help")
    figures = {"stories_first_ms": _time(browser, pages["stories"][0])}
    figures |= {f"{kind}_p95_ms": _p95(browser, paths) for kind, paths in pages.items()}
    with _arriving(opened.index, words):
        figures |= {f"{kind}_p95_ms_while_arriving": _p95(browser, paths) for kind, paths in pages.items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    asyncio.run(_listen(app.asgi(), browser.host))
    figures["streams_100_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    figures["page_kb_max"] = max(len(browser.get(path).body) for paths in pages.values() for path in paths[:3]) / 1000
    app.close()
    return figures


def _idle(directory: str) -> dict[str, float]:
    """Run `up` over the store, ask it for a page of each kind, and return what it takes when nothing is asked."""
    log = Path(directory) / "up.log"
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "up", "--data", directory]
    environment = os.environ | {"NEWSWIRE_WEB_ENABLED": "true", "NEWSWIRE_WEB_LISTEN": "127.0.0.1:0"}
    for name in ("NEWSWIRE_KAFKA", "NEWSWIRE_ELASTICSEARCH", "NEWSWIRE_BENCH_ARTICLES"):
        environment.pop(name, None)
    with log.open("wb") as output:
        running = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + SETTLE_S
        while not (told := re.search(r"The page is at (\S+)", log.read_text("utf-8"))):
            assert running.poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.2)
        for path in ("/", "/search?q=world", "/stories"):
            subprocess.run(["curl", "--silent", "--output", os.devnull, told.group(1) + path], check=True)
        share = 1.0
        while share > SETTLED and time.monotonic() < deadline:
            share = _share(running.pid, LOOK_S)
        used = _share(running.pid, IDLE_S)
        status = Path(f"/proc/{running.pid}/status").read_text()
        return {"idle_mb": int(status.partition("VmRSS:")[2].split()[0]) / 1024, "idle_core_percent": used * 100}
    finally:
        running.terminate()
        running.wait(60)


def _share(pid: int, seconds: float) -> float:
    """Return how much of a core a process takes within so many seconds."""

    def used() -> int:
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))

    before = used()
    time.sleep(seconds)
    return (used() - before) / os.sysconf("SC_CLK_TCK") / seconds


def _distributed(words: list[str], since: datetime) -> dict[str, float]:
    from elasticsearch import Elasticsearch

    from tests.integration.distributed import Cluster

    url, prefix = os.environ["NEWSWIRE_ELASTICSEARCH"], f"bench-web-{os.getpid()}-"
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster({"kafka": os.environ["NEWSWIRE_KAFKA"], "elasticsearch": url}, prefix, Path(directory), 1)
        try:
            with stores.store(cluster.settings) as opened:
                made = articles(words, since, in_stories=True)
                while batch := list(itertools.islice(made, BATCH)):
                    opened.index.upsert(batch)
                opened.index.refresh()
                return _measured(opened, words)
        finally:
            cluster.stop()
            with Elasticsearch(url, request_timeout=60) as client:
                names = list(client.indices.get(index=f"{prefix}*", expand_wildcards="all").body)
                client.indices.delete(index=",".join(names))
                client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}*")


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
    times = [_time(browser, path) for path in paths * ROUNDS]
    return sorted(times)[int(len(times) * 0.95)]


def _time(browser: Browser, path: str) -> float:
    # Who asks so often is held off: many ask.
    browser.address = f"127.0.1.{next(_callers) % 250}"
    started = time.perf_counter()
    assert browser.get(path).status == 200, path
    return (time.perf_counter() - started) * 1000


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
