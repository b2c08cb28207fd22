"""Following feeds beside lemon24/reader: the same 100 loopback feeds, from the first poll to searchable.

Both do what they do by default, but that ours keeps no time between fetches from a host (as NEWSWIRE_FETCH_SPACING_S=0
does): the hosts are one loopback server, and rounds follow each other faster than feeds are polled. What ours does
after an article can be found (reading it for events) is waited for between the rounds, which is most of what this
takes; NEWSWIRE_BENCH_FEEDS sets another number of feeds. ``processor_ratio_vs_reader`` is that of the processor time
of the first round, with that of child processes: where others use the machine, it says more than the clock.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from datetime import UTC, datetime
from pathlib import Path

from pipeline import cli, config
from pipeline.config import Fetch
from pipeline.ports.search import SearchRequest
from pipeline.wiring import connectors, runners, stores
from tests.bench.feed_site import Site

Poll = Callable[[], None]
ROUNDS = ("cold", "incremental", "unchanged", "not_modified")
FEEDS = int(os.environ.get("NEWSWIRE_BENCH_FEEDS", "100"))
IDLE_FEEDS = 10_000
SETTLED_S = 1800


def run() -> dict[str, float]:
    """Time each round for both, each from the call to the moment when a search finds every entry."""
    ours, theirs = _rounds(_newswire), _rounds(_reader)
    return {
        "ratio_vs_reader": theirs["cold"] / ours["cold"],
        "incremental_ratio_vs_reader": theirs["incremental"] / ours["incremental"],
        "unchanged_ratio_vs_reader": theirs["unchanged"] / ours["unchanged"],
        "not_modified_ratio_vs_reader": theirs["not_modified"] / ours["not_modified"],
        "processor_ratio_vs_reader": theirs["processor"] / ours["processor"],
        "rss_mb_10k_feeds": idle_megabytes(IDLE_FEEDS),
        **{f"{name}_s": ours[name] for name in ROUNDS},
        **{f"reader_{name}_s": theirs[name] for name in ROUNDS},
    }


def _rounds(follow: Callable[[Site, Callable[[Callable[[int], float]], None]], None]) -> dict[str, float]:
    """Lead one follower through the rounds: all new, three new entries a feed, nothing new, and 304 answers."""
    site = Site(FEEDS)
    figures: dict[str, float] = {}

    def rounds(poll: Callable[[int], float]) -> None:
        before = _processor_s(site)
        figures["cold"] = poll(site.count)
        figures["processor"] = _processor_s(site) - before
        figures["incremental"] = poll(site.add(3))
        figures["unchanged"] = poll(site.count)
        site.validate(True)
        poll(site.add(1))
        figures["not_modified"] = poll(site.count)

    try:
        follow(site, rounds)
    finally:
        site.close()
    return figures


def _processor_s(site: Site) -> float:
    """Return the processor time that this process and its children have used, without the site's."""
    pids = [os.getpid(), *(child.pid for child in multiprocessing.active_children() if child.pid != site.pid)]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def _newswire(site: Site, rounds: Callable[[Callable[[int], float]], None]) -> None:
    """Follow in one process as `newswire up` does: polls on one thread, the pipeline on another."""
    usual = gc.get_threshold()
    gc.set_threshold(*cli.GARBAGE_AFTER)  # as the program sets it when it starts
    try:
        _follow(site, rounds)
    finally:
        gc.set_threshold(*usual)


def _follow(site: Site, rounds: Callable[[Callable[[int], float]], None]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        # Nobody is to be spared on loopback: what is measured is the work, not the manners.
        settings = config.Settings(data=directory, fetch=Fetch(allow=("127.0.0.0/8",), spacing_s=0.0))
        with stores.store(settings) as store:
            _subscribe(store, site.urls)
            asyncio.run(_polling(store, rounds))


def _subscribe(store: stores.Store, urls: list[str]) -> None:
    from pipeline.wiring import services

    with store.transaction():
        for url in urls:
            services.feeds(store).subscribe(url)


async def _polling(store: stores.Store, rounds: Callable[[Callable[[int], float]], None]) -> None:
    sys.setswitchinterval(runners.SWITCH_S)  # as `newswire up` has it
    loop, stop, idle = asyncio.get_running_loop(), threading.Event(), threading.Event()
    runtime = runners.embedded(store)

    def work() -> None:
        while not stop.is_set():
            (idle.clear if runtime.step(0.05) or runtime.history_waiting else idle.set)()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        async with connectors.polling(store, lambda polled: None) as ingest:

            def poll(expected: int) -> float:
                settled = idle.wait(SETTLED_S)
                if stop.is_set():
                    raise RuntimeError("stopped")
                assert settled
                started = time.perf_counter()
                polled = asyncio.run_coroutine_threadsafe(ingest.once(), loop)
                while not wait([polled], 0.005).done or _found(store) < expected:
                    if stop.is_set():
                        raise RuntimeError("stopped")  # the loop that the poll runs on has ended, by Ctrl-C
                    if polled.done():
                        time.sleep(0.005)
                polled.result()
                return time.perf_counter() - started

            await asyncio.to_thread(rounds, poll)
    finally:
        stop.set()
        worker.join()
        idle.set()


def _found(store: stores.Store) -> int:
    return store.index.search(SearchRequest(query=None, now=datetime.now(UTC), limit=1, copies=True)).total


def _reader(site: Site, rounds: Callable[[Callable[[int], float]], None]) -> None:
    """Follow with reader's defaults, all feeds at once and not only those that are due."""
    from reader import make_reader

    with tempfile.TemporaryDirectory() as directory:
        reader = make_reader(str(Path(directory) / "reader.sqlite"))
        for url in site.urls:
            reader.add_feed(url)
        reader.enable_search()

        def poll(expected: int) -> float:
            started = time.perf_counter()
            reader.update_feeds(scheduled=False)
            reader.update_search()
            elapsed = time.perf_counter() - started
            assert reader.get_entry_counts().total == expected
            return elapsed

        rounds(poll)


def idle_megabytes(feeds: int) -> float:
    """Return the resident memory of a process that follows so many feeds, none of them due."""
    program = f"from tests.bench.feeds import _idle; print(_idle({feeds}))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(done.stdout)


def _idle(count: int) -> float:
    import msgspec

    from connectors.polling.schedule import Poll

    with tempfile.TemporaryDirectory() as directory:
        settings = config.Settings(data=directory)
        with stores.store(settings) as store:
            urls = [f"https://site{number}.example/feed.xml" for number in range(count)]
            _subscribe(store, urls)
            poll = Poll(next_check=datetime(2100, 1, 1, tzinfo=UTC), last_check=stores.clock(), etag='"5f3a-61c"')
            with store.transaction():
                for url in urls:
                    store.polls.put(url, msgspec.json.encode(poll))
            return asyncio.run(_resident(store))


async def _resident(store: stores.Store) -> float:
    runtime = runners.embedded(store)
    async with connectors.polling(store, lambda polled: None) as ingest:
        stopping = asyncio.Event()
        running = asyncio.create_task(ingest.run(stopping))
        runtime.step()
        await asyncio.sleep(2)
        stopping.set()
        await running
        return _tree_megabytes()


def _tree_megabytes() -> float:
    """Return the resident memory of this process and its children."""
    pids = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
