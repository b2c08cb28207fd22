"""Servers of the distributed runtime that die, stand still, go away or lose their answers, while news flows.

What hurts a server needs a pair of its own: nobody else's tests may meet it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.faults.oracle import Judgement
from tests.faults.proxy import Proxy, relaying
from tests.faults.rows import SETTLE_S, Bench, running

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "servers"
# What a process may have more of after an outage than before: pools of threads and connections fill up to their size.
MORE_FILES, MORE_THREADS, MORE_MB = 24, 12, 64


class Footprint(msgspec.Struct, frozen=True):
    """Hold what a process takes of its machine."""

    files: int
    threads: int
    megabytes: float

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """Look at a process."""
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return cls(
            len(list(Path(f"/proc/{pid}/fd").iterdir())), int(status["Threads"]), int(status["VmRSS"].split()[0]) / 1024
        )

    def is_flat(self, before: Footprint) -> bool:
        """Tell whether it has grown no more than pools and caches that fill."""
        return (
            self.files - before.files <= MORE_FILES
            and self.threads - before.threads <= MORE_THREADS
            and self.megabytes - before.megabytes <= MORE_MB
        )


class OwnServers:
    """Run a pair of servers, or ``only`` one of them, that may be killed and frozen."""

    def __init__(self, directory: Path, only: str | None = None) -> None:
        self._directory = directory
        self._command = [sys.executable, str(SCRIPT)]
        self._only = ["--only", only] if only is not None else []

    def start(self) -> None:
        """Start what does not run, with the data and the addresses of the last time."""
        command = [*self._command, "start", "--again", "--data", str(self._directory), *self._only]
        subprocess.run(command, check=True, capture_output=True)

    def stop(self) -> None:
        """Stop both, frozen or not, and remove their data."""
        for name in self._known():
            self.send(name, signal.SIGCONT)
        subprocess.run([*self._command, "stop", "--data", str(self._directory)], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", str(self._directory)], check=False)

    def address(self, name: str) -> str:
        """Return where a server listens."""
        return self._known()[name]["address"]

    def send(self, name: str, number: int) -> None:
        """Send a signal to a server, with its children."""
        try:
            os.killpg(int(self._known()[name]["pid"]), number)
        except ProcessLookupError:
            return

    def _known(self) -> dict[str, dict[str, str]]:
        known: dict[str, dict[str, str]] = json.loads((self._directory / "servers.json").read_text())
        return known


class Outage(msgspec.Struct, frozen=True):
    """Hold a run: the system, its own servers, the relay before Elasticsearch, and how long an outage lasts."""

    bench: Bench
    servers: OwnServers
    elasticsearch: Proxy
    seconds: float

    def settle(self) -> Judgement:
        """Wait until everything that was served has been told, and judge. Raises ``AssertionError``."""
        took = self.bench.oracle.wait(self.bench.site.count(), SETTLE_S)
        judgement = self.bench.oracle.judge(self.bench.faults, took)
        assert not self.bench.system.ended(), self.bench.system.logs()
        return judgement


@contextmanager
def outages(directory: Path, prefix: str, seconds: float, seed: int) -> Iterator[Outage]:
    """Start a pair of servers and the system on them."""
    # Elasticsearch does not run as root, and another user must be able to enter its directory.
    data = Path(tempfile.mkdtemp(prefix="newswire-outages-", dir="/var/tmp"))
    data.chmod(0o755)
    servers = OwnServers(data)
    try:
        servers.start()
        with relaying(servers.address("elasticsearch"), seed) as proxy:
            addresses = {"kafka": servers.address("kafka"), "elasticsearch": f"http://{proxy.address}"}
            with running(directory, addresses, prefix, seed) as bench:
                bench.flow(2)
                yield Outage(bench, servers, proxy, seconds)
    finally:
        servers.stop()


def kafka_killed(outage: Outage) -> None:
    """Kill the broker, and start it again when it has been away for a while."""
    outage.bench.faults += 1
    outage.servers.send("kafka", signal.SIGKILL)
    outage.bench.flow(outage.seconds / 2)
    outage.servers.start()


def kafka_paused(outage: Outage) -> None:
    """Freeze the broker: connections stay open and nothing is answered."""
    outage.bench.faults += 1
    outage.servers.send("kafka", signal.SIGSTOP)
    outage.bench.flow(outage.seconds)
    outage.servers.send("kafka", signal.SIGCONT)


def elasticsearch_killed(outage: Outage) -> None:
    """Kill Elasticsearch, and start it again: it recovers its shards while it is asked already."""
    outage.bench.faults += 1
    outage.servers.send("elasticsearch", signal.SIGKILL)
    outage.bench.flow(3)
    outage.servers.start()


def elasticsearch_away(outage: Outage) -> None:
    """Refuse every connection to Elasticsearch."""
    outage.bench.faults += 1
    outage.elasticsearch.is_away = True
    outage.elasticsearch.cut()
    outage.bench.flow(outage.seconds)
    outage.elasticsearch.is_away = False


def answers_lost(outage: Outage) -> None:
    """Let a third of Elasticsearch's answers never arrive: what was asked has been done."""
    before = outage.elasticsearch.lost
    outage.elasticsearch.lost_share = 0.33
    outage.bench.flow(10)
    outage.elasticsearch.lost_share = 0.0
    outage.bench.faults += outage.elasticsearch.lost - before


OUTAGES: dict[str, Callable[[Outage], None]] = {
    "broker killed": kafka_killed,
    "broker paused": kafka_paused,
    "elasticsearch killed": elasticsearch_killed,
    "elasticsearch away": elasticsearch_away,
    "answers lost": answers_lost,
}


def run(name: str, times: int, directory: Path, prefix: str, seconds: float, seed: int) -> Judgement:
    """Bring one kind of outage about so many times, and judge."""
    with outages(directory, prefix, seconds, seed) as outage:
        for _ in range(times):
            OUTAGES[name](outage)
            outage.bench.flow(2)
        return outage.settle()
