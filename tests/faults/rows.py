"""The rows of the table of faults: each brings one kind about, again and again, while news flows."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import config, topics
from pipeline.errors import NewswireError
from pipeline.model import AlertRule, derive_id
from pipeline.ports.log import Message
from pipeline.ports.search import SearchRequest
from pipeline.wiring import stores
from tests.faults.oracle import Judgement, Oracle
from tests.faults.receiver import receiving
from tests.faults.site import Site, serving
from tests.integration.distributed import Cluster

FEEDS, BURST, PAUSE_S = 6, 10, 1.0
SETTLE_S = 150.0
QUICK = {
    "NEWSWIRE_FETCH_ALLOW": "127.0.0.0/8",
    "NEWSWIRE_FETCH_MIN_INTERVAL_S": "1",
    "NEWSWIRE_FETCH_MAX_INTERVAL_S": "60",
    "NEWSWIRE_NOTIFY_ALLOW": "127.0.0.0/8",
}
NEWSWIRE = [sys.executable, "-c", "from pipeline.cli import main; main()"]


class System:
    """Hold what runs: processes by role, how to start one, and the settings to look into it from outside."""

    def __init__(self, directory: Path, servers: dict[str, str] | None, prefix: str, partitions: int = 8) -> None:
        self.directory = directory
        self.cluster: Cluster | None = None
        self.environment = {"NEWSWIRE_DATA": str(directory)} | QUICK
        self.roles: tuple[str, ...] = ("up",)
        if servers is not None:
            self.cluster = Cluster(servers, prefix, directory, partitions)
            self.environment |= self.cluster.environment
            self.roles = ("connect", "worker", "index", "notify")
        self.settings = config.load(environ=self.environment)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0

    def start(self, role: str, name: str | None = None) -> None:
        """Start a role as a user would; ``name`` tells apart several of one role."""
        self._started += 1
        log = (self.directory / f"{role}-{self._started}.log").open("wb")
        self.processes[name or role] = subprocess.Popen(
            [*NEWSWIRE, role], env=os.environ | self.environment, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()

    def stop(self) -> None:
        """End what runs, frozen or not."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def ended(self) -> list[str]:
        """Return the roles that ended without having been told to."""
        return [role for role, process in self.processes.items() if process.poll() is not None]

    def logs(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-800:]}" for p in self.directory.glob("*.log"))

    def found(self) -> list[str]:
        """Return the first word of the title of every document in the index, copies too."""
        try:
            with stores.store(self.settings) as store:
                store.index.refresh()
                words: list[str] = []
                cursor = None
                while True:
                    page = store.index.search(
                        SearchRequest(query=None, now=datetime.now(UTC), limit=500, copies=True, cursor=cursor)
                    )
                    words += [(document.title or "").split()[0] for document in page.documents]
                    cursor = page.cursor
                    if cursor is None:
                        return words
        except NewswireError:
            return []  # looked at again later


class Bench:
    """Hold one run: the system, both ends of it, and the count of faults."""

    def __init__(self, system: System, site: Site, oracle: Oracle, seed: int) -> None:
        self.system = system
        self.site = site
        self.oracle = oracle
        self.random = random.Random(seed)
        self.faults = 0

    def flow(self, seconds: float) -> None:
        """Let news flow for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.site.add(BURST)
            time.sleep(PAUSE_S)

    def send(self, role: str, number: int) -> None:
        """Send a signal to a role's process."""
        self.faults += 1
        self.system.processes[role].send_signal(number)

    def replace(self, role: str, number: int = signal.SIGKILL, name: str | None = None) -> None:
        """End a role's process and start another; one that is told to stop does so within 15 s."""
        self.send(name or role, number)
        assert self.system.processes[name or role].wait(15) in (0, -number), self.system.logs()
        self.system.start(role, name)


Fault = Callable[[Bench, int], None]


@contextmanager
def running(
    directory: Path, servers: dict[str, str] | None, prefix: str, seed: int, partitions: int = 8
) -> Iterator[Bench]:
    """Start everything, with an alert on every article, and wait until the first poll is done."""
    system = System(directory, servers, prefix, partitions)
    with serving(FEEDS) as site, receiving() as hook:
        site.add(FEEDS)
        with stores.store(system.settings) as store:
            rule = AlertRule(
                id=derive_id("faults"),
                name="all",
                query="report",
                created=datetime.now(UTC),
                once_per="article",
                cap_per_hour=1_000_000,
                channels=(f"webhook+{hook.url}",),
            )
            store.rules.put(rule.id, msgspec.json.encode(rule))
        command = [*NEWSWIRE, "add", "--no-check", *site.feeds]
        subprocess.run(command, env=os.environ | system.environment, check=True, capture_output=True)
        oracle = Oracle(site, hook, system.found)
        try:
            for role in system.roles:
                system.start(role)
            first = {f"item{n:06d}" for n in range(FEEDS)}
            deadline = time.monotonic() + 90
            while not first <= set(system.found()):
                assert time.monotonic() < deadline, system.logs()
                time.sleep(0.5)
            site.forget()  # what a feed holds when it is new is history, and alerts nobody

            yield Bench(system, site, oracle, seed)
        finally:
            system.stop()


def run(name: str, times: int, directory: Path, servers: dict[str, str] | None, prefix: str, seed: int) -> Judgement:
    """Bring about the fault of a row, and judge."""
    fault = EMBEDDED.get(name) or DISTRIBUTED[name]
    return bring_about(fault, times, directory, servers if name in DISTRIBUTED else None, prefix, seed)


def bring_about(
    fault: Fault,
    times: int,
    directory: Path,
    servers: dict[str, str] | None = None,
    prefix: str = "",
    seed: int = 0,
    partitions: int = 8,
) -> Judgement:
    """Bring one kind of fault about so many times, and judge. Raises ``AssertionError`` for a process that ended."""
    with running(directory, servers, prefix, seed, partitions) as bench:
        bench.flow(2)
        for _ in range(times):
            fault(bench, times)
            bench.flow(2)
        took = bench.oracle.wait(bench.site.count(), SETTLE_S)
        judgement = bench.oracle.judge(bench.faults, took)
        assert not bench.system.ended(), bench.system.logs()
        return judgement


def _killed(bench: Bench, times: int) -> None:
    time.sleep(bench.random.uniform(0.2, 2.5))
    bench.replace("up")


def _terminated(bench: Bench, times: int) -> None:
    time.sleep(bench.random.uniform(0.2, 2.5))
    bench.replace("up", signal.SIGTERM)


def _frozen(bench: Bench, times: int) -> None:
    bench.send("up", signal.SIGSTOP)
    bench.flow(5)
    bench.system.processes["up"].send_signal(signal.SIGCONT)


def _locked(bench: Bench, times: int) -> None:
    """Hold the store's lock for 5 to 25 seconds, as a backup program or another process may."""
    bench.faults += 1
    path = bench.system.directory / "newswire.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        bench.flow(bench.random.uniform(5, 25))
        other.execute("ROLLBACK")


def _poisoned(bench: Bench, times: int) -> None:
    """Put records nobody can read into every topic and every table."""
    bench.faults += 1
    poison = (b"", b"{", b"\xff\xfe", b"[" * 3000, b'{"schema_version": 99, "kind": "trend"}')
    with stores.store(bench.system.settings) as store:
        names = [
            stream.name
            for stream in (topics.ARTICLES, topics.REVISIONS, topics.DOCUMENTS, topics.MATCHED, topics.ALERTS)
        ]
        if bench.system.cluster is not None:
            names.append(topics.ENRICHED.name)
        store.log.append(
            Message(topic=name, key=f"poison {bench.faults} {n}", value=value)
            for name in names
            for n, value in enumerate(poison)
        )
        for number, value in enumerate(poison[1:]):
            key = f"http://127.0.0.1:1/poison-{bench.faults}-{number}"
            for table in (store.rules, store.feeds, store.polls, store.recent):
                table.put(key, value)


def _replayed(bench: Bench, times: int) -> None:
    """Rebuild the index from the log while it is read and, where that may be, written."""
    bench.faults += 1
    is_embedded = bench.system.cluster is None
    if is_embedded:
        bench.system.stop()
    command = [*NEWSWIRE, "admin", "replay"]
    subprocess.run(command, env=os.environ | bench.system.environment, check=True, capture_output=True)
    if is_embedded:
        bench.system.start("up")


def _of_role(role: str, number: int) -> Fault:
    def fault(bench: Bench, times: int) -> None:
        time.sleep(bench.random.uniform(0.2, 2.5))
        bench.replace(role, number)

    return fault


def _thawed(role: str) -> Fault:
    def fault(bench: Bench, times: int) -> None:
        bench.send(role, signal.SIGSTOP)
        bench.flow(10)  # longer than its session
        bench.system.processes[role].send_signal(signal.SIGCONT)

    return fault


def _elasticsearch(bench: Bench, work: Callable[[str, str], None]) -> None:
    bench.faults += 1
    work(bench.system.settings.elasticsearch, bench.system.settings.prefix)


def _blocked(bench: Bench, times: int) -> None:
    from elasticsearch import Elasticsearch

    def work(url: str, prefix: str) -> None:
        with Elasticsearch(url) as client:
            name = f"{prefix}newswire-*"
            client.indices.put_settings(index=name, settings={"index.blocks.write": True})
            bench.flow(8)
            client.indices.put_settings(index=name, settings={"index.blocks.write": None})

    _elasticsearch(bench, work)


def _closed(bench: Bench, times: int) -> None:
    from elasticsearch import Elasticsearch

    def work(url: str, prefix: str) -> None:
        with Elasticsearch(url) as client:
            names = ",".join(client.indices.get(index=f"{prefix}newswire-*").body)
            client.indices.close(index=names)
            bench.flow(8)
            client.indices.open(index=names)

    _elasticsearch(bench, work)


EMBEDDED: dict[str, Fault] = {
    "up killed": _killed,
    "up terminated": _terminated,
    "up frozen": _frozen,
    "store locked": _locked,
    "store poisoned": _poisoned,
    "store replayed": _replayed,
}
DISTRIBUTED: dict[str, Fault] = {
    **{f"{role} killed": _of_role(role, signal.SIGKILL) for role in ("connect", "worker", "index", "notify")},
    **{f"{role} terminated": _of_role(role, signal.SIGTERM) for role in ("connect", "worker", "index", "notify")},
    **{f"{role} frozen": _thawed(role) for role in ("connect", "worker", "index", "notify")},
    "topics poisoned": _poisoned,
    "index write-blocked": _blocked,
    "index closed": _closed,
    "log replayed": _replayed,
}
GROUPS: dict[str, dict[str, int]] = {
    "embedded": {
        "up killed": 30,
        "up terminated": 10,
        "up frozen": 5,
        "store locked": 5,
        "store poisoned": 3,
        "store replayed": 2,
    },
    "killed": {name: 8 for name in DISTRIBUTED if name.endswith("killed")},
    "stopped": {name: 4 for name in DISTRIBUTED if name.endswith(("terminated", "frozen"))},
    "servers": {"topics poisoned": 3, "index write-blocked": 4, "index closed": 3, "log replayed": 2},
}
